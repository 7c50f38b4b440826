"""The tables, changes and homes that all store tests use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from portico.domain.identity import Instant, Revision
from portico.store.memory import MemoryStore
from portico.store.port import Batch, Change, Column, Condition, Operator, Reader, Select, Store, Table, Value
from portico.store.sheets import Bulk, BulkChange, Cell, Field, Sheet, SheetColumn, SheetIndex, SheetQuery
from portico.store.sqlite import SqliteStore

RUNS = Table(
    "runs",
    (Column("job"), Column("state"), Column("priority", "integer"), Column("live", "integer")),
    (("job",), ("state", "priority")),
    active="live",
)
NOTES = Table("notes")
TABLES = (RUNS, NOTES)

TERMS = Sheet(
    "terms",
    (SheetColumn("owner"), SheetColumn("level"), SheetColumn("title", "text"), SheetColumn("more", "map")),
    (SheetIndex(("owner",)),),
)
TRIES = Sheet(
    "tries",
    (
        SheetColumn("owner"),
        SheetColumn("state"),
        SheetColumn("terms"),
        SheetColumn("alias", "text"),
        SheetColumn("label", "text"),
        SheetColumn("data", "blob"),
        SheetColumn("begun_at"),
        SheetColumn("ended_at"),
    ),
    (
        SheetIndex(("owner", "state", "begun_at")),
        SheetIndex(("terms",)),
        SheetIndex(("alias",), where="alias"),
    ),
    links={"terms": "terms", "owner": "tries"},
)
SHEETS = (TERMS, TRIES)
SUFFIX = "-8201-8234-56789abcdef0"
TRY_CELLS = (1, 1, None, None, "x", b"d", 10, None)


def attempt(number: int, *cells: Cell) -> tuple[Cell, ...]:
    """A row of `tries`: the cells that are given, then usual ones."""
    return (number, *cells, *TRY_CELLS[len(cells) :])


def bulk(revision: int, change: Bulk) -> BulkChange:
    return BulkChange(Revision(revision), change)


def text(number: int) -> str:
    return f"{number >> 16:08x}-{number & 0xFFFF:04x}{SUFFIX}"


def numbers(store: Store, query: SheetQuery) -> list[Cell]:
    with reading(store) as reader:
        return [number for (number,) in reader.rows(query, (Field("number"),))]


def run(
    revision: int,
    identity: str,
    *,
    job: Value = "j",
    state: Value = "RUNNING",
    priority: Value = 0,
    live: Value = 1,
    body: bytes = b"body",
    scope: str = "",
    logged: bool = True,
) -> Change:
    columns = (job, state, priority, live)
    return Change(Revision(revision), Instant(revision * 10), "runs", identity, columns, body, scope, logged)


def note(revision: int, identity: str, body: bytes | None = b"note", scope: str = "", *, logged: bool = True) -> Change:
    return Change(Revision(revision), Instant(revision * 10), "notes", identity, (), body, scope, logged)


def gone(revision: int, identity: str, table: str = "runs", scope: str = "") -> Change:
    return Change(Revision(revision), Instant(revision * 10), table, identity, scope=scope)


def where(*conditions: tuple[str, Operator, Value], table: str = "runs") -> Select:
    return Select(table, (tuple(Condition(*condition) for condition in conditions),))


class Home(Protocol):
    """Where a store lives: it can be reopened in order, or after a crash."""

    store: Store

    def reopen(self) -> Store: ...

    def crash(self) -> Store: ...


class MemoryHome:
    def __init__(self, _path: Path) -> None:
        self.store = MemoryStore(TABLES, SHEETS)

    def reopen(self) -> MemoryStore:
        self.store = self.store.crash()
        return self.store

    crash = reopen


class SqliteHome:
    """A crash leaves what the files hold at that moment, without the shared memory beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lives = 0
        self.store = SqliteStore(self._file(), TABLES, sheets=SHEETS)

    def _file(self) -> Path:
        folder = self._path / str(self._lives)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "portico.db"

    def reopen(self) -> SqliteStore:
        self.store.close()
        self.store = SqliteStore(self._file(), TABLES, sheets=SHEETS)
        return self.store

    def crash(self) -> SqliteStore:
        old = self._file()
        self._lives += 1
        new = self._file()
        for suffix in ("", "-wal"):
            source = old.with_name(old.name + suffix)
            if source.exists():
                shutil.copyfile(source, new.with_name(new.name + suffix))
        self.store.close()
        self.store = SqliteStore(new, TABLES, sheets=SHEETS)
        return self.store


@contextmanager
def reading(store: Store) -> Iterator[Reader]:
    reader = store.reader()
    try:
        yield reader
    finally:
        reader.close()


def write(store: Store, *changes: Change | BulkChange) -> None:
    store.write(Batch(changes))


def ids(store: Store, query: Select) -> list[str]:
    with reading(store) as reader:
        return [row.id for row in reader.select(query)]
