"""An ArmoniK client made for measuring: work submitted by the thousand, and as little else as possible."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc.aio
from google.protobuf.duration_pb2 import Duration
from harness.machine import ROOT
from harness.processes import PEERS

from portico.wire.armonik import (  # noqa: TID251 — a client knows the wire, not the server
    filters_pb2,
    objects_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    sort_direction_pb2,
    task_status_pb2,
    tasks_pb2,
    tasks_pb2_grpc,
)

__all__ = ["BATCH", "ArmonikClient", "Failed", "by_session", "by_status", "genuine", "lean", "partition", "rate"]

BATCH = 1_000
"""Tasks of one call."""
KIBIBYTE = bytes(1024)
PERIOD = 0.1
"""Seconds between two looks at whether all is over."""
NODE = """
[[nodes]]
name = "bench"
cpus = 64
mem = 65536
"""
GOOD = {task_status_pb2.TASK_STATUS_COMPLETED}
BAD = {
    task_status_pb2.TASK_STATUS_ERROR,
    task_status_pb2.TASK_STATUS_TIMEOUT,
    task_status_pb2.TASK_STATUS_CANCELLED,
    task_status_pb2.TASK_STATUS_RETRIED,
}
FIELD = tasks_pb2.TaskSummaryEnumField


class Failed(Exception):
    """Tasks ended otherwise than by completing."""


# ---- the server's side -----------------------------------------------------------------------------------------------


def partition(name: str, worker: Sequence[str], pods: int) -> str:
    """Write the table of a partition; without a worker it only queues."""
    command = f"worker = {[str(word) for word in worker]}\n" if worker else ""
    return f"\n[doors.armonik.partitions.{name}]\n{command}pod_reserved = {pods}\npod_max = {pods}\n"


def lean() -> list[str]:
    """Give the command of a worker on Portico's own library."""
    return [sys.executable, str(PEERS / "armonik_lean.py")]


def genuine() -> list[str]:
    """Give the command of a worker on the genuine package, in an environment of its own."""
    return [str(genuine_python()), str(PEERS / "armonik_genuine.py")]


def genuine_python() -> Path:
    """Give the interpreter that has the genuine package; the first use makes it."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from clients.armonik.environments import NEW, python_of  # noqa: PLC0415 — needs the line above

    return Path(python_of(NEW))


# ---- the client's side -----------------------------------------------------------------------------------------------


class ArmonikClient:
    """One channel to a server."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._sessions = sessions_pb2_grpc.SessionsStub(channel)
        self._results = results_pb2_grpc.ResultsStub(channel)
        self._tasks = tasks_pb2_grpc.TasksStub(channel)

    async def session(self, partition_id: str) -> str:
        """Begin a session in one partition."""
        options = objects_pb2.TaskOptions(
            max_duration=Duration(seconds=600), max_retries=1, priority=1, partition_id=partition_id
        )
        request = sessions_pb2.CreateSessionRequest(default_task_option=options, partition_ids=[partition_id])
        return (await self._sessions.CreateSession(request)).session_id

    async def give(self, session: str, data: bytes, count: int) -> list[str]:
        """Create so many results of the same data; gives their ids."""
        create = results_pb2.CreateResultsRequest.ResultCreate(name="payload", data=data)
        reply = await self._results.CreateResults(
            results_pb2.CreateResultsRequest(session_id=session, results=[create] * count)
        )
        return [result.result_id for result in reply.results]

    async def promise(self, session: str, count: int) -> list[str]:
        """Create so many results without data; gives their ids."""
        create = results_pb2.CreateResultsMetaDataRequest.ResultCreate(name="output")
        reply = await self._results.CreateResultsMetaData(
            results_pb2.CreateResultsMetaDataRequest(session_id=session, results=[create] * count)
        )
        return [result.result_id for result in reply.results]

    async def submit(self, session: str, payloads: Sequence[str], outputs: Sequence[str]) -> None:
        """Submit a task for each payload and output."""
        creation = tasks_pb2.SubmitTasksRequest.TaskCreation
        created = [
            creation(payload_id=payload, expected_output_keys=[output])
            for payload, output in zip(payloads, outputs, strict=True)
        ]
        await self._tasks.SubmitTasks(tasks_pb2.SubmitTasksRequest(session_id=session, task_creations=created))

    async def submit_many(self, session: str, data: bytes, count: int) -> None:
        """Submit so many tasks with the same payload, a thousand at once."""
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            payloads, outputs = await asyncio.gather(self.give(session, data, size), self.promise(session, size))
            await self.submit(session, payloads, outputs)

    async def completed(self, session: str) -> int:
        """Wait until every task of a session has completed; gives how many there are. Raises Failed."""
        request = tasks_pb2.CountTasksByStatusRequest(filters=by_session(session))
        while True:
            counts = {one.status: one.count for one in (await self._tasks.CountTasksByStatus(request)).status}
            if counts.keys() & BAD:
                raise Failed(str(counts))
            if counts and counts.keys() <= GOOD:
                return sum(counts.values())
            await asyncio.sleep(PERIOD)

    async def span(self, session: str) -> float:
        """Give the seconds from the first task's creation to the last one's end."""
        first = await self._first(session, FIELD.TASK_SUMMARY_ENUM_FIELD_CREATED_AT, ascending=True)
        last = await self._first(session, FIELD.TASK_SUMMARY_ENUM_FIELD_ENDED_AT, ascending=False)
        return (last.ended_at.ToMicroseconds() - first.created_at.ToMicroseconds()) / 1e6

    async def _first(self, session: str, field: FIELD.ValueType, *, ascending: bool) -> tasks_pb2.TaskSummary:
        request = tasks_pb2.ListTasksRequest(page_size=1, filters=by_session(session), sort=sort(field, ascending))
        return (await self._tasks.ListTasks(request)).tasks[0]


