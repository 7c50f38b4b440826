"""A worker's shift: take calls, tell that one begins, carry it out, tell its end, until told to stop.

Promises that calls begin in the order in which they came and only while control can be spoken to, that a call given
back never begins, and that each end is told until control has acknowledged it, over any number of connections. That a
call has begun is told apart only when it lasts: of a worker that dies in between, control takes the first call it held
for begun. It executes in the main thread; the stand-in attends the link meanwhile.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time

import msgspec

from portico.domain.frames import Ack, Calls, Recall, Refused, Shutdown, ToWorker, WorkerHello, WorkerReady
from portico.domain.identity import SECOND
from portico.doors.jobv1.outpost.execution import Executor, now
from portico.doors.jobv1.outpost.ledger import ENDS_PER_REPORT, Ledger
from portico.doors.jobv1.outpost.link import Link, LinkLost
from portico.doors.jobv1.outpost.standin import StandIn

REFUSED = 3
"""Exit code of a worker that control does not take."""

_FIRST_RETRY = 0.02
_LAST_RETRY = 1.0
# Seconds between two looks at the link while tiny calls follow each other: shorter than a message takes to come.
_LOOK_AGAIN = 0.0002

# Seconds after which an end is told even though more calls are queued.
_TELL_AGAIN = 0.002

log = logging.getLogger("portico.worker")


class Badge(msgspec.Struct, frozen=True):
    """Who this worker is: the Run, its token, its fleet and the secret that proves it."""

    run: str
    token: int
    fleet: str
    secret: str


class Shift:
    """The main thread calls `run`; the stand-in calls `_cover`. Whoever does holds the desk."""

    def __init__(self, badge: Badge, link: Link, executor: Executor) -> None:
        self._badge = badge
        self._link = link
        self._executor = executor
        self._ledger = Ledger()
        self._desk = threading.Lock()
        self._stand_in = StandIn(self._desk, self._cover)
        self._ready = False
        self._retry = _FIRST_RETRY
        self._retry_at = 0.0
        self._attended_at = 0.0
        self._told_at = 0.0
        self._deadline: float | None = None  # monotonic seconds; set once a Shutdown has come

    def run(self) -> int:
        """Work until shut down; give the exit code."""
        os.register_at_fork(after_in_child=self._link.close)  # a child of user code must not keep the link open
        self._desk.acquire()
        self._stand_in.start()
        while self._deadline is None:
            if self._ready and self._ledger.queued:
                if time.monotonic() - self._attended_at > _LOOK_AGAIN:
                    self._attend(0)
                if self._ready and self._ledger.queued and self._deadline is None:
                    self._work()
            else:
                self._tell_ends()
                self._attend(None)
        while not self._ledger.settled and (left := self._deadline - time.monotonic()) > 0:
            self._tell_ends()
            self._attend(left)
        return 0

    def _work(self) -> None:
        """Carry out the next call, after telling the ends that have waited long enough."""
        ledger = self._ledger
        if ledger.untold >= ENDS_PER_REPORT or (ledger.untold and time.monotonic() - self._told_at > _TELL_AGAIN):
            self._tell_ends()
            if not self._ready:
                return
        begun_at = now()
        invoke = ledger.begin(begun_at)
        self._stand_in.leave()
        end = self._executor.carry_out(invoke, begun_at)
        self._stand_in.resume()
        ledger.finish(end)

    def _cover(self, bell: int) -> None:
        """Attend the link once while user code runs; when the grace of a shutdown is over, end without waiting."""
        left = None if self._deadline is None else self._deadline - time.monotonic()
        if left is not None and left <= 0:
            log.warning("shut down while call %s still runs", self._ledger.running)
            os._exit(0)
        if self._ready and not self._ledger.begun_told:
            self._tell_begun()
        self._attend(left, bell)

    def _tell_begun(self) -> None:
        """Say that the running call has begun: it lasts longer than most."""
        try:
            self._send_ends()
            self._link.send(self._ledger.report_begun())
        except LinkLost as lost:
            self._drop(lost)

    def _attend(self, seconds: float | None, bell: int | None = None) -> None:
        """Be connected, wait at most so long for something to come, and take what has come."""
        try:
            if not self._link.connected:
                pause = self._retry_at - time.monotonic()
                if pause > 0:
                    self._link.wait(pause if seconds is None else min(pause, seconds), bell)
                else:
                    self._introduce()
                return
            if seconds != 0:
                self._link.wait(seconds, bell)
            self._attended_at = time.monotonic()
            for frame in self._link.receive():
                self._take(frame)
        except LinkLost as lost:
            self._drop(lost)

    def _introduce(self) -> None:
        """Connect and say who this is and what it holds."""
        self._link.connect()
        self._ledger.reopen()
        badge, ledger = self._badge, self._ledger
        self._link.send(
            WorkerHello(badge.run, badge.token, badge.fleet, badge.secret, ledger.holding(), ledger.running)
        )

    def _drop(self, lost: LinkLost) -> None:
        """Close what is left of the connection and set the time of the next attempt."""
        if self._ready:
            log.warning("%s", lost)
        self._link.close()
        self._ready = False
        self._retry_at = time.monotonic() + self._retry * random.uniform(0.8, 1.2)  # noqa: S311 — spreads a crowd
        self._retry = min(self._retry * 2, _LAST_RETRY)

    def _take(self, frame: ToWorker) -> None:
        match frame:
            case Calls(calls=calls, acknowledged=acknowledged):
                self._ledger.acknowledge(acknowledged)
                returned = self._ledger.take(calls)
                if self._deadline is not None:
                    returned += self._ledger.give_back()
                if returned:
                    self._link.send(self._ledger.report(returned=returned))
            case Recall(calls=names):
                returned = self._ledger.give_back(names)
                if returned:
                    self._link.send(self._ledger.report(returned=returned))
            case Ack(sequence=sequence):
                self._ledger.acknowledge(sequence)
            case WorkerReady():
                self._ready = True
                self._retry = _FIRST_RETRY
                self._send_ends()
            case Refused(reason=reason):
                # Nothing this process does counts any more, so user code is not waited for.
                log.error("control refused this worker: %s", reason)
                os._exit(REFUSED)
            case Shutdown(grace=grace):
                self._shut_down(grace / SECOND)

    def _shut_down(self, grace_seconds: float) -> None:
        deadline = time.monotonic() + grace_seconds
        self._deadline = deadline if self._deadline is None else min(deadline, self._deadline)
        returned = self._ledger.give_back()
        if returned:
            self._link.send(self._ledger.report(returned=returned))

    def _tell_ends(self) -> None:
        try:
            self._send_ends()
        except LinkLost as lost:
            self._drop(lost)

    def _send_ends(self) -> None:
        self._told_at = time.monotonic()
        while self._ready and self._ledger.untold:
            self._link.send(self._ledger.report())
