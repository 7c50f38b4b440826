"""The layout of the file, made from table descriptions and kept up with them.

Owns all DDL. Each table has `id TEXT PRIMARY KEY`, `revision`, its columns and `body`, its indexes, and a partial
index over active rows; beside them stand `events` (the log) and `meta` (what the file is, and how far it got).

Tables are rowid tables. Measured against WITHOUT ROWID with 2 million rows of 36-character UUIDv7 ids, bodies of 300 to
800 bytes and three secondary indexes on 8 KiB pages: 21,800 inserts a second to 16,500, 10,100 updates of recent rows
to 7,800, 3,700 updates of any rows to 3,200, 886 bytes a row to 1,004, a cold read 17 µs to 25 µs; only a hot read was
slower, 12 µs to 10 µs. 4 KiB pages order them the same way. Bodies make the trees of WITHOUT ROWID large, and each of
its indexes repeats the id.

Promises: an existing file gains tables, columns (null in old rows) and indexes, and loses only indexes that are no
longer described; a column never changes its kind; a file of another program is refused untouched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from portico import __version__
from portico.domain.errors import Invalid
from portico.store.catalogue import Catalogue
from portico.store.port import Table
from portico.store.sqlite.connections import transaction
from portico.store.sqlite.migrations import Migration, run
from portico.store.sqlite.migrations.runner import latest, version

APPLICATION_ID = 0x506F7274
"""Marks the file as Portico's ("Port"); `file` and other SQLite programs show it."""

DATA_FORMAT = 1
"""The number of the layout outside the described tables (events, meta); it moves with a migration only."""

_TYPES = {"text": "TEXT", "integer": "INTEGER"}
_FOUNDATION = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    (
        "CREATE TABLE events (revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, table_name TEXT NOT NULL,"
        " id TEXT NOT NULL, scope TEXT NOT NULL, body BLOB)"
    ),
    "INSERT INTO meta VALUES ('last_revision', 0), ('pruned_through', 0)",
)


def prepare(connection: sqlite3.Connection, catalogue: Catalogue, migrations: Sequence[Migration]) -> None:
    """Create or upgrade the file; raises Invalid for one that is newer than this program."""
    if version(connection) == 0:
        _found(connection, latest(migrations))
    run(connection, migrations)
    _refuse_newer_format(connection)
    with transaction(connection):
        for table in catalogue.tables.values():
            _fit_table(connection, table)
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [("product_version", __version__), ("data_format", DATA_FORMAT)],
        )


def refuse_foreign(connection: sqlite3.Connection) -> None:
    """Raise Invalid when the file holds another program's database; alters nothing."""
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]
    if mark != APPLICATION_ID and not (mark == 0 and empty):
        raise Invalid("the file is a database of another program")


def _refuse_newer_format(connection: sqlite3.Connection) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'data_format'").fetchone()
    if row is not None and row[0] > DATA_FORMAT:
        raise Invalid(f"the database was written by a newer Portico (format {row[0]}; this one reads {DATA_FORMAT})")


def _found(connection: sqlite3.Connection, number: int) -> None:
    with transaction(connection):
        for statement in _FOUNDATION:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")


def _fit_table(connection: sqlite3.Connection, table: Table) -> None:
    present = dict(connection.execute("SELECT name, type FROM pragma_table_info(?)", (table.name,)).fetchall())
    if not present:
        columns = "".join(f', "{column.name}" {_TYPES[column.kind]}' for column in table.columns)
        connection.execute(
            f'CREATE TABLE "{table.name}" (id TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL{columns},'
            " body BLOB NOT NULL)"
        )
    else:
        _fit_columns(connection, table, present)
    _fit_indexes(connection, table)


def _fit_columns(connection: sqlite3.Connection, table: Table, present: dict[str, str]) -> None:
    for column in table.columns:
        wanted = _TYPES[column.kind]
        found = present.get(column.name)
        if found is None:
            connection.execute(f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {wanted}')
        elif found != wanted:
            raise Invalid(f"column {table.name}.{column.name} is stored as {found}; it cannot become {wanted}")


def _fit_indexes(connection: sqlite3.Connection, table: Table) -> None:
    wanted = dict(_indexes(table))
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table.name,)
    )
    present = {name for (name,) in rows.fetchall()}
    for name in present - wanted.keys():
        connection.execute(f'DROP INDEX "{name}"')
    for name, statement in wanted.items():
        if name not in present:
            connection.execute(statement)


def _indexes(table: Table) -> Iterable[tuple[str, str]]:
    for columns in table.indexes:
        name = f"{table.name}__{'__'.join(columns)}"
        listed = ", ".join(f'"{column}"' for column in columns)
        yield name, f'CREATE INDEX "{name}" ON "{table.name}" ({listed})'
    for columns in table.past:
        name = f"{table.name}__past__{'__'.join(columns)}"
        listed = ", ".join(f'"{column}"' for column in columns)
        yield name, f'CREATE INDEX "{name}" ON "{table.name}" ({listed}) WHERE "{table.active}" = 0'
    if table.active:
        name = f"{table.name}__{table.active}__only"
        yield name, f'CREATE INDEX "{name}" ON "{table.name}" (id) WHERE "{table.active}" = 1'
