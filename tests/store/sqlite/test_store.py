"""What only the SQLite store promises: its plans, its log, its backups, its words for a damaged file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from store.records import RUNS, TABLES, note, reading, run, where, write

from portico.domain.errors import Damaged, Forbidden, PorticoError, Unavailable
from portico.domain.identity import Revision
from portico.store.port import Batch, Operator, PruneEvents, Select
from portico.store.sqlite import SqliteStore, queries
from portico.store.sqlite import store as store_module


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "portico.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, TABLES)
    yield store
    store.close()


def plan(path: Path, query: Select) -> str:
    text, values = queries.select(query, RUNS)
    with closing(sqlite3.connect(path)) as connection:
        return " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (where(("job", Operator.EQ, "j")), "runs__job"),
        (where(("job", Operator.STARTS_WITH, "j")), "runs__job"),
        (where(("state", Operator.EQ, "s"), ("priority", Operator.GT, 3)), "runs__state__priority"),
        (where(("live", Operator.EQ, 1)), "runs__live__only"),
        (where(("job", Operator.EQ, None)), "runs__job"),
    ],
    ids=["equal", "prefix", "range", "active", "null"],
)
def test_indexes_serve(store: SqliteStore, path: Path, query: Select, index: str) -> None:
    assert f"INDEX {index}" in plan(path, query)


def test_reads_leave_no_read_transaction_behind(store: SqliteStore, path: Path) -> None:
    write(store, *(run(n, f"r{n}", scope="s") for n in range(1, 50)))
    with reading(store) as reader, closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM meta").fetchall()
        reader.get("runs", "r1")
        reader.get("runs", "none")
        list(reader.active("runs"))
        reader.select(Select("runs", limit=1))
        reader.count(Select("runs"))
        reader.events(Revision(0), 1)
        reader.events(Revision(0), 1, "s")
        reader.last_revision()
        with reader.snapshot():
            reader.get("runs", "r1")
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def test_a_reader_is_bound_to_its_thread(store: SqliteStore) -> None:
    errors: list[BaseException] = []
    with reading(store) as reader:

        def stray() -> None:
            try:
                reader.get("runs", "r1")
            except sqlite3.ProgrammingError as error:
                errors.append(error)

        thread = threading.Thread(target=stray)
        thread.start()
        thread.join()
    assert len(errors) == 1


def test_dead_events_are_deleted_in_steps_and_hidden_at_once(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SWEPT_EVENTS", 10)
    write(store, *(note(n, "n") for n in range(1, 31)))
    store.write(Batch((), (PruneEvents(Revision(25)),)))
    left = []
    with closing(sqlite3.connect(path)) as other, reading(store) as reader:
        more = True
        while more:
            assert len(reader.events(Revision(25), 99)) == 5
            left.append(other.execute("SELECT count(*) FROM events").fetchone()[0])
            more = store.tidy()
        left.append(other.execute("SELECT count(*) FROM events").fetchone()[0])
    assert left == [30, 20, 10, 5]


def test_deleting_dead_events_goes_on_after_a_reopen(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SWEPT_EVENTS", 10)
    write(store, *(note(n, "n") for n in range(1, 31)))
    store.write(Batch((), (PruneEvents(Revision(30)),)))
    store.close()
    reopened = SqliteStore(path, TABLES)
    assert [reopened.tidy() for _ in range(3)] == [True, True, False]
    reopened.close()


def test_tidy_moves_the_log_into_the_file(store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CHECKPOINT_PAGES", 1)
    size = path.stat().st_size
    write(store, note(1, "n", bytes(1_000_000)))
    assert path.stat().st_size == size
    assert store.tidy() is False
    assert path.stat().st_size > size + 1_000_000


def test_a_failed_write_leaves_nothing_and_the_next_succeeds(store: SqliteStore) -> None:
    store._connection.set_authorizer(
        lambda action, table, *_: (
            sqlite3.SQLITE_DENY if (action, table) == (sqlite3.SQLITE_UPDATE, "meta") else sqlite3.SQLITE_OK
        )
    )
    with pytest.raises(PorticoError):
        write(store, run(1, "r1"))
    store._connection.set_authorizer(None)
    with reading(store) as reader:
        assert reader.get("runs", "r1") is None
        assert reader.events(Revision(0), 9) == []
    write(store, run(1, "r2"))


def test_a_full_disk_is_unavailable(store: SqliteStore) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(Unavailable, match="full"):
        write(store, note(1, "n", bytes(1_000_000)))
    store._connection.execute("PRAGMA max_page_count = 1000000")
    write(store, note(1, "n", bytes(1_000_000)))


def read_all(path: Path) -> None:
    with closing(SqliteStore(path, TABLES)) as store, reading(store) as reader:
        reader.select(Select("runs"))


def test_a_damaged_file_is_named(store: SqliteStore, path: Path) -> None:
    write(store, *(run(n, f"r{n:05}", body=bytes(500)) for n in range(1, 2001)))
    store.close()
    with path.open("r+b") as file:
        file.seek(5 * 8192)
        file.write(b"\xa5" * (path.stat().st_size - 5 * 8192))
    with pytest.raises(Damaged, match=r"portico\.db is damaged"):
        read_all(path)


def test_a_locked_file_is_a_conflict(store: SqliteStore, path: Path) -> None:
    store._connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PorticoError, match="locked by another program"):
            write(store, run(1, "r1"))
        other.execute("ROLLBACK")
    write(store, run(1, "r1"))


def test_a_place_that_takes_no_backup_is_told(store: SqliteStore) -> None:
    with pytest.raises(Forbidden, match="no backup can be written to /proc: "):
        store.backup("/proc/copy.db")


def test_a_backup_during_writes_is_one_state(store: SqliteStore, tmp_path: Path) -> None:
    write(store, *(run(n, f"r{n:05}", body=bytes(2000)) for n in range(1, 4001)))
    begun, done = threading.Event(), threading.Event()
    copies: list[int] = []

    def go_on_writing() -> None:
        number = 4000
        while not done.is_set():
            write(store, note(number + 1, "a", b"%d" % number), note(number + 2, "b", b"%d" % number))
            number += 2
            begun.set()

    thread = threading.Thread(target=go_on_writing)
    thread.start()
    begun.wait()
    try:
        for n in range(5):
            store.backup(str(tmp_path / f"copy{n}.db"))
            with reading(store) as reader:
                copies.append(reader.last_revision())
    finally:
        done.set()
        thread.join()
    behind = []
    for n, last in enumerate(copies):
        copied = SqliteStore(tmp_path / f"copy{n}.db", TABLES)
        with reading(copied) as reader:
            assert reader.count(Select("runs")) == 4000
            assert len({row.body for row in reader.select(Select("notes"))}) == 1
            events = reader.events(Revision(4000), 1 << 30)
            assert [event.revision for event in events] == list(range(4001, reader.last_revision() + 1))
            behind.append(last - reader.last_revision())
        write(copied, note(1 << 40, "new"))
        copied.close()
    assert max(behind) > 0, "nothing was written while a copy was made"
    assert sorted(path.name for path in tmp_path.glob("*copy*.db*")) == [f"copy{n}.db" for n in range(5)]
