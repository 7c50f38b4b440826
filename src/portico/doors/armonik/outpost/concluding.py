"""Concluding a Call whose worker is done with it: outputs are read or uploaded, then its end is noted.

Promises that nothing is told as brought that is not: an output that has vanished makes the Call an accident.
"""

from __future__ import annotations

from portico.domain.calls.frames import CallEnding, Verdict
from portico.domain.calls.values import SMALL, Content
from portico.domain.errors import Exhausted, NotFound, PorticoError
from portico.doors.armonik.outpost.held import Held, Outcome
from portico.doors.armonik.outpost.preparing import now
from portico.doors.armonik.outpost.transfers import Transfers


class Conclusion:
    """Turns a Call with an outcome into an ending."""

    def __init__(self, transfers: Transfers) -> None:
        self._transfers = transfers

    def at_once(self, held: Held) -> bool:
        """Gather small outputs; False when there are large ones to upload first."""
        outcome, room = held.outcome, held.room
        if outcome is None or outcome.verdict is not Verdict.OK or room is None:
            return True
        deeds = held.deeds
        try:
            room.reserve(0)
            for number, name in list(deeds.brought.items()):
                data = room.read(name, SMALL)
                if data is not None and deeds.goes_along(len(data)):
                    deeds.put(number, Content(len(data), data))
                    del deeds.brought[number]
        except (NotFound, Exhausted) as error:
            held.outcome = Outcome(Verdict.FAILED, f"The task's results could not be read: {error}")
            return True
        return not deeds.brought

    async def upload(self, held: Held) -> None:
        """Bring the large outputs to control."""
        assert held.room is not None
        try:
            for number, name in held.deeds.brought.items():
                size = held.room.size(name)
                large = await self._transfers.store(held.room.file(name))
                held.deeds.put(number, Content(size, large=large))
        except (PorticoError, OSError) as error:
            held.outcome = Outcome(Verdict.FAILED, f"The task's results could not be stored: {error}")

    @staticmethod
    def ending(held: Held) -> CallEnding:
        """Say how the Call ended."""
        outcome = held.outcome
        assert outcome is not None
        return CallEnding(
            held.assignment.call,
            held.assignment.lease,
            outcome.verdict,
            now(),
            held.fetched_at,
            held.started_at,
            held.processed_at,
            outcome.error,
            held.deeds.effects() if outcome.verdict is Verdict.OK else None,
        )
