"""The RPCs of com.netflix.titus.JobManagementService.

Jobs and tasks leave as bytes that are encoded once; everything else is a message. Promises: an id that is no UUID is
refused before anything is looked up; a mutation is durable when it is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from portico.control.commands import Command
from portico.doors.titus.callers import current_caller
from portico.doors.titus.control import Control
from portico.doors.titus.extension import commands, looking
from portico.doors.titus.images import Images, settle_image
from portico.doors.titus.inbound.criteria import read_criteria
from portico.doors.titus.inbound.descriptors import convert
from portico.doors.titus.inbound.identities import job_id, task_id
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.pages import read_page
from portico.doors.titus.inbound.signed import signed_int
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.outbound.pages import jobs_reply, tasks_reply
from portico.doors.titus.watching.streams import Streams
from portico.wire.titus import job_api_pb2 as pb
from portico.wire.titus import jobs_pb2

SERVICE = "com.netflix.titus.JobManagementService"
LONG_DESCRIPTOR = 16 << 10
"""Bytes."""

Context = grpc.aio.ServicerContext[Any, Any]


class JobManagementService:
    """One method per RPC."""

    def __init__(
        self, control: Control, streams: Streams, encodings: Encodings, settings: Limits, images: Images
    ) -> None:
        self._control = control
        self._streams = streams
        self._encodings = encodings
        self._settings = settings
        self._images = images

    # ---- jobs --------------------------------------------------------------------------------------------------

    async def create_job(self, request: jobs_pb2.JobDescriptor, context: Context) -> pb.JobId:
        """Accept a job."""
        caller = current_caller()
        descriptor = await self._converted(request)
        await settle_image(descriptor, self._images)
        job = await self._control.submit(commands.CreateJob(descriptor, caller))
        return pb.JobId(id=job.id)

    async def _converted(self, request: jobs_pb2.JobDescriptor) -> jobs_pb2.JobDescriptor:
        """Convert a descriptor; beside the loop when that may take longer than the loop may be held."""
        if request.ByteSize() <= LONG_DESCRIPTOR:
            return convert(request, self._settings)
        return await asyncio.to_thread(convert, request, self._settings)

    async def update_job_capacity(self, request: pb.JobCapacityUpdate, context: Context) -> Empty:
        """Set a service job's whole capacity."""
        caller = current_caller()
        wanted = request.Capacity
        sizes = (signed_int(wanted.min), signed_int(wanted.max), signed_int(wanted.desired))
        return await self._do(commands.UpdateCapacity(job_id(request.jobId), *sizes, caller))

    async def update_job_capacity_with_optional_attributes(
        self, request: pb.JobCapacityUpdateWithOptionalAttributes, context: Context
    ) -> Empty:
        """Set the parts of a service job's capacity that are given."""
        caller = current_caller()
        wanted = request.jobCapacityWithOptionalAttributes
        minimum = signed_int(wanted.min.value) if wanted.HasField("min") else None
        maximum = signed_int(wanted.max.value) if wanted.HasField("max") else None
        desired = signed_int(wanted.desired.value) if wanted.HasField("desired") else None
        return await self._do(commands.UpdateCapacity(job_id(request.jobId), minimum, maximum, desired, caller))

    async def update_job_status(self, request: pb.JobStatusUpdate, context: Context) -> Empty:
        """Enable or disable a service job."""
        caller = current_caller()
        return await self._do(commands.UpdateJobStatus(job_id(request.id), request.enableStatus, caller))

    async def update_job_processes(self, request: pb.JobProcessesUpdate, context: Context) -> Empty:
        """Say which changes of a service job's desired size are forbidden."""
        caller = current_caller()
        flags = request.serviceJobProcesses
        return await self._do(
            commands.UpdateProcesses(
                job_id(request.jobId), flags.disableIncreaseDesired, flags.disableDecreaseDesired, caller
            )
        )

    async def update_job_disruption_budget(self, request: pb.JobDisruptionBudgetUpdate, context: Context) -> Empty:
        """Replace a job's disruption budget."""
        caller = current_caller()
        return await self._do(commands.UpdateBudget(job_id(request.jobId), request.disruptionBudget, caller))

    async def update_job_attributes(self, request: pb.JobAttributesUpdate, context: Context) -> Empty:
        """Add or overwrite attributes of a job."""
        caller = current_caller()
        given = dict(request.attributes)
        return await self._do(commands.UpdateJobAttributes(job_id(request.jobId), given, caller))

    async def delete_job_attributes(self, request: pb.JobAttributesDeleteRequest, context: Context) -> Empty:
        """Remove attributes of a job."""
        caller = current_caller()
        return await self._do(commands.DeleteJobAttributes(job_id(request.jobId), tuple(request.keys), caller))

    async def kill_job(self, request: pb.JobId, context: Context) -> Empty:
        """End a job with all its tasks."""
        caller = current_caller()
        return await self._do(commands.KillJob(job_id(request.id), caller))

    async def find_job(self, request: pb.JobId, context: Context) -> bytes:
        """Give a job, active or archived."""
        return self._encodings.job(await self._control.ask(looking.FindJob(job_id(request.id))))

    async def find_jobs(self, request: pb.JobQuery, context: Context) -> bytes:
        """Give a page of the active jobs that fit."""
        query = looking.FindJobs(read_criteria(request.filteringCriteria), read_page(request.page))
        return await jobs_reply(await self._control.ask(query), request.fields, self._encodings)

    # ---- tasks -------------------------------------------------------------------------------------------------

    async def find_task(self, request: pb.TaskId, context: Context) -> bytes:
        """Give a task, active or archived."""
        return self._encodings.task(await self._control.ask(looking.FindTask(task_id(request.id))))

    async def find_tasks(self, request: pb.TaskQuery, context: Context) -> bytes:
        """Give a page of the tasks that fit."""
        query = looking.FindTasks(read_criteria(request.filteringCriteria), read_page(request.page))
        return await tasks_reply(await self._control.ask(query), request.fields, self._encodings)

    async def kill_task(self, request: pb.TaskKillRequest, context: Context) -> Empty:
        """End a task."""
        caller = current_caller()
        identity = task_id(request.taskId)
        return await self._do(commands.KillTask(identity, request.shrink, request.preventMinSizeUpdate, caller))

    async def update_task_attributes(self, request: pb.TaskAttributesUpdate, context: Context) -> Empty:
        """Add or overwrite attributes of a task."""
        caller = current_caller()
        given = dict(request.attributes)
        return await self._do(commands.UpdateTaskAttributes(task_id(request.taskId), given, caller))

    async def delete_task_attributes(self, request: pb.TaskAttributesDeleteRequest, context: Context) -> Empty:
        """Remove attributes of a task."""
        caller = current_caller()
        return await self._do(commands.DeleteTaskAttributes(task_id(request.taskId), tuple(request.keys), caller))

    async def move_task(self, request: pb.TaskMoveRequest, context: Context) -> Empty:
        """Give a task to another service job."""
        caller = current_caller()
        source, target = job_id(request.sourceJobId), job_id(request.targetJobId)
        return await self._do(commands.MoveTask(source, target, task_id(request.taskId), caller))

    # ---- streams -----------------------------------------------------------------------------------------------

    def observe_job(self, request: pb.JobId, context: Context) -> AsyncIterator[bytes]:
        """Tell of one job and its tasks until it is over."""
        return self._streams.observe_job(job_id(request.id))

    def observe_jobs(self, request: pb.ObserveJobsQuery, context: Context) -> AsyncIterator[bytes]:
        """Tell of the jobs and tasks that fit, without end."""
        return self._streams.observe_jobs(request)

    def observe_jobs_with_keep_alive(
        self, requests: AsyncIterator[pb.ObserveJobsWithKeepAliveRequest], context: Context
    ) -> AsyncIterator[bytes]:
        """Tell of the jobs and tasks that fit, and answer keep-alive requests in between."""
        return self._streams.keep_alive(requests)

    async def _do(self, command: Command) -> Empty:
        await self._control.submit(command)
        return Empty()


