"""Retention: Sessions that have been over for long enough, or are too many, are deleted as a client would.

Never deletes a Session that still takes Calls, or one of whose Calls is not final.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portico.control.calls.book import LIVE
from portico.control.calls.commands import ChangeSession, SessionChange
from portico.domain.calls.states import SessionState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.domain.calls.values import Session

EVERY = 30.0
"""Seconds between looks."""

AT_ONCE = 50
"""Sessions deleted in one look."""

_OVER = frozenset({SessionState.CLOSED, SessionState.CANCELLED, SessionState.PURGED})


async def run(plane: Plane) -> None:
    """Delete old Sessions until cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        await delete_old(plane)


async def delete_old(plane: Plane) -> None:
    """Delete some of the Sessions that are kept no longer, the oldest first."""
    age, count = plane.calls.settings.sessions_age, plane.calls.settings.sessions_count
    if age is None and count is None:
        return
    over = sorted((session for session in plane.calls.book.sessions.values() if _is_over(plane, session)), key=_ended)
    surplus = len(over) - count if count is not None else 0
    before = plane.clock.now() - age if age is not None else 0
    old = [session for position, session in enumerate(over) if position < surplus or _ended(session) < before]
    for session in old[:AT_ONCE]:
        await plane.submit(ChangeSession(plane.calls.session_text(session.number), SessionChange.DELETE))


def _is_over(plane: Plane, session: Session) -> bool:
    tally = plane.calls.book.tallies[session.number]
    return session.state in _OVER and not any(tally[state] for state in LIVE)


def _ended(session: Session) -> int:
    return max(session.closed_at or 0, session.cancelled_at or 0)
