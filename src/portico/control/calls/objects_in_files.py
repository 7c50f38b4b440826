"""Objects as files: `<folder>/<sha256 of the content>`.

Promises: an object is durable when `finish` returns (temporary name, fsync, rename, fsync of the folder); a reader sees
whole objects only; what a crash leaves half-written is removed at the next start. Everything slow is done in threads.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import string
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from portico.control.calls.objects import Pins
from portico.domain.calls.values import SMALL, Content
from portico.domain.errors import NotFound

_PART = ".part"
_PIECE = 1 << 20
_HEX = frozenset(string.hexdigits.lower())


class FileUpload:
    """Collects pieces in memory as long as they are small, then in a temporary file."""

    def __init__(self, objects: FileObjects, path: Path) -> None:
        self._objects = objects
        self._path = path
        self._small = bytearray()
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Add a piece."""
        self._size += len(data)
        if self._file is None:
            self._small += data
            if self._size <= SMALL:
                return
            data = bytes(self._small)
        await asyncio.to_thread(self._append, data)

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._path.open("xb")
            self._small.clear()
        self._digest.update(data)
        self._file.write(data)

    async def finish(self) -> Content:
        """Make it durable and give it as content."""
        if self._file is None:
            return Content(self._size, bytes(self._small))
        name = self._digest.hexdigest()
        self._objects.pins.pin(name)
        await asyncio.to_thread(self._settle, name)
        return Content(self._size, large=name)

    def _settle(self, name: str) -> None:
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        self._objects.settle(self._path, name)

    def discard(self) -> None:
        """Forget it."""
        self._small.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)


class FileObjects:
    """One folder of objects; with `imports`, a folder from which files are taken over by path."""

    def __init__(self, folder: Path, imports: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for half in folder.glob(f"*{_PART}"):
            half.unlink()
        self._folder = folder
        self._imports = imports.resolve() if imports is not None else None
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self.pins = Pins()

    def open(self) -> FileUpload:
        """Begin a new object."""
        return FileUpload(self, self._folder / f"{next(self._count)}{_PART}")

    def settle(self, part: Path, name: str) -> None:
        """Give a complete file its name, or drop it when that content is there; in a thread."""
        target = self._folder / name
        with self._lock:
            if target.exists():
                part.unlink()
                os.utime(target)
            else:
                part.rename(target)
        # Also for content that is there already: whoever brought it may not have come to this yet.
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from an offset, -1 for all; raises NotFound."""
        return await asyncio.to_thread(self._read, name, offset, length)

    def _read(self, name: str, offset: int, length: int) -> bytes:
        try:
            with self._path(name).open("rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:
            raise NotFound(f"no object {name}") from error

    def _path(self, name: str) -> Path:
        if len(name) != 64 or not set(name) <= _HEX:
            raise NotFound(f"no object {name}")
        return self._folder / name

    async def find(self, opaque: bytes) -> Content | None:
        """Give the object that an opaque id names; or take over the file at that path in the folder of imports."""
        name = opaque.decode(errors="replace")
        self.pins.pin(name)
        found = await asyncio.to_thread(self._find, name)
        if found is None or not found.large:
            self.pins.unpin(name)
            found = await self._take_over(name)
        return found

    def _find(self, name: str) -> Content | None:
        try:
            return Content(self._path(name).stat().st_size, large=name)
        except (NotFound, FileNotFoundError):
            return None

    async def _take_over(self, name: str) -> Content | None:
        if self._imports is None or not name or "\0" in name:
            return None
        path = await asyncio.to_thread(_file_below, self._imports, name)
        if path is None:
            return None
        upload = self.open()
        try:
            with path.open("rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    await upload.write(piece)
            return await upload.finish()
        finally:
            upload.discard()

    def named(self, names: Iterable[str]) -> None:
        """Hear that rows name these objects durably."""
        for name in names:
            self.pins.unpin(name)

    def doom(self, names: Iterable[str]) -> None:
        """Hear that somebody looks whether any row names these objects, to remove them otherwise."""
        self.pins.doom(names)

    async def remove(self, names: Iterable[str]) -> None:
        """Remove objects that are still doomed."""
        for name in names:
            await asyncio.to_thread(self._remove, name)

    def _remove(self, name: str) -> None:
        with self._lock:
            if self.pins.take_doomed(name):
                self._path(name).unlink(missing_ok=True)

    async def old(self, seconds: float) -> list[str]:
        """Name the objects that were finished longer ago than this, and wait for no row."""
        return await asyncio.to_thread(self._old, time.time() - seconds)

    def _old(self, before: float) -> list[str]:
        with os.scandir(self._folder) as entries:
            return [
                entry.name
                for entry in entries
                if len(entry.name) == 64 and entry.name not in self.pins and entry.stat().st_mtime < before
            ]


def _file_below(folder: Path, name: str) -> Path | None:
    """Give the file that a path in a folder leads to, links followed; None when it leads to none, or out of there."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder) and path.is_file() and os.access(path, os.R_OK) else None
    except (OSError, RuntimeError):  # too long a name, or links in a circle
        return None
