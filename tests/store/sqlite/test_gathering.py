"""Joining changes: fewer of them, with the same effect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from store.records import SHEETS, attempt, bulk

from portico.domain.errors import Conflict
from portico.store.memory_sheets import apply
from portico.store.sheet_catalogue import SheetCatalogue
from portico.store.sheets import Assign, Bulk, Erase, EraseWhere, Extend, Insert
from portico.store.sqlite.gathering import gathered

CATALOGUE = SheetCatalogue(SHEETS)
NUMBERS = st.lists(st.integers(1, 6), max_size=3, unique=True)
VALUES = st.integers(0, 3)
CHANGES = st.one_of(
    st.builds(lambda numbers, value: Insert("tries", [attempt(n, value) for n in numbers]), NUMBERS, VALUES),
    st.builds(lambda numbers, value: Extend("tries", numbers, {"owner": value}, {}), NUMBERS, VALUES),
    st.builds(
        lambda numbers, value, column: Assign("tries", (column,), [(value, n) for n in numbers]),
        st.lists(st.integers(1, 6), max_size=4),
        VALUES,
        st.sampled_from(["owner", "state"]),
    ),
    st.builds(lambda numbers: Erase("tries", numbers), NUMBERS),
    st.builds(lambda value: EraseWhere("tries", "owner", value, 100), VALUES),
)


def left_by(changes: list[Bulk]) -> object:
    rows = {
        "tries": {n: {"number": n, **dict.fromkeys(list(CATALOGUE.kinds("tries"))[1:])} for n in (1, 2)},
        "terms": {},
    }
    try:
        apply(rows, changes, CATALOGUE)
    except Conflict:
        return "conflict"
    return rows


@given(st.lists(CHANGES, max_size=12))
def test_joined_changes_leave_what_the_given_ones_leave(changes: list[Bulk]) -> None:
    joined = list(gathered(changes))
    assert left_by(joined) == left_by(changes)
    assert len(joined) <= len(changes)


def test_changes_that_do_the_same_to_different_rows_become_one() -> None:
    steps: list[Bulk] = []
    for n in range(1, 100):
        steps += [
            Assign("tries", ("state",), ((n, n),)),
            Insert("terms", ((n, 1, 1, "", None),)),
            Assign("tries", ("owner", "state"), ((n, n, 1000 + n),)),
            Erase("tries", (2000 + n,)),
        ]
    joined = list(gathered(steps))
    assert [(type(change), change.sheet) for change in joined] == [
        (Assign, "tries"),
        (Insert, "terms"),
        (Assign, "tries"),
        (Erase, "tries"),
    ]
    assert joined[0] == Assign("tries", ("state",), [(n, n) for n in range(1, 100)])


def test_weight_counts_rows_and_bytes() -> None:
    rows = [attempt(n, 1, 1, 1, None, "x", bytes(2048)) for n in range(10)]
    assert bulk(1, Insert("tries", rows)).weight == 30
    assert bulk(1, Insert("tries", ())).weight == 0
    data = {"data": [bytes(2048)] * 10}
    assert bulk(1, Extend("tries", range(10), {"owner": 1}, data)).weight == 30
    assert bulk(1, Extend("tries", range(10), {"data": bytes(2048)}, {})).weight == 30
    assert bulk(1, Assign("tries", ("data",), [(bytes(2048), 1)])).weight == 1
    assert bulk(1, Erase("tries", (1, 2, 3))).weight == 3
    assert bulk(1, EraseWhere("tries", "owner", 1, 500)).weight == 500
