"""Whether and when to try again."""

from __future__ import annotations

import msgspec

from portico.domain.identity import Micros
from portico.domain.jobs import ENDLESS, Retry

_LONGEST_GROWTH = 64


class Tried(msgspec.Struct, frozen=True):
    """What lies behind an Instance when an Attempt is over, that Attempt included.

    `tries` count against the limit; the last `rapid` of them were not steady. `counted` tells whether the Attempt is
    one of them; `failures`, if any, are those of the system in a row, of which it is the last. It ran for `ran_for`
    microseconds.
    """

    tries: int
    rapid: int = 0
    counted: bool = True
    failures: int = 0
    ran_for: int = 0


def is_steady(retry: Retry, ran_for: int) -> bool:
    """Tell whether an Attempt ran long enough for its end to be no sign of trouble."""
    return 0 < retry.steady <= ran_for


def next_delay(retry: Retry, tried: Tried, *, endless: bool = False) -> Micros | None:
    """Give the pause before another Attempt, or None when none is owed; with `endless` one always is."""
    if tried.counted and not endless and retry.limit != ENDLESS and tried.tries > retry.limit:
        return None
    if is_steady(retry, tried.ran_for):
        return Micros(0)
    if tried.failures:
        return _pause(retry.system_delay, 2, tried.failures, retry.system_ceiling)
    return max(retry.floor, _pause(retry.delay, retry.factor, tried.rapid, retry.ceiling))


def _pause(delay: Micros, factor: int, number: int, ceiling: Micros) -> Micros:
    growth = factor ** min(max(number - 1, 0), _LONGEST_GROWTH)
    return Micros(min(delay * growth, max(ceiling, delay)))
