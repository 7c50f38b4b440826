"""A task as the function that processes it sees it.

Data are read from files when they are asked for, unless they came along with the task; small ones that it sends then go
along with its answer. What a task sends, creates and submits is seen by others only once it
has ended well.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

import msgspec

from portico.armonik_worker.agent import AgentCalls
from portico.wire.armonik import agent_pb2, objects_pb2, worker_pb2  # noqa: TID251 — it speaks the worker's wire

_LARGE = 1 << 20
_SMALL = 32 << 10
_MOST_KEPT = 1 << 20


class TaskFailed(Exception):
    """The task ends with an error, and is not tried again."""


class Options(msgspec.Struct, frozen=True):
    """How a task is carried out; in a submission, what is empty or 0 is inherited, except the priority."""

    max_duration: float = 0.0
    """Seconds."""
    max_retries: int = 0
    priority: int = 1
    partition_id: str = ""
    application_name: str = ""
    application_version: str = ""
    application_namespace: str = ""
    application_service: str = ""
    engine_type: str = ""
    options: dict[str, str] = {}


class Subtask(msgspec.Struct, frozen=True):
    """A task to submit: ids of results, which are the session's or were created by the submitting task."""

    payload_id: str
    expected_outputs: Sequence[str]
    dependencies: Sequence[str] = ()
    options: Options | None = None


