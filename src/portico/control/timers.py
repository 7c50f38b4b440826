"""Timers: deadlines in memory, each a copy of one that stands in a row.

Owns a heap of (instant, handler, id). A timer that fires asks its handler to look at the row again, so that an
outdated one is harmless; all of them are set anew from rows after a restart.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from portico.domain.identity import Clock, Instant

Handler = Callable[[str], None]
LONGEST_NAP = 30.0
MOST_FORGOTTEN = 1_000
AT_ONCE = 20
"""Handlers in one turn of the loop: each may be a transaction of its own, some tenths of a millisecond."""


class Timers:
    """One per server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[Instant, int, str, str]] = []
        self._handlers: dict[str, Handler] = {}
        self._count = 0
        self._forgotten: set[tuple[str, str, Instant | None]] = set()
        self._wake = asyncio.Event()

    def handle(self, name: str, handler: Handler) -> None:
        """Name what happens when timers of this name are due."""
        self._handlers[name] = handler

    def set(self, at: Instant, name: str, identity: str) -> None:
        """Ask for `identity` to be handed to the handler at an instant."""
        self._count += 1
        if not self._heap or at < self._heap[0][0]:
            self._wake.set()
        heapq.heappush(self._heap, (at, self._count, name, identity))

    def forget(self, name: str, identity: str, at: Instant | None = None) -> None:
        """Let go of a timer that no longer means anything: those far off would be kept for long after their object.

        `at` names the one that was set for that instant; without it all of this identity are meant.
        """
        self._forgotten.add((name, identity, at))
        if len(self._forgotten) >= MOST_FORGOTTEN and len(self._forgotten) * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if not self._is_forgotten(entry)]
            heapq.heapify(self._heap)
            self._forgotten.clear()

    def _is_forgotten(self, entry: tuple[Instant, int, str, str]) -> bool:
        at, _, name, identity = entry
        return (name, identity, at) in self._forgotten or (name, identity, None) in self._forgotten

    @property
    def size(self) -> int:
        """Count the timers that are kept."""
        return len(self._heap)

    def fire_due(self, limit: int = AT_ONCE) -> bool:
        """Run the handlers of what is due, up to a limit; tells whether more is due.

        What a handler sets for now waits for the next call, so that work done in steps lets others have a turn.
        """
        now, newest = self._clock.now(), self._count
        while self._heap and self._heap[0][0] <= now:
            if limit == 0 or self._heap[0][1] > newest:
                return True
            limit -= 1
            _, _, name, identity = heapq.heappop(self._heap)
            self._handlers[name](identity)
        return False

    async def run(self) -> None:
        """Fire timers until cancelled."""
        while True:
            if self.fire_due():
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            nap = LONGEST_NAP
            if self._heap:
                nap = min(nap, max(0.0, (self._heap[0][0] - self._clock.now()) / 1_000_000))
            try:
                async with asyncio.timeout(nap):
                    await self._wake.wait()
            except TimeoutError:
                continue
