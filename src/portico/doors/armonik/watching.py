"""WatchResults, which two services have: the states of Results now, and as they change.

Owns one stream: what its client asked for, and the merging of answers with news. Promises: a Result is watched before
its state is read, so that no change falls in between; news of one Result leave in order; a client that does not read is
cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any

from portico.control.calls.happenings import Change, Happening
from portico.control.calls.queries import FindResults
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Result
from portico.domain.errors import Exhausted, Unavailable
from portico.doors.armonik.live import LiveControl, settle
from portico.doors.armonik.states import RESULT_STATUSES
from portico.wire.armonik.result_status_pb2 import ResultStatus

MOST_WATCHED = 100_000
"""Results that one stream may watch."""

MOST_IDS = 10_000
"""Ids in one message; more are told in several."""

_SLICE = 1_000
"""Ids looked up at a time."""

_NOT_FOUND = ResultStatus.RESULT_STATUS_NOTFOUND
_ALL = frozenset(ResultStatus.values())
_TELLING = frozenset({Change.NEW_RESULT, Change.RESULT_STATE})

Group = tuple[Any, Sequence[str]]
"""A status of the wire, and the ids of Results that have it."""


async def watch_results(control: LiveControl, requests: AsyncIterator[Any]) -> AsyncGenerator[Group]:
    """Yield what the requests of one stream ask for, until the client leaves.

    A request is of `fetch_statuses`, `watch_statuses` and `result_ids`. It is answered at once with the Results that
    are in one of the former, unknown ones as NOTFOUND; later changes into one of the latter follow. A request without
    any status means all of them. A Result that is asked for again is watched as the last request says. Exhausted when
    too many are watched, or the client is too slow.
    """
    watch = _Watch(control)
    asking: asyncio.Future[Any] | None = asyncio.ensure_future(_next(requests))
    hearing = asyncio.ensure_future(watch.subscription.take())
    try:
        while asking is not None or watch.wanted:
            await asyncio.wait([each for each in (asking, hearing) if each], return_when=asyncio.FIRST_COMPLETED)
            if asking is not None and asking.done():
                request = asking.result()
                if request is not None:
                    async for group in watch.answer(request):
                        yield group
                asking = None if request is None else asyncio.ensure_future(_next(requests))
            if hearing.done():
                heard = hearing.result()
                if not heard:
                    raise Unavailable("the server is stopping")
                for group in watch.news(heard):
                    yield group
                hearing = asyncio.ensure_future(watch.subscription.take())
    finally:
        watch.subscription.close()
        left = [each for each in (asking, hearing) if each]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _next(requests: AsyncIterator[Any]) -> Any:
    return await anext(requests, None)


class _Watch:
    """What one stream watches: by number, the statuses to be told of."""

    def __init__(self, control: LiveControl) -> None:
        self._control = control
        self._naming: Naming = control.calls.naming
        self.subscription = control.calls.watching.results(())
        self.wanted: dict[int, frozenset[int]] = {}

    async def answer(self, request: Any) -> AsyncIterator[Group]:
        """Watch what a request names, and give the states that it wants to have at once."""
        ids = tuple(dict.fromkeys(request.result_ids))
        every = not request.fetch_statuses and not request.watch_statuses
        fetched = _ALL if every else frozenset(request.fetch_statuses)
        self._want(ids, _ALL if every else frozenset(request.watch_statuses))
        if not fetched or not ids:
            return
        await settle(self._control)
        groups: dict[Any, list[str]] = {}
        for start in range(0, len(ids), _SLICE):
            some = ids[start : start + _SLICE]
            found: list[Result] = await self._control.ask(FindResults(some))
            states = {self._naming.text(Kind.RESULT, result.number): result.state for result in found}
            for identity in some:
                status = RESULT_STATUSES[states[identity]] if identity in states else _NOT_FOUND
                if status in fetched:
                    groups.setdefault(status, []).append(identity)
        for status in sorted(groups):
            for group in _portions(status, groups[status]):
                yield group

    def _want(self, ids: Sequence[str], statuses: frozenset[int]) -> None:
        numbers = [number for identity in ids if (number := self._naming.number(Kind.RESULT, identity))]
        if not statuses:
            for number in numbers:
                self.wanted.pop(number, None)
            return
        if len(self.wanted) + len(set(numbers) - self.wanted.keys()) > MOST_WATCHED:
            raise Exhausted(f"result_ids: a stream watches at most {MOST_WATCHED} results")
        self.subscription.add(numbers)
        self.wanted.update(dict.fromkeys(numbers, statuses))

    def news(self, happenings: Sequence[Happening]) -> Iterator[Group]:
        """Give what happened to those that are watched, grouped by status as far as each Result's order allows."""
        groups: dict[Any, list[str]] = {}
        named: set[int] = set()
        for happening in happenings:
            number = happening.number
            status = RESULT_STATUSES.get(happening.state) if happening.change in _TELLING else None  # type: ignore[call-overload]
            if status is None or status not in self.wanted.get(number, ()):
                continue
            if number in named:
                yield from _all_portions(groups)
                groups, named = {}, set()
            named.add(number)
            groups.setdefault(status, []).append(self._naming.text(Kind.RESULT, number))
        yield from _all_portions(groups)


def _all_portions(groups: dict[Any, list[str]]) -> Iterator[Group]:
    for status, ids in groups.items():
        yield from _portions(status, ids)


def _portions(status: Any, ids: list[str]) -> Iterator[Group]:
    for start in range(0, len(ids), MOST_IDS):
        yield status, ids[start : start + MOST_IDS]
