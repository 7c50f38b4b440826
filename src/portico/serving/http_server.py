"""The HTTP server: uvicorn inside the running event loop, without its signal handlers and its own logs.

Promises: an address is either had or refused in one sentence; `stop` lets requests under way finish, up to its bound,
and leaves none behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import msgspec
import structlog
import uvicorn

from portico.domain.errors import Conflict, PorticoError
from portico.serving.addresses import Address, close_all, open_sockets
from portico.serving.http_protocols import PROTOCOLS, HttpParser
from portico.serving.http_requests import Requests
from portico.serving.identity import TlsFiles, server_ssl_context

_LAST_CLEANUP_SECONDS = 2.0
_CLOSING_ROUNDS = 10  # steps of the event loop; a plain connection needs one, TLS a few

_log = structlog.get_logger(__name__)


class HttpSettings(msgspec.Struct, frozen=True):
    """`header_bytes` bounds what is kept of request line and headers while they are incomplete; what one read of the
    socket brings complete may be longer. Connections without a request are closed after `idle_seconds`.
    """

    header_bytes: int = 64 << 10
    idle_seconds: int = 75
    tls: TlsFiles | None = None
    parser: HttpParser = HttpParser.H11


class _Uvicorn(uvicorn.Server):
    """uvicorn as a part of a process that has its own signal handling."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals alone."""
        yield


class HttpServer:
    """One application behind any number of addresses; `run` serves until `stop` is called."""

    def __init__(self, app: Requests, settings: HttpSettings | None = None) -> None:
        self._app = app
        self._settings = settings or HttpSettings()
        self._sockets: list[socket.socket] = []
        self._server: _Uvicorn | None = None
        self._stopped = asyncio.Event()

    async def start(self, addresses: Sequence[Address]) -> list[Address]:
        """Listen and take requests; gives the addresses with their real ports.

        Unavailable or Invalid name the address, or the key material, that cannot be had.
        """
        config = self._config()
        bound: list[Address] = []
        try:
            for address in addresses:
                opened = open_sockets(address)
                self._sockets += opened
                bound.append(Address(address.host, opened[0].getsockname()[1]))
        except PorticoError:
            close_all(self._sockets)
            self._sockets.clear()
            raise
        server = _Uvicorn(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.on_tick(0)  # sets the headers of the first answers
        await server.startup(sockets=self._sockets)
        self._server = server
        _log.info("http_listening", addresses=[str(address) for address in bound])
        return bound

    async def run(self) -> None:
        """Keep the server's clock going; returns when `stop` is through."""
        if self._server is None:
            raise Conflict("the HTTP server has not been started")
        await self._server.main_loop()
        await self._stopped.wait()

    async def stop(self, grace_seconds: float) -> None:
        """Take no more requests, let those under way finish within the bound, then cancel them.

        Endless streams are ended as soon as nothing else is under way.
        """
        server = self._server
        if server is None:
            return
        if server.should_exit:
            await self._stopped.wait()
            return
        server.should_exit = True
        # uvicorn's own bound, past which it logs each request as an error, is never reached unless requests hang on.
        server.config.timeout_graceful_shutdown = grace_seconds + _LAST_CLEANUP_SECONDS  # type: ignore[assignment]
        async with asyncio.TaskGroup() as group:
            group.create_task(server.shutdown(sockets=self._sockets))
            try:
                async with asyncio.timeout(grace_seconds):
                    await self._app.wait_for_finite()
                self._app.end_endless()
            except TimeoutError:
                self._app.end_all()
        if self._app.under_way:
            _log.warning("http_requests_left", requests=self._app.under_way)
        await _close_rest(server)
        self._stopped.set()
        _log.info("http_stopped")

    def _config(self) -> uvicorn.Config:
        """Give uvicorn's settings: no logs, loop, signals or forwarded headers of its own."""
        settings = self._settings
        tls = server_ssl_context(settings.tls) if settings.tls is not None else None
        return uvicorn.Config(
            self._app,
            loop="none",
            http=PROTOCOLS[settings.parser],
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=settings.idle_seconds,
            h11_max_incomplete_event_size=settings.header_bytes,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
            reset_contextvars=True,
        )


async def _close_rest(server: uvicorn.Server) -> None:
    """Close the connections of clients that never finished a request, and let the loop see them closed."""
    for _ in range(_CLOSING_ROUNDS):
        connections = list(server.server_state.connections)
        if not connections:
            return
        for connection in connections:
            connection.transport.abort()
        await asyncio.sleep(0)
