"""A Call that the agent holds, from its assignment to its end."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

from portico.domain.calls.frames import Assignment, Lease, SessionFacts, Verdict
from portico.domain.identity import Instant
from portico.doors.armonik.outpost.deeds import Deeds

if TYPE_CHECKING:
    from portico.doors.armonik.outpost.rooms import Room


class Stop(StrEnum):
    """Why a running Call is stopped."""

    WITHDRAWN = "withdrawn"
    YIELDED = "yielded"
    """Returned untried: the agent ends."""
    OVERFULL = "overfull"


class Outcome:
    """How a Call ended, and what is to be told of it."""

    __slots__ = ("error", "verdict")

    def __init__(self, verdict: Verdict, error: str = "") -> None:
        self.verdict = verdict
        self.error = error


class Held:
    """One lease: queued, prepared, running or being concluded."""

    __slots__ = (
        "assignment",
        "deeds",
        "fetched_at",
        "outcome",
        "preparing",
        "processed_at",
        "room",
        "session",
        "started_at",
        "stop",
        "token",
    )

    def __init__(self, assignment: Assignment, session: SessionFacts, token: str) -> None:
        self.assignment = assignment
        self.session = session
        self.token = token
        self.deeds = Deeds()
        self.room: Room | None = None
        self.preparing: asyncio.Task[None] | None = None
        self.outcome: Outcome | None = None
        self.stop: Stop | None = None
        self.fetched_at = Instant(0)
        self.started_at = Instant(0)
        self.processed_at = Instant(0)

    @property
    def lease(self) -> Lease:
        """The lease it is held under."""
        return Lease(self.assignment.call, self.assignment.lease)

    @property
    def prepared(self) -> bool:
        """Tell whether it can begin, or has failed before it could."""
        return self.fetched_at > 0 or self.outcome is not None

    @property
    def in_order(self) -> bool:
        """Tell whether its worker has answered, so that nobody writes into its folder any more."""
        return self.outcome is not None and self.outcome.verdict in {Verdict.OK, Verdict.ERROR}
