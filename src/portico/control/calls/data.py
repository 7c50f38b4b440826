"""Small data in memory: what has just been written and will soon be sent to a worker.

Owns bytes by the number of their Result, and how those that are not here are read. Promises: never more than
MOST_BYTES, the oldest go first; what it gives is what is durable, because those that fill it do so once it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import msgspec

from portico.control.calls.sheets import RESULT_DATA, RESULTS
from portico.domain.calls.frames import Datum
from portico.domain.calls.states import ResultState

if TYPE_CHECKING:
    from portico.store.port import Reader

MOST_BYTES = 32 << 20
OVERHEAD = 240
"""Bytes that an entry costs besides its data."""

MOST_INLINE = 1 << 20
"""Bytes of small data that go along with one Call; it fetches the rest."""


class DataCache:
    """Small data by number of Result."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._data: OrderedDict[int, bytes] = OrderedDict()
        """A dict would have to search for its oldest entry, ever longer."""
        self.bytes = 0

    def remember(self, contents: Iterable[tuple[int, bytes]]) -> None:
        """Keep the data of Results, by number, for a while; to be called when they are durable."""
        kept = self._data
        for number, data in contents:
            if number in kept:
                self.forget((number,))
            kept[number] = data
            self.bytes += len(data) + OVERHEAD
        while self.bytes > self._most:
            _, oldest = self._data.popitem(last=False)
            self.bytes -= len(oldest) + OVERHEAD

    def forget(self, numbers: Iterable[int]) -> None:
        """Let go of data that were deleted, replaced, or used up."""
        for number in numbers:
            data = self._data.pop(number, None)
            if data is not None:
                self.bytes -= len(data) + OVERHEAD

    def __contains__(self, number: int) -> bool:
        return number in self._data

    def get(self, number: int) -> bytes | None:
        """Give the data of a Result if they are here."""
        return self._data.get(number)


class Need(msgspec.Struct, frozen=True, gc=False):
    """Results of which one Call needs the data, and how many bytes of that may still go along with it."""

    numbers: tuple[int, ...]
    room: int


def read(reader: Reader, needs: Sequence[Need]) -> dict[int, Datum]:
    """Read what Calls need: sizes of all, the data of small ones as far as there is room. A Result that has no data is
    not in the answer. Two queries, whatever the number of Calls."""
    wanted = sorted({number for need in needs for number in need.numbers})
    rows = cast(
        "list[tuple[int, int, int, str | None]]",
        reader.rows_by_number(RESULTS.name, wanted, ("state", "size", "large")),
    )
    sizes = {number: size for number, state, size, _ in rows if state == ResultState.COMPLETED}
    small = _chosen(needs, {number: size for number, _, size, large in rows if not large and number in sizes})
    data: dict[int, bytes] = {}
    if small:
        data = dict(cast("list[tuple[int, bytes]]", reader.rows_by_number(RESULT_DATA.name, sorted(small), ("data",))))
    found = {number: Datum(number, size) for number, size in sizes.items() if number not in small}
    found.update((number, Datum(number, len(content), content)) for number, content in data.items())
    return found


def _chosen(needs: Sequence[Need], small: dict[int, int]) -> set[int]:
    """Say which small data go along: of each Call's, the first as far as there is room."""
    chosen: set[int] = set()
    for need in needs:
        room = need.room
        for number in need.numbers:
            size = small.get(number, room + 1)
            if size <= room:
                chosen.add(number)
                room -= size
    return chosen
