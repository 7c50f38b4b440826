"""Objects for tests and the simulator: bytes in a dict, named as the files would be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from portico.control.calls.objects import Pins
from portico.domain.calls.values import SMALL, Content
from portico.domain.errors import NotFound


class MemoryUpload:
    """Collects pieces."""

    def __init__(self, objects: MemoryObjects) -> None:
        self._objects = objects
        self._data = bytearray()

    async def write(self, data: bytes) -> None:
        """Add a piece."""
        self._data += data

    async def finish(self) -> Content:
        """Give it as content."""
        data = bytes(self._data)
        return Content(len(data), data) if len(data) <= SMALL else self._objects.keep(data)

    def discard(self) -> None:
        """Forget it."""
        self._data.clear()


class MemoryObjects:
    """Objects that last as long as the process."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self._pins = Pins()

    def open(self) -> MemoryUpload:
        """Begin a new object."""
        return MemoryUpload(self)

    def keep(self, data: bytes) -> Content:
        """Take an object as a whole."""
        name = hashlib.sha256(data).hexdigest()
        self.data[name] = data
        self._pins.pin(name)
        return Content(len(data), large=name)

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from an offset, -1 for all."""
        data = self.data.get(name)
        if data is None:
            raise NotFound(f"no object {name}")
        return data[offset:] if length < 0 else data[offset : offset + length]

    async def find(self, opaque: bytes) -> Content | None:
        """Give the object that an opaque id names."""
        name = opaque.decode(errors="replace")
        if name not in self.data:
            return None
        self._pins.pin(name)
        return Content(len(self.data[name]), large=name)

    def named(self, names: Iterable[str]) -> None:
        """Hear that rows name these objects durably."""
        for name in names:
            self._pins.unpin(name)

    def doom(self, names: Iterable[str]) -> None:
        """Hear that somebody looks whether any row names these objects, to remove them otherwise."""
        self._pins.doom(names)

    async def remove(self, names: Iterable[str]) -> None:
        """Remove objects that are still doomed."""
        for name in names:
            if self._pins.take_doomed(name):
                self.data.pop(name, None)

    async def old(self, seconds: float) -> list[str]:  # noqa: ARG002 — nothing outlives the process
        """Name none."""
        return []
