"""Columns in memory over numbers that follow each other: a few bytes for each, instead of an object.

Owns nothing but arrays in pages. Promises: a number that was never set reads as 0; a page costs memory only once
something in it was set, and none after it was dropped.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import repeat

PAGE_BITS = 12
PAGE = 1 << PAGE_BITS
_MASK = PAGE - 1


FEW = 16
"""Numbers of which it is not worth asking whether they follow each other."""


def stretch(numbers: Sequence[int]) -> range | None:
    """Give numbers as a range if each follows the one before it."""
    if isinstance(numbers, range):
        return numbers if numbers.step == 1 else None
    if not numbers or numbers[-1] - numbers[0] != len(numbers) - 1:
        return None
    whole = range(numbers[0], numbers[0] + len(numbers))
    return whole if list(numbers) == list(whole) else None


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

    __slots__ = ("_empty", "_pages", "_typecode")

    def __init__(self, typecode: str) -> None:
        self._typecode = typecode
        self._empty = array(typecode, bytes(PAGE * array(typecode).itemsize))
        self._pages: dict[int, array[int]] = {}

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
        if len(numbers) > FEW and (whole := stretch(numbers)) is not None:
            values: list[int] = []
            for page_number, start, stop in on_pages(whole):
                found = pages.get(page_number)
                values += repeat(0, stop - start) if found is None else found[start:stop]
            return values
        return [0 if (page := pages.get(number >> PAGE_BITS)) is None else page[number & _MASK] for number in numbers]

    def put_many(self, numbers: Sequence[int], values: Sequence[int]) -> None:
        """Set many numbers, by the page where they follow each other."""
        if len(numbers) > FEW and (whole := stretch(numbers)) is not None:
            self.fill(whole.start, array(self._typecode, values))
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
        self._pages.pop(page, None)
