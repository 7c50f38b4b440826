"""Numbers for what a worker creates: blocks that control has given to this agent alone, asked for ahead of need."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from portico.domain.calls.frames import Numbers
from portico.domain.calls.naming import Kind

FIRST_BLOCK = 64
LARGEST_BLOCK = 4_096


class NumberBlocks:
    """The numbers of one kind. The first use asks for a block; from then on the next block is asked for when half of
    what is usual is left, so that a worker waits for a block once."""

    def __init__(self, kind: Kind, ask: Callable[[Kind, int], None]) -> None:
        self._kind = kind
        self._ask = ask
        self._blocks: deque[range] = deque()
        self._left = 0
        self._asked = 0
        self._usual = FIRST_BLOCK
        self._came = asyncio.Event()

    async def take(self, count: int) -> list[int]:
        """Give numbers, increasing; waits for control when there are not enough."""
        while self._left < count:
            self._came.clear()
            if not self._asked:
                self._request(max(count - self._left, self._usual))
            await self._came.wait()
        taken: list[int] = []
        while (missing := count - len(taken)) > 0:
            block = self._blocks.popleft()
            taken += block[:missing]
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
        self._left -= count
        self._look_ahead(count)
        return taken

    def add(self, numbers: Numbers) -> None:
        """Take a block that was asked for."""
        self._blocks.append(range(numbers.first, numbers.first + numbers.count))
        self._left += numbers.count
        self._asked = 0
        self._came.set()

    def ask_again(self) -> None:
        """Repeat a question that a lost line may have swallowed."""
        if self._asked:
            self._ask(self._kind, self._asked)

    def _look_ahead(self, count: int) -> None:
        while self._usual < min(LARGEST_BLOCK, 2 * count):
            self._usual *= 2
        if not self._asked and self._left < self._usual // 2:
            self._request(self._usual)
            self._usual = min(LARGEST_BLOCK, 2 * self._usual)

    def _request(self, count: int) -> None:
        self._asked = count
        self._ask(self._kind, count)
