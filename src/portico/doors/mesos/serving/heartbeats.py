"""Heartbeats for any number of streams from one timer.

Promises that a record is queued for every stream once per interval, counted from when it was added, and that a beat
missed because the loop was busy is made up for once, not repeated.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools

from portico.doors.mesos.serving.streams import Stream


class Heartbeats:
    """Streams that get a heartbeat every `seconds`; `run` is the timer. Streams that have ended are forgotten."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: list[tuple[float, int, Stream, bytes]] = []  # a heap
        self._count = itertools.count()
        self._added = asyncio.Event()

    def add(self, stream: Stream, record: bytes) -> None:
        """Queue `record` for the stream one interval from now, and again after each further one."""
        due = asyncio.get_running_loop().time() + self._seconds
        heapq.heappush(self._due, (due, next(self._count), stream, record))
        self._added.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._due:
                self._added.clear()
                await self._added.wait()
            await asyncio.sleep(max(0.0, self._due[0][0] - loop.time()))
            self._beat(loop.time())

    def _beat(self, now: float) -> None:
        """Send what is due."""
        while self._due and self._due[0][0] <= now:
            due, number, stream, record = self._due[0]
            if stream.send(record):
                later = due + self._seconds
                heapq.heapreplace(self._due, (later if later > now else now + self._seconds, number, stream, record))
            else:
                heapq.heappop(self._due)
