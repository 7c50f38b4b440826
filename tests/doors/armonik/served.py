"""The door's services about sessions, tasks, applications and partitions, behind a real server, before a real plane."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
import grpc.aio
import pytest
from control.calls.stage import opened
from google.protobuf.duration_pb2 import Duration

from portico.control.calls.commands import CreateResults
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import Content, ResultDraft
from portico.doors.armonik import applications, partitions, sessions, tasks
from portico.doors.armonik.errors import translate
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration
from portico.wire.armonik import (
    applications_pb2_grpc,
    filters_pb2,
    objects_pb2,
    partitions_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)

LOOPBACK = Address("127.0.0.1", 0)
UNKNOWN = "00000000-ffff-8100-8000-000000000000"
MODULES = (
    (sessions, sessions.Sessions),
    (tasks, tasks.Tasks),
    (applications, applications.Applications),
    (partitions, partitions.Partitions),
)


class Served:
    """Stubs of the services, and the plane behind them."""

    def __init__(self, stage, channel):
        self.stage = stage
        self.plane = stage.plane
        self.sessions = sessions_pb2_grpc.SessionsStub(channel)
        self.tasks = tasks_pb2_grpc.TasksStub(channel)
        self.applications = applications_pb2_grpc.ApplicationsStub(channel)
        self.partitions = partitions_pb2_grpc.PartitionsStub(channel)

    def text(self, kind, number):
        return self.plane.calls.naming.text(kind, number)

    def session_text(self, number):
        return self.text(Kind.SESSION, number)

    async def session(self, *partitions, **more):
        """Create a session; gives its id."""
        request = sessions_pb2.CreateSessionRequest(default_task_option=options(**more), partition_ids=partitions)
        return (await self.sessions.CreateSession(request)).session_id

    async def results(self, session, *datas):
        """Create results with these data, or only promised for None; gives their ids."""
        drafts = tuple(ResultDraft("", None if data is None else Content(len(data), data)) for data in datas)
        return (await self.plane.submit(CreateResults(session, drafts))).texts

    async def submit(self, session, count=1, payload=b"p", **more):
        """Submit tasks with a payload each, and nothing else; gives their ids."""
        payloads = await self.results(session, *[payload] * count)
        request = tasks_pb2.SubmitTasksRequest(
            session_id=session,
            task_creations=[tasks_pb2.SubmitTasksRequest.TaskCreation(payload_id=one) for one in payloads],
            task_options=patch(**more) if more else None,
        )
        return [info.task_id for info in (await self.tasks.SubmitTasks(request)).task_infos]


@contextlib.asynccontextmanager
async def served():
    """Serve them on a port of their own."""
    async with opened() as stage:

        def add(server):
            for module, service in MODULES:
                module.add_to_server(service(stage.plane), server)

        names = tuple(module.SERVICE for module, _ in MODULES)
        server = GrpcServer([Registration(add, names, "armonik", translate)], Metrics())
        (address,) = await server.start([LOOPBACK])
        await server.open()
        try:
            async with grpc.aio.insecure_channel(str(address)) as channel:
                yield Served(stage, channel)
        finally:
            await server.stop(0)


def story(play):
    """Run an async test against a server."""

    async def run():
        async with served() as at:
            await play(at)

    asyncio.run(run())


async def refused(call):
    """Give the error of a call that fails."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details()


def options(**more):
    """Make whole options."""
    given = {"max_duration": Duration(seconds=60), "max_retries": 2, "priority": 1, **more}
    return objects_pb2.TaskOptions(**given)


def patch(**more):
    """Make options that say only this, and a priority."""
    return objects_pb2.TaskOptions(**{"priority": 1, **more})


def task_condition(number, value, how=0):
    """Make a condition on a task's field that holds text."""
    field = tasks_pb2.TaskField(task_summary_field=tasks_pb2.TaskSummaryField(field=number))
    return tasks_pb2.FilterField(field=field, filter_string=filters_pb2.FilterString(value=value, operator=how))


def status_condition(status):
    """Make a condition on a task's status."""
    field = tasks_pb2.TaskField(task_summary_field=tasks_pb2.TaskSummaryField(field=2))
    return tasks_pb2.FilterField(field=field, filter_status=tasks_pb2.FilterStatus(value=status))


def task_filters(*clauses):
    """Make a filter of tasks: OR of ANDs."""
    return tasks_pb2.Filters(**{"or": [tasks_pb2.FiltersAnd(**{"and": clause}) for clause in clauses]})
