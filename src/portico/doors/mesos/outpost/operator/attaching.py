"""The line to a Run's switchboard: the socket in its sandbox through which its input and output go.

Frames are a letter, four bytes of length in network order, and as many bytes; who greets otherwise is no switchboard.
Promises: nothing is said to whatever else may listen at that place.
"""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path

from portico.domain.errors import Conflict, NotFound, PorticoError

SOCKET = ".switchboard"
GREETING = b"portico switchboard 1"

HELLO, TAKEN, REFUSED, OUTPUT, ERRORS, OVER = b"H", b"A", b"N", b"O", b"E", b"X"
READER, SESSION, WRITER, INPUT, SIZE = b"R", b"S", b"W", b"I", b"Z"
LOST = b""
"""Stands for the kind of a frame where the line ended without being OVER."""

MOST_FRAME = 1 << 20
_HEAD = struct.Struct(">cI")
_SIZE = struct.Struct(">HH")
_LARGEST = (1 << 16) - 1
_PAUSE = 0.02
_GREETING_PATIENCE = 5.0


class Attached:
    """One line, in a role; `over` tells whether the process is known to have ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.over = False

    async def hear(self) -> tuple[bytes, bytes]:
        """Wait for the next frame: its kind and its bytes; LOST when the line has ended."""
        try:
            kind, length = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            if length > MOST_FRAME:
                return LOST, b""
            data = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return LOST, b""
        self.over |= kind == OVER
        return kind, data

    async def say(self, kind: bytes, data: bytes = b"") -> None:
        """Send a frame, and wait while too much is on its way; raises OSError when the line has ended."""
        self._writer.write(_HEAD.pack(kind, len(data)) + data)
        await self._writer.drain()

    def close(self) -> None:
        """Hang up; at once, whatever is on its way."""
        self._writer.transport.abort()


def size_of(rows: int, columns: int) -> bytes:
    """Write the size of a terminal."""
    return _SIZE.pack(min(rows, _LARGEST), min(columns, _LARGEST))


async def attach(sandbox: Path, role: bytes, size: bytes = b"", patience: float = 0.0) -> Attached:
    """Call the switchboard of a Run and take a role; waits up to `patience` seconds for one that is just starting.

    Raises NotFound where there is none, Conflict when it refuses.
    """
    attached = await _call(sandbox, patience)
    try:
        async with asyncio.timeout(_GREETING_PATIENCE):
            await _greet(attached, role, size)
    except (TimeoutError, OSError) as error:
        attached.close()
        raise NotFound("its IO switchboard does not answer") from error
    except PorticoError:
        attached.close()
        raise
    return attached


async def _greet(attached: Attached, role: bytes, size: bytes) -> None:
    """Take a role once it is known who listens."""
    if await attached.hear() != (HELLO, GREETING):
        raise NotFound("what listens in its sandbox is not its IO switchboard")
    await attached.say(role, size)
    kind, reason = await attached.hear()
    if kind == REFUSED:
        raise Conflict(reason.decode(errors="replace"))
    if kind != TAKEN:
        raise NotFound("its IO switchboard has ended")


async def _call(sandbox: Path, patience: float) -> Attached:
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while True:
        try:
            return Attached(*await _connect(sandbox))
        except OSError as error:
            if loop.time() >= until:
                raise NotFound("it has no IO switchboard") from error
        await asyncio.sleep(_PAUSE)


async def _connect(sandbox: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect by a short path: a sandbox's own may be longer than a socket's name can be."""
    directory = os.open(sandbox, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{directory}/{SOCKET}", limit=MOST_FRAME)
    finally:
        os.close(directory)
