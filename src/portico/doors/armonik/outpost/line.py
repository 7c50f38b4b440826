"""The agent's line to control: frames over control's link socket, made again whenever it is lost.

Promises: frames are handed on in the order in which they came; what is sent while there is no line is dropped, since
whoever sends it tells it again once control has taken the agent anew.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from typing import Protocol, cast

from portico.domain.calls.frames import AgentHello, AgentReady, ToCallAgent
from portico.domain.errors import Invalid
from portico.domain.frames import Frame, Refused
from portico.domain.framing import Splitter, decode, encode, to_call_agent

log = logging.getLogger("portico.armonik")

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_CONNECT_PATIENCE = 5.0
_DEAD_PEER_MILLISECONDS = 10_000


class Hearer(Protocol):
    """Who speaks over the line."""

    def hello(self) -> AgentHello:
        """Say who this is and what it holds."""
        ...

    def heard(self, frame: ToCallAgent) -> None:
        """Take a frame; AgentReady is the first of a connection."""
        ...

    def line_lost(self) -> None:
        """Hear that what was sent lately may not have come."""
        ...

    def refused(self, reason: str) -> None:
        """Hear that control does not take this agent."""
        ...


class ControlLine:
    """A lasting line; `ready` is set while control has taken the agent."""

    def __init__(self, link: str, hearer: Hearer) -> None:
        self._place = parse_link(link)
        self._hearer = hearer
        self._connection: _Connection | None = None
        self.ready = asyncio.Event()

    def send(self, frame: Frame) -> None:
        """Send now, or drop it when control has not taken the agent."""
        if self._connection is not None and self.ready.is_set():
            self._connection.write(frame)

    async def run(self) -> None:
        """Connect, stay connected, connect again, until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(_CONNECT_PATIENCE):
                    connection = await self._connect()
            except OSError as error:
                log.debug("no line to control: %s", error)
            else:
                if await self._serve(connection):
                    pause = _FIRST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 — spreads a crowd
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        if isinstance(self._place, str):
            _, connection = await loop.create_unix_connection(lambda: _Connection(self), self._place)
        else:
            _, connection = await loop.create_connection(lambda: _Connection(self), *self._place)
        return connection

    async def _serve(self, connection: _Connection) -> bool:
        """Be connected until that ends; tells whether control had taken the agent."""
        self._connection = connection
        try:
            connection.write(self._hearer.hello())
            reason = await connection.closed
            taken = self.ready.is_set()
            if taken:
                log.warning("the line to control ended: %s", reason)
            return taken
        finally:
            connection.abort()
            self._connection = None
            self.ready.clear()
            self._hearer.line_lost()

    def take(self, connection: _Connection, frame: ToCallAgent) -> None:
        """Take one frame of a connection."""
        if connection is not self._connection:
            return
        if isinstance(frame, Refused):
            connection.end(f"refused: {frame.reason}")
            self._hearer.refused(frame.reason)
            return
        if isinstance(frame, AgentReady):
            self.ready.set()
        self._hearer.heard(frame)


class _Connection(asyncio.Protocol):
    """One connection; cuts what comes into frames."""

    def __init__(self, line: ControlLine) -> None:
        self._line = line
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_PEER_MILLISECONDS)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 4)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._splitter.feed(data):
                self._line.take(self, decode(to_call_agent, body))
        except Invalid as error:
            self.end(str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(str(exc or "closed by control"))

    def write(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(frame))

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def end(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)


def parse_link(text: str) -> str | tuple[str, int]:
    """Read `unix:PATH` or `tcp:HOST:PORT`; anything else raises Invalid."""
    kind, _, rest = text.partition(":")
    if kind == "unix" and rest:
        return rest
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and host and port.isdecimal() and 0 < int(port) < 1 << 16:
        return host.strip("[]"), int(port)
    raise Invalid(f"{text!r} is neither unix:PATH nor tcp:HOST:PORT", "link")
