"""Portico's own door: JSON over HTTP under /portico/v1, for the command line and the web page."""
