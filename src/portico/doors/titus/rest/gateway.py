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
from starlette.routing import BaseRoute
from starlette.routing import Route as Path

from portico.domain.errors import PorticoError
from portico.doors.titus import errors
from portico.doors.titus.rest.asked import Asked
from portico.doors.titus.rest.routes import ROUTES, Route

PREFIX = "/api"
LONG_BODY = 16 << 10
LONG_REPLY = 32 << 10
"""Bytes; reading or writing more as JSON would hold the loop for longer than it may be held."""
COMPRESSION = "x-titus-compression"
DEBUG = "x-titus-debug"
_CAPITALS = re.compile(r"(?<!^)(?=[A-Z])")


class InPlace:
    """What a service is told of a call that came through the gateway: its headers, as metadata."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._metadata = tuple(headers.items())

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """Give the request's headers, names in lower case."""
        return self._metadata

    def set_trailing_metadata(self, _metadata: object) -> None:
        """Take what REST has no place for."""

    def set_compression(self, _compression: object) -> None:
        """Take what the gateway sees to itself, in HTTP's own way."""


class Gateway:
    """All routes; `services` are the door's servicers by the name of their service, `methods` describes their RPCs."""

    def __init__(self, services: Mapping[str, object], methods: Callable[[str, str], MethodDescriptor]) -> None:
        self._services = services
        self._methods = methods

    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes to be served, and one for every other path under the prefix."""
        return [
            *(
                Path(PREFIX + route.path, self._endpoint(route), methods=[route.method])
                for route in ROUTES
                if route.service in self._services
            ),
            Path(PREFIX + "/{rest:path}", _no_such_route, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ]

    def _endpoint(self, route: Route) -> Callable[[Request], Any]:
        rpc = _rpc(self._services[route.service], route.rpc)
        reply_type = GetMessageClass(self._methods(route.service, route.rpc).output_type)

        async def endpoint(request: Request) -> Response:
            try:
                body = await request.body()
                asked = Asked(request.path_params, request.query_params, body)
                long = len(body) > LONG_BODY
                said = await asyncio.to_thread(route.build, asked) if long else route.build(asked)
                reply = await rpc(said, InPlace(request.headers))
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
    body = {"statusCode": 404, "message": f"no such resource: {request.url.path[:200]}", "errorDetails": None}
    return Response(msgspec.json.encode(body), 404, media_type="application/json")