async def rate(client: ArmonikClient, partition_id: str, data: bytes, count: int) -> tuple[float, float]:
    """Give tasks a second from the first created to the last ended, and by the client's clock until it knows."""
    session = await client.session(partition_id)
    begun = asyncio.get_running_loop().time()
    await client.submit_many(session, data, count)
    total = await client.completed(session)
    wall = asyncio.get_running_loop().time() - begun
    return total / await client.span(session), total / wall


# ---- messages --------------------------------------------------------------------------------------------------------


def summary(field: FIELD.ValueType) -> tasks_pb2.TaskField:
    """Name a field of a task itself."""
    return tasks_pb2.TaskField(task_summary_field=tasks_pb2.TaskSummaryField(field=field))


def sort(field: FIELD.ValueType, ascending: bool) -> tasks_pb2.ListTasksRequest.Sort:  # noqa: FBT001 — said by name
    """Give an order by one field."""
    directions = sort_direction_pb2.SortDirection
    direction = directions.SORT_DIRECTION_ASC if ascending else directions.SORT_DIRECTION_DESC
    return tasks_pb2.ListTasksRequest.Sort(field=summary(field), direction=direction)


def all_of(*fields: tasks_pb2.FilterField) -> tasks_pb2.Filters:
    """Ask for tasks that meet all of these."""
    filters = tasks_pb2.Filters()
    getattr(getattr(filters, "or").add(), "and").extend(fields)
    return filters


def in_session(session: str) -> tasks_pb2.FilterField:
    """Ask for one session's."""
    return tasks_pb2.FilterField(
        field=summary(FIELD.TASK_SUMMARY_ENUM_FIELD_SESSION_ID), filter_string=filters_pb2.FilterString(value=session)
    )


def by_status(status: task_status_pb2.TaskStatus) -> tasks_pb2.FilterField:
    """Ask for those in one state."""
    return tasks_pb2.FilterField(
        field=summary(FIELD.TASK_SUMMARY_ENUM_FIELD_STATUS), filter_status=tasks_pb2.FilterStatus(value=status)
    )


def by_session(session: str) -> tasks_pb2.Filters:
    """Ask for one session's, and nothing else."""
    return all_of(in_session(session))
