"""The RPCs of armonik.api.grpc.v1.tasks.Tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio

from portico.control.calls.commands import CancelCalls
from portico.control.calls.queries import CountByState, FindCalls, GetCall, ListCalls, Listed
from portico.control.calls.sheets import CALLS
from portico.domain.calls.naming import Naming
from portico.domain.calls.states import CallState
from portico.domain.calls.values import Call
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.filters import read_filters
from portico.doors.armonik.inbound.pages import read_list
from portico.doors.armonik.inbound.submissions import SLICE, read_submission
from portico.doors.armonik.inbound.task_fields import TASK_FIELDS
from portico.doors.armonik.outbound.tasks import output_ids, task_detailed, task_infos, task_summary
from portico.doors.armonik.sending import add_encoded, in_slices
from portico.doors.armonik.states import TASK_STATUSES
from portico.store.sheets import SheetQuery
from portico.wire.armonik import objects_pb2, tasks_pb2_grpc
from portico.wire.armonik import tasks_pb2 as pb

SERVICE = "armonik.api.grpc.v1.tasks.Tasks"

_MapTaskResult = pb.GetResultIdsResponse.MapTaskResult


class Tasks(tasks_pb2_grpc.TasksServicer):
    """One method per RPC. What may be long is answered as bytes, encoded in slices."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ListTasks(self, request: pb.ListTasksRequest, context: Any) -> Any:
        """Give a page of tasks as an encoded ListTasksResponse; errors are always given (upstream's rule)."""
        naming = self._control.calls.naming
        return await self._list(request, lambda calls: _summaries(calls, naming))

    async def ListTasksDetailed(self, request: pb.ListTasksRequest, context: Any) -> Any:
        """Give a page of tasks in full, as an encoded ListTasksDetailedResponse."""
        naming = self._control.calls.naming
        return await self._list(request, lambda calls: _details(calls, naming))

    async def _list(self, request: pb.ListTasksRequest, write: Callable[[Sequence[Call]], bytes]) -> bytes:
        query = read_list(request, CALLS.name, TASK_FIELDS, self._control.calls.naming)
        listed: Listed = await self._control.ask(ListCalls(query))
        page = pb.ListTasksResponse(page=request.page, page_size=request.page_size, total=listed.total)
        return await in_slices(listed.calls, write) + page.SerializeToString()

    async def GetTask(self, request: pb.GetTaskRequest, context: Any) -> pb.GetTaskResponse:
        """Give one task in full."""
        call: Call = await self._control.ask(GetCall(request.task_id))
        return pb.GetTaskResponse(task=task_detailed(call, self._control.calls.naming))

    async def CancelTasks(self, request: pb.CancelTasksRequest, context: Any) -> Any:
        """Cancel tasks; those that are known are answered as they stand then, in an encoded CancelTasksResponse."""
        known = await self._control.submit(CancelCalls(tuple(dict.fromkeys(request.task_ids))))
        calls: Sequence[Call] = await self._control.ask(FindCalls(tuple(known)))
        naming = self._control.calls.naming
        return await in_slices(calls, lambda some: _summaries(some, naming))

    async def GetResultIds(self, request: pb.GetResultIdsRequest, context: Any) -> Any:
        """Give the expected outputs of the tasks that are known, as an encoded GetResultIdsResponse."""
        ids = tuple(dict.fromkeys(request.task_id))
        calls: Sequence[Call] = await self._control.ask(FindCalls(ids))
        naming = self._control.calls.naming

        def write(some: Sequence[Call]) -> bytes:
            maps = [_MapTaskResult(task_id=call.id, result_ids=output_ids(call, naming)) for call in some]
            return pb.GetResultIdsResponse(task_results=maps).SerializeToString()

        return await in_slices(calls, write)

    async def CountTasksByStatus(
        self, request: pb.CountTasksByStatusRequest, context: Any
    ) -> pb.CountTasksByStatusResponse:
        """Count tasks in each status that any is in."""
        chosen = read_filters(request.filters, TASK_FIELDS, self._control.calls.naming)
        counts: dict[CallState, int] = await self._control.ask(CountByState(query=SheetQuery(CALLS.name, chosen)))
        return pb.CountTasksByStatusResponse(
            status=[
                objects_pb2.StatusCount(status=TASK_STATUSES[CallState(state)], count=count)
                for state, count in sorted(counts.items())
                if count
            ]
        )

    async def SubmitTasks(self, request: pb.SubmitTasksRequest, context: Any) -> Any:
        """Add tasks to a session, all or none; answered by an encoded SubmitTasksResponse."""
        command = await read_submission(request)
        await asyncio.sleep(0)
        ids: Sequence[str] = await self._control.submit(command)
        return await in_slices(list(zip(ids, command.calls, strict=True)), task_infos, SLICE)


def _summaries(calls: Sequence[Call], naming: Naming) -> bytes:
    return pb.ListTasksResponse(tasks=[task_summary(call, naming) for call in calls]).SerializeToString()


def _details(calls: Sequence[Call], naming: Naming) -> bytes:
    return pb.ListTasksDetailedResponse(tasks=[task_detailed(call, naming) for call in calls]).SerializeToString()


def add_to_server(service: Tasks, server: grpc.aio.Server) -> None:
    """Register the RPCs."""
    tasks_pb2_grpc.add_TasksServicer_to_server(service, server)
    add_encoded(
        server,
        SERVICE,
        {
            "ListTasks": (pb.ListTasksRequest, service.ListTasks),
            "ListTasksDetailed": (pb.ListTasksRequest, service.ListTasksDetailed),
            "CancelTasks": (pb.CancelTasksRequest, service.CancelTasks),
            "GetResultIds": (pb.GetResultIdsRequest, service.GetResultIds),
            "SubmitTasks": (pb.SubmitTasksRequest, service.SubmitTasks),
        },
    )
