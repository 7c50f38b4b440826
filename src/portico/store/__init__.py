"""Durable state: the port, its SQLite and in-memory stores, and blobs."""
