"""Random changes and random queries of sheets: every store gives what the others give."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.records import SHEETS, SUFFIX, bulk, reading, text

from portico.domain.errors import Conflict
from portico.store import sheets
from portico.store.memory import MemoryStore
from portico.store.port import Batch, Operator, Store
from portico.store.sheets import Assign, Bulk, Contains, Erase, EraseWhere, Extend, Field, Insert, SheetQuery
from portico.store.sqlite import SqliteStore

NUMBERS = st.integers(0, 7) | st.sampled_from([65_535, 65_536, (1 << 48) - 1])
INTEGERS = st.none() | st.integers(-2, 3)
PLAIN = st.sampled_from(["", "a", "ab", "é", "%", "_", '["a"]', '["a","é"]', "\U0010ffff"]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3
)
TEXTS = PLAIN | NUMBERS.map(text) | NUMBERS.map(lambda number: f"{text(number)}###2") | st.sampled_from([text(1)[:9]])
MAPS = st.none() | st.dictionaries(st.sampled_from(["a", "b", '"', "é", ""]), PLAIN, max_size=2).map(
    lambda found: msgspec.json.encode(found).decode()
)
CELLS = {
    "tries": {
        "owner": st.none() | NUMBERS,
        "state": INTEGERS,
        "terms": st.none() | NUMBERS,
        "alias": st.none() | TEXTS,
        "label": st.none() | PLAIN,
        "data": st.none() | st.binary(max_size=2),
        "begun_at": INTEGERS,
        "ended_at": INTEGERS,
    },
    "terms": {"owner": INTEGERS, "level": INTEGERS, "title": st.none() | PLAIN, "more": MAPS},
}
INTEGER_FIELDS = [
    Field("number"),
    Field("owner"),
    Field("state"),
    Field("level", link="terms"),
    Field("ended_at", minus="begun_at"),
    Field("state", link="owner"),
]
TEXT_FIELDS = [
    Field("number", suffix=SUFFIX),
    Field("number", suffix=SUFFIX, alias="alias"),
    Field("owner", suffix=SUFFIX),
    Field("owner", suffix=SUFFIX, alias="label"),
    Field("number", link="owner", suffix=SUFFIX, alias="alias"),
    Field("alias"),
    Field("label"),
    Field("title", link="terms"),
    Field("more", link="terms"),
    Field("more", link="terms", key="a"),
    Field("more", link="terms", key='"'),
]
FIELDS = st.sampled_from([*INTEGER_FIELDS, *TEXT_FIELDS, Field("data")])
ORDERS = [Operator.EQ, Operator.NE, Operator.LT, Operator.LE, Operator.GT, Operator.GE]
TESTS = st.one_of(
    st.builds(sheets.Test, st.sampled_from(INTEGER_FIELDS), st.sampled_from(ORDERS), st.integers(-2, 7)),
    st.builds(sheets.Test, st.sampled_from(TEXT_FIELDS), st.sampled_from(list(Operator)), TEXTS),
    st.builds(sheets.Test, FIELDS, st.sampled_from([Operator.EQ, Operator.NE]), st.none()),
    st.builds(sheets.Test, st.sampled_from(INTEGER_FIELDS), any_of=st.lists(st.integers(-2, 7), max_size=3).map(tuple)),
    st.builds(sheets.Test, st.sampled_from(TEXT_FIELDS), any_of=st.lists(TEXTS, max_size=3).map(tuple)),
    st.builds(Contains, st.sampled_from(TEXT_FIELDS), PLAIN, st.booleans()),
)
CONJUNCTIONS = st.lists(TESTS, max_size=3).map(tuple)
QUERIES = st.builds(
    SheetQuery,
    st.just("tries"),
    st.lists(CONJUNCTIONS, max_size=3).map(tuple),
    st.just(()) | CONJUNCTIONS,
    st.lists(st.tuples(FIELDS, st.booleans()), max_size=3).map(tuple),
    st.sampled_from([-1, 0, 1, 2, 5]),
    st.integers(0, 2),
)


@st.composite
def changes(draw: st.DrawFn) -> Bulk:
    sheet = draw(st.sampled_from(["tries", "tries", "terms"]))
    cells = CELLS[sheet]
    numbers = draw(st.lists(NUMBERS, max_size=5, unique=True))
    match draw(st.sampled_from(["insert", "insert", "extend", "assign", "assign", "erase", "erase where"])):
        case "insert":
            return Insert(sheet, [(number, *(draw(kind) for kind in cells.values())) for number in numbers])
        case "extend":
            shared, each, _ = draw(st.permutations(list(cells)).map(lambda names: (names[:2], names[2:5], names[5:])))
            return Extend(
                sheet,
                numbers,
                {name: draw(cells[name]) for name in shared},
                {name: [draw(cells[name]) for _ in numbers] for name in each},
            )
        case "assign":
            columns = tuple(draw(st.lists(st.sampled_from(list(cells)), min_size=1, max_size=3, unique=True)))
            rows = [(*(draw(cells[name]) for name in columns), draw(NUMBERS)) for _ in numbers]
            return Assign(sheet, columns, rows)
        case "erase":
            return Erase(sheet, numbers)
    return EraseWhere(sheet, "owner", draw(st.integers(-2, 3)), draw(st.sampled_from([0, 1000])))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """One store for all examples: making one takes longer than an example, and none of them is about crashes."""
    store = SqliteStore(tmp_path_factory.mktemp("sheets") / "p.db", (), sheets=SHEETS)
    store._connection.execute("PRAGMA synchronous = OFF")
    yield store
    store.close()


def emptied(store: SqliteStore) -> int:
    """Remove all rows; gives the last revision."""
    with reading(store) as reader:
        last = reader.last_revision()
        numbers = {
            sheet.name: [n for (n,) in reader.rows(SheetQuery(sheet.name), [Field("number")])] for sheet in SHEETS
        }
    store.write(
        Batch([bulk(last + place, Erase(name, found)) for place, (name, found) in enumerate(numbers.items(), 1)])
    )
    return last + len(numbers)


def written(store: Store, batch: Batch) -> bool:
    try:
        store.write(batch)
    except Conflict:
        return False
    return True


def contents(store: Store) -> list[object]:
    with reading(store) as reader:
        return [
            reader.rows(SheetQuery(sheet.name), [Field(name) for name in ("number", *(c.name for c in sheet.columns))])
            for sheet in SHEETS
        ]


@settings(deadline=None, max_examples=50)
@given(batches=st.lists(st.lists(changes(), min_size=1, max_size=6), min_size=1, max_size=5))
def test_they_hold_the_same_after_the_same_changes(kept: SqliteStore, batches: list[list[Bulk]]) -> None:
    revision = emptied(kept)
    memory = MemoryStore((), SHEETS)
    for batch in batches:
        listed = Batch([bulk(revision + place, change) for place, change in enumerate(batch, 1)])
        revision += len(batch)
        assert written(kept, listed) == written(memory, listed)
        assert contents(kept) == contents(memory)


ROWS = st.fixed_dictionaries(
    {sheet: st.dictionaries(NUMBERS, st.tuples(*cells.values()), max_size=12) for sheet, cells in CELLS.items()}
)


ASKED = st.tuples(QUERIES, st.lists(FIELDS, min_size=1, max_size=3, unique=True))


@settings(deadline=None, max_examples=50)
@given(rows=ROWS, asked=st.lists(ASKED, min_size=1, max_size=12))
def test_they_answer_the_same(
    kept: SqliteStore, rows: dict[str, dict[int, tuple]], asked: list[tuple[SheetQuery, list[Field]]]
) -> None:
    revision = emptied(kept)
    memory = MemoryStore((), SHEETS)
    inserts = [Insert(sheet, [(n, *cells) for n, cells in found.items()]) for sheet, found in rows.items()]
    batch = Batch([bulk(revision + place, change) for place, change in enumerate(inserts, 1)])
    for store in (memory, kept):
        store.write(batch)
    with reading(memory) as one, reading(kept) as other:
        for query, fields in asked:
            assert one.rows(query, fields) == other.rows(query, fields)
            assert one.count_rows(query) == other.count_rows(query)
            ordered = tuple(ordered for ordered in query.order if ordered[0] in fields)
            counted = msgspec.structs.replace(query, order=ordered)
            assert one.tally(counted, fields) == other.tally(counted, fields)
            assert one.count_distinct(counted, fields) == other.count_distinct(counted, fields)
        found = list(rows["tries"])[:3]
        assert one.rows_by_number("tries", found, ("alias",)) == other.rows_by_number("tries", found, ("alias",))
