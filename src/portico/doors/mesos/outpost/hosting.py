"""Speaking for an executor at the agent's host socket: what it hosts, what is to end, what its tasks have to say.

Owns one connection per executor, made again when it is lost. The words are the agent's (lines of JSON with a `t` tag).
Promises: what is said while there is no connection is dropped, since the executor's session says all that counts
again after each welcome; a refusal is final, the executor's Run is over.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from portico.domain.runs import EndCause

log = logging.getLogger("portico.outpost")

LONGEST_LINE = 64 << 20
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0
_LONGEST_ADDRESS = 107


class HostWord(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t"):
    """Root of all words."""


class Hello(HostWord, frozen=True, tag="hello"):
    """Whom we speak for."""

    run: str
    token: int


class Started(HostWord, frozen=True, tag="started"):
    """A task runs."""

    run: str


class Note(HostWord, frozen=True, tag="note"):
    """A TaskStatus of a task."""

    run: str
    number: int
    payload: bytes


class TaskEnd(HostWord, frozen=True, tag="ended"):
    """A task is over; `output` is its last TaskStatus."""

    run: str
    cause: EndCause
    exit_code: int | None = None
    message: str = ""
    output: bytes = b""


class Launch(HostWord, frozen=True, tag="launch"):
    """A task to start; `started` when the agent has heard that it runs."""

    run: str
    token: int
    payload: bytes
    labels: dict[str, str] = {}
    started: bool = False


class Stop(HostWord, frozen=True, tag="stop"):
    """A task to end; `grace` in microseconds."""

    run: str
    reason: str = ""
    message: str = ""
    grace: int = 0


class Noted(HostWord, frozen=True, tag="noted"):
    """A note is durable."""

    run: str
    number: int


class Message(HostWord, frozen=True, tag="message"):
    """Words from control by way of the agent; ours come by our own line."""

    payload: bytes


class Welcome(HostWord, frozen=True, tag="welcome"):
    """All tasks have been told."""


class Refused(HostWord, frozen=True, tag="refused"):
    """The executor's Run is not here, or not any more."""

    message: str = ""


FromAgent = Launch | Stop | Noted | Message | Welcome | Refused
ToAgent = Started | Note | TaskEnd

_decoder = msgspec.json.Decoder(FromAgent)
_encoder = msgspec.json.Encoder()


def decode(line: bytes) -> FromAgent:
    """Read a line of the agent's; raises msgspec.DecodeError."""
    word: FromAgent = _decoder.decode(line)
    return word


class HostLine:
    """The connection of one executor; `hear` gets every word, and is the one to be told of a refusal."""

    def __init__(self, path: str, run: str, token: int, hear: Callable[[FromAgent], None]) -> None:
        self._path = path
        self._hello = Hello(run, token)
        self._hear = hear
        self._writer: asyncio.StreamWriter | None = None

    def say(self, *words: ToAgent) -> None:
        """Say these at once, if there is a connection."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(b"".join(_encoder.encode(word) + b"\n" for word in words))

    async def run(self) -> None:
        """Connect, stay connected, connect again, until refused or cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                reader, writer = await _connect(self._path)
            except OSError as error:
                log.debug("no connection to the agent: %s", error)
            else:
                try:
                    if await self._listen(reader, writer):
                        return
                except (OSError, ValueError) as error:  # a broken connection, or a line that is none
                    log.warning("the connection for executor %s broke: %s", self._hello.run, error)
                except Exception:
                    log.exception("a defect met by executor %s costs its connection only", self._hello.run)
                finally:
                    if self._writer is not None:
                        pause = FIRST_PAUSE
                    self._writer = None
                    writer.transport.abort()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Hear words until the connection ends; tells whether we were refused."""
        writer.write(_encoder.encode(self._hello) + b"\n")
        while line := await reader.readline():
            word = decode(line)
            if isinstance(word, Welcome):
                self._writer = writer
            self._hear(word)
            if isinstance(word, Refused):
                return True
        return False


async def _connect(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a socket, by way of its open directory if its path does not fit the 107 bytes of an address."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        return await asyncio.open_unix_connection(path, limit=LONGEST_LINE)
    place = Path(path)
    directory = os.open(place.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{directory}/{place.name}", limit=LONGEST_LINE)
    finally:
        os.close(directory)
