"""Clearing: what was decided about a whole Session, or about very many Calls at once, carried out in slices.

Owns no decision: each step looks at the Session as it stands (its state, its `clearing`, its tallies) and does the next
slice of what follows from that, so that after a crash the rows alone tell what is left. Promises: no step takes longer
than some milliseconds, Sessions take turns, and the writer is never more than a few slices behind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from portico.control.calls import endings, results, sessions
from portico.control.calls.book import LIVE
from portico.control.calls.columns import Column
from portico.control.calls.erasing import erase_session
from portico.control.calls.objects import remove_unnamed
from portico.control.calls.results import AT_ONCE
from portico.control.calls.results_book import Span
from portico.control.calls.scanning import scan
from portico.control.calls.sheets import RESULTS
from portico.domain.calls.states import CallState, ResultState, SessionState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.domain.identity import Revision

AHEAD = 4
"""Slices that may wait for the writer."""

_CANCELLABLE = LIVE - {int(CallState.CANCELLING)}
_UNBEGUN = frozenset({CallState.PAUSED, CallState.SUBMITTED})
_S = SessionState

_DONE = -1


class Clearing:
    """The work in slices of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._wanted: dict[int, None] = {}
        self._places: dict[int, dict[str, int]] = {}
        """How far passes over the numbers of a Session have come, by what they look for."""
        self._ready: deque[int] = deque()
        self._failing: deque[int] = deque()
        self._unwritten: deque[Revision] = deque()
        self._wake = asyncio.Event()
        self._at_work = 0

    # ---- what is asked -----------------------------------------------------------------------------------------

    def want(self, session: int) -> None:
        """Look at a Session soon, and through all of it: something was decided about it."""
        self._wanted[session] = None
        self._places.pop(session, None)
        self._wake.set()

    def look_again(self, session: int) -> None:
        """Go on with a Session, if it waited for something."""
        self._wanted[session] = None
        self._wake.set()

    def ready_later(self, calls: Sequence[int]) -> None:
        """Move these Calls on, which lack nothing any more."""
        self._ready.extend(calls)
        self._wake.set()

    def fail_later(self, calls: Sequence[int]) -> None:
        """Fail these Calls, which lack what will never come."""
        self._failing.extend(calls)
        self._wake.set()

    def resume(self) -> None:
        """After a restart: look at every Session of which something may be left to do."""
        book = self._plane.calls.book
        for number in book.sessions:
            if book.clearing.get(number) or self._to_move(number):
                self.want(number)

    @property
    def idle(self) -> bool:
        """Tell whether there is nothing to do, and nothing being done."""
        return not (self._wanted or self._at_work or self._ready or self._failing)

    # ---- the loop ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            if self.idle:
                await self._wake.wait()
            await self.turn()

    async def turn(self) -> None:
        """Do one slice of everything there is to do."""
        if self._ready:
            with self._plane.begin() as tx:
                results.ready(self._plane, tx, _take(self._ready))
            await self._pace(tx.revision)
        if self._failing:
            with self._plane.begin() as tx:
                results.abort(self._plane, tx, results.fail_waiting(self._plane, tx, _take(self._failing)))
            await self._pace(tx.revision)
        for session in list(self._wanted):
            del self._wanted[session]
            self._at_work = session
            if await self._step(session):
                self._wanted[session] = None
            elif session not in self._wanted:
                self._places.pop(session, None)
            self._at_work = 0
            await asyncio.sleep(0)

    async def _pace(self, revision: Revision) -> None:
        self._unwritten.append(revision)
        while len(self._unwritten) > AHEAD:
            await self._plane.committer.settled(self._unwritten.popleft())
        await asyncio.sleep(0)

    # ---- one Session -------------------------------------------------------------------------------------------

    async def _step(self, number: int) -> bool:
        """Do the next slice about a Session; tells whether there may be more."""
        book = self._plane.calls.book
        clearing = book.clearing.get(number, 0)
        if not clearing:
            return await self._move(number)
        if await self._cancel(number, _CANCELLABLE):
            return True
        if clearing == sessions.DELETING:
            return await erase_session(self._plane, number)
        if await self._abort(number) or (clearing == sessions.PURGING and await self._purge(number)):
            return True
        session = book.sessions[number]
        if book.clearing.get(number) == clearing:
            with self._plane.begin() as tx:
                sessions.put(self._plane, tx, session, 0)
        return bool(book.clearing.get(number))

    def _to_move(self, number: int) -> tuple[frozenset[CallState], CallState] | None:
        """Tell which Calls do not stand as their Session does, and how they are to stand."""
        book = self._plane.calls.book
        session, tally = book.sessions[number], book.tallies[number]
        if session.state is _S.PAUSED and tally[CallState.SUBMITTED]:
            return frozenset({CallState.SUBMITTED}), CallState.PAUSED
        if session.state is _S.RUNNING and tally[CallState.PAUSED]:
            return frozenset({CallState.PAUSED}), CallState.SUBMITTED
        if session.state is _S.CLOSED and (tally[CallState.PAUSED] or tally[CallState.SUBMITTED]):
            return _UNBEGUN, CallState.CANCELLED
        return None

    async def _move(self, number: int) -> bool:
        """Pause Calls or let them go on; those that wait when their Session is closed would do so for ever where no
        agent comes for them."""
        if number not in self._plane.calls.book.sessions:
            return False
        wanted = self._to_move(number)
        if wanted is None:
            return False
        before, after = wanted
        if after is CallState.CANCELLED:
            return await self._cancel(number, before)
        phase = f"to {after}"
        found = self._find_calls(number, phase, before)
        if not found:
            return self._goes_on(number, phase)
        with self._plane.begin() as tx:
            if after is CallState.PAUSED:
                self._plane.calls.book.move_many(tx, found, after)
            else:
                self._plane.calls.book.move_many(
                    tx, found, after, pod=None, host=None, received_at=None, acquired_at=None
                )
                self._plane.calls.queues.put_many(tx, found)
        await self._pace(tx.revision)
        return True

    async def _cancel(self, number: int, states: Collection[int]) -> bool:
        book = self._plane.calls.book
        phase = "cancel" if states == _CANCELLABLE else "cancel some"
        found = self._find_calls(number, phase, states)
        if not found:
            return self._goes_on(number, phase)
        with self._plane.begin() as tx:
            # what promised Results become of a whole Session is the next phase's affair
            endings.cancel(self._plane, tx, found, abandon=not book.clearing.get(number))
        await self._pace(tx.revision)
        return True

    async def _abort(self, number: int) -> bool:
        found = self._find_results(number, "abort", ResultState.CREATED)
        if not found:
            return self._goes_on(number, "abort")
        with self._plane.begin() as tx:
            results.abort(self._plane, tx, found)
        await self._pace(tx.revision)
        return True

    async def _purge(self, number: int) -> bool:
        """Let go of the data of some Results, but for those whose deletion is the client's own affair."""
        plane = self._plane
        found = self._find_results(number, "purge", ResultState.COMPLETED)
        if not found:
            return self._goes_on(number, "purge")
        await plane.committer.settled(plane.committer.revision)
        rows = await plane.history.later(lambda reader: reader.rows_by_number(RESULTS.name, found, ("large", "manual")))
        with plane.begin() as tx:
            results.empty(plane, tx, [int(result) for result, _, manual in rows if not manual])  # type: ignore[arg-type]
        await plane.committer.settled(tx.revision)
        await remove_unnamed(plane, [str(large) for _, large, manual in rows if large and not manual])
        return True

    # ---- places ------------------------------------------------------------------------------------------------

    def _find_calls(self, number: int, phase: str, states: Iterable[int]) -> list[int]:
        book = self._plane.calls.book
        return self._find(number, phase, states, (book.session, book.state), book.call_spans.get(number))

    def _find_results(self, number: int, phase: str, state: ResultState) -> list[int]:
        book = self._plane.calls.book
        return self._find(
            number, phase, (state,), (book.result_session, book.result_state), book.result_spans.get(number)
        )

    def _find(
        self, number: int, phase: str, states: Iterable[int], columns: tuple[Column, Column], span: Span | None
    ) -> list[int]:
        """Give the next numbers of a pass, and note its place."""
        places = self._places.setdefault(number, {})
        after = places.get(phase, 0)
        if span is None or after == _DONE:
            return []
        found = scan(*columns, number, states, span, after=after, limit=AT_ONCE)
        places[phase] = found.after or _DONE
        return found.numbers

    def _goes_on(self, number: int, phase: str) -> bool:
        """Tell whether a pass that found nothing just now has more to look at."""
        return self._places[number].get(phase, _DONE) != _DONE


def _take(calls: deque[int]) -> list[int]:
    taken = list(islice(calls, AT_ONCE))
    for _ in taken:
        calls.popleft()
    return taken
