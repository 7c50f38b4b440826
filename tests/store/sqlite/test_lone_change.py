"""Lone changes: one statement leaves what a transaction of several would leave."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.records import TABLES, gone, note, run, write

from portico.domain.errors import PorticoError
from portico.store.port import Change
from portico.store.sqlite import SqliteStore
from portico.store.sqlite import store as store_module

_SAVED = [f'"{table.name}" ORDER BY id' for table in TABLES] + ["events ORDER BY revision", "meta ORDER BY key"]

identities = st.sampled_from(["a", "b", "c'\"d"])
changes = st.one_of(
    st.builds(
        lambda i, s, p: run(1, i, scope=s, priority=p), identities, st.sampled_from(["", "s"]), st.integers(0, 3)
    ),
    st.builds(
        lambda i, body, logged: note(1, i, body, logged=logged), identities, st.binary(max_size=9), st.booleans()
    ),
    st.builds(lambda i: gone(1, i), identities),
)


def left_by(history: list[Change], folder: Path) -> list[object]:
    path = folder / "portico.db"
    store = SqliteStore(path, TABLES)
    for revision, change in enumerate(history, 1):
        write(store, Change(revision, *(getattr(change, name) for name in Change.__struct_fields__[1:])))
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        schema = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchall()
        return [schema, *(connection.execute(f"SELECT * FROM {saved}").fetchall() for saved in _SAVED)]


@settings(deadline=None, max_examples=40)
@given(st.lists(changes, max_size=6))
def test_it_leaves_what_a_larger_transaction_leaves(history: list[Change]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other, pytest.MonkeyPatch.context() as patch:
        alone = left_by(history, Path(one))
        patch.setattr(store_module, "lone_change", lambda _batch: None)
        assert alone == left_by(history, Path(other))
        assert alone[0] == []


def test_one_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "portico.db", TABLES)
    write(store, note(1, "kept"))
    store._connection.execute("CREATE TEMP TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(PorticoError):
        write(store, note(2, "lost"))
    store._connection.execute("DROP TRIGGER refuse")
    assert store._connection.execute("SELECT id FROM notes").fetchall() == [("kept",)]
    write(store, note(2, "next"))
    store.close()