_MUTATIONS: dict[str, tuple[str, Any]] = {
    "UpdateJobCapacity": ("update_job_capacity", pb.JobCapacityUpdate),
    "UpdateJobCapacityWithOptionalAttributes": (
        "update_job_capacity_with_optional_attributes",
        pb.JobCapacityUpdateWithOptionalAttributes,
    ),
    "UpdateJobStatus": ("update_job_status", pb.JobStatusUpdate),
    "UpdateJobProcesses": ("update_job_processes", pb.JobProcessesUpdate),
    "UpdateJobDisruptionBudget": ("update_job_disruption_budget", pb.JobDisruptionBudgetUpdate),
    "UpdateJobAttributes": ("update_job_attributes", pb.JobAttributesUpdate),
    "DeleteJobAttributes": ("delete_job_attributes", pb.JobAttributesDeleteRequest),
    "KillJob": ("kill_job", pb.JobId),
    "KillTask": ("kill_task", pb.TaskKillRequest),
    "UpdateTaskAttributes": ("update_task_attributes", pb.TaskAttributesUpdate),
    "DeleteTaskAttributes": ("delete_task_attributes", pb.TaskAttributesDeleteRequest),
    "MoveTask": ("move_task", pb.TaskMoveRequest),
}
_READS: dict[str, tuple[str, Any]] = {
    "FindJob": ("find_job", pb.JobId),
    "FindJobs": ("find_jobs", pb.JobQuery),
    "FindTask": ("find_task", pb.TaskId),
    "FindTasks": ("find_tasks", pb.TaskQuery),
}


def add_to_server(service: JobManagementService, server: grpc.aio.Server) -> None:
    """Register the RPCs with a server that reads callers, and takes streams as what gives messages."""
    unary = grpc.unary_unary_rpc_method_handler
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "CreateJob": unary(service.create_job, jobs_pb2.JobDescriptor.FromString, pb.JobId.SerializeToString),
        "ObserveJob": grpc.unary_stream_rpc_method_handler(service.observe_job, pb.JobId.FromString),
        "ObserveJobs": grpc.unary_stream_rpc_method_handler(service.observe_jobs, pb.ObserveJobsQuery.FromString),
        "ObserveJobsWithKeepAlive": grpc.stream_stream_rpc_method_handler(
            service.observe_jobs_with_keep_alive, pb.ObserveJobsWithKeepAliveRequest.FromString
        ),
    }
    for name, (method, request) in _MUTATIONS.items():
        methods[name] = unary(getattr(service, method), request.FromString, Empty.SerializeToString)
    for name, (method, request) in _READS.items():
        methods[name] = unary(getattr(service, method), request.FromString, None)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
