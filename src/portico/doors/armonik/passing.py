"""Which happenings pass a subscriber's filters, as the tasks and results are when it happens.

Owns nothing. Promises: the order of happenings stays; a filter that only names ids is answered from the happening
itself, any other from the rows, read off the loop in one query for each kind, with what the happening says laid over
them; what has been erased meanwhile does not pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portico.control.calls.happenings import Change, Happening
from portico.control.calls.queries import FindCalls, FindResults
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import Call, Result
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.events import OF_CALLS, Choice, Wanted
from portico.doors.armonik.inbound.holding import call_holds, result_holds
from portico.doors.armonik.inbound.matching import matches

_WITHOUT_POD = frozenset({CallState.CREATING, CallState.PENDING, CallState.SUBMITTED, CallState.PAUSED})


class Passing:
    """The filters of one subscriber."""

    def __init__(self, control: Control, wanted: Wanted) -> None:
        self._control = control
        self._naming = control.calls.naming
        self._wanted = wanted
        self._all = wanted.calls == wanted.results == Choice()

    async def choose(self, happenings: Sequence[Happening]) -> list[Happening]:
        """Give those that are wanted."""
        wanted = self._wanted
        mine = [each for each in happenings if each.change in wanted.changes and each.session == wanted.session]
        if self._all:
            return mine
        mine = [each for each in mine if self._may_pass(each)]
        calls, results = await self._read(mine)
        return [each for each in mine if self._passes(each, calls, results)]

    def _choice(self, happening: Happening) -> Choice:
        return self._wanted.calls if happening.change in OF_CALLS else self._wanted.results

    def _may_pass(self, happening: Happening) -> bool:
        numbers = self._choice(happening).numbers
        return numbers is None or happening.number in numbers

    async def _read(self, happenings: Sequence[Happening]) -> tuple[dict[int, Call], dict[int, Result]]:
        """Read the rows that are needed to decide."""
        calls: dict[str, None] = {}
        results: dict[str, None] = {}
        for each in happenings:
            if self._choice(each).simple:
                continue
            if each.change in OF_CALLS:
                calls[each.id] = None
            else:
                results[self._naming.text(Kind.RESULT, each.number)] = None
        found_calls: list[Call] = await self._control.ask(FindCalls(tuple(calls))) if calls else []
        found_results: list[Result] = await self._control.ask(FindResults(tuple(results))) if results else []
        return {call.number: call for call in found_calls}, {result.number: result for result in found_results}

    def _passes(self, happening: Happening, calls: dict[int, Call], results: dict[int, Result]) -> bool:
        choice, naming = self._choice(happening), self._naming
        if choice.simple:
            return True
        if happening.change in OF_CALLS:
            call = calls.get(happening.number)
            if call is None:
                return False
            then = _call_then(call, happening)
            return matches(choice.any_of, lambda field: call_holds(then, field, naming))
        result = results.get(happening.number)
        if result is None:
            return False
        so = _result_then(result, happening)
        return matches(choice.any_of, lambda field: result_holds(so, field, naming))


def _call_then(call: Call, happening: Happening) -> Call:
    """Give a task as it was: a happening names the pod only when that changes."""
    state = CallState(happening.state)
    if state in _WITHOUT_POD:
        return msgspec.structs.replace(call, state=state, pod="", host="")
    return msgspec.structs.replace(call, state=state, pod=happening.pod or call.pod, host=happening.host or call.host)


def _result_then(result: Result, happening: Happening) -> Result:
    """Give a result as it was: a happening names the owner only when that changes."""
    state = ResultState(happening.state)
    if happening.change is Change.RESULT_STATE:
        return msgspec.structs.replace(result, state=state)
    return msgspec.structs.replace(result, state=state, owner=happening.owner)
