"""Creating, upgrading and refusing files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store.records import ids, where, write

from portico import __version__
from portico.domain.errors import Invalid
from portico.domain.identity import Instant, Revision
from portico.store.port import Batch, Change, Column, Condition, Operator, Select, Table
from portico.store.sqlite import SqliteStore
from portico.store.sqlite.migrations import Migration

OLD = Table("order", (Column("group"), Column("old", "integer")), (("group",), ("old",)))
NEW = Table(
    "order", (Column("group"), Column("select"), Column("live", "integer")), (("select", "group"), ("group",)), "live"
)


def change(revision: int, identity: str, *columns: str | int | None) -> Change:
    return Change(Revision(revision), 0, "order", identity, columns, b"b")


def indexes(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    return {name for (name,) in rows}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it's 100% a file?.db"


def fill(connection: sqlite3.Connection) -> None:
    connection.execute('ALTER TABLE "order" ADD COLUMN "select" TEXT')
    connection.execute('UPDATE "order" SET "select" = upper("group")')


FILL = Migration(2, "fill order.select from order.group", fill)


def fail(_connection: sqlite3.Connection) -> None:
    _connection.execute('DELETE FROM "order"')
    raise RuntimeError("power cut")


def test_a_file_says_what_it_is(path: Path) -> None:
    SqliteStore(path, (OLD,), (FILL,)).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x506F7274,)
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    assert meta == {"product_version": __version__, "data_format": 1, "last_revision": 0, "pruned_through": 0}


def test_a_new_description_adds_columns_and_indexes_and_drops_old_indexes(path: Path) -> None:
    store = SqliteStore(path, (OLD,))
    write(store, change(1, "a", "g", 7))
    store.close()
    assert indexes(path) == {"order__group", "order__old"}
    extra = Table("extra")
    store = SqliteStore(path, (NEW, extra))
    assert ids(store, where(("select", Operator.EQ, None), table="order")) == ["a"]
    write(store, change(2, "b", "g", "s", 1), Change(Revision(3), 0, "extra", "x", (), b""))
    assert ids(store, where(("select", Operator.EQ, "s"), table="order")) == ["b"]
    store.close()
    assert indexes(path) == {"order__group", "order__select__group", "order__live__only"}
    SqliteStore(path, (NEW, extra)).close()


def test_a_column_keeps_its_kind(path: Path) -> None:
    SqliteStore(path, (OLD,)).close()
    with pytest.raises(Invalid, match=r"order\.old is stored as INTEGER; it cannot become TEXT"):
        SqliteStore(path, (Table("order", (Column("old"),)),))


def test_a_migration_fills_what_a_description_cannot(path: Path) -> None:
    store = SqliteStore(path, (OLD,), ())
    write(store, change(1, "a", "g", 7))
    store.close()
    store = SqliteStore(path, (NEW,), (FILL,))
    assert ids(store, where(("select", Operator.EQ, "G"), table="order")) == ["a"]
    store.close()
    SqliteStore(path, (NEW,), (FILL,)).close()


def test_an_interrupted_upgrade_goes_on_where_it_stopped(path: Path) -> None:
    store = SqliteStore(path, (OLD,), ())
    write(store, change(1, "a", "g", 7))
    store.close()
    with pytest.raises(RuntimeError, match="power cut"):
        SqliteStore(path, (NEW,), (FILL, Migration(3, "fail", fail)))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    store = SqliteStore(path, (NEW,), (FILL, Migration(3, "succeed", lambda _: None)))
    assert ids(store, where(("select", Operator.EQ, "G"), table="order")) == ["a"]
    store.close()


def test_migrations_have_no_gaps(path: Path) -> None:
    with pytest.raises(Invalid, match="without gaps"):
        SqliteStore(path, (OLD,), (Migration(3, "too far", fill),))


def test_a_newer_schema_is_refused(path: Path) -> None:
    SqliteStore(path, (OLD,), (FILL,)).close()
    with pytest.raises(Invalid, match=r"written by a newer Portico \(schema 2; this one reads 1\)"):
        SqliteStore(path, (OLD,), ())


def test_a_newer_format_is_refused(path: Path) -> None:
    SqliteStore(path, (OLD,)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = 2 WHERE key = 'data_format'")
    with pytest.raises(Invalid, match=r"written by a newer Portico \(format 2; this one reads 1\)"):
        SqliteStore(path, (OLD,))


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (key TEXT, value)")
    before = path.read_bytes()
    with pytest.raises(Invalid, match="database of another program"):
        SqliteStore(path, (OLD,))
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"dear diary\n" * 1000)
    with pytest.raises(Invalid, match="is not a Portico database"):
        SqliteStore(path, (OLD,))
    assert path.read_bytes() == b"dear diary\n" * 1000


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    store = SqliteStore(path, (OLD,))
    store.write(Batch((change(1, "a", "g", 1),)))
    store.close()


def test_rows_that_are_over_have_indexes_of_their_own_and_fixed_columns_are_not_written_again(tmp_path: Path) -> None:
    table = Table(
        "job",
        (Column("active", "integer"), Column("owner", fixed=True), Column("state")),
        active="active",
        past=(("owner", "state"),),
    )
    store = SqliteStore(tmp_path / "db", [table])
    store.write(Batch([Change(Revision(1), Instant(1), "job", "a", (1, "ann", "new"), b"1")]))
    store.write(Batch([Change(Revision(2), Instant(1), "job", "a", (0, "bob", "done"), b"2")]))
    reader = store.reader()
    by_owner = (Condition("active", Operator.EQ, 0), Condition("owner", Operator.EQ, "ann"))
    assert [row.body for row in reader.select(Select("job", (by_owner,)))] == [b"2"]
    reader.close()
    store.close()
    assert "job__past__owner__state" in indexes(tmp_path / "db")
