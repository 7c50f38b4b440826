"""Calls that come back from an agent without an end: given back, or lost with the agent.

Promises: one that was given back goes to the front of its priority and counts as never tried; one that its agent was at
when it was lost counts as tried; one that was being cancelled is cancelled then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.calls import endings
from portico.domain.calls.states import CallState, SessionState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

CRASHED = "Worker went down with error Unavailable"

_NEVER_HELD = dict.fromkeys(
    ("pod", "host", "lease", "received_at", "acquired_at", "fetched_at", "started_at", "pod_ttl"), None
)


def give_back(plane: Plane, tx: Transaction, number: int) -> None:
    """Queue a Call again that nobody holds any more, or set it aside while its Session is paused."""
    book = plane.calls.book
    if book.state[number] == CallState.CANCELLING:
        endings.fail(plane, tx, number, CallState.CANCELLED, "")
    elif book.session_of(number).state is SessionState.PAUSED:
        book.move(tx, number, CallState.PAUSED, **_NEVER_HELD)
    else:
        book.move(tx, number, CallState.SUBMITTED, **_NEVER_HELD)
        plane.calls.queues.put(tx, number, front=True)


def lose(plane: Plane, tx: Transaction, number: int, *, begun: bool) -> None:
    """Take a Call from an agent that is gone; one that it had begun is tried again, and that counts."""
    if begun or plane.calls.book.state[number] == CallState.PROCESSING:
        endings.retry(plane, tx, number, CRASHED)
    else:
        give_back(plane, tx, number)
