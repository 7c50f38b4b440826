"""What only the SQLite store promises of sheets: its plans, its statements, its files, the room it gives back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.records import SHEETS, SUFFIX, TRIES, attempt, bulk, numbers, reading, text, write

from portico.control.calls.sheets import CALL_SHEETS, CALLS
from portico.domain.errors import Invalid
from portico.store.port import Batch, Operator
from portico.store.sheets import (
    Assign,
    Contains,
    EraseWhere,
    Field,
    Insert,
    Sheet,
    SheetColumn,
    SheetIndex,
    SheetQuery,
)
from portico.store.sheets import (
    Test as Asked,
)
from portico.store.sqlite import SqliteStore, free_space, sheet_queries, sheets
from portico.store.sqlite import store as store_module

MARK = "☠"
EVERYTHING = SheetQuery("tries")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "portico.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, (), sheets=SHEETS)
    yield store
    store.close()


def plan(store: SqliteStore, statement: tuple[str, list]) -> str:
    return " | ".join(row[3] for row in store._connection.execute(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]))


NEWEST = ((Field("created_at"), False),)
SESSION, STATE = Asked(Field("session"), value=1), Asked(Field("state"), value=5)
PARTITION = Asked(Field("partition", link="options"), value="p")
BY_ID = ((Field("number"), True),)
NAME = Field("number", suffix=SUFFIX, alias="alias")


@pytest.mark.parametrize(
    ("tests", "order", "expected"),
    [
        (
            (SESSION, STATE),
            NEWEST,
            "COVERING INDEX calls__session__state__created_at__number__options (session=? AND state=?)",
        ),
        ((SESSION,), NEWEST, "COVERING INDEX calls__session__created_at__number__options (session=?)"),
        ((STATE,), NEWEST, "COVERING INDEX calls__state__created_at__number__options (state=?)"),
        (
            (SESSION,),
            ((Field("ended_at"), False),),
            "COVERING INDEX calls__session__ended_at__number__state__options (session=?)",
        ),
        ((SESSION,), BY_ID, "COVERING INDEX calls__session__number__options (session=?)"),
        (
            (SESSION,),
            ((Field("number", suffix=SUFFIX), False),),
            "COVERING INDEX calls__session__number__options (session=?)",
        ),
        ((SESSION, STATE), BY_ID, "COVERING INDEX calls__session__state__number__options (session=? AND state=?)"),
        ((SESSION, PARTITION), BY_ID, "COVERING INDEX calls__session__number__options (session=?)"),
        ((SESSION, PARTITION), NEWEST, "COVERING INDEX calls__session__created_at__number__options (session=?)"),
        ((), ((Field("number", suffix=SUFFIX), False),), "SCAN m"),
    ],
    ids=str,
)
def test_indexes_serve_a_filter_and_its_order(path: Path, tests: tuple, order: tuple, expected: str) -> None:
    with closing(SqliteStore(path, (), sheets=CALL_SHEETS)) as calls:
        found = plan(calls, sheet_queries.numbers(SheetQuery("calls", (tests,), order=order, limit=100), CALLS))
    assert expected in found
    assert "FOR ORDER BY" not in found  # ties of the index may be put in order, which goes on as long as the page lasts


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (Asked(NAME, value=text(9)), "calls__alias__alias (alias=?)"),
        (Asked(NAME, value=text(9)), "INTEGER PRIMARY KEY (rowid=?)"),
        (Asked(NAME, Operator.STARTS_WITH, text(9)[:9]), "calls__alias__alias (alias>? AND alias<?)"),
        (Asked(NAME, Operator.STARTS_WITH, text(9)[:9]), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (PARTITION, "calls__options (options=?)"),
        (Asked(Field("number"), any_of=tuple(range(100))), "INTEGER PRIMARY KEY (rowid=?)"),
    ],
    ids=str,
)
def test_indexes_serve_one_test(path: Path, test: Asked, expected: str) -> None:
    with closing(SqliteStore(path, (), sheets=CALL_SHEETS)) as calls:
        assert expected in plan(calls, sheet_queries.count(SheetQuery("calls", ((test,),)), CALLS))


TEXTS = st.text().map(lambda value: f"{MARK}{value}'\";--")
FIELDS = st.one_of(
    st.sampled_from([Field("label"), Field("title", link="terms")]),
    st.builds(lambda suffix: Field("number", suffix=suffix, alias="alias"), TEXTS),
    st.builds(lambda key: Field("more", link="terms", key=key), TEXTS),
)
TESTS = st.one_of(
    st.builds(Asked, FIELDS, st.sampled_from(list(Operator)), TEXTS),
    st.builds(Asked, FIELDS, any_of=st.lists(TEXTS, max_size=40).map(tuple)),
    st.builds(Contains, FIELDS, TEXTS, st.booleans()),
)


@given(
    st.lists(st.lists(TESTS, max_size=4).map(tuple), max_size=4).map(tuple),
    st.lists(st.tuples(FIELDS, st.booleans()), max_size=2).map(tuple),
    st.lists(FIELDS, min_size=1, max_size=2),
    st.integers(-1, 3),
)
def test_values_are_bound(any_of: tuple, order: tuple, fields: list[Field], limit: int) -> None:
    query = SheetQuery("tries", any_of, any_of[0] if any_of else (), order, limit)
    tallied = SheetQuery("tries", any_of, order=tuple(ordered for ordered in order if ordered[0] in fields))
    for statement, values in (
        sheet_queries.rows(query, fields, TRIES),
        sheet_queries.count(query, TRIES),
        sheet_queries.tally(tallied, fields, TRIES),
        sheet_queries.count_distinct(tallied, fields, TRIES),
    ):
        assert MARK not in statement
        assert statement.count("?") == len(values)


def test_statements_hold_many_rows_and_are_few(store: SqliteStore) -> None:
    seen: list[str] = []
    store._connection.set_trace_callback(lambda statement: seen.append(statement.split("(")[0]))
    write(store, bulk(1, Insert("tries", [attempt(n) for n in range(1, 1001)])))
    assert len(seen) <= 3 + 8
    seen.clear()
    write(store, *(bulk(n, Assign("tries", ("state",), ((n, n),))) for n in range(2, 52)))
    assert len(seen) == 3 + 1
    with reading(store) as reader:
        assert reader.count_rows(SheetQuery("tries", ((Asked(Field("state"), Operator.GT, 1),),))) == 50


@pytest.mark.parametrize("width", [1, 3, 22, 5000, 8192])
def test_rows_are_split_into_powers_of_two_that_fit(width: int) -> None:
    for rows in (1, 2, 255, 256, 257, 1000):
        counts = list(sheets._counts(rows, width))
        assert sum(counts) == rows
        assert all(count & (count - 1) == 0 and count * width <= sheets.MOST_PARAMETERS for count in counts)


def test_an_existing_file_gains_sheets_columns_and_indexes(path: Path) -> None:
    old = Sheet("tries", (SheetColumn("state"), SheetColumn("label", "text")), (SheetIndex(("label",)),))
    SqliteStore(path, ()).close()
    store = SqliteStore(path, (), sheets=(old,))
    write(store, bulk(1, Insert("tries", ((1, 7, "old"),))))
    store.close()
    store = SqliteStore(path, (), sheets=SHEETS)
    write(store, bulk(2, Insert("tries", (attempt(2, 5, 6, 7, "alias", "new"),))))
    with reading(store) as reader:
        fields = [Field(name) for name in ("number", "state", "owner", "label", "alias")]
        assert reader.rows(EVERYTHING, fields) == [(1, 7, None, "old", None), (2, 6, 5, "new", "alias")]
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tries'"
        ).fetchall()
    assert {name for (name,) in rows} == {"tries__owner__state__begun_at", "tries__terms", "tries__alias__alias"}
    changed = Sheet("tries", (SheetColumn("label"),))
    with pytest.raises(Invalid, match=r"tries\.label is stored as TEXT; it cannot become INTEGER"):
        SqliteStore(path, (), sheets=(changed,))


def filled(store: SqliteStore) -> None:
    for batch in range(20):
        rows = [attempt(batch * 500 + n, batch % 4, 1, 1, None, "", bytes(4000)) for n in range(500)]
        write(store, bulk(batch + 1, Insert("tries", rows)))
    while store.tidy():
        pass


def test_the_room_of_erased_rows_is_given_back(store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CHECKPOINT_PAGES", 1)
    monkeypatch.setattr(free_space, "FREE_PAGES", 100)
    store._connection.execute("PRAGMA synchronous = OFF")
    filled(store)
    full = path.stat().st_size
    write(store, *(bulk(21 + owner, EraseWhere("tries", "owner", owner, 5000)) for owner in range(3)))
    kept = numbers(store, EVERYTHING)
    steps = 0
    while store.tidy():
        steps += 1
    assert steps > 10
    assert path.stat().st_size < full * 0.4
    assert numbers(store, EVERYTHING) == kept
    assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert store.tidy() is False


def test_an_ordinary_share_of_free_pages_is_kept(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "CHECKPOINT_PAGES", 1)
    monkeypatch.setattr(free_space, "FREE_PAGES", 100)
    store._connection.execute("PRAGMA synchronous = OFF")
    filled(store)
    full = path.stat().st_size
    write(store, bulk(21, EraseWhere("tries", "owner", 0, 2000)))
    assert store.tidy() is False
    assert path.stat().st_size >= full


def test_a_file_made_without_it_keeps_its_length(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_space, "FREE_PAGES", 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("PRAGMA application_id = 0x506F7274")
    with closing(SqliteStore(path, (), sheets=SHEETS)) as store:
        write(store, bulk(1, Insert("tries", [attempt(n, 1, 1, 1, None, "", bytes(4000)) for n in range(500)])))
        write(store, bulk(2, EraseWhere("tries", "owner", 1, 500)))
        pages = store._connection.execute("PRAGMA page_count").fetchone()
        assert store._connection.execute("PRAGMA freelist_count").fetchone()[0] > 400
        assert store.tidy() is False
        assert store._connection.execute("PRAGMA page_count").fetchone() == pages


def test_of_several_assignments_to_one_row_in_a_transaction_the_last_stays(store: SqliteStore) -> None:
    assigned = [Assign("tries", ("state",), [(state, number)]) for state in range(40) for number in (1, 2)]
    changes = [Insert("tries", [attempt(1), attempt(2)]), *assigned]
    store.write(Batch([bulk(revision, change) for revision, change in enumerate(changes, 1)]))
    with reading(store) as reader:
        assert reader.rows_by_number("tries", (1, 2), ("state",)) == [(1, 39), (2, 39)]
