"""Retention: Sessions that have been over for long enough, or are too many, are deleted as a client would; those that
are idle are closed before (see `idling`).

Never deletes a Session that still takes Calls, or one of whose Calls is not final.
"""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING

from portico.control.calls.book import LIVE
from portico.control.calls.commands import ChangeSession, SessionChange
from portico.control.calls.idling import Idling
from portico.domain.calls.states import SessionState

if TYPE_CHECKING:
    from portico.control.plane import Plane

EVERY = 30.0
"""Seconds between looks."""

AT_ONCE = 50
"""Sessions deleted in one look."""

LOOKS = 1_000
"""Sessions looked at in one step: a millisecond."""

_OVER = frozenset({SessionState.CLOSED, SessionState.CANCELLED, SessionState.PURGED})


async def run(plane: Plane) -> None:
    """Close idle Sessions and delete old ones until cancelled."""
    idling = Idling(plane)
    while True:
        await asyncio.sleep(EVERY)
        await idling.close_idle()
        await delete_old(plane)


async def delete_old(plane: Plane) -> None:
    """Delete some of the Sessions that are kept no longer, the oldest first."""
    age, count = plane.calls.settings.sessions_age, plane.calls.settings.sessions_count
    if age is None and count is None:
        return
    oldest, over = await _oldest(plane)
    surplus = over - count if count is not None else 0
    before = plane.clock.now() - age if age is not None else 0
    for position, (ended, number) in enumerate(oldest):
        if position < surplus or ended < before:
            await plane.submit(ChangeSession(plane.calls.session_text(number), SessionChange.DELETE))


async def _oldest(plane: Plane) -> tuple[list[tuple[int, int]], int]:
    """Give when the first AT_ONCE Sessions ended, with their numbers, and how many are over; in steps."""
    oldest: list[tuple[int, int]] = []
    over = 0
    everyone = list(plane.calls.book.sessions)
    for start in range(0, len(everyone), LOOKS):
        found = [ended for number in everyone[start : start + LOOKS] if (ended := _ended(plane, number)) is not None]
        over += len(found)
        oldest = heapq.nsmallest(AT_ONCE, [*oldest, *found])
        await asyncio.sleep(0)
    return oldest, over


def _ended(plane: Plane, number: int) -> tuple[int, int] | None:
    """Tell when a Session ended; None when it is not over, or a Call of it is not."""
    book = plane.calls.book
    session = book.sessions.get(number)
    if session is None or session.state not in _OVER or any(book.tallies[number][state] for state in LIVE):
        return None
    return max(session.closed_at or 0, session.cancelled_at or 0), number
