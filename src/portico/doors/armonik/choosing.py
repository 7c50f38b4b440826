"""Tasks and sessions that the older service's filters choose: found page by page, and counted.

Promises: ids that are not known are passed over; nothing is held in memory but a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing

from portico.control.calls.queries import CountByState, FindCalls, Listed, ListSessions
from portico.control.calls.sheets import SESSIONS
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.states import CallState
from portico.domain.calls.values import Call, Session
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.choices import SessionChoice, TaskChoice
from portico.doors.armonik.inbound.filters import Clause
from portico.doors.armonik.paging import PAGE, all_calls
from portico.store.port import Operator
from portico.store.sheets import Field, SheetQuery, Test

_STATE = Field("state")
_NUMBER = Field("number")


async def find_calls(control: Control, choice: TaskChoice) -> AsyncGenerator[Sequence[Call]]:
    """Yield the Calls that are chosen."""
    for start in range(0, len(choice.tasks), PAGE):
        found: list[Call] = await control.ask(FindCalls(choice.tasks[start : start + PAGE]))
        yield [call for call in found if call.state in choice.states]
    for session in numbers_of(choice.sessions, Kind.SESSION, control.calls.naming):
        async with aclosing(all_calls(control, session, _in_states(choice))) as pages:
            async for calls in pages:
                yield calls


async def count_calls(control: Control, choice: TaskChoice) -> dict[CallState, int]:
    """Count the Calls that are chosen by state; those of whole Sessions are counted already."""
    counts: Counter[CallState] = Counter()
    if choice.tasks:
        async with aclosing(find_calls(control, choice)) as pages:
            async for calls in pages:
                counts.update(call.state for call in calls)
        return dict(counts)
    naming = control.calls.naming
    sessions = tuple(session for session in choice.sessions if naming.number(Kind.SESSION, session))
    if not sessions:
        return {}
    found: Mapping[CallState, int] = await control.ask(CountByState(sessions))
    return {CallState(state): count for state, count in found.items() if state in choice.states}


async def find_sessions(control: Control, choice: SessionChoice) -> AsyncGenerator[Sequence[Session]]:
    """Yield the Sessions that are chosen, the oldest first."""
    always: tuple[Test, ...] = (Test(_STATE, any_of=tuple(sorted(choice.states))),)
    if choice.sessions is not None:
        named = tuple(numbers_of(choice.sessions, Kind.SESSION, control.calls.naming))
        if not named:
            return
        always = (*always, Test(_NUMBER, any_of=named))
    last = 0
    while True:
        after = Test(_NUMBER, Operator.GT, last)
        query = SheetQuery(SESSIONS.name, always=(*always, after), order=((_NUMBER, True),), limit=PAGE)
        listed: Listed = await control.ask(ListSessions(query, counted=False))
        if listed.sessions:
            yield listed.sessions
        if len(listed.sessions) < PAGE:
            return
        last = listed.sessions[-1].number


def numbers_of(ids: Sequence[str], kind: Kind, naming: Naming) -> Iterator[int]:
    """Give the numbers of texts that have one."""
    return filter(None, (naming.number(kind, identity) for identity in ids))


def _in_states(choice: TaskChoice) -> tuple[Clause, ...]:
    if choice.states == frozenset(CallState):
        return ()
    return ((Test(_STATE, any_of=tuple(sorted(choice.states))),),)
