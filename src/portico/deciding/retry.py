"""Whether and when to try again."""

from __future__ import annotations

from portico.domain.identity import Micros
from portico.domain.jobs import ENDLESS, Retry


def next_delay(retry: Retry, tries: int) -> Micros | None:
    """Give the pause before another Attempt after `tries` of them, or None when none is owed."""
    if retry.limit != ENDLESS and tries > retry.limit:
        return None
    growth = retry.factor ** min(max(tries - 1, 0), 64)
    return Micros(min(retry.delay * growth, max(retry.ceiling, retry.delay)))
