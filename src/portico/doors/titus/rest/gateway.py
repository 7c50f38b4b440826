"""The gateway: a route's request becomes the RPC's message, the RPC is called in place, its reply is written as JSON.

Promises: a route does what its RPC does and nothing else; errors have the API's body; long bodies are read, and long
replies written, off the loop.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.routing import Route as Path

from portico.domain.errors import PorticoError
from portico.doors.titus import errors
from portico.doors.titus.callers import caller_of
from portico.doors.titus.rest.asked import Asked
from portico.doors.titus.rest.routes import ROUTES, Route

PREFIX = "/api"
LONG_BODY = 16 << 10
LONG_REPLY = 32 << 10
"""Bytes; reading or writing more as JSON would hold the loop for longer than it may be held."""
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
COMPRESSION = "x-titus-compression"
DEBUG = "x-titus-debug"
_CAPITALS = re.compile(r"(?<!^)(?=[A-Z])")


Proven = Callable[[Request], str]
"""Names who a request was proven to come from; empty for nobody."""


class Gateway:
    """All routes; `services` are the door's servicers by the name of their service, `methods` describes their RPCs."""

    def __init__(
        self, services: Mapping[str, object], methods: Callable[[str, str], MethodDescriptor], proven: Proven
    ) -> None:
        self._services = services
        self._methods = methods
        self._proven = proven

    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes to be served, and one for every other path under the prefix."""
        return [
            *(
                Path(PREFIX + route.path, self._endpoint(route), methods=[route.method])
                for route in ROUTES
                if route.service in self._services
            ),
            Path(PREFIX + "/{rest:path}", _no_such_route, methods=METHODS),
        ]

    def _endpoint(self, route: Route) -> Callable[[Request], Any]:
        rpc = _rpc(self._services[route.service], route.rpc)
        reply_type = GetMessageClass(self._methods(route.service, route.rpc).output_type)

        async def endpoint(request: Request) -> Response:
            try:
                caller_of(request.headers.items(), self._proven(request))
                body = await request.body()
                asked = Asked(request.path_params, request.query_params, body)
                long = len(body) > LONG_BODY
                said = await asyncio.to_thread(route.build, asked) if long else route.build(asked)
                reply = await rpc(said, None)
                if route.quiet:
                    return Response(status_code=route.status)
                message: Message = reply_type.FromString(reply) if isinstance(reply, bytes) else reply
                if route.shape is not None:
                    message = route.shape(message, asked)
                return await _written(request, message, route.status)
            except PorticoError as error:
                return refusal(request, error)

        return endpoint


def _rpc(service: object, name: str) -> Callable[[Any, Any], Any]:
    """Find an RPC by its name on the wire, or in the house's own spelling."""
    found: Callable[[Any, Any], Any] | None = getattr(service, name, None)
    return found or getattr(service, _CAPITALS.sub("_", name).lower())


def refusal(request: Request, error: PorticoError) -> Response:
    """Answer an error in the API's shape."""
    debug = "debug" in request.query_params or request.headers.get(DEBUG, "").lower() == "true"
    status, body = errors.rest_reply(error, debug=debug and request.query_params.get("debug", "true") != "false")
    return Response(msgspec.json.encode(body), status, media_type="application/json")


async def _written(request: Request, message: Message, status: int) -> Response:
    packed = request.headers.get(COMPRESSION, "").lower() == "gzip"
    long = message.ByteSize() > LONG_REPLY
    body = await asyncio.to_thread(_encode, message, packed=packed) if long else _encode(message, packed=packed)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    return Response(body, status, headers, "application/json")


def _encode(message: Message, *, packed: bool) -> bytes:
    body = msgspec.json.encode(json_format.MessageToDict(message, always_print_fields_with_no_presence=True))
    return gzip.compress(body, 1) if packed else body


async def _no_such_route(request: Request) -> Response:
    """Answer for a path that no route has, or none with this method."""
    status, message, headers = 404, f"no such resource: {request.url.path[:200]}", {}
    allowed = _methods_of(request)
    if allowed:
        status, message = 405, f"{request.method} is not allowed: {request.url.path[:200]}"
        headers = {"Allow": ", ".join(sorted(allowed))}
    body = {"statusCode": status, "message": message, "errorDetails": None}
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def _methods_of(request: Request) -> set[str]:
    """Give the methods with which the path of a request would be known."""
    routes: Sequence[BaseRoute] = request.scope["router"].routes
    known = [route for route in routes if isinstance(route, Path) and route.matches(request.scope)[0] is Match.PARTIAL]
    return {method for route in known for method in route.methods or ()}
