"""A job.v1 client made for measuring: many unary calls in flight from one process, and as little else as possible."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import grpc
import grpc.aio

from portico.wire.jobv1 import service_pb2 as pb  # noqa: TID251 — a client knows the wire, not the server

__all__ = ["LOOKUP", "JobClient", "Unfinished", "connect", "pb", "span"]

Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
SERVICE = "/job.v1.JobService"
LOOKUP = f"{SERVICE}/LookupInstances"
SCHEDULE = f"{SERVICE}/ScheduleJob"
UNLIMITED = (("grpc.max_receive_message_length", -1),)
IN_FLIGHT = 64


class Unfinished(Exception):
    """Instances ended otherwise than by completing."""


class JobClient:
    """One channel to a server."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._schedule: Call = channel.unary_unary(SCHEDULE)
        self._lookup = channel.unary_unary(
            LOOKUP,
            request_serializer=pb.LookupInstancesRequest.SerializeToString,
            response_deserializer=pb.LookupInstancesResponse.FromString,
        )

    async def schedule_many(self, kind: str, count: int, in_flight: int = IN_FLIGHT) -> None:
        """Schedule `count` of them one call each; every answer is awaited, none is parsed."""
        request = pb.ScheduleJobRequest(kind=kind).SerializeToString()
        remaining = iter(range(count))

        async def submit() -> None:
            for _ in remaining:
                await self._schedule(request)

        await asyncio.gather(*(submit() for _ in range(in_flight)))

    async def lookup(
        self, kind: str = "", uuid: str = "", state: pb.JobState = pb.JOB_STATE_UNSET
    ) -> list[pb.JobInstance]:
        """Find instances."""
        query = pb.Query(kind=kind, uuid=uuid, state=state)
        response = await self._lookup(pb.LookupInstancesRequest(query=query))
        return list(response.instances)

    async def completed(self, kind: str, count: int, period: float = 1.0) -> list[pb.JobInstance]:
        """Wait until `count` instances of a kind have completed and give them.

        Looks once in a period, at the few that run just now; only when none does at all those that are through.
        """
        while True:
            looked = time.monotonic()
            if not await self.lookup(kind, state=pb.JOB_STATE_PROCESSING):
                done = await self.lookup(kind, state=pb.JOB_STATE_COMPLETED)
                if len(done) >= count:
                    return done
                await self._check(kind)
            await asyncio.sleep(max(0.0, looked + period - time.monotonic()))

    async def _check(self, kind: str) -> None:
        broken = await self.lookup(kind, state=pb.JOB_STATE_TERMINATED)
        if broken:
            message = f"{len(broken)} instances of {kind} failed, the first with: {broken[0].error}"
            raise Unfinished(message)


def connect(address: str) -> grpc.aio.Channel:
    """Open a channel whose answers may be of any size."""
    return grpc.aio.insecure_channel(address, options=UNLIMITED)


def span(begun: float, done: Iterable[pb.JobInstance]) -> float:
    """Give the seconds from a wall-clock time to the last completion."""
    last = max(instance.completed_at.seconds + instance.completed_at.nanos / 1e9 for instance in done)
    return last - begun
