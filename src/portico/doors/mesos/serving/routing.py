"""The ASGI application of one address: finds the endpoint, checks in the API's order, dispatches, answers.

The order is: who asks, whether this server may answer now (leader, recovered), method, Content-Type, the body, the
call in it, Accept, and only then whether the type of call is known. Errors are plain text, unexpected ones too, which
the log has. A request that is wrong costs only itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from urllib.parse import quote

import msgspec
import structlog
from google.protobuf.message import Message
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from portico.domain.errors import Invalid, PorticoError
from portico.doors.mesos.encoding.negotiation import BadNegotiation, Encoding, RequestType, reply_type, request_type
from portico.doors.mesos.serving.authentication import Authentication, BasicAuthentication
from portico.doors.mesos.serving.bodies import read_body, read_records
from portico.doors.mesos.serving.endpoints import CallType, Endpoint, Endpoints
from portico.doors.mesos.serving.exchange import Refused, Reply, Request, text_reply

_log = structlog.get_logger(__name__)

ErrorReply = Callable[[PorticoError], Reply]

ABORT = "portico.abort"  # extension of a scope: drops the connection at once, whatever waits to be written
ENDLESS = "portico.endless"  # mark on the start of a response: it ends only when the server ends it
_SLICE = 256 << 10
_READ_ASIDE = 256 << 10  # bytes; bodies above are read in a thread, below they cost the loop less than 10 ms


class RoutingSettings(msgspec.Struct, frozen=True):
    """`body_bytes` bounds a body, or one record of a body that streams them."""

    body_bytes: int = 32 << 20


class Routing:
    """The application; `error_reply` is the door's table of domain errors."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        error_reply: ErrorReply,
        authentication: Authentication | None = None,
        settings: RoutingSettings | None = None,
    ) -> None:
        self._endpoints = Endpoints(endpoints)
        self._error_reply = error_reply
        self._authentication = authentication or BasicAuthentication()
        self._settings = settings or RoutingSettings()
        self._reading = asyncio.Lock()  # one thread at a time for each: the loop shares the interpreter with them
        self._writing = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        try:
            reply = await self._answer(scope, receive)
        except (Refused, BadNegotiation) as refusal:
            reply = text_reply(refusal.status, str(refusal), getattr(refusal, "headers", ()))
        except PorticoError as error:
            reply = self._error_reply(error)
        except (ClientDisconnect, HTTPException):
            raise
        except Exception:  # noqa: BLE001 — what one request meets must not be told by other words than the API's
            _log.exception("internal_error", path=scope["path"])
            reply = text_reply(500, "Internal error; the server's log has it")
        if reply.stream is None:
            await _send_reply(reply, send)
        else:
            await _send_stream(reply, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        path = scope["path"]
        endpoint = self._endpoints.find(path)
        if endpoint is None:
            raise Refused(404, f"No endpoint is at '{path}'")
        headers = dict(scope["headers"])
        request = Request(scope["method"], path, scope["query_string"], headers, self._writing)
        if endpoint.realm:
            request.principal = self._authentication.principal(endpoint.realm, request.header("authorization"))
        _check_standing(endpoint, path)
        if request.method not in endpoint.methods:
            raise _wrong_method(endpoint, request.method)
        if endpoint.call is None:
            request.body = await read_body(receive, request.header("content-length"), self._settings.body_bytes)
        else:
            await self._read_call(request, endpoint.call, receive)
        return await endpoint.handler(request)

    async def _read_call(self, request: Request, call: CallType, receive: Receive) -> None:
        """Read and check the call; afterwards only its handler can refuse it."""
        streams = call.streams
        sent = request_type(
            request.header("content-type"), request.header("message-content-type") if streams else None, streams=streams
        )
        request.content = sent.encoding
        try:
            await self._read_body(request, call, sent, receive)
            await self._decode(request, call, sent.encoding)
        except Invalid as error:
            raise Refused(400, str(error)) from None
        accept, message_accept = request.header("accept"), request.header("message-accept") if streams else None
        request.accept = reply_type(accept, message_accept, streams=streams)
        assert request.message is not None
        if request.message.type == 0:  # type: ignore[attr-defined]
            raise Refused(501, f"This server knows no {call.name} of that type")

    async def _read_body(self, request: Request, call: CallType, sent: RequestType, receive: Receive) -> None:
        """Read the whole body, or the first record of one that streams them."""
        most = self._settings.body_bytes
        if sent.streaming:
            records = read_records(receive, most)
            request.body = await anext(records, b"")
            request.records = _messages(records, call, sent.encoding)
        else:
            request.body = await read_body(receive, request.header("content-length"), most)

    async def _decode(self, request: Request, call: CallType, encoding: Encoding) -> None:
        """Take the body for a call."""
        if len(request.body) > _READ_ASIDE:
            async with self._reading:
                decoded = await asyncio.to_thread(call.decode, call.type, request.body, encoding)
        else:
            decoded = call.decode(call.type, request.body, encoding)
        call.validate(decoded.message)
        request.message, request.roles = decoded.message, decoded.roles


async def _messages(records: AsyncIterator[bytes], call: CallType, encoding: Encoding) -> AsyncIterator[Message]:
    """Read the further records of a request; Invalid where one is not a call."""
    async for record in records:
        message = call.decode(call.type, record, encoding).message
        call.validate(message)
        yield message


def _check_standing(endpoint: Endpoint, path: str) -> None:
    """Refuse while another server leads, nobody does, or what was stored is not read yet."""
    standing = endpoint.standing()
    if not standing.leads:
        if not standing.leader:
            raise Refused(503, "No leader elected")
        location = f"//{standing.leader}{quote(path, safe='/()')}".encode()
        raise Refused(307, "", ((b"location", location),))
    if not standing.recovered:
        raise Refused(503, "This server has not finished recovery")


def _wrong_method(endpoint: Endpoint, method: str) -> Refused:
    """Say which methods would do."""
    allowed = sorted(endpoint.methods)
    named = ", ".join(f"'{name}'" for name in allowed)
    allow = ((b"allow", ", ".join(allowed).encode()),)
    return Refused(405, f"Expecting one of {{ {named} }}, but received '{method}'", allow)


async def _send_reply(reply: Reply, send: Send) -> None:
    """Send a whole reply, in slices so that a large one takes no more memory than the connection buffers."""
    body = reply.body
    headers = [(b"content-length", b"%d" % len(body)), *reply.headers]
    if reply.media_type:
        headers.append((b"content-type", reply.media_type.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if len(body) > _SLICE:
        view = memoryview(body)
        last = len(body) - _SLICE
        start = 0
        while start < last:
            await send({"type": "http.response.body", "body": bytes(view[start : start + _SLICE]), "more_body": True})
            await asyncio.sleep(0)  # a connection that takes everything would keep the loop
            start += _SLICE
        body = bytes(view[start:])
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_stream(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the beginning of a stream, then records until it ends."""
    stream = reply.stream
    assert stream is not None
    begun = False
    try:
        headers = [*reply.headers, (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers, ENDLESS: True})
        begun = True
    finally:
        if not begun:
            stream.abandon()
    await stream.deliver(receive, send, scope.get("extensions", {}).get(ABORT))
