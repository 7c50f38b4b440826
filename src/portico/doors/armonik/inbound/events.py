"""Subscriptions to events, read: which kinds of change, of which tasks and results.

Owns the telling apart of filters that name their things, which are watched by number and cost nothing for others, from
those that must look at every change of a session.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portico.control.calls.happenings import Change
from portico.domain.calls.naming import Kind, Naming
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.filters import Clause, read_filters
from portico.doors.armonik.inbound.result_fields import RESULT_FIELDS
from portico.doors.armonik.inbound.task_fields import TASK_FIELDS
from portico.store.port import Operator
from portico.store.sheets import Field, Test
from portico.wire.armonik.events_pb2 import EventsEnum, EventSubscriptionRequest

CHANGES: dict[int, Change] = {
    EventsEnum.EVENTS_ENUM_NEW_TASK: Change.NEW_CALL,
    EventsEnum.EVENTS_ENUM_TASK_STATUS_UPDATE: Change.CALL_STATE,
    EventsEnum.EVENTS_ENUM_NEW_RESULT: Change.NEW_RESULT,
    EventsEnum.EVENTS_ENUM_RESULT_STATUS_UPDATE: Change.RESULT_STATE,
    EventsEnum.EVENTS_ENUM_RESULT_OWNER_UPDATE: Change.RESULT_OWNER,
}
OF_CALLS = frozenset({Change.NEW_CALL, Change.CALL_STATE})
OF_RESULTS = frozenset({Change.NEW_RESULT, Change.RESULT_STATE, Change.RESULT_OWNER})

_NUMBER = Field("number")
_TASK_ALIAS = "alias"


class Choice(msgspec.Struct, frozen=True):
    """Which things of one kind are wanted: those that meet `any_of` (empty: all).

    `numbers` not None: no other thing than these can meet it. `simple`: to be one of these is enough, too.
    """

    any_of: tuple[Clause, ...] = ()
    numbers: frozenset[int] | None = None
    simple: bool = True


class Wanted(msgspec.Struct, frozen=True):
    """What a subscriber wants to hear; `session` 0 is one that does not exist."""

    session: int
    changes: frozenset[Change]
    calls: Choice
    results: Choice

    @property
    def wants_calls(self) -> bool:
        """Tell whether any change of tasks is wanted."""
        return bool(self.changes & OF_CALLS)

    @property
    def wants_results(self) -> bool:
        """Tell whether any change of results is wanted."""
        return bool(self.changes & OF_RESULTS)


def read_subscription(request: EventSubscriptionRequest, naming: Naming) -> Wanted:
    """Read what a subscriber asks for; no kind of change at all means every kind."""
    changes: set[Change] = set()
    for index, kind in enumerate(request.returned_events):
        change = CHANGES.get(kind)
        if change is None:
            raise Invalid(f"{kind} is not a kind of event", f"returned_events[{index}]")
        changes.add(change)
    return Wanted(
        naming.number(Kind.SESSION, request.session_id),
        frozenset(changes or Change),
        choose(read_filters(request.tasks_filters, TASK_FIELDS, naming, "tasks_filters"), naming),
        choose(read_filters(request.results_filters, RESULT_FIELDS, naming, "results_filters"), naming),
    )


def choose(any_of: Sequence[Clause], naming: Naming) -> Choice:
    """Find the numbers that a filter is about."""
    numbers: set[int] = set()
    simple = True
    for clause in any_of:
        named = next((found for part in clause if (found := _named(part, naming)) is not None), None)
        if named is None:
            return Choice(tuple(any_of), simple=False)
        numbers |= named
        simple = simple and len(clause) == 1
    if not any_of:
        return Choice()
    return Choice(tuple(any_of), frozenset(numbers - {0}), simple)


def _named(part: object, naming: Naming) -> set[int] | None:
    """Give the numbers that a test asks for; None when it does not ask for some, or for a text without a number."""
    if not isinstance(part, Test) or part.field.link or part.field.column != "number":
        return None
    values = part.any_of if part.any_of is not None else (part.value,) if part.operator is Operator.EQ else None
    if values is None:
        return None
    if part.field == _NUMBER:
        return {value for value in values if isinstance(value, int)}
    if part.field.alias != _TASK_ALIAS:
        return None
    numbers = {naming.number(Kind.CALL, str(value)) for value in values}
    return None if 0 in numbers else numbers
