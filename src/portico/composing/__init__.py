"""Composing: settings turned into jobs, pools, servers and nodes; used by `main` alone."""
