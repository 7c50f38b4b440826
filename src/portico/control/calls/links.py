"""The links of Calls that are not final: encoded as their rows have them, on pages like the columns beside them.

Owns these bytes and nothing else. A page costs memory from the first Call on it that has links to the drop of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import msgspec

from portico.control.calls.columns import PAGE, PAGE_BITS, on_pages, stretch
from portico.domain.calls.values import Links

_MASK = PAGE - 1

encode_links = msgspec.msgpack.Encoder().encode
decode_links = msgspec.msgpack.Decoder(Links).decode


def encode_siblings(
    outputs: Sequence[tuple[int, ...]], needs: Sequence[tuple[int, ...]], parents: tuple[str, ...]
) -> list[bytes]:
    """Encode the links of new Calls with the same parents, which are encoded once: what `encode_links` gives."""
    empty = encode_links(())
    both = len(encode_links(Links())) - 4 * len(empty)
    beginning, end = encode_links(Links())[:both], encode_links(parents) + empty
    if not any(needs):
        end = empty + end
        return [b"%b%b%b" % (beginning, encode_links(results), end) for results in outputs]
    return [
        b"%b%b%b%b" % (beginning, encode_links(results), encode_links(required), end)
        for results, required in zip(outputs, needs, strict=True)
    ]


class LinkPages:
    """Encoded Links by number of Call."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, list[bytes | None]] = {}

    def __getitem__(self, number: int) -> bytes:
        """Give the encoded links of a Call; KeyError when it has none here."""
        found = self._pages[number >> PAGE_BITS][number & _MASK]
        if found is None:
            raise KeyError(number)
        return found

    def __setitem__(self, number: int, links: bytes) -> None:
        page = self._pages.get(number >> PAGE_BITS)
        if page is None:
            page = self._pages[number >> PAGE_BITS] = [None] * PAGE
        page[number & _MASK] = links

    def put_many(self, numbers: Sequence[int], links: Sequence[bytes]) -> None:
        """Have the links of many Calls, by the page where their numbers follow each other."""
        whole = stretch(numbers)
        if whole is None:
            for number, its in zip(numbers, links, strict=True):
                self[number] = its
            return
        done = 0
        for page_number, start, stop in on_pages(whole):
            page = self._pages.setdefault(page_number, [])
            page += repeat(None, PAGE - len(page))
            page[start:stop] = links[done : done + stop - start]
            done += stop - start

    def __delitem__(self, number: int) -> None:
        page = self._pages.get(number >> PAGE_BITS)
        if page is not None:
            page[number & _MASK] = None

    def of(self, number: int) -> Links:
        """Give the links of a Call that is not final."""
        return decode_links(self[number])

    def drop(self, page: int) -> None:
        """Let go of a page, by its number."""
        self._pages.pop(page, None)
