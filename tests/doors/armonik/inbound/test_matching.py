"""The rules of lists in memory are those of a store."""

from hypothesis import given, settings
from hypothesis import strategies as st

from portico.doors.armonik.inbound.matching import choose, matches
from portico.store.memory import MemoryStore
from portico.store.port import Batch, Operator
from portico.store.sheets import BulkChange, Contains, Field, Insert, Sheet, SheetColumn, SheetQuery
from portico.store.sheets import Test as Comparison

SHEET = Sheet("things", (SheetColumn("text", "text"), SheetColumn("amount"), SheetColumn("among", "text")))
TEXT, AMOUNT, AMONG = Field("text"), Field("amount"), Field("among")
THINGS = [
    {"number": 1, "text": None, "amount": None, "among": ()},
    {"number": 2, "text": "", "amount": 0, "among": ("a",)},
    {"number": 3, "text": "a", "amount": 3, "among": ("a", "b")},
    {"number": 4, "text": "ab", "amount": -2, "among": ("b",)},
    {"number": 5, "text": "ab", "amount": 3, "among": ("",)},
    {"number": 6, "text": "B", "amount": None, "among": ("a", "b")},
]


def stored():
    rows = [
        (one["number"], one["text"], one["amount"], "[" + ",".join(f'"{text}"' for text in one["among"]) + "]")
        for one in THINGS
    ]
    store = MemoryStore((), (SHEET,))
    store.write(Batch([BulkChange(1, Insert("things", rows))]))
    return store


STORE = stored()
VALUES = st.sampled_from(["", "a", "b", "ab", "B"])
AMOUNTS = st.integers(-3, 4)
ORDERED = [Operator.EQ, Operator.NE, Operator.LT, Operator.LE, Operator.GT, Operator.GE]
PARTS = st.one_of(
    st.builds(Comparison, st.just(TEXT), st.sampled_from(Operator), VALUES),
    st.builds(Comparison, st.just(AMOUNT), st.sampled_from(ORDERED), AMOUNTS),
    st.builds(Comparison, st.sampled_from([TEXT, AMOUNT]), st.sampled_from([Operator.EQ, Operator.NE]), st.none()),
    st.builds(Comparison, st.just(AMOUNT), any_of=st.lists(AMOUNTS, max_size=3).map(tuple)),
    st.builds(Contains, st.just(AMONG), VALUES, st.booleans()),
)
QUERIES = st.builds(
    SheetQuery,
    st.just("things"),
    st.lists(st.lists(PARTS, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple),
    order=st.lists(st.tuples(st.sampled_from([TEXT, AMOUNT]), st.booleans()), max_size=2).map(tuple),
    limit=st.integers(-1, 7),
    offset=st.integers(0, 7),
)


@settings(max_examples=300, deadline=None)
@given(QUERIES)
def test_what_a_store_chooses_is_chosen(query):
    total, page = choose(THINGS, query, lambda thing, field: thing[field.column])
    assert [(thing["number"],) for thing in page] == STORE.reader().rows(query, [Field("number")])
    assert total == STORE.reader().count_rows(query)


def test_no_alternative_is_everything():
    assert matches((), lambda _: None)
    assert not matches([[Comparison(TEXT, value="a")]], lambda _: "b")
