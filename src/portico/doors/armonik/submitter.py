"""The RPCs of armonik.api.grpc.v1.submitter.Submitter: the older service over sessions, tasks and results together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import grpc.aio
from grpc import StatusCode

from portico.control.calls.commands import CancelCalls, ChangeSession, SessionChange
from portico.control.calls.queries import FindCalls, FindResults, GetCall, GetResult, GetSession
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CALL_LIFE, ResultState
from portico.domain.calls.values import Call, OptionsPatch, Result, Session
from portico.domain.errors import Invalid, NotFound
from portico.doors.armonik.choosing import count_calls, find_calls, find_sessions
from portico.doors.armonik.creating import Created, create_tasks
from portico.doors.armonik.errors import Refused
from portico.doors.armonik.inbound.choices import names_final, read_session_choice, read_task_choice
from portico.doors.armonik.inbound.large_tasks import LargeTasks, read_small_tasks
from portico.doors.armonik.inbound.options import read_defaults, read_patch
from portico.doors.armonik.inbound.sessions import read_creation
from portico.doors.armonik.live import LiveControl
from portico.doors.armonik.outbound import submitter as outbound
from portico.doors.armonik.sending import add_encoded
from portico.doors.armonik.states import RESULT_STATUSES, TASK_STATUSES
from portico.doors.armonik.transfers import CHUNK, read_whole
from portico.doors.armonik.waiting import CANCELLED, FAILED, availability, completion, owner_of
from portico.doors.armonik.watching import watch_results
from portico.wire.armonik import objects_pb2, submitter_pb2_grpc
from portico.wire.armonik import submitter_pb2 as pb

SERVICE = "armonik.api.grpc.v1.submitter.Submitter"
ENDLESS = frozenset({f"/{SERVICE}/{name}" for name in ("WatchResults", "WaitForCompletion", "WaitForAvailability")})
"""Calls that may go on until their client or the server ends them."""


class Submitter(submitter_pb2_grpc.SubmitterServicer):
    """One method per RPC."""

    def __init__(self, control: LiveControl, chunk: int = CHUNK) -> None:
        self._control = control
        self._chunk = chunk

    async def GetServiceConfiguration(self, request: objects_pb2.Empty, context: Any) -> objects_pb2.Configuration:
        """Tell how large pieces of data should be."""
        return objects_pb2.Configuration(data_chunk_max_size=self._chunk)

    # ---- sessions ----------------------------------------------------------------------------------------------

    async def CreateSession(self, request: pb.CreateSessionRequest, context: Any) -> pb.CreateSessionReply:
        """Begin a session."""
        options = request.default_task_option if request.HasField("default_task_option") else None
        session: Session = await self._control.submit(read_creation(options, list(request.partition_ids)))
        return pb.CreateSessionReply(session_id=self._text(Kind.SESSION, session.number))

    async def CancelSession(self, request: objects_pb2.Session, context: Any) -> objects_pb2.Empty:
        """Cancel a session with all its tasks."""
        await self._control.submit(ChangeSession(request.id, SessionChange.CANCEL))
        return objects_pb2.Empty()

    async def ListSessions(self, request: pb.SessionFilter, context: Any) -> Any:
        """Give the ids of sessions, as an encoded SessionIdList."""
        pieces = []
        async with aclosing(find_sessions(self._control, read_session_choice(request))) as pages:
            async for sessions in pages:
                ids = [self._text(Kind.SESSION, session.number) for session in sessions]
                pieces.append(pb.SessionIdList(session_ids=ids).SerializeToString())
        return b"".join(pieces)

    # ---- creating tasks ----------------------------------------------------------------------------------------

    async def CreateSmallTasks(self, request: pb.CreateSmallTaskRequest, context: Any) -> pb.CreateTaskReply:
        """Create tasks with their payloads."""
        if not request.HasField("task_options"):
            raise Invalid("is not given", "task_options")
        options = _options(request)
        await self._control.ask(GetSession(request.session_id))
        async with aclosing(read_small_tasks(request, self._control.calls.objects)) as payloads:
            tasks = await create_tasks(self._control, request.session_id, options, payloads)
        return outbound.created(tasks)

    async def CreateLargeTasks(
        self, request_iterator: AsyncIterator[pb.CreateLargeTaskRequest], context: Any
    ) -> pb.CreateTaskReply:
        """Create tasks whose payloads come in pieces; without options they have the session's."""
        stream = LargeTasks(request_iterator, self._control.calls.objects)
        init = await stream.begin()
        options = _options(init) if init.HasField("task_options") else None
        await self._control.ask(GetSession(init.session_id))
        async with aclosing(stream.payloads()) as payloads:
            tasks: Created = await create_tasks(self._control, init.session_id, options, payloads)
        return outbound.created(tasks)

    # ---- tasks -------------------------------------------------------------------------------------------------

    async def ListTasks(self, request: pb.TaskFilter, context: Any) -> Any:
        """Give the ids of tasks, as an encoded TaskIdList."""
        pieces = []
        async with aclosing(find_calls(self._control, read_task_choice(request))) as pages:
            async for calls in pages:
                ids = [call.id for call in calls]
                pieces.append(objects_pb2.TaskIdList(task_ids=ids).SerializeToString())
        return b"".join(pieces)

    async def CountTasks(self, request: pb.TaskFilter, context: Any) -> objects_pb2.Count:
        """Count tasks in each status that any is in."""
        return outbound.count(await count_calls(self._control, read_task_choice(request)))

    async def CancelTasks(self, request: pb.TaskFilter, context: Any) -> objects_pb2.Empty:
        """Cancel tasks; to ask for ended ones by name is an error (upstream's rule)."""
        choice = read_task_choice(request)
        if names_final(request, CALL_LIFE.final):
            raise Refused(StatusCode.INTERNAL, "included.statuses: tasks that have ended cannot be cancelled")
        async with aclosing(find_calls(self._control, choice)) as pages:
            async for calls in pages:
                ids = tuple(call.id for call in calls if call.state not in CALL_LIFE.final)
                if ids:
                    await self._control.submit(CancelCalls(ids))
        return objects_pb2.Empty()

    async def GetTaskStatus(self, request: pb.GetTaskStatusRequest, context: Any) -> pb.GetTaskStatusReply:
        """Give the statuses of the tasks that are known."""
        calls: Sequence[Call] = await self._control.ask(FindCalls(tuple(dict.fromkeys(request.task_ids))))
        reply = pb.GetTaskStatusReply()
        for call in calls:
            reply.id_statuses.add(task_id=call.id, status=TASK_STATUSES[call.state])
        return reply

    async def TryGetTaskOutput(self, request: objects_pb2.TaskOutputRequest, context: Any) -> objects_pb2.Output:
        """Give what came of a task."""
        call: Call = await self._control.ask(GetCall(request.task_id))
        return outbound.output(call)

    async def WaitForCompletion(self, request: pb.WaitRequest, context: Any) -> objects_pb2.Count:
        """Wait until tasks are completed, and count them."""
        choice = read_task_choice(request.filter, "filter")
        return outbound.count(await completion(self._control, choice, request))

    # ---- results -----------------------------------------------------------------------------------------------

    async def GetResultStatus(self, request: pb.GetResultStatusRequest, context: Any) -> pb.GetResultStatusReply:
        """Give the statuses of the results that are known; without a session, of any."""
        found: Sequence[Result] = await self._control.ask(FindResults(tuple(dict.fromkeys(request.result_ids))))
        reply = pb.GetResultStatusReply()
        for result in found:
            if self._is_of(result, request.session_id):
                identity = self._text(Kind.RESULT, result.number)
                reply.id_statuses.add(result_id=identity, status=RESULT_STATUSES[result.state])
        return reply

    async def TryGetResultStream(
        self, request: objects_pb2.ResultRequest, context: Any
    ) -> AsyncIterator[pb.ResultReply]:
        """Give the data of a result, or say why there are none."""
        result = await self._result(request)
        if result.state is not ResultState.COMPLETED:
            yield await self._why_not(result)
            return
        session = self._text(Kind.SESSION, result.session)
        async with aclosing(read_whole(self._control, session, request.result_id)) as pieces:
            async for piece in pieces:
                yield pb.ResultReply(result=objects_pb2.DataChunk(data=piece))
        yield pb.ResultReply(result=objects_pb2.DataChunk(data_complete=True))

    async def _why_not(self, result: Result) -> pb.ResultReply:
        if result.state is ResultState.DELETED:
            raise NotFound(f"Result data was not found: {self._text(Kind.RESULT, result.number)}")
        owner = await owner_of(self._control, result)
        if result.state is ResultState.ABORTED or (owner is not None and owner.state in FAILED | CANCELLED):
            return pb.ResultReply(error=outbound.task_error(owner))
        return pb.ResultReply(not_completed_task=result.owner)

    async def WaitForAvailability(self, request: objects_pb2.ResultRequest, context: Any) -> pb.AvailabilityReply:
        """Wait until a result is there, or will never be."""
        await self._result(request)
        result = await availability(self._control, request.result_id)
        if result.state is ResultState.COMPLETED:
            return pb.AvailabilityReply(ok=objects_pb2.Empty())
        return pb.AvailabilityReply(error=outbound.task_error(await owner_of(self._control, result)))

    async def WatchResults(
        self, request_iterator: AsyncIterator[pb.WatchResultRequest], context: Any
    ) -> AsyncIterator[pb.WatchResultStream]:
        """Tell the states of results, and what becomes of them."""
        async with aclosing(watch_results(self._control, request_iterator)) as groups:
            async for status, ids in groups:
                yield pb.WatchResultStream(status=status, result_ids=ids)

    async def _result(self, request: objects_pb2.ResultRequest) -> Result:
        result: Result = await self._control.ask(GetResult(request.result_id))
        if not self._is_of(result, request.session):
            raise NotFound(f"Result was not found: {request.result_id}")
        return result

    def _is_of(self, result: Result, session: str) -> bool:
        return not session or result.session == self._control.calls.naming.number(Kind.SESSION, session)

    def _text(self, kind: Kind, number: int) -> str:
        return self._control.calls.naming.text(kind, number)


def _options(message: pb.CreateSmallTaskRequest | pb.CreateLargeTaskRequest.InitRequest) -> OptionsPatch:
    """Read options, which must be whole here (upstream's rule)."""
    read_defaults(message.task_options, "task_options")
    return read_patch(message.task_options, "task_options")


def add_to_server(service: Submitter, server: grpc.aio.Server) -> None:
    """Register the RPCs."""
    submitter_pb2_grpc.add_SubmitterServicer_to_server(service, server)
    add_encoded(
        server,
        SERVICE,
        {
            "ListTasks": (pb.TaskFilter, service.ListTasks),
            "ListSessions": (pb.SessionFilter, service.ListSessions),
        },
    )
