"""A lean Mesos framework: one event stream, calls pipelined over one connection, protobuf both ways.

It does what a client library must and no more, so that what it measures is the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from portico.wire.mesos import mesos_pb2 as pb  # noqa: TID251 — a client knows the wire, not the server
from portico.wire.mesos import scheduler_pb2  # noqa: TID251

PATH = "/api/v1/scheduler"
Call = scheduler_pb2.Call
Event = scheduler_pb2.Event


class Refused(Exception):
    """The master answered a call with something else than what it must."""


class Framework:
    """One subscribed framework."""

    def __init__(self, address: str, name: str = "bench") -> None:
        self._host, _, self._port = address.partition(":")
        self._name = name
        self.identity = ""
        self._stream_id = ""
        self.unanswered = 0
        self._room = asyncio.Event()

    async def subscribe(self) -> None:
        """Subscribe, and open the connection for calls."""
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.user = "root"
        call.subscribe.framework_info.name = self._name
        self._events, writer = await asyncio.open_connection(self._host, int(self._port), limit=1 << 22)
        writer.write(self._request(call.SerializeToString()))
        self._keep = writer
        head = (await self._events.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if " 200 " not in head.partition("\r\n")[0]:
            raise Refused(head)
        self._stream_id = head.partition("mesos-stream-id: ")[2].partition("\r\n")[0]
        event = await self._next()
        self.identity = event.subscribed.framework_id.value
        self._answers, self._calls = await asyncio.open_connection(self._host, int(self._port), limit=1 << 22)
        self._reading = asyncio.create_task(self._read_answers())

    async def events(self) -> AsyncIterator[scheduler_pb2.Event]:
        """Yield events for ever."""
        while True:
            yield await self._next()

    def send(self, call: scheduler_pb2.Call) -> None:
        """Send a call without waiting for its answer."""
        call.framework_id.value = self.identity
        self.unanswered += 1
        self._calls.write(self._request(call.SerializeToString()))

    async def settle(self) -> None:
        """Wait until every call has been answered."""
        while self.unanswered:
            self._room.clear()
            await self._room.wait()
        if self._reading.done():
            self._reading.result()

    async def close(self) -> None:
        """Tear the framework down."""
        self.send(Call(type=Call.TEARDOWN))
        await self.settle()
        self._reading.cancel()
        for writer in (self._calls, self._keep):
            writer.close()

    def acknowledge(self, status: pb.TaskStatus) -> None:
        """Acknowledge an update that wants it."""
        if status.uuid:
            call = Call(type=Call.ACKNOWLEDGE)
            call.acknowledge.agent_id.CopyFrom(status.agent_id)
            call.acknowledge.task_id.CopyFrom(status.task_id)
            call.acknowledge.uuid = status.uuid
            self.send(call)

    async def _next(self) -> scheduler_pb2.Event:
        size = int(await self._events.readuntil(b"\r\n"), 16)
        record = await self._events.readexactly(size + 2)
        if not size:
            raise Refused("the stream ended")
        _, _, body = record[:-2].partition(b"\n")
        return Event.FromString(body)

    def _request(self, body: bytes) -> bytes:
        stream = f"Mesos-Stream-Id: {self._stream_id}\r\n" if self._stream_id else ""
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/x-protobuf\r\n"
            f"Accept: application/x-protobuf\r\n{stream}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _read_answers(self) -> None:
        while True:
            head = await self._answers.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            body = await self._answers.readexactly(length) if length else b""
            self.unanswered -= 1
            self._room.set()
            if b" 202 " not in head.partition(b"\r\n")[0]:
                raise Refused(f"{head!r} {body!r}")
