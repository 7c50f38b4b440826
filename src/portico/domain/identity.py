"""Ids: distinct types for distinct things, and UUIDv7 built from given time and random bits."""

from __future__ import annotations

from typing import NewType, Protocol

Instant = NewType("Instant", int)
"""Microseconds since the epoch, UTC."""

Micros = NewType("Micros", int)
"""A duration in microseconds."""

NodeId = NewType("NodeId", str)
RunId = NewType("RunId", str)
ClaimId = NewType("ClaimId", str)
JobId = NewType("JobId", str)
InstanceId = NewType("InstanceId", str)
SessionId = NewType("SessionId", str)
CallId = NewType("CallId", str)
PoolPath = NewType("PoolPath", str)
Revision = NewType("Revision", int)

SECOND = Micros(1_000_000)
MINUTE = Micros(60 * SECOND)
HOUR = Micros(60 * MINUTE)
DAY = Micros(24 * HOUR)


class Clock(Protocol):
    """Where the time comes from; the simulator has its own."""

    def now(self) -> Instant:
        """Give the present instant."""
        ...


class Ids(Protocol):
    """Where fresh ids come from; the simulator's are drawn from its seed."""

    def fresh(self) -> str:
        """Give a new UUID in canonical text form, increasing with time."""
        ...


def uuid7(milliseconds: int, random_bits: int) -> str:
    """Lay out an RFC 9562 version 7 UUID from a 48-bit time and 74 random bits."""
    high = (random_bits >> 62) & 0xFFF
    low = random_bits & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
