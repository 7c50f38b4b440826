"""The connection to control: made, registered, remade.

Promises: one connection at a time; nothing but a registration is sent before control's welcome; bytes that are no frame
cost the connection only. Knows nothing of Runs.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from portico.domain.errors import Invalid
from portico.domain.frames import Frame, Refused, Register, ToAgent, Welcome
from portico.domain.framing import Splitter, decode, encode, to_agent

log = logging.getLogger("portico.node")

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
LONGEST_PAUSE_HERE = 0.1
"""Seconds; trying a socket of this machine costs next to nothing, and a server that starts waits for its nodes."""
CONNECT_PATIENCE = 10.0
DEAD_PEER_MILLISECONDS = 15_000


class Link:
    """A lasting connection to one address; `receive` gets every frame, `lost` is told of each end."""

    def __init__(
        self,
        address: str,
        register: Callable[[], Register],
        receive: Callable[[ToAgent], None],
        lost: Callable[[], None],
    ) -> None:
        parse_address(address)
        self._address = address
        self._register = register
        self._receive = receive
        self._lost = lost
        self._connection: _Connection | None = None

    @property
    def welcomed(self) -> bool:
        """Tell whether control has taken the registration on the present connection."""
        return self._connection is not None and self._connection.welcomed

    def send(self, frame: Frame) -> None:
        """Send a frame on the present connection, or nowhere: what must arrive is kept by the outbox."""
        if self._connection is not None and self._connection.welcomed:
            self._connection.write(frame)

    async def run(self) -> None:
        """Connect, stay connected, connect again, until cancelled."""
        pause = FIRST_PAUSE
        here = isinstance(parse_address(self._address), str)
        while True:
            longest = LONGEST_PAUSE
            try:
                async with asyncio.timeout(CONNECT_PATIENCE):
                    connection = await self._connect()
            except OSError as error:
                log.debug("no connection to %s: %s", self._address, error)
                if here:
                    longest = LONGEST_PAUSE_HERE
            else:
                if await self._serve(connection):
                    pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _serve(self, connection: _Connection) -> bool:
        """Be connected until that ends; tells whether control had welcomed us."""
        self._connection = connection
        try:
            connection.write(self._register())
            reason = await connection.closed
        finally:
            connection.close()
            self._connection = None
            self._lost()
        log.warning("connection to %s ended: %s", self._address, reason)
        return connection.welcomed

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        place = parse_address(self._address)
        if isinstance(place, str):
            _, connection = await loop.create_unix_connection(lambda: _Connection(self._receive), place)
            return connection
        _, connection = await loop.create_connection(lambda: _Connection(self._receive), *place)
        return connection


class _Connection(asyncio.Protocol):
    """One connection; hands frames over as they come, in order, without a task between."""

    def __init__(self, receive: Callable[[ToAgent], None]) -> None:
        self._receive = receive
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None
        self.welcomed = False
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MILLISECONDS)

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._splitter.feed(data):
                frame = decode(to_agent, body)
                if isinstance(frame, Refused):
                    self._end(f"registration refused: {frame.reason}")
                    return
                if isinstance(frame, Welcome):
                    self.welcomed = True
                self._receive(frame)
        except Invalid as error:
            self._end(str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc or "closed by control"))

    def write(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(frame))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _end(self, reason: str) -> None:
        self.welcomed = False if reason.startswith("registration") else self.welcomed
        if not self.closed.done():
            self.closed.set_result(reason)


def parse_address(address: str) -> str | tuple[str, int]:
    """Read `unix:PATH` or `tcp:HOST:PORT`; anything else raises Invalid."""
    kind, _, rest = address.partition(":")
    if kind == "unix" and rest:
        return rest
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and host and port.isdigit():
        return host.strip("[]"), int(port)
    raise Invalid(f"{address!r} is neither unix:PATH nor tcp:HOST:PORT", "link")
