"""The layout of the file, made from table descriptions and kept up with them.

Owns all DDL. Each table has `id TEXT PRIMARY KEY`, `revision`, its columns and `body`, its indexes, and a partial
index over active rows; a sheet has `number INTEGER PRIMARY KEY`, its columns and its indexes. Beside them stand
`events` (the log) and `meta` (what the file is, and how far it got).

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
from portico.store.port import Column, Table
from portico.store.sheet_catalogue import KEY
from portico.store.sheets import Sheet, SheetColumn
from portico.store.sqlite.connections import transaction
from portico.store.sqlite.migrations import Migration, run
from portico.store.sqlite.migrations.runner import latest, version

APPLICATION_ID = 0x506F7274
"""Marks the file as Portico's ("Port"); `file` and other SQLite programs show it."""

DATA_FORMAT = 1
"""The number of the layout outside the described tables (events, meta); it moves with a migration only."""

_TYPES = {"text": "TEXT", "integer": "INTEGER", "blob": "BLOB", "map": "TEXT"}
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
        for sheet in catalogue.of_sheets.sheets.values():
            _fit_sheet(connection, sheet)
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
    before = "id TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL"
    _fit_columns(connection, table.name, table.columns, before, ", body BLOB NOT NULL")
    _fit_indexes(connection, table.name, dict(_indexes(table)))


def _fit_sheet(connection: sqlite3.Connection, sheet: Sheet) -> None:
    _fit_columns(connection, sheet.name, sheet.columns, f"{KEY} INTEGER PRIMARY KEY NOT NULL")
    _fit_indexes(connection, sheet.name, dict(_sheet_indexes(sheet)))


def _fit_columns(
    connection: sqlite3.Connection, name: str, columns: Sequence[Column | SheetColumn], before: str, after: str = ""
) -> None:
    present = dict(connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,)).fetchall())
    if not present:
        listed = "".join(f', "{column.name}" {_TYPES[column.kind]}' for column in columns)
        connection.execute(f'CREATE TABLE "{name}" ({before}{listed}{after})')
        return
    for column in columns:
        wanted = _TYPES[column.kind]
        found = present.get(column.name)
        if found is None:
            connection.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column.name}" {wanted}')
        elif found != wanted:
            raise Invalid(f"column {name}.{column.name} is stored as {found}; it cannot become {wanted}")


def _fit_indexes(connection: sqlite3.Connection, table: str, wanted: dict[str, str]) -> None:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
    )
    present = {name for (name,) in rows.fetchall()}
    for name in present - wanted.keys():
        connection.execute(f'DROP INDEX "{name}"')
    for name, statement in wanted.items():
        if name not in present:
            connection.execute(statement)


def _indexes(table: Table) -> Iterable[tuple[str, str]]:
    for columns in table.indexes:
        yield _index(table.name, columns)
    for columns in table.past:
        yield _index(table.name, columns, "past__", f' WHERE "{table.active}" = 0')
    if table.active:
        name = f"{table.name}__{table.active}__only"
        yield name, f'CREATE INDEX "{name}" ON "{table.name}" (id) WHERE "{table.active}" = 1'


def _sheet_indexes(sheet: Sheet) -> Iterable[tuple[str, str]]:
    for index in sheet.indexes:
        if index.where:
            yield _index(sheet.name, index.columns, f"{index.where}__", f' WHERE "{index.where}" IS NOT NULL')
        else:
            yield _index(sheet.name, index.columns)


def _index(table: str, columns: Sequence[str], mark: str = "", where: str = "") -> tuple[str, str]:
    name = f"{table}__{mark}{'__'.join(columns)}"
    listed = ", ".join(f'"{column}"' for column in columns)
    return name, f'CREATE INDEX "{name}" ON "{table}" ({listed}){where}'
