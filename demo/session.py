"""A lean ArmoniK client: one session over gRPC, with the messages of the wire.

Promises that whatever the server refuses raises Failed with its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import grpc
from google.protobuf.duration_pb2 import Duration

from portico.cli.failures import Failed
from portico.wire.armonik import (  # noqa: TID251 — a client of the wire
    events_pb2,
    events_pb2_grpc,
    objects_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)

Event = events_pb2.EventSubscriptionResponse


class Session:
    """One session; seconds are the longest wait for one answer, and for the end of all tasks."""

    def __init__(self, address: str, seconds: float) -> None:
        self._channel = grpc.insecure_channel(address)
        self._seconds = seconds
        self._sessions = sessions_pb2_grpc.SessionsStub(self._channel)
        self._results = results_pb2_grpc.ResultsStub(self._channel)
        self._tasks = tasks_pb2_grpc.TasksStub(self._channel)
        self._events = events_pb2_grpc.EventsStub(self._channel)
        options = objects_pb2.TaskOptions(max_duration=Duration(seconds=30), max_retries=1, priority=1)
        with translated():
            request = sessions_pb2.CreateSessionRequest(default_task_option=options)
            self.id = self._sessions.CreateSession(request, timeout=seconds).session_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def give(self, data: Sequence[str]) -> list[str]:
        """Create results with data; gives their ids."""
        create = results_pb2.CreateResultsRequest.ResultCreate
        created = [create(name="payload", data=text.encode()) for text in data]
        request = results_pb2.CreateResultsRequest(session_id=self.id, results=created)
        with translated():
            return [result.result_id for result in self._results.CreateResults(request, timeout=self._seconds).results]

    def promise(self, count: int) -> list[str]:
        """Create results that tasks are to bring; gives their ids."""
        create = results_pb2.CreateResultsMetaDataRequest.ResultCreate
        request = results_pb2.CreateResultsMetaDataRequest(session_id=self.id, results=[create(name="output")] * count)
        with translated():
            found = self._results.CreateResultsMetaData(request, timeout=self._seconds)
        return [result.result_id for result in found.results]

    def submit(self, tasks: Sequence[tuple[str, str, Sequence[str]]]) -> list[str]:
        """Submit tasks, each with its payload, its output and what it depends on; gives their ids."""
        creation = tasks_pb2.SubmitTasksRequest.TaskCreation
        created = [
            creation(payload_id=payload, expected_output_keys=[output], data_dependencies=dependencies)
            for payload, output, dependencies in tasks
        ]
        request = tasks_pb2.SubmitTasksRequest(session_id=self.id, task_creations=created)
        with translated():
            return [info.task_id for info in self._tasks.SubmitTasks(request, timeout=self._seconds).task_infos]

    def events(self) -> Iterator[Event]:
        """Tell of all tasks and what becomes of them, until the time is over."""
        request = events_pb2.EventSubscriptionRequest(session_id=self.id)
        try:
            yield from self._events.GetEvents(request, timeout=self._seconds)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise refused(error) from error

    def data(self, result: str) -> str:
        """Read the data of a result."""
        request = results_pb2.DownloadResultDataRequest(session_id=self.id, result_id=result)
        with translated():
            pieces = self._results.DownloadResultData(request, timeout=self._seconds)
            return b"".join(piece.data_chunk for piece in pieces).decode()

    def error(self, task: str) -> str:
        """Read why a task failed."""
        with translated():
            found = self._tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=task), timeout=self._seconds)
        return found.task.output.error

    def close(self) -> None:
        """Take no more tasks."""
        with translated():
            self._sessions.CloseSession(sessions_pb2.CloseSessionRequest(session_id=self.id), timeout=self._seconds)


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of calls into ours."""
    try:
        yield
    except grpc.RpcError as error:
        raise refused(error) from error


def refused(error: grpc.RpcError) -> Failed:
    """Say what the server said."""
    return Failed(f"ArmoniK answers {error.code().name}: {error.details()}")
