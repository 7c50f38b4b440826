"""An event loop whose time jumps: when nothing is ready, the next timer is due at once.

Promises: the same callbacks in the same order for the same inputs; nothing ever waits for real time.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Mapping
from typing import Any

from portico.domain.identity import Instant, uuid7

START = Instant(1_800_000_000_000_000)
_MILLISECOND = 1000


class Stalled(RuntimeError):
    """Everything waits, and nothing will ever happen."""


class _JumpingSelector(selectors.BaseSelector):
    """Selects nothing; waiting only moves the time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stalled("no task is ready and no timer is set")
        if timeout > 0:
            self.seconds += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, 0, None)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}

    def close(self) -> None:
        return


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio on virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Give the virtual seconds since the loop was made."""
        return self._jumping.seconds


class VirtualClock:
    """The loop's time as instants."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> Instant:
        """Give the present instant."""
        return Instant(START + round(self._loop.time() * 1_000_000))


class SeededIds:
    """UUIDv7 drawn from a seeded source, increasing strictly."""

    def __init__(self, source: random.Random, clock: VirtualClock) -> None:
        self._source = source
        self._clock = clock
        self._count = 0

    def fresh(self) -> str:
        """Give a new id."""
        self._count += 1
        bits = self._count << 40 | self._source.getrandbits(40)
        return uuid7(self._clock.now() // _MILLISECOND, bits)
