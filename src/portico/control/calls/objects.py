"""Large data of Results: objects that are named by what is in them, outside the store's rows.

Owns the port, and when an object goes: as soon as no row names it any more, or by a sweep an hour later. Promises: an
object that was finished and whose row is still on its way is never removed; the same content is kept once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from portico.control.calls.sheets import RESULTS
from portico.domain.calls.values import Content
from portico.store.sheets import Field, SheetQuery, Test

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.store.port import Reader

SWEEP_SECONDS = 3_600.0
NAMES_AT_ONCE = 500


class Upload(Protocol):
    """Data on their way to becoming an object; small ones become inline content."""

    async def write(self, data: bytes) -> None:
        """Add a piece."""
        ...

    async def finish(self) -> Content:
        """Make it durable and give it as content; at most once."""
        ...

    def discard(self) -> None:
        """Forget it; harmless after `finish`."""
        ...


class Objects(Protocol):
    """Where large data lie."""

    def open(self) -> Upload:
        """Begin a new object."""
        ...

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from an offset, -1 for all; raises NotFound when there is no such object."""
        ...

    async def find(self, opaque: bytes) -> Content | None:
        """Give the object, or the file to import, that an opaque id names, as content."""
        ...

    def named(self, names: Iterable[str]) -> None:
        """Hear that rows name these objects durably."""
        ...

    def doom(self, names: Iterable[str]) -> None:
        """Hear that somebody looks whether any row names these objects, to remove them otherwise."""
        ...

    async def remove(self, names: Iterable[str]) -> None:
        """Remove objects, unless they wait for a row, or one was finished or named since they were doomed."""
        ...

    async def old(self, seconds: float) -> list[str]:
        """Name the objects that were finished longer ago than this, and wait for no row."""
        ...


class Pins:
    """Which objects must stay although no row may name them yet: those that were finished and whose rows are not
    durable (given up when their uploader is surely gone). And which are about to go: a doom ends with a new pin."""

    def __init__(self) -> None:
        self._pins: dict[str, list[float]] = {}
        self._doomed: set[str] = set()

    def pin(self, name: str) -> None:
        """Keep an object for the row that will name it."""
        self._pins.setdefault(name, []).append(time.monotonic())
        self._doomed.discard(name)

    def unpin(self, name: str) -> None:
        """Hear that a row names an object, or that none will."""
        pins = self._pins.get(name)
        if pins:
            pins.pop(0)
        if not pins:
            self._pins.pop(name, None)
        self._doomed.discard(name)

    def doom(self, names: Iterable[str]) -> None:
        """Note that objects are about to go."""
        self._doomed.update(names)

    def take_doomed(self, name: str) -> bool:
        """Tell whether an object may go now."""
        doomed = name in self._doomed
        self._doomed.discard(name)
        return doomed and name not in self

    def __contains__(self, name: str) -> bool:
        pins = self._pins.get(name, [])
        return any(time.monotonic() - at < SWEEP_SECONDS for at in pins)


async def remove_unnamed(plane: Plane, names: Sequence[str]) -> None:
    """Remove those of these objects that no row names."""
    for start in range(0, len(names), NAMES_AT_ONCE):
        asked = tuple(dict.fromkeys(names[start : start + NAMES_AT_ONCE]))
        plane.calls.objects.doom(asked)
        named = await plane.history.later(lambda reader, asked=asked: _named(reader, asked))  # type: ignore[misc]
        await plane.calls.objects.remove([name for name in asked if name not in named])


def _named(reader: Reader, names: tuple[str, ...]) -> set[object]:
    field = Field("large")
    rows = reader.rows(SheetQuery(RESULTS.name, always=(Test(field, any_of=names),)), (field,))
    return {name for (name,) in rows}


async def sweep(plane: Plane) -> None:
    """Remove what no row names and is old enough, now and every hour, until cancelled."""
    while True:
        await remove_unnamed(plane, await plane.calls.objects.old(SWEEP_SECONDS))
        await asyncio.sleep(SWEEP_SECONDS)
