"""Data too large for a frame, piece by piece: fetched from control before a Call begins, stored there after it.

A question that a lost line has swallowed is asked again; an upload, which control forgets with the line, begins anew.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NoReturn

from portico.domain import errors
from portico.domain.calls.frames import PART_BYTES, FetchData, Part, Stored, StoreData
from portico.domain.errors import PorticoError, Unavailable
from portico.domain.frames import Frame

WINDOW = 4
"""Pieces under way at once."""


class Transfers:
    """All transfers of one agent; `ready` is set while there is a line, and `send` drops what it is given without."""

    def __init__(self, send: Callable[[Frame], None], ready: asyncio.Event) -> None:
        self._send = send
        self._ready = ready
        self._requests = itertools.count(1)
        self._uploads = itertools.count(1)
        self._fetching: dict[int, tuple[FetchData, asyncio.Future[Part]]] = {}
        self._storing: dict[int, asyncio.Future[Stored]] = {}

    # ---- what control answers --------------------------------------------------------------------------------------

    def part(self, part: Part) -> None:
        """Take a piece of data."""
        asked = self._fetching.pop(part.request, None)
        if asked is not None and not asked[1].done():
            asked[1].set_result(part)

    def stored(self, stored: Stored) -> None:
        """Hear that a piece is taken."""
        future = self._storing.pop(stored.request, None)
        if future is not None and not future.done():
            future.set_result(stored)

    def line_lost(self) -> None:
        """Uploads under way are forgotten by control."""
        for future in self._storing.values():
            if not future.done():
                future.set_exception(_Interrupted())
                future.exception()  # whoever waits gets it all the same; nobody waits for the later pieces yet
        self._storing.clear()

    def ask_again(self) -> None:
        """Repeat the questions for data on a new line."""
        for question, _ in self._fetching.values():
            self._send(question)

    # ---- fetching --------------------------------------------------------------------------------------------------

    async def fetch(self, result: int) -> AsyncIterator[bytes]:
        """Give the data of a Result in pieces; raises what control answers, NotFound when there are none."""
        offset = 0
        while True:
            part = await self._fetch_part(result, offset)
            if part.error:
                _raise(part.error)
            yield part.data
            offset += len(part.data)
            if part.last:
                return

    async def _fetch_part(self, result: int, offset: int) -> Part:
        question = FetchData(next(self._requests), result, offset)
        future: asyncio.Future[Part] = asyncio.get_running_loop().create_future()
        self._fetching[question.request] = question, future
        try:
            self._send(question)
            return await future
        finally:
            self._fetching.pop(question.request, None)

    # ---- storing ---------------------------------------------------------------------------------------------------

    async def store(self, source: bytes | Path) -> str:
        """Bring bytes, or a file's, to control; gives the large object's name."""
        while True:
            await self._ready.wait()
            try:
                return await self._upload(source)
            except _Interrupted:
                continue

    async def _upload(self, source: bytes | Path) -> str:
        upload = next(self._uploads)
        under_way: list[asyncio.Future[Stored]] = []
        try:
            async for piece, last in _pieces(source):
                if len(under_way) >= WINDOW:
                    _check(await under_way.pop(0))
                under_way.append(self._store_part(upload, piece, last=last))
            while under_way:
                stored = _check(await under_way.pop(0))
        finally:
            for future in under_way:
                future.cancel()
        return stored.large

    def _store_part(self, upload: int, piece: bytes, *, last: bool) -> asyncio.Future[Stored]:
        if not self._ready.is_set():
            raise _Interrupted
        request = next(self._requests)
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._storing[request] = future
        self._send(StoreData(request, upload, piece, last))
        return future


class _Interrupted(Unavailable):
    """The line was lost during an upload."""


async def _pieces(source: bytes | Path) -> AsyncIterator[tuple[bytes, bool]]:
    """Cut data into pieces; the last one is marked."""
    if isinstance(source, bytes):
        for offset in range(0, max(len(source), 1), PART_BYTES):
            yield source[offset : offset + PART_BYTES], offset + PART_BYTES >= len(source)
        return
    with source.open("rb", buffering=0) as file:
        piece = await asyncio.to_thread(os.read, file.fileno(), PART_BYTES)
        while True:
            following = await asyncio.to_thread(os.read, file.fileno(), PART_BYTES)
            yield piece, not following
            if not following:
                return
            piece = following


def _check(stored: Stored) -> Stored:
    if stored.error:
        _raise(stored.error)
    return stored


def _raise(text: str) -> NoReturn:
    """Raise the error that control has told as `Kind: sentence`."""
    name, separator, sentence = text.partition(":")
    kind = getattr(errors, name.strip(), None)
    if isinstance(kind, type) and issubclass(kind, PorticoError):
        raise kind(sentence.strip() if separator else text)
    raise Unavailable(text)
