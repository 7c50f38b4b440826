"""CreateTask: subtasks as older workers stream them, payloads included, and the answer that names them.

The stream is: options once; then for each task its header, its payload in pieces and the end of it; then "last task".
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from portico.domain.calls.frames import NewCall, NewResult
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import OptionsPatch
from portico.domain.errors import Invalid, PorticoError, Unavailable
from portico.doors.armonik.outpost.bench import Bench
from portico.doors.armonik.outpost.held import Held
from portico.doors.armonik.outpost.submitting import check_submission
from portico.doors.armonik.outpost.words import given_options
from portico.wire.armonik.agent_pb2 import CreateTaskReply, CreateTaskRequest
from portico.wire.armonik.objects_pb2 import TaskRequestHeader


async def create_tasks(bench: Bench, requests: AsyncIterator[CreateTaskRequest]) -> CreateTaskReply:
    """Take a whole stream and keep its tasks, all or none; what is wrong with it is in the reply.

    Raises Unavailable when no task runs.
    """
    token = ""
    try:
        stream = _Stream(bench)
        async for request in requests:
            token = request.communication_token or token
            await stream.take(request, token)
        return CreateTaskReply(creation_status_list=await stream.finish(), communication_token=token)
    except Unavailable:
        raise
    except PorticoError as error:
        return CreateTaskReply(error=str(error), communication_token=token)


class _Stream:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._held: Held | None = None
        self._options: OptionsPatch | None = None
        self._header: TaskRequestHeader | None = None
        self._payload = bytearray()
        self._headers: list[TaskRequestHeader] = []
        self._payloads: list[NewResult] = []
        self._complete = False

    async def take(self, request: CreateTaskRequest, token: str) -> None:
        self._held = self._bench.held(token)
        kind = request.WhichOneof("type")
        if self._complete:
            raise Invalid("a message follows the last task")
        if kind == "init_request" and not self._headers and self._header is None:
            self._options = given_options(request.init_request)
        elif kind == "init_task" and self._header is None:
            if request.init_task.WhichOneof("type") == "last_task":
                self._complete = True
                return
            self._header = request.init_task.header
        elif kind == "task_payload" and self._header is not None:
            self._payload += request.task_payload.data
            if request.task_payload.WhichOneof("type") == "data_complete":
                await self._end_task(self._held, self._header)
        else:
            raise Invalid(f"{kind or 'an empty message'} is out of place in the stream")

    async def _end_task(self, held: Held, header: TaskRequestHeader) -> None:
        content = await self._bench.content(held, bytes(self._payload))
        (number,) = await self._bench.numbers(held, Kind.RESULT, 1)
        self._payloads.append(NewResult(number, content=content))
        self._headers.append(header)
        self._header = None
        self._payload.clear()

    async def finish(self) -> CreateTaskReply.CreationStatusList:
        if self._held is None or not self._complete:
            raise Invalid("the stream ended before its last task")
        check_submission(self._held.session, self._options)
        drafts = [
            NewCall(
                0,
                payload.number,
                tuple(self._bench.results(header.expected_output_keys)),
                tuple(self._bench.results(header.data_dependencies)),
                self._options,
            )
            for header, payload in zip(self._headers, self._payloads, strict=True)
        ]
        self._held.deeds.create_results(self._payloads)  # first: tasks without their payloads could never be
        numbers = await self._bench.submit(self._held, drafts)
        return CreateTaskReply.CreationStatusList(
            creation_statuses=[
                CreateTaskReply.CreationStatus(
                    task_info=CreateTaskReply.TaskInfo(
                        task_id=self._bench.text(Kind.CALL, number),
                        expected_output_keys=header.expected_output_keys,
                        data_dependencies=header.data_dependencies,
                        payload_id=self._bench.text(Kind.RESULT, payload.number),
                    )
                )
                for number, header, payload in zip(numbers, self._headers, self._payloads, strict=True)
            ]
        )
