"""The real clock and the real source of ids."""

from __future__ import annotations

import secrets
import time

from portico.domain.identity import Instant, uuid7


class SystemClock:
    """Wall-clock time."""

    def now(self) -> Instant:
        """Give the present instant."""
        return Instant(time.time_ns() // 1000)


class SystemIds:
    """UUIDv7 that increase strictly: ids made within one millisecond count upwards from a random start."""

    _STEP_BITS = 40
    _BITS = 74

    def __init__(self) -> None:
        self._millisecond = 0
        self._random = 0

    def fresh(self) -> str:
        """Give a new id."""
        now = time.time_ns() // 1_000_000
        if now > self._millisecond:
            self._millisecond = now
            self._random = secrets.randbits(self._BITS - 1)
        else:
            self._random += 1 + secrets.randbits(self._STEP_BITS)
            if self._random >> self._BITS:
                self._millisecond += 1
                self._random = secrets.randbits(self._BITS - 1)
        return uuid7(self._millisecond, self._random)
