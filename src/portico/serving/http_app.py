"""The HTTP application: base routes, the routes of doors and dashboard, and what stands before them.

`/healthz` says the process is up, `/readyz` why it is not ready yet, `/metrics` gives the figures. Doors add routes or
mounts of routes rather than whole Starlette applications, which would answer errors in a shape of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from portico.domain.errors import PorticoError
from portico.serving.http_errors import on_domain_error, on_http_error
from portico.serving.http_guards import Guards, GuardSettings
from portico.serving.http_requests import Requests
from portico.serving.metrics import Metrics

Reasons = Callable[[], Sequence[str]]


class HttpRoutes(msgspec.Struct, frozen=True):
    """Routes of one owner; `endless` are full paths whose responses may go on until the server stops them."""

    routes: tuple[BaseRoute, ...]
    endless: frozenset[str] = frozenset()


class _Application(Starlette):
    """Starlette without its own answer to unexpected errors, which is a text and raises them once more."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put nothing but our table of errors before the routes."""
        return ExceptionMiddleware(self.router, handlers={PorticoError: on_domain_error, HTTPException: on_http_error})


def build_app(
    metrics: Metrics, unready: Reasons, owners: Sequence[HttpRoutes], guards: GuardSettings, name: str = "http"
) -> Requests:
    """Build the application; `unready` gives the reasons why the server is not ready, none once it is.

    `name` tells it from others in metrics. A mount of a door's routes may be given as one of its routes.
    """
    routes = [*_base_routes(metrics, unready), *(route for owner in owners for route in owner.routes)]
    inner = _Application(routes=routes)
    prefixes = {path for route in routes if (path := _prefix(route))}
    endless = frozenset(path for owner in owners for path in owner.endless)
    app = Requests(Guards(inner, guards), metrics, prefixes, endless)
    metrics.gauges.register(
        "portico_http_requests_under_way", "HTTP requests under way.", ("server",), lambda: [((name,), app.under_way)]
    )
    return app


def _base_routes(metrics: Metrics, unready: Reasons) -> list[BaseRoute]:
    """Give the routes every server has."""

    async def healthz(_request: Request) -> Response:
        return Response(b'{"up":true}', media_type="application/json")

    async def readyz(_request: Request) -> Response:
        reasons = list(unready())
        body = msgspec.json.encode({"ready": not reasons, "reasons": reasons})
        return Response(body, 503 if reasons else 200, media_type="application/json")

    async def figures(_request: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", figures)]


def _prefix(route: BaseRoute) -> str:
    """Give the fixed beginning of a route's path, by which its requests are counted."""
    path = str(getattr(route, "path", ""))
    return path.partition("{")[0].rstrip("/")
