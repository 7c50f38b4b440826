"""A backlog: what one watcher was offered and has not taken yet, bounded and in order.

Promises: nothing is lost silently; one that falls too far behind loses its whole backlog and is told so.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from portico.domain.errors import Exhausted

LIMIT = 20_000

_Item = TypeVar("_Item")


class Backlog(Generic[_Item]):
    """A bounded queue between the loop that offers and one reader."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._queue: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self._overrun = False
        self.closed = False

    def offer(self, item: _Item) -> None:
        """Queue an item; on overflow the watcher is marked as cut off."""
        if self._overrun:
            return
        if len(self._queue) >= self._limit:
            self._overrun = True
            self._queue.clear()
        else:
            self._queue.append(item)
        self._wake.set()

    def close(self) -> None:
        """End the watch: its reader stops after what is queued."""
        self.closed = True
        self._wake.set()

    async def take(self) -> list[_Item]:
        """Wait for items and give all that are queued; empty once closed; raises Exhausted when cut off."""
        while not self._queue and not self._overrun and not self.closed:
            self._wake.clear()
            await self._wake.wait()
        if self._overrun:
            raise Exhausted(f"this watcher fell more than {self._limit} changes behind and was cut off")
        taken = list(self._queue)
        self._queue.clear()
        return taken
