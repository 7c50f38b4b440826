"""The quick way to a worker that knows of it: tasks over a plain socket beside gRPC, for a third of the cost.

The agent listens at a private path, which it tells in the metadata of its health checks; the lean worker connects. Each
message is four bytes of big-endian length and a body in MessagePack: a QuickTask for the worker (an empty body cancels
the task that runs), a QuickReply for the agent. Small data go along with them and never become files. Answers belong to
a request by its token, since one that was given up may still be answered.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec

from portico.domain.calls.frames import Verdict
from portico.domain.errors import Invalid
from portico.domain.framing import HEADER, Splitter
from portico.doors.armonik.outpost.calling import MOST_ERROR
from portico.doors.armonik.outpost.held import Outcome
from portico.wire.armonik.worker_pb2 import ProcessRequest

_CANCEL = bytes(HEADER)
_GONE = "Worker went down with error Unavailable:\nThe worker closed its connection"


class QuickTask(msgspec.Struct, array_like=True, gc=False):
    """A ProcessRequest, and those of its data, by result id, that are not in the task's folder."""

    request: bytes
    data: dict[str, bytes]


class QuickReply(msgspec.Struct, array_like=True, gc=False):
    """A worker's answer: an `accident` is tried again, an `error` is final, and neither is well done.

    Results' data are files in the task's folder (`brought`) or in `data`, by result id; `entered` tells whether the
    worker has put files there."""

    token: str
    error: str | None = None
    accident: str | None = None
    brought: list[str] = []
    data: dict[str, bytes] = {}
    entered: bool = True


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(QuickReply)


class QuickDoor:
    """Where one worker connects."""

    def __init__(self, place: Path) -> None:
        self.path = str(place)
        self._server: asyncio.Server | None = None
        self._connections: list[_Connection] = []

    async def open(self) -> None:
        """Begin to listen."""
        before = os.umask(0o177)
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Connection(self._connections), self.path)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Listen no more."""
        self.drop()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def drop(self) -> None:
        """Forget a worker that is not trusted any more."""
        for connection in list(self._connections):
            connection.close()
        self._connections.clear()

    def process(self, request: ProcessRequest, seconds: float | None) -> QuickRun | None:
        """Let the connected worker carry out a task, which `send` gives it; None when no worker has connected."""
        if not self._connections:
            return None
        return self._connections[-1].begin(request, seconds)


class QuickRun:
    """One task at the connected worker."""

    def __init__(self, connection: _Connection, request: ProcessRequest, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        self.token = request.communication_token
        self.lost = False
        self.data: Mapping[str, bytes] = {}
        """Results' data by id that came with the answer."""
        self.entered = True
        """Whether the worker may have put files into the task's folder."""
        self._request = request
        self._connection = connection
        self._told: asyncio.Future[Outcome] = loop.create_future()
        self._over: asyncio.Future[None] | None = None
        self._brought: Sequence[str] = ()
        self._timer = loop.call_later(seconds, self._expire) if seconds is not None else None

    def send(self, data: dict[str, bytes]) -> None:
        """Give the worker the task with those of its data, by result id, that are not in the task's folder."""
        body = _encode(QuickTask(self._request.SerializeToString(), data))
        self._connection.write(len(body).to_bytes(HEADER, "big") + body)

    async def outcome(self) -> tuple[Outcome, Sequence[str]]:
        """Wait for the end."""
        try:
            return await self._told, self._brought
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def cancel(self) -> None:
        """Give it up, and tell the worker."""
        if self._told.cancel():
            self._over = asyncio.get_running_loop().create_future()
            self._connection.write(_CANCEL)

    async def settled(self, seconds: float) -> bool:
        """Wait for the worker to answer all the same."""
        if self._over is None or self.lost:
            return not self.lost
        done, _ = await asyncio.wait([self._over], timeout=seconds)
        return bool(done) and not self.lost

    def answered(self, reply: QuickReply) -> None:
        """Take the worker's answer."""
        if self._told.done():
            self._end()
            return
        self._brought, self.data, self.entered = reply.brought, reply.data, reply.entered
        if reply.accident is not None:
            outcome = Outcome(Verdict.FAILED, f"Worker returned error Internal:\n{reply.accident[:MOST_ERROR]}")
        elif reply.error is not None:
            outcome = Outcome(Verdict.ERROR, reply.error[:MOST_ERROR])
        else:
            outcome = Outcome(Verdict.OK)
        self._told.set_result(outcome)

    def gone(self) -> None:
        """Hear that the worker has closed its connection."""
        self.lost = True
        if self._told.done():
            self._end()
        else:
            self._told.set_result(Outcome(Verdict.FAILED, _GONE))

    def _expire(self) -> None:
        if not self._told.done():
            self._told.set_result(Outcome(Verdict.TIMEOUT, "Deadline Exceeded"))

    def _end(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, connections: list[_Connection]) -> None:
        self._connections = connections
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None
        self._run: QuickRun | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._connections:
            self._connections.remove(self)
        if self._run is not None:
            self._run.gone()

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._splitter.feed(data):
                reply = _decoder.decode(body)
                if self._run is not None and reply.token == self._run.token:
                    self._run.answered(reply)
        except (Invalid, msgspec.DecodeError):
            self.close()

    def begin(self, request: ProcessRequest, seconds: float | None) -> QuickRun:
        self._run = QuickRun(self, request, seconds)
        return self._run

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
