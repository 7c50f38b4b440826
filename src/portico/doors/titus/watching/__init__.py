"""Streams of changes: a snapshot, then every change after it, to each who asked."""
