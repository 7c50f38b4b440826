"""Runs numbered migrations in order.

Promises: each one and its number are committed together, so that an interrupted upgrade goes on where it stopped; a
file with a number from the future is refused unread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from portico.domain.errors import Invalid
from portico.store.sqlite.connections import transaction

FIRST = 1
"""The schema version of the first layout, which needs no migration."""


class Migration(msgspec.Struct, frozen=True):
    """`apply` brings a file from version `number - 1` to `number`, inside a transaction that it must not end."""

    number: int
    purpose: str
    apply: Callable[[sqlite3.Connection], None]


def latest(migrations: Sequence[Migration]) -> int:
    """Give the version after all migrations; raises Invalid when the numbers have a gap."""
    numbers = [migration.number for migration in migrations]
    if numbers != list(range(FIRST + 1, FIRST + 1 + len(numbers))):
        raise Invalid(f"migrations must be numbered without gaps from {FIRST + 1}: {numbers}")
    return FIRST + len(numbers)


def version(connection: sqlite3.Connection) -> int:
    """Give the file's schema version, 0 when it is new."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def run(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Bring the file to the latest version; raises Invalid when it is newer than that."""
    known, present = latest(migrations), version(connection)
    if present > known:
        raise Invalid(f"the database was written by a newer Portico (schema {present}; this one reads {known})")
    for migration in migrations:
        if migration.number > present:
            with transaction(connection):
                migration.apply(connection)
                connection.execute(f"PRAGMA user_version = {migration.number}")
