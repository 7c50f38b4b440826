"""The agent's channel to its worker: health checks, Process, and what their answers mean.

One channel belongs to one incarnation of a worker, so that a restarted one is not kept waiting by what gRPC remembers
of its predecessor.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, Protocol

import grpc
import grpc.aio

from portico.domain.calls.frames import Verdict
from portico.doors.armonik.outpost.held import Outcome
from portico.doors.armonik.outpost.settings import Channel, SocketType
from portico.wire.armonik.objects_pb2 import Empty
from portico.wire.armonik.worker_pb2 import HealthCheckReply, ProcessReply, ProcessRequest

CHANNEL_OPTIONS = (
    ("grpc.default_authority", "localhost"),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
)
GREETING = "portico-quick"
"""Metadata of health checks: where a worker that knows of it may connect to be given tasks without gRPC (`quick`)."""
MOST_ERROR = 64 << 10
"""Characters of a worker's error that are told."""

_SERVICE = "/armonik.api.grpc.v1.worker.Worker/"
_PROBE_SECONDS = 1.0
_LOOKS, _LOOK_SECONDS = 10, 0.01
_DOWN = {
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
}


class WorkerRun(Protocol):
    """One Process under way."""

    lost: bool
    """Whether it ended because the worker's end of the connection is gone."""

    async def outcome(self) -> tuple[Outcome, Sequence[str]]:
        """Wait for the end: with it come ids of results that the worker has brought without notifying each. Raises
        CancelledError after `cancel`."""
        ...

    def cancel(self) -> None:
        """Give it up."""
        ...

    async def settled(self, seconds: float) -> bool:
        """After `cancel`: wait so long for the worker to be free again, and tell whether it is."""
        ...


class WorkerCalls:
    """One channel to one incarnation of a worker."""

    def __init__(self, channel: Channel, quick: str) -> None:
        self._place = channel
        self._greeting = ((GREETING, quick),)
        self._channel = grpc.aio.insecure_channel(channel.target, options=CHANNEL_OPTIONS)
        self._process: Any = self._channel.unary_unary(
            _SERVICE + "Process",
            request_serializer=ProcessRequest.SerializeToString,
            response_deserializer=ProcessReply.FromString,
        )
        self._health: Any = self._channel.unary_unary(
            _SERVICE + "HealthCheck",
            request_serializer=Empty.SerializeToString,
            response_deserializer=HealthCheckReply.FromString,
        )

    async def ail(self, seconds: float) -> str:
        """Check the worker's health: "" when it is healthy, else what is wrong. One that has no health check is."""
        try:
            reply = await self._health(Empty(), timeout=seconds, metadata=self._greeting)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return ""
            return f"{code_name(error.code())}: {error.details()}"
        if reply.status == HealthCheckReply.SERVING:
            return ""
        return f"it answers {HealthCheckReply.ServingStatus.Name(reply.status)}"

    def process(self, request: ProcessRequest, seconds: float | None) -> WorkerRun:
        """Let the worker carry out a task within so many seconds."""
        return _CalledRun(self, self._process(request, timeout=seconds))

    @property
    def connected(self) -> bool:
        """Tell whether the worker's end is there, as far as gRPC knows."""
        return self._channel.get_state() is grpc.ChannelConnectivity.READY

    async def reachable(self) -> bool:
        """Tell whether the worker's end is there: one that dies is noticed a moment later than its call's end."""
        for _ in range(_LOOKS):
            if not self.connected or not await listens(self._place):
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    async def close(self) -> None:
        """Close the channel; calls under way end as cancelled."""
        await self._channel.close()


class _CalledRun:
    """A Process that is a gRPC call."""

    def __init__(self, calls: WorkerCalls, call: grpc.aio.UnaryUnaryCall[ProcessRequest, ProcessReply]) -> None:
        self._calls = calls
        self._call = call
        self.lost = False

    async def outcome(self) -> tuple[Outcome, Sequence[str]]:
        try:
            return reply_outcome(await self._call), ()
        except grpc.aio.AioRpcError as error:
            self.lost = error.code() in _DOWN and not await self._calls.reachable()
            return error_outcome(error, connected=not self.lost), ()

    def cancel(self) -> None:
        self._call.cancel()

    async def settled(self, seconds: float) -> bool:
        return not await self._calls.ail(seconds)


async def listens(channel: Channel) -> bool:
    """Tell whether somebody accepts connections there."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            if channel.type is SocketType.UNIX:
                _, writer = await asyncio.open_unix_connection(channel.address)
            else:
                host, _, port = channel.target.rpartition(":")
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port), family=socket.AF_UNSPEC)
    except (OSError, ValueError):
        return False
    writer.transport.abort()
    return True


def reply_outcome(reply: ProcessReply | None) -> Outcome:
    """Read a worker's answer, None for one that is no message; one without an output is an accident."""
    if reply is None:
        return Outcome(Verdict.FAILED, "Worker returned error Internal:\nits answer cannot be read")
    kind = reply.output.WhichOneof("type")
    if kind == "ok":
        return Outcome(Verdict.OK)
    if kind == "error":
        return Outcome(Verdict.ERROR, reply.output.error.details[:MOST_ERROR])
    return Outcome(Verdict.FAILED, "Worker returned no output")


def error_outcome(error: grpc.aio.AioRpcError, *, connected: bool) -> Outcome:
    """Read a Process that ended with a status (upstream's rules: a deadline is final, all else is tried again)."""
    code, details = error.code(), (error.details() or "")[:MOST_ERROR]
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Outcome(Verdict.TIMEOUT, "Deadline Exceeded")
    if code in _DOWN and not connected:
        return Outcome(Verdict.FAILED, f"Worker went down with error {code_name(code)}:\n{details}")
    return Outcome(Verdict.FAILED, f"Worker returned error {code_name(code)}:\n{details}")


def code_name(code: grpc.StatusCode) -> str:
    """Write a status as upstream does: DeadlineExceeded."""
    return "".join(word.capitalize() for word in code.name.split("_"))
