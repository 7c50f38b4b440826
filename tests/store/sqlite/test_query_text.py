"""Whatever a select holds, its values never reach the text of the statement."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from store.records import RUNS

from portico.store.port import Condition, Operator, Select
from portico.store.sqlite import queries

MARK = "☠"
TEXTS = st.text().map(lambda text: f"{MARK}{text}'\";--")
CONDITIONS = st.builds(Condition, st.sampled_from(["id", "job", "state"]), st.sampled_from(list(Operator)), TEXTS)


@given(st.lists(st.lists(CONDITIONS, max_size=4).map(tuple), max_size=6).map(tuple), st.integers(0), st.integers(0))
def test_values_are_bound(any_of: tuple[tuple[Condition, ...], ...], limit: int, offset: int) -> None:
    query = Select("runs", any_of, limit=limit, offset=offset)
    for build in (queries.select, queries.count, queries.delete):
        text, values = build(query, RUNS)
        assert MARK not in text
        assert "'" not in text
        assert text.count("?") == len(values)


def test_bounds_of_the_id_that_all_alternatives_share_are_said_once_and_first() -> None:
    bounds = (Condition("id", Operator.GT, "a"), Condition("id", Operator.LE, "b"))
    one, two = Condition("job", Operator.EQ, "j"), Condition("state", Operator.EQ, "s")
    text, values = queries.count(Select("runs", ((*bounds, one), (two, *bounds))), RUNS)
    assert text.endswith(' WHERE ("id" > ? AND ("id" <= ? AND ("job" = ? OR "state" = ?)))')
    assert values == ["a", "b", "j", "s"]
    text, values = queries.count(Select("runs", (bounds, (*bounds, one))), RUNS)
    assert text.endswith(' WHERE ("id" > ? AND "id" <= ?)')
    assert values == ["a", "b"]


@given(st.text(min_size=1), st.text())
def test_the_successor_of_a_prefix_bounds_exactly_what_starts_with_it(prefix: str, other: str) -> None:
    beyond = queries.successor(prefix)
    for text in (prefix, prefix + other, other, beyond):
        within = text >= prefix and (not beyond or text < beyond)
        assert within == text.startswith(prefix)
