"""The outpost's line to control: frames over control's link socket, made again whenever it is lost.

Promises: a question is answered, or fails with the error that control gave or Unavailable; it never waits for a line.
What control asks is answered by `heard`, in tasks of their own, so that a slow answer delays nothing else.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
from collections.abc import Awaitable, Callable

from portico.domain import errors
from portico.domain.errors import Invalid, PorticoError, Unavailable
from portico.domain.frames import Frame, OutpostHello, OutpostReady, Question, Refused, Reply, ToOutpost
from portico.domain.framing import Splitter, decode, encode, to_outpost
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.words import Word

log = logging.getLogger("portico.outpost")

PATIENCE = 35.0
"""Seconds after which a question is given up; control gives up after fewer."""
MOST_QUESTIONS = 2_000
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
_CONNECT_PATIENCE = 10.0
_DEAD_PEER_MILLISECONDS = 15_000


class ControlLine:
    """A lasting line; `hello` says who we are, `heard` answers what control asks."""

    def __init__(self, link: str, hello: Callable[[], OutpostHello], heard: Callable[[Word], Awaitable[Word]]) -> None:
        self._place = parse_link(link)
        self._hello = hello
        self._heard = heard
        self._connection: _Connection | None = None
        self._questions: dict[int, asyncio.Future[Word]] = {}
        self._numbers = itertools.count(1)
        self._answering: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()
        """Set while control has taken us."""
        self.known = False
        """Whether control has ever taken us."""

    async def ask(self, word: Word) -> Word:
        """Ask control; raises the error it answers with, or Unavailable when it is away or silent."""
        connection = self._connection
        if connection is None or not self.ready.is_set():
            raise Unavailable("control is not connected")
        if len(self._questions) >= MOST_QUESTIONS:
            raise Unavailable(f"{MOST_QUESTIONS} questions wait for control already")
        number = next(self._numbers)
        future: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
        self._questions[number] = future
        try:
            connection.write(Question(number, words.encode(word)))
            async with asyncio.timeout(PATIENCE):
                return await future
        except TimeoutError as error:
            raise Unavailable(f"control did not answer within {PATIENCE:g} s") from error
        finally:
            del self._questions[number]

    async def run(self) -> None:
        """Connect, stay connected, connect again, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(_CONNECT_PATIENCE):
                    connection = await self._connect()
            except OSError as error:
                log.debug("no line to control: %s", error)
            else:
                if await self._serve(connection):
                    pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        if isinstance(self._place, str):
            _, connection = await loop.create_unix_connection(lambda: _Connection(self._take), self._place)
        else:
            _, connection = await loop.create_connection(lambda: _Connection(self._take), *self._place)
        return connection

    async def _serve(self, connection: _Connection) -> bool:
        """Be connected until that ends; tells whether control had taken us."""
        self._connection = connection
        try:
            connection.write(self._hello())
            reason = await connection.closed
            log.warning("the line to control ended: %s", reason)
            return self.ready.is_set()
        finally:
            connection.close()
            self._connection = None
            self.ready.clear()
            for future in self._questions.values():
                if not future.done():
                    future.set_exception(Unavailable("the line to control was lost"))
            for task in self._answering:
                task.cancel()

    def _take(self, connection: _Connection, frame: ToOutpost) -> None:
        match frame:
            case OutpostReady():
                self.known = True
                self.ready.set()
            case Refused(reason=reason):
                connection.end(f"refused: {reason}")
            case Reply():
                future = self._questions.get(frame.number)
                if future is not None and not future.done():
                    _settle(future, frame)
            case Question():
                task = asyncio.get_running_loop().create_task(self._answer(connection, frame))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    async def _answer(self, connection: _Connection, question: Question) -> None:
        try:
            answer = await self._heard(words.question(question.payload))
            reply = Reply(question.number, words.encode(answer))
        except PorticoError as error:
            reply = Reply(question.number, error=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("a question of control's failed")
            reply = Reply(question.number, error="internal error")
        connection.write(reply)


class _Connection(asyncio.Protocol):
    """One connection; hands frames over as they come, in order."""

    def __init__(self, take: Callable[[_Connection, ToOutpost], None]) -> None:
        self._take = take
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_PEER_MILLISECONDS)

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._splitter.feed(data):
                self._take(self, decode(to_outpost, body))
        except Invalid as error:
            self.end(str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(str(exc or "closed by control"))

    def write(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(frame))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def end(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)


def _settle(future: asyncio.Future[Word], reply: Reply) -> None:
    """Give a question its answer, or raise what control says went wrong."""
    if not reply.error:
        try:
            future.set_result(words.answer(reply.payload))
        except Invalid as error:
            future.set_exception(Unavailable(f"control's answer cannot be read: {error}"))
        return
    name, separator, message = reply.error.partition(": ")
    kind = getattr(errors, name, None)
    if not separator or not isinstance(kind, type) or not issubclass(kind, PorticoError):
        kind, message = Unavailable, reply.error
    future.set_exception(kind(message))


def parse_link(text: str) -> str | tuple[str, int]:
    """Read `unix:PATH` or `tcp:HOST:PORT`; anything else raises Invalid."""
    kind, _, rest = text.partition(":")
    if kind == "unix" and rest:
        return rest
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and host and port.isdecimal():
        return host.strip("[]"), int(port)
    raise Invalid(f"{text!r} is neither unix:PATH nor tcp:HOST:PORT", "PORTICO_LINK")
