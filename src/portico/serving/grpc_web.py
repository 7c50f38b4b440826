"""gRPC-Web: browsers call the gRPC services over plain HTTP requests.

Each request becomes one call of the gRPC server of the same process, over its private Unix socket, with the bytes of
messages as they are: so authentication, bounds, metrics and error tables are those of the server and apply once. Every
call is relayed as a stream in both directions, since that is what all four kinds of methods are on the wire.
Promises: a client that goes away cancels its call; whatever happens, a status stands in the trailers frame of an
answer 200; pages of other origins are answered only when these are configured.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import grpc
import grpc.aio
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from portico.serving import request_context
from portico.serving.grpc_ends import Code, Refusal
from portico.serving.grpc_web_frames import Body
from portico.serving.grpc_web_headers import Form, answer_form, form_of, metadata_of, timeout_of
from portico.serving.grpc_web_relay import Answer, relay
from portico.serving.http_app import HttpRoutes
from portico.serving.http_errors import error_response
from portico.serving.http_protocols import PEER
from portico.serving.origins import Origins
from portico.serving.peers import PEER_METADATA, encode_peer
from portico.serving.registration import Collected, Registration
from portico.serving.request_context import REQUEST_ID_HEADER

_CHANNEL = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)
_METHOD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class GrpcWeb:
    """The way from HTTP to those services whose registrations say `web`.

    `target` is where the gRPC server listens for it; `receive_bytes` bounds each message of a client.
    """

    def __init__(
        self, target: str, registrations: Sequence[Registration], origins: Origins, *, receive_bytes: int
    ) -> None:
        reachable = [registration for registration in registrations if registration.web]
        self._services = [name for registration in reachable for name in registration.service_names]
        self._endless = frozenset(name for registration in reachable for name in registration.endless)
        self._collected = [Collected(registration) for registration in reachable]
        self._target = target
        self._origins = origins
        self._receive_bytes = receive_bytes
        self._channel: grpc.aio.Channel | None = None

    def routes(self) -> HttpRoutes:
        """Give one route for each service."""
        return HttpRoutes(tuple(Route(f"/{name}/{{method}}", self) for name in self._services), self._endless)

    async def close(self) -> None:
        """Let go of the gRPC server."""
        if self._channel is not None:
            await self._channel.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = form_of(headers.get("content-type", ""))
        if scope["method"] == "POST" and asked is not None:
            form = answer_form(asked, headers.get("accept", ""))
            answer = Answer(form, self._origins.headers(headers), send)
            await self._call(answer, headers, scope, Body(receive, self._receive_bytes, text=asked.text))
        else:
            await self._refuse(scope["method"], headers, asked)(scope, receive, send)

    def _refuse(self, method: str, headers: dict[str, str], asked: Form | None) -> Response:
        """Answer what is no gRPC-Web call."""
        if method == "OPTIONS":
            return self._origins.preflight(headers, ("POST",))
        if method != "POST":
            refused = error_response(405, "method_not_allowed", "a gRPC-Web call is a POST request")
            refused.headers["allow"] = "POST, OPTIONS"
            return refused
        assert asked is None
        given = headers.get("content-type", "")
        return error_response(415, "unsupported_media_type", f"{given!r} is not a content type of gRPC-Web")

    async def _call(self, answer: Answer, headers: dict[str, str], scope: Scope, body: Body) -> None:
        try:
            _check_method(scope["path_params"]["method"])
            timeout = timeout_of(headers.get("grpc-timeout", ""))
            metadata = grpc.aio.Metadata(*metadata_of(scope["headers"]), *_said_by_server(scope))
        except Refusal as refusal:
            await answer.refuse(refusal)
            return
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._target, options=_CHANNEL)
        method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self._channel.stream_stream(scope["path"])
        call = method(timeout=timeout, metadata=metadata)
        try:
            await relay(call, body, answer, least=0 if self._takes_many(scope["path"]) else 1)
        finally:
            call.cancel()

    def _takes_many(self, method: str) -> bool:
        """Tell whether a method reads a stream of messages, which may have none."""
        details = _Details(method)
        found = (collected.find(details) for collected in self._collected)
        return any(handler is not None and handler.request_streaming for handler in found)


class _Details(grpc.HandlerCallDetails):
    """A method as tables of handlers are asked for it."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()


def _check_method(name: str) -> None:
    if not _METHOD.fullmatch(name):
        raise Refusal(Code.UNIMPLEMENTED, "there is no such method")


def _said_by_server(scope: Scope) -> list[tuple[str, str | bytes]]:
    """Give the metadata that no client can give: the request's id, and who it was proven to come from."""
    said: list[tuple[str, str | bytes]] = [(REQUEST_ID_HEADER, request_context.current().request_id)]
    look = scope.get("extensions", {}).get(PEER)
    peer = look() if look is not None else None
    if peer is not None:
        said.append((PEER_METADATA, encode_peer(peer)))
    return said
