"""Lines that fail: frames in order, late by chance, some of them twice, until the line breaks.

A line behaves as TCP does: what arrives, arrives in order; when it breaks, what was under way is gone, and the two
ends learn of it at different times, or, behind a partition, only when they close it themselves.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

import msgspec

from portico.domain.errors import PorticoError
from portico.domain.frames import Frame, FromAgent, FromWorker, Refused

_ORDER = 1e-6
"""Seconds between two frames of a line: timers for one instant fire in no particular order."""


class Peer(Protocol):
    """The far end of a line: an agent or a worker."""

    def heard(self, frame: Frame) -> None:
        """Take a frame from control."""
        ...

    def line_lost(self, line: SimulatedLine) -> None:
        """Hear that the line is gone."""
        ...


class Reception(Protocol):
    """Control, as far as lines see it."""

    def connect(self, first: FromAgent | FromWorker, line: SimulatedLine) -> ControlSession:
        """Take the first frame."""
        ...


class ControlSession(Protocol):
    """Control's end of a line."""

    def receive(self, frame: FromAgent | FromWorker) -> None:
        """Take a frame."""
        ...

    def lost(self) -> None:
        """Hear that the line is gone."""
        ...


class Faults(msgspec.Struct):
    """How bad the network is now: delays in seconds, and the chance that a frame is delivered twice."""

    delay: float = 0.01
    twice: float = 0.0


class SimulatedLine:
    """One connection; control uses `send` and `close`, the peer `say` and `hang_up`."""

    def __init__(self, reception: Reception, peer: Peer, source: random.Random, faults: Faults) -> None:
        self._loop = asyncio.get_running_loop()
        self._reception = reception
        self._peer = peer
        self._source = source
        self._faults = faults
        self._session: ControlSession | None = None
        self._due = [0.0, 0.0]
        self.partitioned = False
        self.broken = False

    def say(self, frame: FromAgent | FromWorker) -> None:
        """Send a frame to control."""
        self._deliver(0, lambda: self._to_control(frame))

    def send(self, frame: Frame) -> None:
        """Send a frame to the peer."""
        copies = 2 if self._source.random() < self._faults.twice else 1
        for _ in range(copies):
            self._deliver(1, lambda: self._peer.heard(frame))

    def close(self) -> None:
        """Control ends the line."""
        self._break(after_control=0.0, after_peer=self._source.random())

    def hang_up(self) -> None:
        """The peer ends the line, or dies."""
        self._break(after_control=self._source.random(), after_peer=None)

    def cut(self) -> None:
        """The network ends the line."""
        self._break(after_control=self._source.random() * 3, after_peer=self._source.random() * 3)

    def control_died(self) -> None:
        """Control's process is gone: it hears nothing more, the peer soon knows."""
        self._session = None
        self._break(after_control=None, after_peer=self._source.random() * 0.1)

    def _deliver(self, way: int, action: Callable[[], None]) -> None:
        if self.broken:
            return
        due = max(self._due[way] + _ORDER, self._loop.time() + self._source.random() * self._faults.delay)
        self._due[way] = due
        self._loop.call_at(due, self._arrive, action)

    def _arrive(self, action: Callable[[], None]) -> None:
        if not self.broken and not self.partitioned:
            action()

    def _to_control(self, frame: FromAgent | FromWorker) -> None:
        try:
            if self._session is None:
                self._session = self._reception.connect(frame, self)
            else:
                self._session.receive(frame)
        except PorticoError as error:
            self.send(Refused(str(error)))
            self._loop.call_later(0.5, self.close)

    def _break(self, after_control: float | None, after_peer: float | None) -> None:
        if self.broken:
            return
        self.broken = True
        session, self._session = self._session, None
        if session is not None and after_control is not None:
            self._loop.call_later(after_control, session.lost)
        if after_peer is not None:
            self._loop.call_later(after_peer, self._peer.line_lost, self)
