"""The worker's end of the quick way: it connects where the agent says, takes tasks, and answers.

Each message is four bytes of big-endian length and a body in MessagePack: a QuickTask from the agent (an empty body
cancels the task that runs), a QuickReply to it. Small data go along with them and never become files. Where
the socket cannot be reached, tasks come over gRPC.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec

from portico.wire.armonik.worker_pb2 import ProcessRequest  # noqa: TID251 — it speaks the worker's wire

_HEADER = 4


class QuickTask(msgspec.Struct, array_like=True, gc=False):
    """A ProcessRequest, and those of its data, by result id, that are not in the task's folder."""

    request: bytes
    data: dict[str, bytes]


class QuickReply(msgspec.Struct, array_like=True, gc=False):
    """The answer to a task: an `accident` is tried again, an `error` is final, and neither is well done.

    Results' data are files in the task's folder (`brought`) or in `data`, by result id; `entered` tells whether there
    are files of this worker in that folder."""

    token: str
    error: str | None = None
    accident: str | None = None
    brought: list[str] = []
    data: dict[str, bytes] = {}
    entered: bool = True


class QuickEnd(asyncio.Protocol):
    """At most one connection to an agent."""

    def __init__(self, process: Callable[[ProcessRequest, dict[str, bytes]], Awaitable[QuickReply]]) -> None:
        self._process = process
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(QuickTask).decode
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._running: asyncio.Task[None] | None = None

    async def connect(self, path: str) -> None:
        """Connect, unless there is a connection."""
        if self._transport is None or self._transport.is_closing():
            try:
                await asyncio.get_running_loop().create_unix_connection(lambda: self, path)
            except OSError:
                return

    def close(self) -> None:
        """Take no more tasks."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        self._buffer.clear()
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — why makes no difference
        """Give up the task, whose answer nobody would hear."""
        self._transport = None
        if self._running is not None:
            self._running.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _HEADER:
            end = _HEADER + int.from_bytes(buffer[:_HEADER], "big")
            if len(buffer) < end:
                return
            body = bytes(buffer[_HEADER:end])
            del buffer[:end]
            if body:
                self._running = asyncio.get_running_loop().create_task(self._answer(self._decode(body)))
            elif self._running is not None:
                self._running.cancel()

    async def _answer(self, task: QuickTask) -> None:
        request = ProcessRequest.FromString(task.request)
        try:
            reply = await self._process(request, task.data)
        except asyncio.CancelledError:
            reply = QuickReply(request.communication_token, None, "Cancelled")
        try:
            body = self._encode(reply)
        except (TypeError, ValueError) as error:  # an id that is no text: without an answer it would be waited for
            body = self._encode(QuickReply(request.communication_token, None, f"its answer cannot be told: {error!a}"))
        if self._transport is not None:
            self._transport.write(len(body).to_bytes(_HEADER, "big") + body)
