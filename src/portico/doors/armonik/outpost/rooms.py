"""Task folders: each task has one to itself, in the folder that agent and worker share.

Promises that a file's name never leads out of its folder, that a folder's size is known when there is a limit, and that
a task finds nothing of an earlier one: a folder is used again only when its last task ended in good order and it is
empty, or its worker says that it has put nothing there. (To make and remove a folder for each task, or files for small
data, costs more than all else that is done for a short one.)
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from pathlib import Path

from portico.domain.errors import Exhausted, NotFound

_LARGE_WRITE = 256 << 10
_NEW_FILE = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC
_ANY_FILE = 0o666
_KEPT = 4
_BLOCK = 512


class Rooms:
    """All folders of one agent."""

    def __init__(self, shared: Path, limit: int, seen: Path | None = None) -> None:
        self._shared = str(shared)
        self._seen = str(seen or shared)
        self._limit = limit
        self._empty: list[str] = []

    def open(self, token: str) -> Room:
        """Give a task a folder; Exhausted when none can be made."""
        if self._empty:
            return self._room(self._empty.pop())
        path = f"{self._shared}/{token}"
        try:
            os.mkdir(path)  # noqa: PTH102 — a Path costs as much as the call
        except OSError as error:
            raise _full_or(error, f"no folder for the task at {path}") from error
        return self._room(path)

    def _room(self, path: str) -> Room:
        return Room(path, self._limit, self._seen + path[len(self._shared) :])

    def close(self, room: Room, *, in_order: bool) -> None:
        """Empty the folder of a task that ended in good order and keep it; remove any other, off the loop."""
        if in_order and len(self._empty) < _KEPT and room.emptied():
            self._empty.append(room.path)
        else:
            asyncio.get_running_loop().run_in_executor(None, room.remove)


class Room:
    """The folder of one task: `path` for the agent, `seen` for its worker. Data may be held for it without files."""

    __slots__ = ("_carried", "_known", "_limit", "_written", "entered", "in_hand", "path", "seen")

    def __init__(self, path: str, limit: int, seen: str) -> None:
        self.path = path
        self.seen = seen
        self._limit = limit
        self._known: list[str] = []
        self._carried = 0
        self._written = 0
        self.in_hand: dict[str, bytes] = {}
        """Data that are to be handed to the worker, or to become files by `lay_down`."""
        self.entered = False
        """Whether the worker may have put files there: until then, what is in it is known without a look."""

    def hold(self, name: str, data: bytes) -> None:
        """Keep data in hand; Exhausted when there is no room for them."""
        self.carry(len(data))
        self.in_hand[name] = data

    def carry(self, count: int) -> None:
        """Count bytes that come and go without files as if they were in the folder; Exhausted likewise."""
        if self._limit:
            self.reserve(count)
            self._carried += count

    def lay_down(self) -> None:
        """Make files of what is in hand; Exhausted likewise."""
        data, self.in_hand, self._carried = self.in_hand, {}, 0
        for name, content in data.items():
            self.write(name, content)

    def write(self, name: str, data: bytes) -> None:
        """Make a file of bytes; Exhausted when there is no room for it."""
        place = f"{self.path}/{name}"
        self._known.append(place)
        if self._limit:
            self.reserve(len(data))
            self._written += len(data)
        try:
            file = os.open(place, _NEW_FILE, _ANY_FILE)
            try:
                rest = memoryview(data)
                while len(rest) > (written := os.write(file, rest)):
                    rest = rest[written:]
            finally:
                os.close(file)
        except OSError as error:
            raise _full_or(error, f"{name} cannot be written into the task's folder") from error

    async def append(self, name: str, data: bytes, *, first: bool) -> None:
        """Add a piece to a file, off the loop when it is large."""
        if first:
            self.write(name, b"")
        self.reserve(len(data))
        self._written += len(data)
        if len(data) < _LARGE_WRITE:
            self._append(name, data)
        else:
            await asyncio.to_thread(self._append, name, data)

    def _append(self, name: str, data: bytes) -> None:
        try:
            with Path(self.path, name).open("ab", buffering=0) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
        except OSError as error:
            raise _full_or(error, f"{name} cannot be written into the task's folder") from error

    def reserve(self, count: int) -> None:
        """Raise Exhausted when the folder may not hold so many bytes more."""
        if self._limit and self.held() + count > self._limit:
            raise Exhausted(f"the task's folder may hold {self._limit} bytes and would hold more")

    def overfull(self) -> bool:
        """Tell whether the folder holds more than it may."""
        return bool(self._limit) and self.held() > self._limit

    def held(self) -> int:
        """Count the bytes that the folder takes on disk, whoever wrote them, and those that need no files."""
        total = self._carried
        if not self.entered:
            return total + self._written
        for folder, _, files in os.walk(self.path):
            for name in files:
                try:
                    found = os.lstat(f"{folder}/{name}")
                except FileNotFoundError:
                    continue
                total += min(found.st_size, found.st_blocks * _BLOCK)
        return total

    def size(self, name: str) -> int:
        """Give the size of a file that the worker wrote; NotFound when there is none, or something else."""
        try:
            return os.lstat(f"{self.path}/{name}").st_size
        except OSError as error:
            raise NotFound(f"there is no file {name} in the task's folder") from error

    def read(self, name: str, most: int) -> bytes | None:
        """Give an output's bytes, None when they are more than so many; NotFound when there is no such file."""
        place = f"{self.path}/{name}"
        try:
            file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                data = os.read(file, most + 1)
            finally:
                os.close(file)
        except OSError as error:
            raise NotFound(f"the task's file {name} cannot be read: {error.strerror}") from error
        self._known.append(place)
        return data if len(data) <= most else None

    def file(self, name: str) -> Path:
        """Give a file's place."""
        return Path(self.path, name)

    def emptied(self) -> bool:
        """Remove the files that are known of, and tell whether nothing is left."""
        if not self.entered and not self._known:
            return True
        try:
            for place in dict.fromkeys(self._known):
                os.unlink(place)  # noqa: PTH108 — once or twice for each task
            return not self.entered or not os.listdir(self.path)  # noqa: PTH208 — likewise
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def _full_or(error: OSError, what: str) -> Exhausted:
    """Say that the disk is full, or what else is wrong."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return Exhausted(f"{what}: {'the disk is full' if full else error.strerror}")
