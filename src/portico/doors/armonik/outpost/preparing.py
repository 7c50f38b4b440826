"""Bringing a Call's data into its folder before it begins.

Small data come with the assignment and are written at once, or kept in hand for a worker that takes them along with its
task; larger ones are fetched, while another Call runs.
"""

from __future__ import annotations

import asyncio
import time
import uuid

from portico.domain.calls.frames import Assignment, Datum, SessionFacts, Verdict
from portico.domain.calls.naming import Kind, Naming
from portico.domain.errors import Exhausted, NotFound, PorticoError
from portico.domain.identity import Instant
from portico.doors.armonik.outpost.held import Held, Outcome
from portico.doors.armonik.outpost.rooms import Room, Rooms
from portico.doors.armonik.outpost.transfers import Transfers

WRITTEN_AT_ONCE = 1 << 20
"""Bytes of small data that are written in one go."""
FILES_AT_ONCE = 64


class Preparation:
    """Gives each Call its folder and fills it."""

    def __init__(self, rooms: Rooms, limit: int, transfers: Transfers) -> None:
        self._rooms = rooms
        self._limit = limit
        self._transfers = transfers
        self.in_hand = False
        """Whether small data are kept in hand."""

    @staticmethod
    def hold(assignment: Assignment, session: SessionFacts) -> Held:
        """Take an assignment under a fresh token."""
        return Held(assignment, session, str(uuid.uuid4()))

    def at_once(self, held: Held, naming: Naming) -> bool:
        """Prepare a Call whose data are all there; False when they are to be fetched or are many."""
        data = (held.assignment.payload, *held.assignment.dependencies)
        if len(data) > FILES_AT_ONCE:
            return False
        total = 0
        for datum in data:
            if datum.data is None and datum.size:
                return False
            total += datum.size
        if total > WRITTEN_AT_ONCE:
            return False
        try:
            room = self._room(held)
            for datum in data:
                room.hold(naming.text(Kind.RESULT, datum.number), datum.data or b"")
            if not self.in_hand:
                room.lay_down()
        except Exhausted as error:
            held.outcome = Outcome(Verdict.FAILED, str(error))
        else:
            held.fetched_at = now()
        return True

    async def fetch(self, held: Held, naming: Naming) -> None:
        """Prepare a Call, fetching what did not come along; how it failed is the Call's outcome."""
        try:
            room = self._room(held)
            if self._limit:
                room.reserve(held.assignment.payload.size + sum(datum.size for datum in held.assignment.dependencies))
            for index, datum in enumerate((held.assignment.payload, *held.assignment.dependencies)):
                if index % FILES_AT_ONCE == 0:
                    await asyncio.sleep(0)  # small data are written without any other pause
                await self._bring(room, naming.text(Kind.RESULT, datum.number), datum)
        except NotFound as error:
            held.outcome = Outcome(Verdict.DATA_MISSING, f"Result data was not found: {error}")
        except PorticoError as error:
            held.outcome = Outcome(Verdict.FAILED, f"The task's data could not be brought: {error}")
        else:
            held.fetched_at = now()

    async def _bring(self, room: Room, name: str, datum: Datum) -> None:
        if datum.data is not None or not datum.size:
            await room.append(name, datum.data or b"", first=True)
            return
        await self.bring(room, name, datum.number)

    async def bring(self, room: Room, name: str, number: int) -> None:
        """Fetch a Result's data into a file; NotFound, Exhausted or Unavailable."""
        first = True
        async for piece in self._transfers.fetch(number):
            await room.append(name, piece, first=first)
            first = False

    def _room(self, held: Held) -> Room:
        held.room = self._rooms.open(held.token)
        return held.room


def now() -> Instant:
    """Give the present instant."""
    return Instant(time.time_ns() // 1_000)
