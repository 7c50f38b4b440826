"""Random histories of a store, compared with a model that is too simple to be wrong."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from store.records import Home, reading

from portico.domain.errors import Compacted
from portico.domain.identity import Instant, Revision
from portico.store.port import (
    Batch,
    Change,
    Condition,
    Operator,
    Prune,
    PruneEvents,
    Row,
    Select,
    StoredEvent,
)

TEXTS = st.one_of(
    st.sampled_from(["", "a", "A", "ab", "aB", "%", "a%", "_b", "\U0010ffff", "\x00"]), st.text(max_size=3)
)
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([-(1 << 63) + 1, (1 << 63) - 1]))
IDS = st.sampled_from(["a", "b", "c", "d", "A", "é", "a'b"])
COLUMNS = st.tuples(st.none() | TEXTS, st.none() | TEXTS, st.none() | NUMBERS, st.sampled_from([0, 1, None]))
NAMES = ("job", "state", "priority", "live")
TEXT_OPERATORS = st.sampled_from(list(Operator))
NUMBER_OPERATORS = st.sampled_from([Operator.EQ, Operator.NE, Operator.LT, Operator.LE, Operator.GT, Operator.GE])
CONDITIONS = st.one_of(
    st.builds(Condition, st.sampled_from(["id", "job", "state"]), TEXT_OPERATORS, TEXTS),
    st.builds(Condition, st.sampled_from(["revision", "priority", "live"]), NUMBER_OPERATORS, NUMBERS),
    st.builds(Condition, st.sampled_from(["job", "live"]), st.sampled_from([Operator.EQ, Operator.NE]), st.none()),
)
QUERIES = st.builds(
    Select,
    st.just("runs"),
    st.lists(st.lists(CONDITIONS, max_size=3).map(tuple), max_size=3).map(tuple),
    st.lists(st.tuples(st.sampled_from(["id", "revision", *NAMES]), st.booleans()), max_size=3).map(tuple),
    st.sampled_from([-1, 0, 1, 2, 5]),
    st.integers(0, 2),
)
TESTS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda stored, value: stored == value,
    Operator.NE: lambda stored, value: stored != value,
    Operator.LT: lambda stored, value: stored is not None and stored < value,
    Operator.LE: lambda stored, value: stored is not None and stored <= value,
    Operator.GT: lambda stored, value: stored is not None and stored > value,
    Operator.GE: lambda stored, value: stored is not None and stored >= value,
    Operator.CONTAINS: lambda stored, value: stored is not None and value in stored,
    Operator.NOT_CONTAINS: lambda stored, value: stored is not None and value not in stored,
    Operator.STARTS_WITH: lambda stored, value: stored is not None and stored.startswith(value),
    Operator.ENDS_WITH: lambda stored, value: stored is not None and stored.endswith(value),
}


class StoreMachine(RuleBasedStateMachine):
    """A store and its model; subclasses say where the store lives."""

    home_type: Callable[[Path], Home]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="store-machine-"))
        self.home = type(self).home_type(self.folder)
        self.rows: dict[str, dict[str, Any]] = {}
        self.events: list[StoredEvent] = []
        self.pruned = 0
        self.last = 0

    def teardown(self) -> None:
        self.home.store.close()
        shutil.rmtree(self.folder)

    @rule(
        data=st.lists(
            st.tuples(
                IDS,
                st.none() | COLUMNS,
                st.binary(max_size=4),
                st.sampled_from(["", "s"]),
                st.booleans(),
                st.integers(1, 3),
            ),
            max_size=6,
        )
    )
    def write(self, data: list[tuple[str, tuple[Any, ...] | None, bytes, str, bool, int]]) -> None:
        changes = []
        for identity, columns, body, scope, logged, step in data:
            self.last += step
            stored = None if columns is None else body
            change = Change(
                Revision(self.last), Instant(self.last), "runs", identity, columns or (), stored, scope, logged
            )
            changes.append(change)
            self.rows.pop(identity, None)
            if columns is not None:
                self.rows[identity] = dict(zip(NAMES, columns, strict=True)) | {
                    "id": identity,
                    "revision": self.last,
                    "body": body,
                }
            if logged:
                self.events.append(StoredEvent(change.revision, change.at, "runs", identity, scope, stored))
        self.home.store.write(Batch(changes))

    @rule(query=QUERIES)
    def prune(self, query: Select) -> None:
        for identity in [row.id for row in self.chosen(query)]:
            del self.rows[identity]
        self.home.store.write(Batch((), (Prune(query),)))

    @rule(back=st.integers(-2, 5))
    def prune_events(self, back: int) -> None:
        through = min(self.last, self.last - back)
        self.home.store.write(Batch((), (PruneEvents(Revision(self.last - back)),)))
        self.pruned = max(self.pruned, through)

    @rule()
    def tidy(self) -> None:
        self.home.store.tidy()

    @rule()
    def reopen(self) -> None:
        self.home.reopen()

    @rule()
    def crash(self) -> None:
        self.home.crash()

    @rule(query=QUERIES)
    def select(self, query: Select) -> None:
        unlimited = Select(query.table, query.any_of)
        with reading(self.home.store) as reader:
            assert reader.select(query) == self.chosen(query)
            assert reader.count(query) == len(self.chosen(unlimited))

    @rule(back=st.integers(-1, 8), limit=st.integers(0, 9), scope=st.sampled_from(["", "s"]))
    def read_events(self, back: int, limit: int, scope: str) -> None:
        after = Revision(self.last - back)
        with reading(self.home.store) as reader:
            if after < self.pruned:
                try:
                    reader.events(after, limit, scope)
                except Compacted:
                    return
                raise AssertionError("pruned events were given")
            expected = [event for event in self.events if event.revision > after and scope in ("", event.scope)]
            assert reader.events(after, limit, scope) == expected[:limit]

    @invariant()
    def rows_are_as_modelled(self) -> None:
        with reading(self.home.store) as reader:
            assert reader.last_revision() == self.last
            assert list(reader.active("runs")) == self.chosen(Select("runs", ((Condition("live", Operator.EQ, 1),),)))
            for identity in ("a", "é", "none"):
                row = self.rows.get(identity)
                assert reader.get("runs", identity) == (row and Row(row["id"], row["revision"], row["body"]))

    def chosen(self, query: Select) -> list[Row]:
        def fits(row: dict[str, Any]) -> bool:
            return not query.any_of or any(
                all(TESTS[condition.operator](row[condition.column], condition.value) for condition in conditions)
                for conditions in query.any_of
            )

        rows = [row for row in self.rows.values() if fits(row)]
        for column, ascending in [("id", True), *reversed(query.order)]:
            nulls = [row for row in rows if row[column] is None]
            values = sorted(
                (row for row in rows if row[column] is not None), key=lambda row: row[column], reverse=not ascending
            )
            rows = nulls + values if ascending else values + nulls
        end = None if query.limit < 0 else query.offset + query.limit
        return [Row(row["id"], row["revision"], row["body"]) for row in rows[query.offset : end]]


BOUNDED = settings(max_examples=20, stateful_step_count=20, deadline=None)
