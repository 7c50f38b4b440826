"""A simulated worker process: takes Calls in order, one at a time, and reports them as the real one does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from portico.domain.frames import (
    Ack,
    CallEnd,
    CallKey,
    Calls,
    CallsReport,
    Frame,
    Invoke,
    LaunchOrder,
    Recall,
    WorkerHello,
    WorkerReady,
)
from portico.domain.identity import Clock, Instant
from portico.engines.simulated.lines import Faults, Reception, SimulatedLine

_NEVER = Instant(0)


class SimulatedWorker:
    """One worker; it lives as long as its Run's process."""

    def __init__(
        self,
        order: LaunchOrder,
        secret: str,
        source: random.Random,
        clock: Clock,
        length: Callable[[Invoke], float],
        error: Callable[[Invoke], str | None],
        crash: Callable[[], None],
    ) -> None:
        self.order = order
        self._secret = secret
        self._source = source
        self._clock = clock
        self._length = length
        self._error = error
        self._crash = crash
        self._loop = asyncio.get_running_loop()
        self._reception: Reception | None = None
        self._line: SimulatedLine | None = None
        self._ready = False
        self._queue: list[Invoke] = []
        self._running: Invoke | None = None
        self._begun_at = Instant(0)
        self._unacknowledged: dict[int, CallsReport] = {}
        self._sequence = 0
        self.alive = True

    def find(self, reception: Reception | None) -> None:
        """Learn where control is now."""
        self._reception = reception
        self._loop.call_soon(self._connect)

    def control_died(self) -> None:
        """Control's process is gone."""
        self._reception = None
        if self._line is not None:
            self._line.control_died()

    def cut(self) -> None:
        """Break the present line."""
        if self._line is not None:
            self._line.cut()

    def die(self) -> None:
        """End with the Run's process."""
        self.alive = False
        if self._line is not None:
            self._line.hang_up()
            self._line = None

    def line_lost(self, line: SimulatedLine) -> None:
        """Hear that a line is gone, and try again."""
        if line is self._line:
            self._line = None
            self._ready = False
            self._loop.call_later(self._source.random() * 0.3, self._connect)

    def _connect(self) -> None:
        if self._line is not None or not self.alive or self._reception is None:
            return
        self._line = SimulatedLine(self._reception, self, self._source, Faults())
        ended = [end for report in self._unacknowledged.values() for end in report.ended]
        held = [*self._queue, *([self._running] if self._running is not None else [])]
        keys = {call.call: CallKey(call.call, call.lease) for call in held}
        keys.update({end.call: CallKey(end.call, end.lease) for end in ended})
        fleet = self.order.labels["portico.fleet"]
        running = self._running.call if self._running is not None else ""
        hello = WorkerHello(self.order.run, self.order.token, fleet, self._secret, tuple(keys.values()), running)
        self._line.say(hello)

    def heard(self, frame: Frame) -> None:
        """Take a frame from control."""
        if not self.alive:
            return
        match frame:
            case WorkerReady():
                self._become_ready()
            case Calls():
                self._take(frame)
            case Recall():
                self._give_back(set(frame.calls))
            case Ack():
                for number in [number for number in self._unacknowledged if number <= frame.sequence]:
                    del self._unacknowledged[number]

    def _become_ready(self) -> None:
        if self._ready:
            return
        self._ready = True
        reports = list(self._unacknowledged.values())
        self._unacknowledged.clear()
        self._sequence = 0
        for report in reports:
            self._report(ended=report.ended, returned=report.returned)
        if self._running is not None:
            self._report(begun=(CallKey(self._running.call, self._running.lease),), begun_at=self._begun_at)

    def _take(self, frame: Calls) -> None:
        known = {(call.call, call.lease) for call in self._queue}
        if self._running is not None:
            known.add((self._running.call, self._running.lease))
        known.update((end.call, end.lease) for report in self._unacknowledged.values() for end in report.ended)
        self._queue.extend(call for call in frame.calls if (call.call, call.lease) not in known)
        self._next()

    def _give_back(self, wanted: set[str]) -> None:
        returned = tuple(CallKey(call.call, call.lease) for call in self._queue if call.call in wanted)
        self._queue = [call for call in self._queue if call.call not in wanted]
        if returned:
            self._report(returned=returned)

    def _next(self) -> None:
        if self._running is not None or not self._queue or not self.alive:
            return
        call = self._running = self._queue.pop(0)
        self._begun_at = self._clock.now()
        self._report(begun=(CallKey(call.call, call.lease),), begun_at=self._begun_at)
        self._loop.call_later(self._length(call), self._done, call)

    def _done(self, call: Invoke) -> None:
        if not self.alive or self._running is not call:
            return
        self._running = None
        error = self._error(call)
        if error == "crash":
            self._crash()
            return
        now = self._clock.now()
        results = () if error is not None else call.arguments
        self._report(ended=(CallEnd(call.call, call.lease, self._begun_at, now, results, error),))
        self._next()

    def _report(
        self,
        *,
        begun: tuple[CallKey, ...] = (),
        begun_at: Instant = _NEVER,
        ended: tuple[CallEnd, ...] = (),
        returned: tuple[CallKey, ...] = (),
    ) -> None:
        self._sequence += 1
        report = CallsReport(self._sequence, begun, begun_at, ended, returned)
        if ended or returned:
            self._unacknowledged[self._sequence] = report
        if self._line is not None and self._ready:
            self._line.say(report)
