"""Idling: Sessions that nobody has closed and in which nothing has happened for long enough are closed.

Many clients never close their Sessions, and what is not over is never deleted by age. Promises: only a Session that
takes Calls, and of whose Calls every one is final, is closed, so that no work is lost by it and its Results stay as
they are; what was quiet only because the server was down is left alone for a while after its start.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.control.calls.book import LIVE
from portico.control.calls.commands import ChangeSession, SessionChange
from portico.control.calls.sheets import CALLS, RESULTS
from portico.domain.calls.states import SessionState
from portico.domain.identity import HOUR, Instant
from portico.store.sheets import Field, SheetQuery, Test

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.store.port import Reader

AT_ONCE = 50
"""Sessions looked at closely in one look."""

LOOKS = 250
"""Sessions looked at in one step: a millisecond or two."""

GRACE = HOUR
"""From the first look on, how long nothing is closed: clients that lost their server are to come back."""

_log = structlog.get_logger(__name__)

_LAST = (
    (CALLS.name, "created_at"),
    (CALLS.name, "ended_at"),
    (RESULTS.name, "created_at"),
    (RESULTS.name, "completed_at"),
)
"""What tells when something has happened in a Session."""

_Marks = tuple[object, ...]


class _Seen(msgspec.Struct, frozen=True):
    """What a Session looked like, and since when; None is for longer than this server has looked, 0 for ever."""

    marks: _Marks
    since: Instant | None


class Idling:
    """What was seen of Sessions; one per server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._seen: dict[int, _Seen] = {}
        self._first: Instant | None = None

    async def close_idle(self) -> None:
        """Look at all Sessions, and close some of those that are idle; without an age, do nothing."""
        age, now = self._plane.calls.settings.sessions_idle, self._plane.clock.now()
        if age is None:
            return
        self._first = self._first or now
        before, due = Instant(now - age), []
        everyone = list(self._plane.calls.book.sessions)
        for start in range(0, len(everyone), LOOKS):
            due += [number for number in everyone[start : start + LOOKS] if self._is_quiet(number, now, before)]
            await asyncio.sleep(0)
        for number in due[:AT_ONCE] if now - self._first >= min(age, GRACE) else ():
            await self._close(number, now, before)
        for number in self._seen.keys() - self._plane.calls.book.sessions.keys():
            del self._seen[number]

    def _is_quiet(self, number: int, now: Instant, before: Instant) -> bool:
        """Tell whether nothing has happened since an instant in a Session that is open, as far as memory knows."""
        book = self._plane.calls.book
        session = book.sessions.get(number)
        if session is None or session.state not in {SessionState.RUNNING, SessionState.PAUSED}:
            self._seen.pop(number, None)
            return False
        marks, seen = self._marks(number), self._seen.get(number)
        busy = session.state is SessionState.PAUSED or any(book.tallies[number][state] for state in LIVE)
        if seen is None:
            self._seen[number] = seen = _Seen(marks, None)
        if busy or seen.marks != marks:
            self._seen[number] = seen = _Seen(marks, now)
        return not busy and (seen.since or session.created_at) <= before

    def _marks(self, number: int) -> _Marks:
        """Give what changes whenever a Call or a Result of a Session comes or changes its state."""
        book = self._plane.calls.book
        last = [spans[number].last if number in spans else 0 for spans in (book.call_spans, book.result_spans)]
        return (book.sessions[number], *book.tallies[number], *book.result_tallies[number], *last)

    async def _close(self, number: int, now: Instant, before: Instant) -> None:
        """Close a Session, unless its rows know of something later, or something has just happened."""
        seen = self._seen[number]
        if seen.since is None:
            last = await self._plane.history.later(lambda reader: _last(reader, number))
            self._seen[number] = _Seen(seen.marks, Instant(last))
        if self._is_quiet(number, now, before):
            text = self._plane.calls.session_text(number)
            _log.info("session closed: nothing has happened in it", session=text)
            await self._plane.submit(ChangeSession(text, SessionChange.CLOSE))


def _last(reader: Reader, session: int) -> int:
    """Give when something last happened to the Calls and Results of a Session, 0 for never."""
    found = 0
    for sheet, column in _LAST:
        mine, field = Test(Field("session"), value=session), Field(column)
        rows = reader.rows(SheetQuery(sheet, always=(mine,), order=((field, False),), limit=1), (field,))
        found = max([found, *(row[0] for row in rows if isinstance(row[0], int))])
    return found
