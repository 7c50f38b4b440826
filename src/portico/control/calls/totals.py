"""Totals: counts that the tallies know, so that no row is looked at.

Owns when that is so: a question that restricts nothing but the Session and the state, each to certain values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from portico.control.calls import sessions
from portico.domain.calls.states import CallState
from portico.store.port import Operator
from portico.store.sheets import Contains, Field, SheetQuery, Test

if TYPE_CHECKING:
    from portico.control.plane import Plane

_SESSION = Field("session")
_STATE = Field("state")


class _Restriction:
    """The Sessions and states that a question is about; None is all of them."""

    def __init__(self) -> None:
        self.sessions: set[int] | None = None
        self.states: set[int] | None = None

    def add(self, test: Test | Contains) -> bool:
        """Take one more test; False when it is of another kind."""
        if isinstance(test, Contains) or test.field not in {_SESSION, _STATE}:
            return False
        if test.any_of is not None:
            values = set(test.any_of)
        elif test.operator is Operator.EQ and test.value is not None:
            values = {test.value}
        else:
            return False
        numbers = {int(value) for value in values}
        if test.field == _SESSION:
            self.sessions = numbers if self.sessions is None else self.sessions & numbers
        else:
            self.states = numbers if self.states is None else self.states & numbers
        return True


def _restriction(query: SheetQuery) -> _Restriction | None:
    """Read a question as a restriction, None when it is more than that."""
    if len(query.any_of) > 1:
        return None
    found = _Restriction()
    tests = (*query.always, *(query.any_of[0] if query.any_of else ()))
    return found if all(found.add(test) for test in tests) else None


def _sum(plane: Plane, tallies: Mapping[int, Sequence[int]], within: Iterable[int] | None) -> list[int]:
    """Add up the tallies of Sessions, without those that are being deleted."""
    clearing = plane.calls.book.clearing
    numbers = tallies if within is None else set(within)
    shown = [tallies[number] for number in numbers if number in tallies and clearing.get(number) != sessions.DELETING]
    return [sum(column) for column in zip(*shown, strict=True)]


def _count(plane: Plane, tallies: Mapping[int, Sequence[int]], query: SheetQuery) -> int:
    asked = _restriction(query)
    if asked is None:
        return -1
    counts = _sum(plane, tallies, asked.sessions)
    return sum(count for state, count in enumerate(counts) if asked.states is None or state in asked.states)


def of_calls(plane: Plane, query: SheetQuery) -> int:
    """Count the Calls that a question chooses; -1 when the tallies do not tell."""
    return _count(plane, plane.calls.book.tallies, query)


def of_results(plane: Plane, query: SheetQuery) -> int:
    """Count the Results that a question chooses; -1 when the tallies do not tell."""
    return _count(plane, plane.calls.book.result_tallies, query)


def of_sessions(plane: Plane, query: SheetQuery) -> int:
    """Count the Sessions that a question chooses; -1 when it is about more than their state."""
    asked = _restriction(query)
    if asked is None or asked.sessions is not None:
        return -1
    book = plane.calls.book
    return sum(
        (asked.states is None or session.state in asked.states)
        and book.clearing.get(session.number) != sessions.DELETING
        for session in book.sessions.values()
    )


def by_state(plane: Plane, numbers: Iterable[int] | None) -> dict[CallState, int]:
    """Count the Calls of Sessions, None for all, by state."""
    return _positive(_sum(plane, plane.calls.book.tallies, numbers))


def by_state_of(plane: Plane, query: SheetQuery) -> dict[CallState, int] | None:
    """Count the Calls that a question chooses by state; None when the tallies do not tell."""
    asked = _restriction(query)
    if asked is None:
        return None
    counts = by_state(plane, asked.sessions)
    return {state: count for state, count in counts.items() if asked.states is None or state in asked.states}


def _positive(counts: Sequence[int]) -> dict[CallState, int]:
    return {CallState(state): count for state, count in enumerate(counts) if count}
