"""The RPCs of job.v1.JobService."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import grpc
import grpc.aio
import msgspec

from portico.control.commands import Command
from portico.control.queries import InstancePage, ListInstances, ListJobs, PageInstances, Query
from portico.control.shaping import Shape
from portico.domain.errors import Exhausted
from portico.domain.jobs import Instance, JobMode
from portico.doors.jobv1 import inbound, outbound
from portico.wire.jobv1 import service_pb2 as pb

SERVICE = "job.v1.JobService"
DOOR = "jobv1"
API_VERSION = "v1"
SLICE = 200
"""Instances encoded before other work gets its turn."""
NARROWER = "narrow it by query.kind, query.state or query.uuid"

Context = grpc.aio.ServicerContext[Any, Any]


class Control(Protocol):
    """What the door needs of control."""

    async def submit(self, command: Command, shape: Shape = ...) -> Any:
        """Carry out a command."""
        ...

    async def ask(self, query: Query, shape: Shape = ...) -> Any:
        """Answer a query."""
        ...


class JobService:
    """One method per RPC. Instances are answered as bytes, lists of them encoded a slice at a time."""

    def __init__(self, control: Control, version: str, most_bytes: int) -> None:
        self._control = control
        self._version = version
        self._most_bytes = most_bytes
        self._encodings = outbound.Encodings()

    async def get_version(self, _request: pb.VersionRequest, _context: Context) -> pb.VersionResponse:
        """Tell the product's version, with upstream's leading v."""
        return pb.VersionResponse(version=f"v{self._version}", api_version=API_VERSION)

    async def schedule_job(self, request: pb.ScheduleJobRequest, _context: Context) -> bytes:
        """Add an instance of a kind; every call makes a new one."""
        scheduled: bytes = await self._control.submit(inbound.schedule(request), outbound.scheduled)
        return scheduled

    async def list_registered_jobs(
        self, _request: pb.ListRegisteredJobsRequest, _context: Context
    ) -> pb.ListRegisteredJobsResponse:
        """List the kinds, sorted by name."""
        jobs = await self._control.ask(ListJobs(DOOR, JobMode.DEMAND))
        return pb.ListRegisteredJobsResponse(jobs=[outbound.job(job) for job in jobs])

    async def lookup_instances(self, request: pb.LookupInstancesRequest, _context: Context) -> bytes:
        """List matching instances, oldest first; a missing query matches all of them."""
        match inbound.lookup(request.query):
            case ListInstances() as query:
                found: bytes = await self._control.ask(query, self._listed)
                return found
            case PageInstances() as query:
                return await self._list_pages(query)
            case None:
                return b""

    def _listed(self, instances: Sequence[Instance]) -> bytes:
        answer = _Answer(self._encodings, self._most_bytes)
        answer.add_slice(instances)
        return answer.whole()

    async def _list_pages(self, query: PageInstances) -> bytes:
        answer = _Answer(self._encodings, self._most_bytes)
        while True:
            try:
                page: InstancePage = await self._control.ask(query)
            except Exhausted as error:
                raise Exhausted(f"{error}: {NARROWER}") from error
            await answer.add(page.instances)
            if not page.after:
                return answer.whole()
            query = msgspec.structs.replace(query, after=page.after, through=page.through)

    async def cancel_instances(self, request: pb.CancelInstancesRequest, _context: Context) -> bytes:
        """Cancel matching instances that have not ended, or are between two firings, and list them."""
        command = inbound.cancel(request.query)
        instances = [] if command is None else await self._control.submit(command)
        answer = _Answer(self._encodings, self._most_bytes)
        await answer.add(sorted(instances, key=lambda instance: instance.id))
        return answer.whole()


class _Answer:
    """A list of instances as bytes, of a bounded size."""

    def __init__(self, encodings: outbound.Encodings, most_bytes: int) -> None:
        self._encodings = encodings
        self._most_bytes = most_bytes
        self._parts: list[bytes] = []
        self._size = 0

    async def add(self, instances: Sequence[Instance]) -> None:
        """Encode further instances, a slice at a time; raises Exhausted when the answer becomes too large."""
        for start in range(0, len(instances), SLICE):
            if start:
                await asyncio.sleep(0)
            self.add_slice(instances[start : start + SLICE])

    def add_slice(self, instances: Sequence[Instance]) -> None:
        """Encode a few further instances; raises Exhausted when the answer becomes too large."""
        part = b"".join(map(self._encodings.item, instances))
        self._size += len(part)
        if self._size > self._most_bytes:
            raise Exhausted(f"the answer exceeds {self._most_bytes} bytes; {NARROWER}")
        self._parts.append(part)

    def whole(self) -> bytes:
        """Give all of it."""
        return b"".join(self._parts)


def add_to_server(service: JobService, server: grpc.aio.Server) -> None:
    """Register the RPCs."""

    def unary(method: Any, request: Any, response: Any) -> grpc.RpcMethodHandler[Any, Any]:
        serialize = response.SerializeToString if response is not None else None
        return grpc.unary_unary_rpc_method_handler(
            method, request_deserializer=request.FromString, response_serializer=serialize
        )

    methods = {
        "GetVersion": unary(service.get_version, pb.VersionRequest, pb.VersionResponse),
        "ScheduleJob": unary(service.schedule_job, pb.ScheduleJobRequest, None),
        "ListRegisteredJobs": unary(
            service.list_registered_jobs, pb.ListRegisteredJobsRequest, pb.ListRegisteredJobsResponse
        ),
        "LookupInstances": unary(service.lookup_instances, pb.LookupInstancesRequest, None),
        "CancelInstances": unary(service.cancel_instances, pb.CancelInstancesRequest, None),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
