"""Columns in memory over numbers that follow each other: a few bytes for each, instead of an object.

Owns nothing but arrays in pages. Promises: a number that was never set reads as 0; a page costs memory only once
something in it was set, and none after it was dropped.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

PAGE_BITS = 12
PAGE = 1 << PAGE_BITS
_MASK = PAGE - 1


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

    def many(self, numbers: Iterable[int]) -> list[int]:
        """Give the values of many numbers."""
        pages = self._pages
        return [0 if (page := pages.get(number >> PAGE_BITS)) is None else page[number & _MASK] for number in numbers]

    def set_many(self, numbers: Sequence[int], value: int) -> None:
        """Set many numbers to one value, at once where they follow each other."""
        if numbers and list(numbers) == list(range(numbers[0], numbers[0] + len(numbers))):
            self.fill_one(numbers[0], len(numbers), value)
        else:
            for number in numbers:
                self[number] = value

    def fill(self, first: int, values: array[int]) -> None:
        """Set numbers that follow each other; `values` has this column's typecode."""
        done, count = 0, len(values)
        while done < count:
            number = first + done
            start = number & _MASK
            step = min(PAGE - start, count - done)
            page = self._pages.get(number >> PAGE_BITS)
            if page is None:
                page = self._pages[number >> PAGE_BITS] = self._empty[:]
            page[start : start + step] = values[done : done + step]
            done += step

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
