"""What every HTTP request goes through: id, context, counting, one answer to the unexpected, draining.

Promises: an unexpected exception is logged under an id and answered with that id alone; a response that had begun is
cut off instead; every request is counted once under a bounded set of labels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import perf_counter
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from portico.domain.errors import PorticoError
from portico.serving import request_context
from portico.serving.http_errors import domain_response, error_response, http_response
from portico.serving.metrics import Metrics
from portico.serving.request_context import REQUEST_ID_HEADER, RequestContext

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ID_HEADER = REQUEST_ID_HEADER.encode()
_MOST_PATHS = 256
_ENDLESS = "portico.endless"  # set on the start of a response that ends only when the server ends it


class _Exchange:
    """One request under way and what has been answered so far."""

    def __init__(self, scope: Scope, send: Send, request_id: str, changed: asyncio.Event) -> None:
        self.scope = scope
        self.started = perf_counter()
        self.status = 0
        self.open = False  # a response has begun and not ended
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self.ending = False
        self.endless = False
        self._send = send
        self._request_id = request_id
        self._changed = changed

    def end(self) -> None:
        """Cancel the request, once."""
        if self.task is not None and not self.ending:
            self.ending = True
            self.task.cancel()

    async def send(self, message: Message) -> None:
        """Pass a message on, with the id in the first."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.open = True
            self.endless = message.pop(_ENDLESS, False)
            self._changed.set()
            message["headers"] = [*message.get("headers", ()), (_ID_HEADER, self._request_id.encode())]
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.open = False
        await self._send(message)


class Requests:
    """All requests of one application.

    `endless` are paths whose responses may never end by themselves; where a path serves both kinds, the start of such
    a response says so itself: `portico.endless`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Iterable[str], endless: frozenset[str]) -> None:
        self._app = app
        self._latencies = metrics.http_requests
        self._routes = sorted(routes, key=len, reverse=True)
        self._route_of: dict[str, str] = {}
        self._endless = endless
        self._log: FilteringBoundLogger = structlog.get_logger(__name__).bind()
        self._under_way: set[_Exchange] = set()
        self._changed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        offered = next((value for name, value in scope["headers"] if name == _ID_HEADER), b"").decode("latin-1")
        request_id = request_context.accept_request_id(offered) if offered else request_context.new_request_id()
        exchange = _Exchange(scope, send, request_id, self._changed)
        token = request_context.enter(RequestContext(request_id, "", f"{scope['method']} {scope['path']}"))
        self._under_way.add(exchange)
        try:
            await self._app(scope, receive, exchange.send)
        except BaseException as error:  # noqa: BLE001 — what is not answered is raised again in there
            await self._fail(exchange, receive, error)
        finally:
            self._under_way.discard(exchange)
            self._changed.set()
            self._count(exchange)
            request_context.leave(token)

    async def _fail(self, exchange: _Exchange, receive: Receive, error: BaseException) -> None:
        """Answer an error that no handler knew; cancellation goes on its way unless it was ours."""
        match error:
            case asyncio.CancelledError() if exchange.ending and exchange.task is not None:
                exchange.task.uncancel()
                if self._is_endless(exchange):
                    await exchange.send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                response = error_response(503, "unavailable", "the server is stopping")
            case ClientDisconnect():
                return  # nobody is left to answer
            case PorticoError():
                response = domain_response(error)
            case HTTPException():
                response = http_response(error)
            case Exception():
                identity = request_context.new_request_id()
                self._log.error("internal_error", error_id=identity, exc_info=error)
                response = error_response(500, "internal", f"internal error {identity}")
            case _:
                raise error
        if exchange.status:
            self._log.warning("http_response_cut", status=exchange.status)
            return  # the server closes a connection whose response was left unfinished
        await response(exchange.scope, receive, exchange.send)

    def _count(self, exchange: _Exchange) -> None:
        """Count and log the end of a request."""
        seconds = perf_counter() - exchange.started
        path, method = exchange.scope["path"], exchange.scope["method"]
        route = self._route_of.get(path) or self._find_route(path)
        labels = (route, method if method in _METHODS else "other", str(exchange.status or 499))
        self._latencies.observe(labels, seconds)
        level = self._log.warning if exchange.status >= 500 and route != "/readyz" else self._log.debug
        level("http_request", status=exchange.status or 499, seconds=seconds)

    def _find_route(self, path: str) -> str:
        """Give the route that a path is counted under, and remember some."""
        route = next((known for known in self._routes if path == known or path.startswith(known + "/")), "other")
        if len(self._route_of) < _MOST_PATHS:
            self._route_of[path] = route
        return route

    @property
    def under_way(self) -> int:
        """Count the requests under way."""
        return len(self._under_way)

    async def wait_for_finite(self) -> None:
        """Wait until only streams that never end by themselves are under way."""
        while not all(self._is_endless(exchange) for exchange in self._under_way):
            self._changed.clear()
            await self._changed.wait()

    async def wait_for_all(self) -> None:
        """Wait until no request is under way."""
        while self._under_way:
            self._changed.clear()
            await self._changed.wait()

    def end_endless(self) -> None:
        """End the responses that would never end by themselves."""
        for exchange in self._under_way:
            if self._is_endless(exchange):
                exchange.end()

    def end_all(self) -> None:
        """End all requests: those without a response are answered 503, the other responses are cut off."""
        for exchange in self._under_way:
            exchange.end()

    def _is_endless(self, exchange: _Exchange) -> bool:
        """Tell a stream under way from a short answer on the same path."""
        return exchange.open and (exchange.endless or exchange.scope["path"] in self._endless)
