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
from portico.store.sqlite import SqliteStore

RUNS = Table(
    "runs",
    (Column("job"), Column("state"), Column("priority", "integer"), Column("live", "integer")),
    (("job",), ("state", "priority")),
    active="live",
)
NOTES = Table("notes")
TABLES = (RUNS, NOTES)


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
        self.store = MemoryStore(TABLES)

    def reopen(self) -> MemoryStore:
        self.store = self.store.crash()
        return self.store

    crash = reopen


class SqliteHome:
    """A crash leaves what the files hold at that moment, without the shared memory beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lives = 0
        self.store = SqliteStore(self._file(), TABLES)

    def _file(self) -> Path:
        folder = self._path / str(self._lives)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "portico.db"

    def reopen(self) -> SqliteStore:
        self.store.close()
        self.store = SqliteStore(self._file(), TABLES)
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
        self.store = SqliteStore(new, TABLES)
        return self.store


@contextmanager
def reading(store: Store) -> Iterator[Reader]:
    reader = store.reader()
    try:
        yield reader
    finally:
        reader.close()


def write(store: Store, *changes: Change) -> None:
    store.write(Batch(changes))


def ids(store: Store, query: Select) -> list[str]:
    with reading(store) as reader:
        return [row.id for row in reader.select(query)]
