"""The default store: one SQLite file in the data directory, written by one thread and read by many."""

from portico.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
