"""Durations as people write them: `100ms`, `1s`, `10m`, `1h30m`, `7d`.

Gives integer microseconds. Must never guess a unit: a bare number is refused.
"""

from __future__ import annotations

import re

from portico.domain.errors import Invalid
from portico.domain.identity import DAY, HOUR, MINUTE, SECOND, Micros

_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?(ms|s|m|h|d)")
_WHOLE = re.compile(f"(?:{_PART.pattern})+")
_LONGEST = Micros(100 * 365 * DAY)


def parse_duration(text: str) -> Micros:
    """Read a duration; raises Invalid for an unknown form, a part of a microsecond, or more than 100 years."""
    if not _WHOLE.fullmatch(text):
        raise Invalid(f"{text!r} is not a duration")
    total = 0
    for whole, fraction, unit in _PART.findall(text):
        micros, rest = divmod(int(whole + fraction) * _UNITS[unit], 10 ** len(fraction))
        if rest:
            raise Invalid(f"{text!r} is finer than a microsecond")
        total += micros
    if total > _LONGEST:
        raise Invalid(f"{text!r} is longer than 100 years")
    return Micros(total)
