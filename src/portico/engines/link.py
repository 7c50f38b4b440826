"""The link: where agents and workers connect, as frames over a stream socket.

Owns the listening socket and the bytes of each line. Promises: a peer that sends garbage, is refused, or does not read
costs only its own connection.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Protocol, cast

import structlog

from portico.control.cluster.gateway import Line
from portico.domain import framing
from portico.domain.errors import PorticoError
from portico.domain.frames import Frame, Refused
from portico.domain.peers import FromPeer

_log = structlog.get_logger(__name__)

MOST_UNREAD = 128 << 20
"""Bytes waiting for a peer that does not read; beyond it the line is cut."""


class Session(Protocol):
    """What control keeps of one line."""

    def receive(self, frame: FromPeer) -> None:
        """Take a frame."""
        ...

    def lost(self) -> None:
        """Hear that the line is gone."""
        ...


class Reception(Protocol):
    """Control, as far as lines see it; a session's `receive` takes the frames of its own kind of peer."""

    def connect(self, first: FromPeer, line: Line) -> Any:
        """Take the first frame of a line; raises PorticoError when the peer is refused."""
        ...


class _Connection(asyncio.Protocol):
    def __init__(self, reception: Reception, open_lines: set[_Connection]) -> None:
        self._reception = reception
        self._open_lines = open_lines
        self._splitter = framing.Splitter()
        self._session: Session | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open_lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — why it went makes no difference
        self._transport = None
        self._open_lines.discard(self)
        if self._session is not None:
            session, self._session = self._session, None
            session.lost()

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._splitter.feed(data):
                self._take(framing.decode(framing.from_peer, body))
        except PorticoError as error:
            _log.warning("line refused", reason=str(error))
            self.send(Refused(str(error)))
            self.close()
        except Exception:  # noqa: BLE001 — a defect met by one peer must not stop the server
            _log.exception("line failed")
            self.close()

    def _take(self, frame: FromPeer) -> None:
        if self._transport is None:
            return
        if self._session is None:
            self._session = self._reception.connect(frame, self)
        else:
            self._session.receive(frame)

    def send(self, frame: Frame) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(framing.encode(frame))
        if transport.get_write_buffer_size() > MOST_UNREAD:
            _log.warning("line cut: the peer does not read")
            transport.abort()

    def end(self) -> None:
        """Close without telling control."""
        self._session = None
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class LinkServer:
    """Listens on a Unix socket."""

    def __init__(self, reception: Reception, path: Path) -> None:
        self._reception = reception
        self._path = path
        self._lines: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """The address as agents and workers are told it."""
        return f"unix:{self._path}"

    async def open(self) -> None:
        """Begin to listen; a socket left by a killed server is replaced."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        before = os.umask(0o177)
        try:
            self._server = await loop.create_unix_server(
                lambda: _Connection(self._reception, self._lines), str(self._path)
            )
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening and end every line; control is not told, for it stops too."""
        if self._server is not None:
            self._server.close()
        for line in list(self._lines):
            line.end()
