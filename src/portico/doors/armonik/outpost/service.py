"""The Agent service: what a worker may ask while it runs a task.

Each method has its answer at once: ids are final, and nothing is seen by others before the worker has answered ok.
Promises that only the running task's token opens anything, and that a call which outlives its task changes nothing.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from portico.domain.calls.frames import NewCall, NewResult
from portico.domain.calls.naming import Kind
from portico.domain.errors import Conflict, Exhausted, Invalid, NotFound, PorticoError, Unavailable
from portico.doors.armonik.outpost import legacy
from portico.doors.armonik.outpost.bench import Bench
from portico.doors.armonik.outpost.held import Held
from portico.doors.armonik.outpost.preparing import now
from portico.doors.armonik.outpost.submitting import check_submission
from portico.doors.armonik.outpost.words import given_options, stacked
from portico.wire.armonik import agent_pb2, agent_pb2_grpc
from portico.wire.armonik.result_status_pb2 import RESULT_STATUS_COMPLETED, RESULT_STATUS_CREATED, ResultStatus

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
_Service = TypeVar("_Service")
_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")

_STATUS = {
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    Exhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
}


def _answering(
    method: Callable[[_Service, _Request, Context], Awaitable[_Answer]],
) -> Callable[[_Service, _Request, Context], Awaitable[_Answer]]:
    """Answer errors of the tree with their status."""

    @functools.wraps(method)
    async def answered(self: _Service, request: _Request, context: Context) -> _Answer:
        try:
            return await method(self, request, context)
        except PorticoError as error:
            await _abort(context, error)

    return answered


async def _abort(context: Context, error: PorticoError) -> NoReturn:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
    await context.abort(status, str(error))


class AgentService(agent_pb2_grpc.AgentServicer):
    """Serves the worker on behalf of the Call at the bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @_answering
    async def CreateResultsMetaData(
        self, request: agent_pb2.CreateResultsMetaDataRequest, context: Context
    ) -> agent_pb2.CreateResultsMetaDataResponse:
        """Promise results."""
        held = self._bench.held(request.communication_token)
        self._bench.check_session(held, request.session_id)
        names = [result.name for result in request.results]
        numbers = await self._bench.numbers(held, Kind.RESULT, len(names))
        held.deeds.create_results([NewResult(number, name) for number, name in zip(numbers, names, strict=True)])
        return agent_pb2.CreateResultsMetaDataResponse(
            results=self._raw(held, names, numbers, RESULT_STATUS_CREATED),
            communication_token=request.communication_token,
        )

    @_answering
    async def CreateResults(
        self, request: agent_pb2.CreateResultsRequest, context: Context
    ) -> agent_pb2.CreateResultsResponse:
        """Create results with their data; large data are brought to control before the answer."""
        held = self._bench.held(request.communication_token)
        self._bench.check_session(held, request.session_id)
        numbers = await self._bench.numbers(held, Kind.RESULT, len(request.results))
        made = []
        for number, result in zip(numbers, request.results, strict=True):
            content = await self._bench.content(held, result.data)
            made.append(NewResult(number, result.name, content))
        held.deeds.create_results(made)
        return agent_pb2.CreateResultsResponse(
            results=self._raw(held, [result.name for result in request.results], numbers, RESULT_STATUS_COMPLETED),
            communication_token=request.communication_token,
        )

    @_answering
    async def NotifyResultData(
        self, request: agent_pb2.NotifyResultDataRequest, context: Context
    ) -> agent_pb2.NotifyResultDataResponse:
        """Hear that data of results lie in the task's folder."""
        held = self._bench.held(request.communication_token)
        for identifier in request.ids:
            self._bench.check_session(held, identifier.session_id)
        ids = [identifier.result_id for identifier in request.ids]
        self._bench.notify(held, ids)
        return agent_pb2.NotifyResultDataResponse(result_ids=ids)

    @_answering
    async def SubmitTasks(
        self, request: agent_pb2.SubmitTasksRequest, context: Context
    ) -> agent_pb2.SubmitTasksResponse:
        """Submit subtasks, which inherit from the session and never from the task that submits them."""
        held = self._bench.held(request.communication_token)
        self._bench.check_session(held, request.session_id)
        creations = request.task_creations
        if not creations:
            raise Invalid("task_creations must not be empty", "task_creations")
        general = given_options(request)
        drafts = []
        for creation in creations:
            options = stacked(general, given_options(creation))
            check_submission(held.session, options)
            drafts.append(
                NewCall(
                    0,
                    self._bench.result(creation.payload_id),
                    tuple(self._bench.results(creation.expected_output_keys)),
                    tuple(self._bench.results(creation.data_dependencies)),
                    options,
                )
            )
        numbers = await self._bench.submit(held, drafts)
        return agent_pb2.SubmitTasksResponse(
            task_infos=[
                agent_pb2.SubmitTasksResponse.TaskInfo(
                    task_id=self._bench.text(Kind.CALL, number),
                    expected_output_ids=creation.expected_output_keys,
                    data_dependencies=creation.data_dependencies,
                    payload_id=creation.payload_id,
                )
                for number, creation in zip(numbers, creations, strict=True)
            ],
            communication_token=request.communication_token,
        )

    async def CreateTask(
        self, request_iterator: AsyncIterator[agent_pb2.CreateTaskRequest], context: Context
    ) -> agent_pb2.CreateTaskReply:
        """Submit subtasks with their payloads, as workers of older versions do; problems are answered as text."""
        try:
            return await legacy.create_tasks(self._bench, request_iterator)
        except Unavailable as error:
            await _abort(context, error)

    @_answering
    async def GetResourceData(self, request: agent_pb2.DataRequest, context: Context) -> agent_pb2.DataResponse:
        """Bring a result's data into the task's folder."""
        held = self._bench.held(request.communication_token)
        await self._bench.fetch(held, request.result_id)
        return agent_pb2.DataResponse(result_id=request.result_id)

    async def GetCommonData(self, request: agent_pb2.DataRequest, context: Context) -> agent_pb2.DataResponse:
        """Refuse: no server of ArmoniK has it."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Common data are not served; use GetResourceData.")

    async def GetDirectData(self, request: agent_pb2.DataRequest, context: Context) -> agent_pb2.DataResponse:
        """Refuse: no server of ArmoniK has it."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Direct data are not served; use GetResourceData.")

    def _raw(
        self, held: Held, names: Sequence[str], numbers: Sequence[int], status: ResultStatus
    ) -> list[agent_pb2.ResultMetaData]:
        session = self._bench.text(Kind.SESSION, held.assignment.session)
        created_at = Timestamp()
        created_at.FromMicroseconds(now())
        return [
            agent_pb2.ResultMetaData(
                session_id=session,
                result_id=self._bench.text(Kind.RESULT, number),
                name=name,
                status=status,
                created_at=created_at,
            )
            for name, number in zip(names, numbers, strict=True)
        ]
