"""One gRPC-Web request while it is a gRPC call: the client's messages go in, the server's come out.

Promises: both directions wait for whoever is slower; the answer ends with a status, unless nobody is left to read it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

import grpc.aio
from starlette.types import Send

from portico.serving import request_context
from portico.serving.grpc_calls import STOPPING
from portico.serving.grpc_ends import Code, Refusal
from portico.serving.grpc_web_frames import Body, as_text, message_frame, trailers_frame
from portico.serving.grpc_web_headers import Form, Pairs, status, written
from portico.serving.request_context import REQUEST_ID_HEADER

if TYPE_CHECKING:
    Call: TypeAlias = grpc.aio.StreamStreamCall[bytes, bytes]


class Answer:
    """The HTTP response."""

    def __init__(self, form: Form, headers: Iterable[tuple[str, str]], send: Send) -> None:
        self._form = form
        self._headers = [("content-type", form.content_type), *headers]
        self._send = send
        self._begun = False

    async def begin(self, metadata: Pairs | None) -> None:
        """Send the headers, once."""
        if self._begun:
            return
        self._begun = True
        headers = [*self._headers, *written(metadata)]
        if any(name == "access-control-allow-origin" for name, _ in headers):
            headers.append(("access-control-expose-headers", ", ".join(sorted({name for name, _ in headers}))))
        encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": 200, "headers": encoded})

    async def message(self, message: bytes) -> None:
        """Send one message."""
        await self._write(message_frame(message), more=True)

    async def end(self, code: Code, details: str, metadata: Pairs | None = None, *, more: bool = False) -> None:
        """Send how the call ended; with `more`, the last byte of the response is left to somebody else."""
        await self.begin(None)
        await self._write(trailers_frame(status(code.value[0], details, metadata)), more=more)

    async def refuse(self, refusal: Refusal) -> None:
        """Send that the call was turned away on its way to the server."""
        await self.end(refusal.code, refusal.details, ((REQUEST_ID_HEADER, request_context.current().request_id),))

    async def _write(self, frame: bytes, *, more: bool) -> None:
        body = as_text(frame) if self._form.text else frame
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


async def relay(call: Call, body: Body, answer: Answer, *, least: int) -> None:
    """Carry one call from beginning to end; a request has `least` messages.

    A server waits without end for the one message of a unary method when the request ends without it.
    """
    asking = asyncio.create_task(_ask(call, body, least), name="grpc-web")
    try:
        await _tell(call, answer)
    except asyncio.CancelledError:
        if _being_cancelled():  # the server stops, and ends the response itself
            await answer.end(Code.UNAVAILABLE, STOPPING, more=True)
            raise
        refusal = await asking  # it was what cancelled the call
        if refusal is not None:
            await answer.refuse(refusal)
    finally:
        asking.cancel()
        await asyncio.wait([asking])


async def _ask(call: Call, body: Body, least: int) -> Refusal | None:
    """Pass the client's messages on, then wait until it goes; cancels the call when it goes or sends what is none."""
    refusal = None
    try:
        await _pass_on(call, body, least)
        await body.wait_for_loss()
    except Refusal as error:
        refusal = error
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        await body.wait_for_loss()  # the call is over already, and its status on the way to the client
    call.cancel()
    return refusal


async def _pass_on(call: Call, body: Body, least: int) -> None:
    passed = 0
    async for message in body.messages():
        await call.write(message)
        passed += 1
    if body.lost:
        return
    if passed < least:
        raise Refusal(Code.INVALID_ARGUMENT, "the request has no message")
    await call.done_writing()


async def _tell(call: Call, answer: Answer) -> None:
    """Pass on what the server says, its status last."""
    with contextlib.suppress(grpc.aio.AioRpcError):  # its status follows
        metadata = await call.initial_metadata()
        while isinstance(message := await call.read(), bytes):
            await answer.begin(metadata)
            await answer.message(message)
        await answer.begin(metadata)
    await answer.end(await call.code(), await call.details() or "", await call.trailing_metadata())


def _being_cancelled() -> bool:
    """Tell whether it is this task that was cancelled, not what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
