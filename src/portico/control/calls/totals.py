"""Totals: counts that the tallies know, so that no row is looked at.

Owns when that is so: a question that restricts nothing but the Session and the state, each to certain values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from portico.control.calls import sessions
from portico.domain.calls.states import CallState, SessionState
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


def _calls(plane: Plane, within: Iterable[int] | None) -> list[int]:
    book = plane.calls.book
    return _sum(plane, book.all_calls, book.tallies, within)


def _results(plane: Plane, within: Iterable[int] | None) -> list[int]:
    book = plane.calls.book
    return _sum(plane, book.all_results, book.result_tallies, within)


def _sum(
    plane: Plane, overall: Sequence[int], tallies: Mapping[int, Sequence[int]], within: Iterable[int] | None
) -> list[int]:
    """Give the tally of all Sessions, or add up those of some; without those that are being deleted."""
    deleting = {number for number, work in plane.calls.book.clearing.items() if work == sessions.DELETING}
    if within is None:
        hidden = [tallies[number] for number in deleting]
        return [count - sum(column) for count, *column in zip(overall, *hidden, strict=True)]
    shown = [tallies[number] for number in set(within) - deleting if number in tallies]
    return [sum(column) for column in zip(*shown, strict=True)]


def _count(counts: Sequence[int], states: set[int] | None) -> int:
    return sum(count for state, count in enumerate(counts) if states is None or state in states)


def of_calls(plane: Plane, query: SheetQuery) -> int:
    """Count the Calls that a question chooses; -1 when the tallies do not tell."""
    asked = _restriction(query)
    return -1 if asked is None else _count(_calls(plane, asked.sessions), asked.states)


def of_results(plane: Plane, query: SheetQuery) -> int:
    """Count the Results that a question chooses; -1 when the tallies do not tell."""
    asked = _restriction(query)
    return -1 if asked is None else _count(_results(plane, asked.sessions), asked.states)


def of_sessions(plane: Plane, query: SheetQuery) -> int:
    """Count the Sessions that a question chooses; -1 when it is about more than their state."""
    asked = _restriction(query)
    if asked is None or asked.sessions is not None:
        return -1
    counts = plane.calls.book.all_sessions
    return sum(
        counts[state]
        for state in SessionState
        if state is not SessionState.DELETED and (asked.states is None or state in asked.states)
    )


def by_state(plane: Plane, numbers: Iterable[int] | None) -> dict[CallState, int]:
    """Count the Calls of Sessions, None for all, by state."""
    counts = _calls(plane, numbers)
    return {CallState(state): count for state, count in enumerate(counts) if count}


def by_state_of(plane: Plane, query: SheetQuery) -> dict[CallState, int] | None:
    """Count the Calls that a question chooses by state; None when the tallies do not tell."""
    asked = _restriction(query)
    if asked is None:
        return None
    counts = by_state(plane, asked.sessions)
    return {state: count for state, count in counts.items() if asked.states is None or state in asked.states}
