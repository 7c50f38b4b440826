"""Reads the file through a connection of its own, bound to the thread that opened it.

Promises: every call sees one committed state and leaves no read transaction behind (an open one would keep the log of
uncommitted pages from being recycled), save for an unfinished `active` and inside `snapshot`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from portico.domain.errors import Compacted, Conflict
from portico.domain.identity import Revision
from portico.store.catalogue import Catalogue
from portico.store.names import LARGEST, storable
from portico.store.port import Row, Select, StoredEvent
from portico.store.sheet_catalogue import KEY
from portico.store.sheets import Cell, Field, SheetQuery
from portico.store.sqlite import queries, sheet_queries
from portico.store.sqlite.connections import explain, explained, open_reader

_EVENTS = "SELECT revision, at, table_name, id, scope, body FROM events WHERE revision > ?"
_META = "SELECT value FROM meta WHERE key = ?"


class SqliteReader:
    """A reader for one thread."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        self._path = path
        self._catalogue = catalogue
        self._sheets = catalogue.of_sheets
        self._connection = open_reader(path)
        self._single = self._connection.cursor()
        self._get = {
            name: f'SELECT id, revision, body FROM "{name}" WHERE id = ?'  # noqa: S608 — checked names
            for name in catalogue.tables
        }

    def get(self, table: str, identity: str) -> Row | None:
        """Give one row, or None when there is no such id."""
        statement = self._get.get(table)
        if statement is None:
            self._catalogue.table(table)
            return None
        try:
            found = self._single.execute(statement, (identity,)).fetchone()
        except UnicodeEncodeError:
            return None  # ill-formed text, which no stored id can be
        except sqlite3.Error as error:
            raise explain(error, self._path) from error
        return Row(*found) if found is not None else None

    def active(self, table: str) -> Iterator[Row]:
        """Give all rows that belong in memory, in order of id, as they were at the call."""
        described = self._catalogue.table(table)
        where = f'WHERE "{described.active}" = 1 ' if described.active else ""
        with explained(self._path):
            # The statement starts now, and with it the state that the rows come from.
            cursor = self._connection.execute(
                f'SELECT id, revision, body FROM "{table}" {where}ORDER BY id'  # noqa: S608 — checked names
            )
        return self._rows(cursor)

    def select(self, query: Select) -> list[Row]:
        """Give the rows chosen, in order."""
        self._catalogue.check_select(query)
        text, values = queries.select(query, self._catalogue.table(query.table))
        with explained(self._path):
            return [Row(*found) for found in self._connection.execute(text, values)]

    def count(self, query: Select) -> int:
        """Count the rows chosen, ignoring limit and offset."""
        self._catalogue.check_select(query)
        text, values = queries.count(query, self._catalogue.table(query.table))
        with explained(self._path):
            counted: int = self._connection.execute(text, values).fetchone()[0]
        return counted

    def events(self, after: Revision, limit: int, scope: str = "") -> list[StoredEvent]:
        """Give events after a revision, oldest first; raises Compacted when the log begins later."""
        if not storable(scope):
            scope, limit = "", 0
        after = Revision(min(after, LARGEST))
        filtered = " AND scope = ? AND scope <> ''" if scope else ""
        values = (after, scope, limit) if scope else (after, limit)
        with explained(self._path):
            found = self._connection.execute(f"{_EVENTS}{filtered} ORDER BY revision LIMIT ?", values).fetchall()
        # Asked second: a log pruned in between is then noticed, and no gap can pass as "nothing happened".
        pruned = self._meta("pruned_through")
        if after < pruned:
            raise Compacted(f"the event log begins after revision {pruned}; {after} was asked for")
        return [StoredEvent(*event) for event in found]

    def last_revision(self) -> Revision:
        """Give the newest revision ever written, 0 in a new store."""
        return Revision(self._meta("last_revision"))

    def rows(self, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Cell, ...]]:
        """Give these fields of the rows of a sheet that were asked for, in order."""
        self._sheets.check_query(query)
        self._sheets.check_fields(query.sheet, fields)
        return self._fetch(sheet_queries.rows(query, fields, self._sheets.sheet(query.sheet)))

    def rows_by_number(self, sheet: str, numbers: Sequence[int], columns: Sequence[str]) -> list[tuple[Cell, ...]]:
        """Give the number and these columns of the rows that are there, in order of number."""
        self._sheets.check_columns(sheet, columns)
        listed = "".join(f', "{column}"' for column in columns)
        among = "SELECT value FROM json_each(?)"  # one value, however many numbers
        text = f'SELECT {KEY}{listed} FROM "{sheet}" WHERE {KEY} IN ({among}) ORDER BY {KEY}'  # noqa: S608 — checked
        return self._fetch((text, [msgspec.json.encode(list(numbers)).decode()]))

    def count_rows(self, query: SheetQuery) -> int:
        """Count the rows chosen, ignoring limit and offset."""
        self._sheets.check_query(query)
        return self._fetch_number(sheet_queries.count(query, self._sheets.sheet(query.sheet)))

    def tally(self, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Cell, ...]]:
        """Give each distinct combination of these fields, and last how many of the chosen rows have it."""
        self._sheets.check_tally(query, fields)
        return self._fetch(sheet_queries.tally(query, fields, self._sheets.sheet(query.sheet)))

    def count_distinct(self, query: SheetQuery, fields: Sequence[Field]) -> int:
        """Count the distinct combinations of these fields among the chosen rows."""
        self._sheets.check_tally(query, fields)
        return self._fetch_number(sheet_queries.count_distinct(query, fields, self._sheets.sheet(query.sheet)))

    def last_number(self, sheet: str) -> int:
        """Give the largest number in a sheet, 0 in an empty one."""
        self._sheets.sheet(sheet)
        return self._fetch_number((f'SELECT coalesce(max({KEY}), 0) FROM "{sheet}"', []))  # noqa: S608 — checked

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Hold one state for all calls made inside."""
        if self._connection.in_transaction:
            raise Conflict("a snapshot is held already")
        with explained(self._path):
            self._connection.execute("BEGIN")
            self._meta("last_revision")  # a state is taken by the first read, not by BEGIN
        try:
            yield
        finally:
            with explained(self._path):
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give up the connection."""
        self._connection.close()

    def _meta(self, key: str) -> int:
        with explained(self._path):
            value: int = self._connection.execute(_META, (key,)).fetchone()[0]
        return value

    def _fetch(self, statement: queries.Sql) -> list[tuple[Cell, ...]]:
        with explained(self._path):
            return self._connection.execute(*statement).fetchall()

    def _fetch_number(self, statement: queries.Sql) -> int:
        with explained(self._path):
            number: int = self._connection.execute(*statement).fetchone()[0]
        return number

    def _rows(self, cursor: sqlite3.Cursor) -> Iterator[Row]:
        with explained(self._path):
            for found in cursor:
                yield Row(*found)
