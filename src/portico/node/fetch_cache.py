"""Files kept from earlier fetches, the least recently used going first.

Owns a directory and what is in it. Promises: a file that is being read is not lost by its eviction, since readers get
an open handle; one URI is brought once however many wait for it; a wait that is broken off harms no other.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

Fill = Callable[[Path], Awaitable[None]]
CONCURRENT_FETCHES = 8


class FetchCache:
    """Fetched files by (user, uri), together at most `capacity` bytes; used from one event loop.

    `slots` bounds how many fetches go on at once on this node.
    """

    def __init__(self, directory: Path, capacity: int) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.slots = asyncio.Semaphore(CONCURRENT_FETCHES)
        self._directory = directory
        self._capacity = capacity
        self._serial = 0
        self._filling: dict[str, asyncio.Future[None]] = {}
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._recall()

    @property
    def size(self) -> int:
        """Bytes kept now."""
        return sum(self._sizes.values())

    async def open(self, user: str, uri: str, fill: Fill) -> int:
        """Open a file for reading, brought by `fill` into the path it is given unless it is there.

        Raises what `fill` raises, to all who wait for it. A file larger than the capacity is not kept.
        """
        key = hashlib.sha256(f"{user}\0{uri}".encode(errors="surrogateescape")).hexdigest()
        while True:
            handle = self._open_kept(key)
            if handle >= 0:
                return handle
            filling = self._filling.get(key)
            if filling is None:
                return await self._fill(key, fill)
            await asyncio.wait([filling])
            if not filling.cancelled() and (error := filling.exception()) is not None:
                raise error

    def _open_kept(self, key: str) -> int:
        if key not in self._sizes:
            return -1
        try:
            handle = _open(self._directory / key)
        except FileNotFoundError:
            # Somebody cleaned the directory: it is brought again.
            del self._sizes[key]
            return -1
        self._sizes.move_to_end(key)
        return handle

    async def _fill(self, key: str, fill: Fill) -> int:
        # Each try has a file of its own: the thread of one that was broken off may still write for a while.
        self._serial += 1
        part = self._directory / f"{key}.{self._serial}.part"
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._filling[key] = done
        try:
            await fill(part)
            handle = _open(part)
            self._keep(key, part, os.fstat(handle).st_size)
        except asyncio.CancelledError:
            done.cancel()
            raise
        except Exception as error:
            done.set_exception(error)
            done.exception()
            raise
        else:
            done.set_result(None)
            return handle
        finally:
            del self._filling[key]
            part.unlink(missing_ok=True)

    def _keep(self, key: str, part: Path, size: int) -> None:
        if size > self._capacity:
            return
        part.rename(self._directory / key)
        self._sizes[key] = size
        while self.size > self._capacity:
            oldest, _ = self._sizes.popitem(last=False)
            (self._directory / oldest).unlink(missing_ok=True)

    def _recall(self) -> None:
        """Take over what an earlier life left; unfinished files go, and those too large for a smaller capacity."""
        kept: list[tuple[int, str, int]] = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                if entry.name.endswith(".part") or facts.st_size > self._capacity:
                    Path(entry.path).unlink()
                elif entry.is_file(follow_symlinks=False):
                    kept.append((facts.st_mtime_ns, entry.name, facts.st_size))
        for _, name, size in sorted(kept):
            self._keep(name, self._directory / name, size)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
