"""Waiting for tasks to complete and for results to be there, as the older service does: woken by what happens.

Promises: nothing is asked for again unless something happened; what happens between looking and waiting is not missed;
a burst that is too large to be heard one by one is answered by looking afresh.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import TypeVar

from portico.control.calls.happenings import Happening
from portico.control.calls.queries import FindCalls, GetResult
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import Call, Result
from portico.domain.errors import Exhausted, NotFound, Unavailable
from portico.doors.armonik.choosing import count_calls, find_calls, numbers_of
from portico.doors.armonik.inbound.choices import TaskChoice
from portico.doors.armonik.live import LiveControl, Subscription, settle
from portico.wire.armonik.submitter_pb2 import WaitRequest

FAILED = frozenset({CallState.ERROR, CallState.TIMEOUT})
CANCELLED = frozenset({CallState.CANCELLING, CallState.CANCELLED})
_DONE = frozenset({CallState.COMPLETED, CallState.RETRIED})
"""Of a task that was tried again, the later one counts, where it is asked for."""

T = TypeVar("T")
Heard = Sequence[Happening] | None
"""What has happened since the last look; None: unknown, look afresh."""
Counts = dict[CallState, int]


async def completion(control: LiveControl, choice: TaskChoice, request: WaitRequest) -> Counts:
    """Wait until every task chosen is COMPLETED, or one of them has failed or was cancelled where that is to end it;
    give their counts by state. One that failed otherwise keeps it waiting (upstream's rule)."""
    stops = (FAILED if request.stop_on_first_task_error else frozenset()) | (
        CANCELLED if request.stop_on_first_task_cancellation else frozenset()
    )

    def ended(counts: Counts) -> Counts | None:
        present = counts.keys()
        return counts if present <= _DONE or present & stops else None

    watching = control.calls.watching
    if choice.tasks:
        single = await _Singly.of(control, choice)

        async def look_singly(heard: Heard) -> Counts | None:
            return ended(await single.counts(heard))

        return await _until(control, lambda: [watching.calls(single.states)], look_singly)

    async def look(_heard: Heard) -> Counts | None:
        return ended(await count_calls(control, choice))

    sessions = list(numbers_of(choice.sessions, Kind.SESSION, control.calls.naming))
    return await _until(control, lambda: [watching.session(each) for each in sessions], look)


class _Singly:
    """The states of tasks that are named one by one: read once, then followed."""

    def __init__(self, control: LiveControl, choice: TaskChoice) -> None:
        self._control = control
        self._choice = choice
        self.states: dict[int, CallState] = {}

    @classmethod
    async def of(cls, control: LiveControl, choice: TaskChoice) -> _Singly:
        """Begin with the tasks that are there; no others will ever have these ids."""
        tasks = cls(control, choice)
        await tasks.counts(None)
        return tasks

    async def counts(self, heard: Heard) -> Counts:
        """Count those that are in a state that is asked for."""
        if heard is None:
            async for calls in find_calls(self._control, TaskChoice(tasks=self._choice.tasks)):
                self.states.update((call.number, call.state) for call in calls)
        else:
            self.states.update((each.number, CallState(each.state)) for each in heard)
        counts = Counter(self.states.values())
        return {state: count for state, count in counts.items() if state in self._choice.states}


async def availability(control: LiveControl, identity: str) -> Result:
    """Wait until a Result is COMPLETED or ABORTED. NotFound when it is not there, or has been deleted."""

    async def look(_heard: Heard) -> Result | None:
        result: Result = await control.ask(GetResult(identity))
        if result.state is ResultState.DELETED:
            raise NotFound(f"Result data was not found: {identity}")
        return None if result.state is ResultState.CREATED else result

    numbers = (control.calls.naming.number(Kind.RESULT, identity),)
    return await _until(control, lambda: [control.calls.watching.results(numbers)], look)


async def owner_of(control: LiveControl, result: Result) -> Call | None:
    """Give the task that was to bring a Result, None when there is none."""
    found: list[Call] = await control.ask(FindCalls((result.owner,))) if result.owner else []
    return found[0] if found else None


async def _until(
    control: LiveControl, listen: Callable[[], Sequence[Subscription]], look: Callable[[Heard], Awaitable[T | None]]
) -> T:
    """Look, and look again whenever something was heard, until there is something to give."""
    while True:
        with ExitStack() as stack:
            subscriptions = listen()
            for subscription in subscriptions:
                stack.callback(subscription.close)
            await settle(control)
            found = await look(None)
            while found is None:
                heard = await _hear(subscriptions)
                if heard is None:
                    break
                found = await look(heard)
            else:
                return found


async def _hear(subscriptions: Sequence[Subscription]) -> Heard:
    """Wait until one of them hears something; None when one heard more than it could keep."""
    waiting = [asyncio.ensure_future(subscription.take()) for subscription in subscriptions]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        heard = [each.result() for each in waiting if each.done()]
    except Exhausted:
        return None
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    if not all(heard):
        raise Unavailable("the server is stopping")
    return [happening for some in heard for happening in some]
