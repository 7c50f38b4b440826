"""uvicorn's HTTP/1.1 protocols with two things more: a response may drop its connection at once, and what is written
to a connection at about the same time leaves together.

An endless response whose reader has stopped can neither be finished nor left: the server would wait to write what is
buffered. The extension `portico.abort` of a request's scope is a function that drops the connection and its buffers;
`portico.peer` one that gives the `Peer` at the other end, None without a certificate.
uvicorn writes heads, bodies and chunks one by one, and a write of its own is a third of what a small answer costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from portico.serving.peers import peer_of_transport

ABORT = "portico.abort"
PEER = "portico.peer"


_MOST_BYTES = 64 << 10
_MOST_TURNS = 16


class Corked(asyncio.Transport):
    """A transport that sends what is written in successive turns of the loop in one go: as soon as a turn added
    nothing, or there is much. So answers to requests that came together leave together, and a single one at once.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0
        self._seen = 0  # pieces at the turn before
        self._turns = 0
        self._waiting = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send soon."""
        if not data:
            return
        if not self._waiting:
            self._waiting = True
            self._turns = self._seen = 0
            self._loop.call_soon(self._turn)
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size >= _MOST_BYTES:
            self._send()

    def _turn(self) -> None:
        """See whether the turn of the loop that is over added anything."""
        self._turns += 1
        if len(self._pieces) > self._seen and self._turns < _MOST_TURNS:
            self._seen = len(self._pieces)
            self._loop.call_soon(self._turn)
        else:
            self._waiting = False
            self._send()

    def _send(self) -> None:
        pieces, self._pieces, self._size, self._seen = self._pieces, [], 0, 0
        if pieces and not self._transport.is_closing():
            self._transport.writelines(pieces)

    def close(self) -> None:
        """Close the connection behind what was written."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection and what was written."""
        self._pieces.clear()
        self._transport.abort()

    # uvicorn needs no more of a transport than this.

    def is_closing(self) -> bool:
        """Tell whether the connection is closed or about to be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell about the connection."""
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection to another protocol."""
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()


class HttpParser(Enum):
    """Which parser reads requests: h11 is stricter, with httptools a small request costs less than half as much."""

    H11 = "h11"
    HTTPTOOLS = "httptools"


class _AbortableH11(H11Protocol):
    """Parses with h11."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(Corked(transport, self.loop))
        self.app = _Abortable(self.app, transport)


class _AbortableHttpTools(HttpToolsProtocol):
    """Parses with httptools, which itself keeps request lines and headers of any length."""

    _head_bytes = -1  # of request line and headers so far, -1 while none are under way

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(Corked(transport, self.loop))
        self.app = _Abortable(self.app, transport)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """End the headers of a request."""
        self._head_bytes = -1
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on; refuse a request whose headers grow over the bound and still do not end."""
        super().data_received(data)
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
            if self._head_bytes > (self.config.h11_max_incomplete_event_size or 0):
                self._head_bytes = -1
                self.send_400_response("Invalid HTTP request received.")


PROTOCOLS: dict[HttpParser, type[asyncio.Protocol]] = {
    HttpParser.H11: _AbortableH11,
    HttpParser.HTTPTOOLS: _AbortableHttpTools,
}


class _Abortable:
    """The application as one connection sees it."""

    def __init__(self, app: Any, transport: asyncio.Transport) -> None:
        self._app = app
        self._extensions = {ABORT: transport.abort, PEER: partial(peer_of_transport, transport)}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Answer one request."""
        scope["extensions"] = self._extensions
        answer: Coroutine[Any, Any, None] = self._app(scope, receive, send)
        return answer
