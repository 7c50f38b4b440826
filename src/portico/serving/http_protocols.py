"""uvicorn's HTTP/1.1 protocols with one thing more: a response may drop its connection at once.

An endless response whose reader has stopped can neither be finished nor left: the server would wait to write what is
buffered. The extension `portico.abort` of a request's scope is a function that drops the connection and its buffers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "portico.abort"


class HttpParser(Enum):
    """Which parser reads requests: h11 is stricter, with httptools a small request costs less than half as much."""

    H11 = "h11"
    HTTPTOOLS = "httptools"


class _AbortableH11(H11Protocol):
    """Parses with h11."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self.app = _Abortable(self.app, transport)


class _AbortableHttpTools(HttpToolsProtocol):
    """Parses with httptools, which itself keeps request lines and headers of any length."""

    _head_bytes = -1  # of request line and headers so far, -1 while none are under way

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
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
        self._extensions = {ABORT: transport.abort}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Answer one request."""
        scope["extensions"] = self._extensions
        answer: Coroutine[Any, Any, None] = self._app(scope, receive, send)
        return answer
