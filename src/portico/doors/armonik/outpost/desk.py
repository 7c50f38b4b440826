"""The desk: which Calls the agent holds, what control is told of them, and when.

Promises that a lease is held once, that one which has not begun can be given back or withdrawn at once, and that facts
are told at once when little is to be done, else a few together.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable

from portico.domain.calls.frames import Assign, Begun, Lease, Verdict
from portico.domain.frames import Frame
from portico.doors.armonik.outpost.concluding import Conclusion
from portico.doors.armonik.outpost.held import Held, Outcome, Stop
from portico.doors.armonik.outpost.ledger import Ledger
from portico.doors.armonik.outpost.preparing import Preparation
from portico.doors.armonik.outpost.rooms import Rooms

FEW = 4
"""Facts that are told together while the worker is busy."""
TELL_AFTER = 0.003
"""Seconds after which a fact is told, however busy the worker is."""


class Desk:
    """Calls in the order in which they are to be carried out, the running one, and those being concluded."""

    def __init__(self, send: Callable[[Frame], None], rooms: Rooms) -> None:
        self._rooms = rooms
        self.ledger = Ledger()
        self.queue: OrderedDict[int, Held] = OrderedDict()
        self.running: Held | None = None
        self.concluding: dict[int, Held] = {}
        self.wake = asyncio.Event()
        self.stop_running: Callable[[Stop], None] = _nobody
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    # ---- what control says -----------------------------------------------------------------------------------------

    def take(self, assign: Assign) -> None:
        """Queue Calls; a newer lease of one that is held replaces the older."""
        sessions = {session.number: session for session in assign.sessions}
        untold = set(self.ledger.leases())
        for assignment in assign.calls:
            lease = Lease(assignment.call, assignment.lease)
            session = sessions.get(assignment.session)
            if lease in untold or self._has(lease):
                continue
            if self._closed or session is None:
                self.ledger.give_back(lease)
                continue
            self.queue[assignment.call] = Preparation.hold(assignment, session)
        self.wake.set()
        if self._closed:
            self.tell()

    def _has(self, lease: Lease) -> bool:
        """Tell whether a Call is held under this lease or a newer one; an older one is given up."""
        queued = self.queue.get(lease.call)
        if queued is not None:
            if queued.assignment.lease >= lease.lease:
                return True
            self._give_back(queued)
        running = self.running
        if running is not None and running.assignment.call == lease.call:
            if running.assignment.lease >= lease.lease:
                return True
            self.stop_running(Stop.WITHDRAWN)
        concluded = self.concluding.get(lease.call)
        return concluded is not None and concluded.assignment.lease >= lease.lease

    def withdraw(self, leases: Iterable[Lease]) -> None:
        """Cancel Calls that are queued or run; others have ended."""
        for lease in leases:
            queued = self.queue.get(lease.call)
            if queued is not None and queued.assignment.lease == lease.lease:
                self._leave_queue(queued)
                queued.outcome = Outcome(Verdict.CANCELLED, "Cancelled")
                self.end(queued)
            elif self.running is not None and self.running.lease == lease:
                self.stop_running(Stop.WITHDRAWN)
        self.tell()

    def give_back(self, leases: Iterable[Lease]) -> None:
        """Return those that have not begun."""
        for lease in leases:
            queued = self.queue.get(lease.call)
            if queued is not None and queued.assignment.lease == lease.lease:
                self._give_back(queued)
        self.tell()

    def close(self) -> None:
        """Return all that have not begun, and whatever comes from now on; say that nothing should."""
        self._closed = True
        self.ledger.leave()
        for held in list(self.queue.values()):
            self._give_back(held)
        self.tell()
        self.wake.set()

    def _give_back(self, held: Held) -> None:
        self._leave_queue(held)
        self.ledger.give_back(held.lease)

    def _leave_queue(self, held: Held) -> None:
        del self.queue[held.assignment.call]
        if held.preparing is not None:
            held.preparing.cancel()
        self.clear(held)
        self.wake.set()

    # ---- what happens ----------------------------------------------------------------------------------------------

    def begin(self, held: Held) -> None:
        """Note that a Call lasts long enough to be told of before it has ended."""
        self.ledger.begin(Begun(*_key(held), held.fetched_at, held.started_at))
        self.tell()

    def end(self, held: Held) -> None:
        """Note a Call's end; it is told soon."""
        self.concluding.pop(held.assignment.call, None)
        self.ledger.end(Conclusion.ending(held))

    def yield_(self, held: Held) -> None:
        """Return a Call that had begun, for its worker was stopped."""
        self.concluding.pop(held.assignment.call, None)
        self.ledger.give_back(held.lease)

    def clear(self, held: Held) -> None:
        """Be done with a Call's folder."""
        if held.room is not None:
            self._rooms.close(held.room, in_order=held.in_order)
            held.room = None

    # ---- telling ---------------------------------------------------------------------------------------------------

    def tell_soon(self) -> None:
        """Tell now when little is to be done, else a few facts together."""
        if len(self.queue) <= 2 or self.ledger.pending >= FEW:
            self.tell()
        elif self._timer is None and self.ledger.pending:
            self._timer = asyncio.get_running_loop().call_later(TELL_AFTER, self.tell)

    def tell(self) -> None:
        """Tell all that is pending."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for report in self.ledger.reports():
            self._send(report)

    def tell_again(self, sequence: int) -> None:
        """On a new line: forget what control has, and tell the rest."""
        self.ledger.acknowledge(sequence)
        if self._closed:
            self.ledger.leave()
        for report in self.ledger.untold():
            self._send(report)
        self.tell()

    def holding(self) -> tuple[Lease, ...]:
        """Give every lease that control may still count as this agent's."""
        held = [*self.concluding.values(), *([self.running] if self.running is not None else []), *self.queue.values()]
        return (*(one.lease for one in held), *self.ledger.leases())


def _key(held: Held) -> tuple[int, int]:
    return held.assignment.call, held.assignment.lease


def _nobody(stop: Stop) -> None:
    raise AssertionError(f"nothing runs that could be {stop}")
