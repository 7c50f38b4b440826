"""The real clock and the real source of ids."""

from __future__ import annotations

import os
import time

from portico.domain.identity import Instant, uuid7


class SystemClock:
    """Wall-clock time."""

    def now(self) -> Instant:
        """Give the present instant."""
        return Instant(time.time_ns() // 1000)


class SystemIds:
    """UUIDv7 that increase strictly: ids made within one millisecond count upwards from a random start.

    Random bits are drawn from the system by the page: a draw costs it some ten microseconds, however few they are.
    """

    _STEP_BITS = 40
    _BITS = 74
    _PAGE_BYTES = 4_096

    def __init__(self) -> None:
        self._millisecond = 0
        self._random = 0
        self._page = b""
        self._used = 0

    def fresh(self) -> str:
        """Give a new id."""
        now = time.time_ns() // 1_000_000
        if now > self._millisecond:
            self._millisecond = now
            self._random = self._draw(self._BITS - 1)
        else:
            self._random += 1 + self._draw(self._STEP_BITS)
            if self._random >> self._BITS:
                self._millisecond += 1
                self._random = self._draw(self._BITS - 1)
        return uuid7(self._millisecond, self._random)

    def _draw(self, bits: int) -> int:
        size = (bits + 7) // 8
        if self._used + size > len(self._page):
            self._page, self._used = os.urandom(self._PAGE_BYTES), 0
        drawn = int.from_bytes(self._page[self._used : self._used + size])
        self._used += size
        return drawn >> (8 * size - bits)
