"""The older JSON endpoints that tools still read."""
