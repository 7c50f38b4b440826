"""A Titus client made for measuring: many jobs made at once, pages walked to the end, as little else as possible."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc.aio

from portico.wire.titus import base_pb2, job_api_pb2, jobs_pb2  # noqa: TID251 — a client knows the wire, not the server

__all__ = ["FIND_JOB", "FIND_JOBS", "FIND_TASKS", "TitusClient", "descriptor", "job_request", "page", "pagination_of"]

SERVICE = "/com.netflix.titus.JobManagementService"
FIND_JOB = f"{SERVICE}/FindJob"
FIND_JOBS = f"{SERVICE}/FindJobs"
FIND_TASKS = f"{SERVICE}/FindTasks"
IN_FLIGHT = 64
PERIOD = 0.25
"""Seconds between two looks at whether a job is over."""


class TitusClient:
    """One channel to a server."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._create = channel.unary_unary(f"{SERVICE}/CreateJob", response_deserializer=job_api_pb2.JobId.FromString)  # type: ignore[var-annotated]
        self._find = channel.unary_unary(FIND_JOB, job_api_pb2.JobId.SerializeToString, jobs_pb2.Job.FromString)
        self._lists = {method: channel.unary_unary(method) for method in (FIND_JOBS, FIND_TASKS)}  # type: ignore[var-annotated]

    async def create_many(self, job: jobs_pb2.JobDescriptor, count: int, in_flight: int = IN_FLIGHT) -> list[str]:
        """Create `count` such jobs one call each; gives their ids."""
        request = job.SerializeToString()
        remaining = iter(range(count))
        made: list[str] = []

        async def create() -> None:
            for _ in remaining:
                reply = await self._create(request)
                made.append(reply.id)

        await asyncio.gather(*(create() for _ in range(in_flight)))
        return made

    async def finished(self, identity: str) -> jobs_pb2.Job:
        """Wait until a job is over and give it."""
        while True:
            job = await self._find(job_api_pb2.JobId(id=identity))
            if job.status.state == jobs_pb2.JobStatus.Finished:
                return job
            await asyncio.sleep(PERIOD)

    async def pages(self, method: str, size: int) -> AsyncIterator[bytes]:
        """Yield the pages of all active jobs or tasks, from cursor to cursor."""
        cursor = ""
        while True:
            reply = await self._lists[method](page(method, size, cursor=cursor))
            yield reply
            pagination = pagination_of(method, reply)
            if not pagination.hasMore:
                return
            cursor = pagination.cursor


def pagination_of(method: str, reply: bytes) -> base_pb2.Pagination:
    """Read where a page stands among the others."""
    result = job_api_pb2.JobQueryResult if method == FIND_JOBS else job_api_pb2.TaskQueryResult
    return result.FromString(reply).pagination


def job_request(identity: str) -> bytes:
    """Give the request for one job."""
    return job_api_pb2.JobId(id=identity).SerializeToString()


def page(method: str, size: int, number: int = 0, cursor: str = "") -> bytes:
    """Give the request for one page of everything."""
    query = job_api_pb2.JobQuery if method == FIND_JOBS else job_api_pb2.TaskQuery
    return query(page=base_pb2.Page(pageSize=size, pageNumber=number, cursor=cursor)).SerializeToString()


def descriptor(size: int, *command: str) -> jobs_pb2.JobDescriptor:
    """Describe a batch job on the node itself, its tasks of the least size that Titus knows."""
    made = jobs_pb2.JobDescriptor(applicationName="bench", capacityGroup="DEFAULT")
    made.owner.teamEmail = "bench@localhost"
    container = made.container
    container.image.name, container.image.tag = "portico/host", "latest"
    resources = container.resources
    resources.cpu, resources.memoryMB, resources.diskMB, resources.networkMbps = 1, 512, 10_000, 128
    container.securityProfile.securityGroups.append("sg-bench")
    container.securityProfile.iamRole = "bench"
    container.entryPoint.extend(command)
    made.batch.size, made.batch.runtimeLimitSec = size, 3_600
    made.batch.retryPolicy.immediate.retries = 0
    return made
