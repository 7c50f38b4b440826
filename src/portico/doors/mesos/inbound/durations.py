"""Durations: numbers of seconds and nanoseconds on the wire, and the text that executors are given."""

from __future__ import annotations

import math

from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Micros

LONGEST = Micros(((1 << 63) - 1) // 1000)
"""What 63 bits of nanoseconds can say, about 292 years."""

_UNITS = (
    (604_800_000_000, "weeks"),
    (86_400_000_000, "days"),
    (3_600_000_000, "hrs"),
    (60_000_000, "mins"),
    (1_000_000, "secs"),
    (1_000, "ms"),
)


def seconds(value: float, field: str) -> Micros:
    """Read a number of seconds; raises Invalid for one that is negative or beyond what can be said."""
    if math.isnan(value) or value * SECOND > LONGEST:
        raise Invalid(f"'{field}' of {value:g} seconds is out of range", field)
    if value < 0:
        raise Invalid(f"Expecting '{field}' to be non-negative", field)
    return Micros(round(value * SECOND))


def nanoseconds(value: int, field: str) -> Micros:
    """Read a DurationInfo; raises Invalid for a negative one."""
    if value < 0:
        raise Invalid(f"'{field}' must be non-negative", field)
    return Micros(value // 1000)


def text(duration: Micros) -> str:
    """Write a duration in its largest whole unit, such as `5secs` or `15mins`."""
    for size, unit in _UNITS:
        if duration >= size and duration % size == 0:
            return f"{duration // size}{unit}"
    return f"{duration}us" if duration else "0ns"
