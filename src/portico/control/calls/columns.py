"""Columns in memory over numbers that follow each other: a few bytes for each, instead of an object.

Owns nothing but arrays in pages. Promises: a number that was never set reads as 0; a page costs memory only once
something in it was set, and none after it was dropped.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

PAGE_BITS = 12
PAGE = 1 << PAGE_BITS
_MASK = PAGE - 1


FEW = 16
"""Numbers of which it is not worth asking whether they follow each other; and how many a stretch must have on average
for a split into stretches to be worth its while."""


def stretch(numbers: Sequence[int]) -> range | None:
    """Give numbers as a range if each follows the one before it."""
    if isinstance(numbers, range):
        return numbers if numbers.step == 1 else None
    if not numbers or numbers[-1] - numbers[0] != len(numbers) - 1:
        return None
    whole = range(numbers[0], numbers[0] + len(numbers))
    return whole if list(numbers) == list(whole) else None


def stretches(numbers: Sequence[int]) -> list[range] | None:
    """Split numbers into ranges in which each follows the one before it; None where that makes too many of them.

    What the ends of a range promise is looked at once, for all of them together.
    """
    whole = stretch(numbers)
    if whole is not None:
        return [whole]
    found: list[range] = []
    most, start = len(numbers) // FEW, 0
    while start < len(numbers):
        if len(found) >= most:
            return None
        length = _reach(numbers, start)
        found.append(range(numbers[start], numbers[start] + length))
        start += length
    return found if list(chain.from_iterable(found)) == list(numbers) else None


def _reach(numbers: Sequence[int], start: int) -> int:
    """Tell how many numbers from a place on seem to follow each other: so far as the last one is what it should be."""
    first, rest = numbers[start], len(numbers) - start
    step = 1
    while step < rest and numbers[start + step] - first == step:
        step *= 2
    low, high = step // 2, min(step, rest)
    while high - low > 1:
        middle = (low + high) // 2
        if numbers[start + middle] - first == middle:
            low = middle
        else:
            high = middle
    return low + 1


def count_by_page(numbers: Sequence[int]) -> Counter[int]:
    """Count numbers by their page."""
    parts = stretches(numbers) if len(numbers) > FEW else None
    if parts is None:
        return Counter(number >> PAGE_BITS for number in numbers)
    counts: Counter[int] = Counter()
    for part in parts:
        for page, start, stop in on_pages(part):
            counts[page] += stop - start
    return counts


def on_pages(numbers: range) -> Iterator[tuple[int, int, int]]:
    """Split numbers that follow each other by page: the page, where they begin on it and where they end."""
    first = numbers.start
    while first < numbers.stop:
        start = first & _MASK
        stop = min(PAGE, start + numbers.stop - first)
        yield first >> PAGE_BITS, start, stop
        first += stop - start


class Column:
    """One attribute; `typecode` is that of `array`: B, I or Q."""

    __slots__ = ("_empty", "_pages", "_typecode", "gone")

    def __init__(self, typecode: str) -> None:
        self._typecode = typecode
        self._empty = array(typecode, bytes(PAGE * array(typecode).itemsize))
        self._pages: dict[int, array[int]] = {}
        self.gone = -1
        """The highest page that was dropped: above it, a 0 tells that nothing was ever set."""

    def __getitem__(self, number: int) -> int:
        page = self._pages.get(number >> PAGE_BITS)
        return 0 if page is None else page[number & _MASK]

    def __setitem__(self, number: int, value: int) -> None:
        page = self._pages.get(number >> PAGE_BITS)
        if page is None:
            page = self._pages[number >> PAGE_BITS] = self._empty[:]
        page[number & _MASK] = value

    def many(self, numbers: Sequence[int]) -> list[int]:
        """Give the values of many numbers, by the page where they follow each other."""
        pages = self._pages
        if len(numbers) > FEW and (parts := stretches(numbers)) is not None:
            values: list[int] = []
            for page_number, start, stop in chain.from_iterable(map(on_pages, parts)):
                found = pages.get(page_number)
                values += repeat(0, stop - start) if found is None else found[start:stop]
            return values
        return [0 if (page := pages.get(number >> PAGE_BITS)) is None else page[number & _MASK] for number in numbers]

    def put_many(self, numbers: Sequence[int], values: Sequence[int]) -> None:
        """Set many numbers, by the page where they follow each other."""
        if len(numbers) > FEW and (parts := stretches(numbers)) is not None:
            cells, done = array(self._typecode, values), 0
            for part in parts:
                self.fill(part.start, cells[done : done + len(part)])
                done += len(part)
            return
        for number, value in zip(numbers, values, strict=True):
            self[number] = value

    def fill(self, first: int, values: array[int]) -> None:
        """Set numbers that follow each other; `values` has this column's typecode."""
        done = 0
        for page_number, start, stop in on_pages(range(first, first + len(values))):
            page = self._pages.get(page_number)
            if page is None:
                page = self._pages[page_number] = self._empty[:]
            page[start:stop] = values[done : done + stop - start]
            done += stop - start

    def fill_one(self, first: int, count: int, value: int) -> None:
        """Set numbers that follow each other to one value."""
        self.fill(first, array(self._typecode, [value]) * count)

    def pages(self) -> list[int]:
        """Give the numbers of the pages on which something was set, in ascending order."""
        return sorted(self._pages)

    def page(self, page: int) -> array[int] | None:
        """Give a page to look through as a whole, None where nothing was set; not to be kept."""
        return self._pages.get(page)

    def drop(self, page: int) -> None:
        """Let go of a page, by its number (a number's page is `number >> PAGE_BITS`)."""
        if self._pages.pop(page, None) is not None:
            self.gone = max(self.gone, page)
