"""Looking through columns page by page: which numbers of a Session are in certain states.

Owns nothing. Promises: a step looks at a bounded number of pages, each in some microseconds, so that millions are gone
through without the loop noticing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from portico.control.calls.columns import PAGE_BITS, Column
from portico.control.calls.results_book import Span

PAGES_AT_ONCE = 100


class Found(msgspec.Struct, frozen=True):
    """Numbers in ascending order; `after` is where to go on, 0 when everything was seen."""

    numbers: list[int]
    after: int


def scan(
    sessions: Column, states: Column, session: int, wanted: Iterable[int], span: Span, *, after: int, limit: int
) -> Found:
    """Look for up to `limit` numbers of a Session above `after` whose state is wanted, on some pages."""
    table = np.zeros(256, dtype=bool)
    table[list(wanted)] = True
    start = max(after + 1, span.first)
    numbers: list[int] = []
    for looked, page in enumerate(range(start >> PAGE_BITS, (span.last >> PAGE_BITS) + 1)):
        if looked == PAGES_AT_ONCE:
            return Found(numbers, (page << PAGE_BITS) - 1)
        mine, standing = sessions.page(page), states.page(page)
        if mine is None or standing is None:
            continue
        fits = (np.frombuffer(mine, np.uint32) == session) & table[np.frombuffer(standing, np.uint8)]
        first = page << PAGE_BITS
        for offset in np.flatnonzero(fits).tolist():
            number = first + offset
            if number < start:
                continue
            numbers.append(number)
            if len(numbers) == limit:
                return Found(numbers, number)
    return Found(numbers, 0)


def every(states: Column, wanted: Iterable[int]) -> Iterator[int]:
    """Yield all numbers whose state is wanted, in ascending order."""
    table = np.zeros(256, dtype=bool)
    table[list(wanted)] = True
    for page in states.pages():
        standing = states.page(page)
        if standing is not None:
            for offset in np.flatnonzero(table[np.frombuffer(standing, np.uint8)]).tolist():
                yield (page << PAGE_BITS) + offset
