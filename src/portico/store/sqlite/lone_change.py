"""A lone change as one statement, which is its own transaction.

A quiet server writes one change at a time. Statement by statement its transaction lets go of the interpreter's lock
five times, and each time a busy loop may keep it; as one statement it does so once, and saves half the time before the
fsync. The statement inserts into a temporary view whose trigger does what `SqliteStore` does for a larger batch.

Promises: what it leaves is what the larger transaction would leave; nothing of it is kept in the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from portico.store.port import Batch, Change, Table
from portico.store.sheets import BulkChange

_ASIDE = ("at", "scope", "logged")
"""What a change carries beyond its row."""

_SET_REVISION = "UPDATE meta SET value = NEW.c1 WHERE key = 'last_revision'"


class LoneChanges:
    """The statements of one writing connection; `upserts` are those of the tables, with marks for their values."""

    def __init__(self, connection: sqlite3.Connection, tables: Iterable[Table], upserts: dict[str, str]) -> None:
        self._connection = connection
        self._statements = {table.name: self._prepare(table, upserts[table.name]) for table in tables}

    def write(self, change: Change) -> None:
        """Write a change that has a body, durably."""
        values = (change.id, change.revision, *change.columns, change.body, change.at, change.scope, change.logged)
        self._connection.execute(self._statements[change.table], values)

    def _prepare(self, table: Table, upsert: str) -> str:
        row = [f"c{number}" for number in range(len(table.columns) + 3)]
        view, body = f"put__{table.name}", row[-1]
        nothing = ", ".join(f"NULL AS {name}" for name in (*row, *_ASIDE))
        marks = ", ".join("?" * len(row))
        put = upsert.replace(f"({marks})", f"({', '.join(f'NEW.{name}' for name in row)})")
        self._connection.execute(f'CREATE TEMP VIEW "{view}" AS SELECT {nothing}')
        event = f"NEW.c1, NEW.at, '{table.name}', NEW.c0, NEW.scope, NEW.{body}"
        steps = f"{put}; INSERT INTO events SELECT {event} WHERE NEW.logged; {_SET_REVISION}"
        self._connection.execute(
            f'CREATE TEMP TRIGGER "{view}__written" INSTEAD OF INSERT ON "{view}" BEGIN {steps}; END'
        )
        return f'INSERT INTO "{view}" VALUES ({marks}, ?, ?, ?)'  # noqa: S608 — names are checked


def lone_change(batch: Batch) -> Change | None:
    """Give the change of a batch that consists of one of a row that stays, and of nothing else."""
    if len(batch.changes) != 1 or batch.prunes:
        return None
    change = batch.changes[0]
    return None if isinstance(change, BulkChange) or change.body is None else change