class Dependencies(Mapping[str, bytes]):
    """Data by result id; each is read when it is asked for, and not kept."""

    def __init__(self, folder: str, ids: Sequence[str], data: Mapping[str, bytes]) -> None:
        self._folder = folder
        self._ids = dict.fromkeys(ids)
        self._data = data

    def __getitem__(self, result_id: str) -> bytes:
        if result_id not in self._ids:
            raise KeyError(result_id)
        data = self._data.get(result_id)
        return read(f"{self._folder}/{result_id}") if data is None else data

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class Task:
    """One task while it is processed."""

    __slots__ = ("_agent", "_data", "_request", "_room", "entered", "kept", "sent")

    def __init__(
        self, request: worker_pb2.ProcessRequest, agent: AgentCalls, data: Mapping[str, bytes] | None = None
    ) -> None:
        self._request = request
        self._agent = agent
        self._data = data or {}
        self._room = _MOST_KEPT if data is not None else -1
        self.kept: dict[str, bytes] = {}
        """Data by id of sent results that are no files; an agent that gives data without files takes them so."""
        self.entered = False
        """Whether there are files in the task's folder that the agent does not know of."""
        self.sent: list[str] = []
        """Ids of the results that have been sent, in order."""

    @property
    def id(self) -> str:
        """The task's id."""
        return self._request.task_id

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self._request.session_id

    @property
    def token(self) -> str:
        """What the agent knows this run of the task by."""
        return self._request.communication_token

    @property
    def payload_id(self) -> str:
        """The id of the result that is its payload."""
        return self._request.payload_id

    @property
    def payload(self) -> bytes:
        """The payload, read anew each time if it is a file."""
        data = self._data.get(self._request.payload_id)
        return read(f"{self._request.data_folder}/{self._request.payload_id}") if data is None else data

    @property
    def dependencies(self) -> Dependencies:
        """The data it depends on."""
        return Dependencies(self._request.data_folder, self._request.data_dependencies, self._data)

    @property
    def expected_outputs(self) -> Sequence[str]:
        """Ids of the results that it is to send."""
        return self._request.expected_output_keys

    @property
    def options(self) -> Options:
        """Its options, merged with the session's."""
        given = self._request.task_options
        return Options(
            max_duration=given.max_duration.seconds + given.max_duration.nanos / 1e9,
            max_retries=given.max_retries,
            priority=given.priority,
            partition_id=given.partition_id,
            application_name=given.application_name,
            application_version=given.application_version,
            application_namespace=given.application_namespace,
            application_service=given.application_service,
            engine_type=given.engine_type,
            options=dict(given.options),
        )

    def fail(self, text: str) -> NoReturn:
        """End the task with an error, for good."""
        raise TaskFailed(text)

    async def send_result(self, result_id: str, data: bytes) -> None:
        """Give a result its data; the agent is told of all of them together when the task ends."""
        size = len(data)
        if size <= _SMALL and size <= self._room:
            self._room -= size
            self.kept[result_id] = bytes(data)
        else:
            self.kept.pop(result_id, None)
            await self._write(result_id, data)
        self.sent.append(result_id)

    async def _write(self, result_id: str, data: bytes) -> None:
        place = f"{self._request.data_folder}/{result_id}"
        self.entered = True
        if len(data) < _LARGE:
            write(place, data)
        else:
            await asyncio.to_thread(write, place, data)

    async def create_results(self, data: Mapping[str, bytes | None]) -> dict[str, str]:
        """Create results by name, with their data or, for None, without; gives their ids by name."""
        most = self._request.configuration.data_chunk_max_size or 64 << 10
        bare = [name for name, content in data.items() if content is None or len(content) > most]
        ids = await self._promise(bare) if bare else {}
        for name in bare:
            content = data[name]
            if content is not None:
                await self.send_result(ids[name], content)
        batch: list[agent_pb2.CreateResultsRequest.ResultCreate] = []
        room = most
        for name, content in data.items():
            if name in ids or content is None:
                continue
            if batch and len(content) > room:
                ids |= await self._create(batch)
                batch, room = [], most
            batch.append(agent_pb2.CreateResultsRequest.ResultCreate(name=name, data=content))
            room -= len(content)
        if batch:
            ids |= await self._create(batch)
        return {name: ids[name] for name in data}

    async def _promise(self, names: Sequence[str]) -> dict[str, str]:
        creations = [agent_pb2.CreateResultsMetaDataRequest.ResultCreate(name=name) for name in names]
        answer = await self._agent.create_results_metadata(
            agent_pb2.CreateResultsMetaDataRequest(
                results=creations,
                session_id=self._request.session_id,
                communication_token=self._request.communication_token,
            )
        )
        return {name: result.result_id for name, result in zip(names, answer.results, strict=True)}

    async def _create(self, batch: Sequence[agent_pb2.CreateResultsRequest.ResultCreate]) -> dict[str, str]:
        answer = await self._agent.create_results(
            agent_pb2.CreateResultsRequest(
                results=batch,
                session_id=self._request.session_id,
                communication_token=self._request.communication_token,
            )
        )
        return {creation.name: result.result_id for creation, result in zip(batch, answer.results, strict=True)}

    async def submit(self, subtasks: Sequence[Subtask], options: Options | None = None) -> list[str]:
        """Submit tasks, which inherit from `options` and from the session's defaults; gives their ids."""
        creations = [
            agent_pb2.SubmitTasksRequest.TaskCreation(
                expected_output_keys=subtask.expected_outputs,
                data_dependencies=subtask.dependencies,
                payload_id=subtask.payload_id,
                task_options=_message(subtask.options),
            )
            for subtask in subtasks
        ]
        answer = await self._agent.submit_tasks(
            agent_pb2.SubmitTasksRequest(
                session_id=self._request.session_id,
                task_options=_message(options),
                task_creations=creations,
                communication_token=self._request.communication_token,
            )
        )
        return [info.task_id for info in answer.task_infos]

    async def fetch(self, result_id: str) -> bytes:
        """Get the data of any completed result of the session."""
        self.entered = True
        answer = await self._agent.get_resource_data(
            agent_pb2.DataRequest(communication_token=self._request.communication_token, result_id=result_id)
        )
        return await asyncio.to_thread(read, f"{self._request.data_folder}/{answer.result_id}")

    async def notify(self) -> None:
        """Tell the agent now what has been sent; nobody needs to call this."""
        sent, self.sent = self.sent, []
        kept, self.kept = self.kept, {}
        for result_id, data in kept.items():
            await self._write(result_id, data)
        await self._agent.notify_result_data(
            agent_pb2.NotifyResultDataRequest(
                ids=[
                    agent_pb2.NotifyResultDataRequest.ResultIdentifier(
                        session_id=self._request.session_id, result_id=result_id
                    )
                    for result_id in sent
                ],
                communication_token=self._request.communication_token,
            )
        )


def _message(options: Options | None) -> objects_pb2.TaskOptions | None:
    if options is None:
        return None
    message = objects_pb2.TaskOptions(
        options=options.options,
        max_retries=options.max_retries,
        priority=options.priority,
        partition_id=options.partition_id,
        application_name=options.application_name,
        application_version=options.application_version,
        application_namespace=options.application_namespace,
        application_service=options.application_service,
        engine_type=options.engine_type,
    )
    if options.max_duration:
        message.max_duration.FromNanoseconds(round(options.max_duration * 1e9))
    return message


def read(place: str) -> bytes:
    """Give a file's bytes."""
    file = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        data = os.read(file, size)
        while len(data) < size and (more := os.read(file, size - len(data))):
            data += more
        return data
    finally:
        os.close(file)


def write(place: str, data: bytes) -> None:
    """Make a file of bytes."""
    file = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(data)
        while len(rest) > (written := os.write(file, rest)):
            rest = rest[written:]
    finally:
        os.close(file)
