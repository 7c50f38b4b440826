"""Files of sandboxes and the agent's log: listed, and read in ranges.

Promises: a listing has the paths it was asked by; a range is at most a page of 64 KiB, as the API has it.
"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
from collections.abc import AsyncIterator
from typing import cast

import msgspec

from portico.domain.errors import Invalid, NotFound
from portico.domain.frames import FileFact
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator.paths import InLog, InSandbox, locate
from portico.doors.mesos.outpost.operator.site import Ask, Site

PAGE = 64 << 10
SIZE_ONLY = -1
_DOWNLOAD = 1 << 20


class Listed(msgspec.Struct, frozen=True):
    """One entry of a listing; `uid` and `gid` are names, `modified` in microseconds since the epoch."""

    path: str
    size: int
    mode: int
    modified: int
    uid: str
    gid: str
    directory: bool = False


class Files:
    """The files of one node."""

    def __init__(self, ask: Ask, site: Site) -> None:
        self._ask = ask
        self._site = site

    async def browse(self, path: str) -> list[Listed]:
        """List a directory, or a file as itself; raises NotFound, Invalid."""
        place = await self._locate(path)
        if isinstance(place, InLog):
            return [await asyncio.to_thread(self._log_entry, path)]
        found = cast("words.Files", await self._ask(words.BrowseFiles(place.run, place.path)))
        uid, gid = await asyncio.to_thread(self._owners, place.run)
        return [_listed(fact, path, place, uid, gid) for fact in found.files]

    async def read(self, path: str, offset: int, length: int = PAGE) -> tuple[bytes, int]:
        """Read a range and give it with the size of the whole file; raises NotFound, Invalid.

        Offset -1 asks for the size only; one beyond the end gives no bytes.
        """
        if offset < SIZE_ONLY or length < 0:
            raise Invalid("Negative offset or length provided", "offset")
        place = await self._locate(path)
        return await self._read_first(place, path, offset, min(length, PAGE))

    async def download(self, path: str) -> tuple[int, AsyncIterator[bytes]]:
        """Give the size of a file and its pieces, as many as there are then; raises NotFound, Invalid."""
        place = await self._locate(path)
        _, size = await self._read_first(place, path, SIZE_ONLY, 0)
        return size, self._pieces(place)

    async def _read_first(self, place: InSandbox | InLog, path: str, offset: int, length: int) -> tuple[bytes, int]:
        """Read, and tell what is there and is no file, such as a directory, from what is not there."""
        try:
            return await self._read(place, offset, length)
        except NotFound:
            if isinstance(place, InLog):
                raise
            await self._ask(words.BrowseFiles(place.run, place.path))  # raises again when nothing is there
            raise Invalid(f"'{path}' is no file that can be read", "path") from None

    async def _pieces(self, place: InSandbox | InLog) -> AsyncIterator[bytes]:
        offset = 0
        while True:
            data, _ = await self._read(place, offset, _DOWNLOAD)
            if not data:
                return
            yield data
            offset += len(data)

    async def _locate(self, path: str) -> InSandbox | InLog:
        if not path:
            raise Invalid("Expecting 'path' to be non-empty", "path")
        state = cast("words.AgentState", await self._ask(words.TellState()))
        return locate(path, state, self._site.directory)

    async def _read(self, place: InSandbox | InLog, offset: int, length: int) -> tuple[bytes, int]:
        if isinstance(place, InLog):
            return await asyncio.to_thread(self._read_log, offset, length)
        found = await self._ask(words.ReadFiles(place.run, place.path, offset, length))
        return cast("words.Bytes", found).data, cast("words.Bytes", found).size

    def _read_log(self, offset: int, length: int) -> tuple[bytes, int]:
        try:
            with self._site.log.open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                if offset == SIZE_ONLY or offset >= size:
                    return b"", size
                log.seek(offset)
                return log.read(length), size
        except OSError as error:
            raise NotFound(f"the log cannot be read: {error.strerror}") from error

    def _log_entry(self, path: str) -> Listed:
        try:
            facts = self._site.log.stat()
        except OSError as error:
            raise NotFound(f"the log cannot be read: {error.strerror}") from error
        return Listed(path, facts.st_size, facts.st_mode, facts.st_mtime_ns // 1000, _user(0), _group(0))

    def _owners(self, run: str) -> tuple[str, str]:
        """Name the owners of a sandbox; what is inside is theirs too, as a rule."""
        try:
            facts = (self._site.sandboxes / run).lstat()
        except OSError:
            return _user(os.geteuid()), _group(os.getegid())
        return _user(facts.st_uid), _group(facts.st_gid)


def _listed(fact: FileFact, asked: str, place: InSandbox, uid: str, gid: str) -> Listed:
    """Name an entry by the path that its directory was asked by."""
    inner = fact.path.removeprefix(f"{place.path}/") if place.path else fact.path
    path = asked if fact.path == place.path else f"{asked.rstrip('/')}/{inner}"
    return Listed(path, fact.size, fact.mode, fact.modified, uid, gid, fact.directory)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
