"""Scheduling results: why a task waits, and that it does no longer."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from itertools import pairwise

import pytest
from doors.titus.extension.stage import ALICE, batch, service
from doors.titus.neighbours.neighbour_stage import CONTEXT, NeighbourStage

from portico.control.commands import DrainNode
from portico.control.explaining import explanations
from portico.domain.nodes import Pool
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.neighbours.scheduler import NO_SELECTORS, Scheduler
from portico.wire.titus import scheduler_api_pb2 as pb
from portico.wire.titus import scheduler_api_pb2_grpc

NOBODY = "11111111-1111-1111-1111-111111111111"


def made(pause=0.001):
    stage = NeighbourStage()
    return stage, Scheduler(stage.plane, partial(explanations, stage.plane, pause=pause))


def asked(task):
    return pb.SchedulingResultRequest(taskId=task)


async def waiting(stage, scheduler, job):
    """Give why the one waiting task of a job waits."""
    (task,) = [task for task in stage.tasks(job) if task.status.state == "Accepted"]
    event = await stage.call(scheduler.GetSchedulingResult, asked(task.id))
    assert event.WhichOneof("Status") == "failures"
    return {(one.reason, one.failureCount, tuple(one.agentIdSamples)) for one in event.failures.failures}


def test_unknown_tasks_are_not_found():
    async def play():
        stage, scheduler = made()
        for identity, code in ((NOBODY, Code.TASK_ID_NOT_FOUND), ("what", Code.INVALID_ARGUMENT)):
            with pytest.raises(TitusError) as caught:
                await stage.call(scheduler.GetSchedulingResult, asked(identity))
            assert caught.value.code is code
            with pytest.raises(TitusError):
                await stage.finish(anext(scheduler.ObserveSchedulingResults(asked(identity), CONTEXT)))

    asyncio.run(play())


def test_a_placed_task_and_a_finished_one_are_successes():
    async def play():
        stage, scheduler = made()
        await stage.node()
        job = await stage.create(batch())
        (task,) = stage.tasks(job)
        event = await stage.call(scheduler.GetSchedulingResult, asked(task.id))
        assert event.success.message == "The task is placed on n1"
        await stage.started(task.id)
        await stage.ended(task.id)
        event = await stage.call(scheduler.GetSchedulingResult, asked(task.id))
        assert event.success.message == "The task is finished (normal)"
        stream = scheduler.ObserveSchedulingResults(asked(task.id), CONTEXT)
        assert [found.success.message async for found in stream] == ["The task is finished (normal)"]

    asyncio.run(play())


def test_every_node_says_why():
    async def play():
        stage, scheduler = made()
        job = await stage.create(service(1))
        assert await waiting(stage, scheduler, job) >= {("there are no nodes", 1, ())}
        await stage.node("n1", cpus=0.5)
        await stage.node("n2")
        await stage.do(DrainNode("n2"))
        job = await stage.create(service(1))
        reasons = await waiting(stage, scheduler, job)
        assert ("is being drained", 1, ("n2",)) in reasons
        assert ("too small for 1 cpus", 1, ("n1",)) in reasons

    asyncio.run(play())


def test_a_node_that_left_is_not_connected():
    async def play():
        stage, scheduler = made()
        node = await stage.node("n1", cpus=32)
        node.session.lost()
        await stage.settle()
        job = await stage.create(service(1))
        assert ("is not connected", 1, ("n1",)) in await waiting(stage, scheduler, job)

    asyncio.run(play())


def test_constraints_are_named():
    async def play():
        stage, scheduler = made()
        await stage.node("n1", cpus=32)
        descriptor = service(2)
        descriptor.container.hardConstraints.constraints["uniqueHost"] = "true"
        job = await stage.create(descriptor)
        text = "constraint: no other task of the job is on the node"
        assert await waiting(stage, scheduler, job) == {(text, 1, ("n1",))}

    asyncio.run(play())


def test_the_pool_s_limit_and_its_entitlement_are_named():
    async def play():
        stage, scheduler = made()
        await stage.node("n1", cpus=32)
        with stage.plane.begin() as tx:
            tx.put(Pool(id="/titus/DEFAULT", limit={"cpus": 1_500}))
        job = await stage.create(service(2))
        ((reason, count, samples),) = await waiting(stage, scheduler, job)
        assert (count, samples) == (1, ())
        assert "/titus/DEFAULT is not entitled to 1 cpus more" in reason
        descriptor = service(1)
        descriptor.container.resources.cpu = 3
        large = await stage.create(descriptor)
        assert ("it asks for more than the limit of pool /titus/DEFAULT: 1.5 cpus", 1, ()) in await waiting(
            stage, scheduler, large
        )

    asyncio.run(play())


def test_those_that_go_first_are_named():
    async def play():
        stage, scheduler = made()
        await stage.node("n1", cpus=4)
        descriptor = service(2)
        descriptor.container.resources.cpu = 3
        first = await stage.create(descriptor)
        later = await stage.create(service(2))
        reasons = {reason for reason, _, _ in await waiting(stage, scheduler, first)}
        assert any("is not entitled to 3 cpus more" in reason for reason in reasons)
        tasks = [task for task in stage.tasks(later) if task.status.state == "Accepted"]
        event = await stage.call(scheduler.GetSchedulingResult, asked(tasks[0].id))
        assert any("others go first in pool /titus/DEFAULT" in one.reason for one in event.failures.failures)

    asyncio.run(play())


def test_a_stream_tells_each_result_once_until_the_task_is_placed():
    async def play():
        stage, scheduler = made()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        stream = scheduler.ObserveSchedulingResults(asked(task.id), CONTEXT)
        first = await stage.finish(anext(stream))
        assert any(one.reason == "there are no nodes" for one in first.failures.failures)
        upcoming = asyncio.ensure_future(anext(stream))
        await asyncio.wait({upcoming}, timeout=0.02)
        assert not upcoming.done(), "the same is not told again"
        await stage.node("n1")
        later = [await stage.finish(upcoming)]
        later += [event async for event in stream]
        assert later[-1].success.message == "The task is placed on n1"
        assert all(before != after for before, after in pairwise(later))

    asyncio.run(play())


def test_a_stream_hears_of_the_end_of_a_waiting_task():
    async def play():
        stage, scheduler = made(pause=60)
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        stream = scheduler.ObserveSchedulingResults(asked(task.id), CONTEXT)
        await stage.finish(anext(stream))
        upcoming = asyncio.ensure_future(anext(stream))
        await stage.do(commands.KillJob(job, ALICE))
        assert (await stage.finish(upcoming)).success.message == "The task is over"

    asyncio.run(play())


def test_a_stream_that_is_left_leaves_no_watcher():
    async def play():
        stage, scheduler = made()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        before = sum(map(len, stage.plane.hub._watchers.values()))
        stream = scheduler.ObserveSchedulingResults(asked(task.id), CONTEXT)
        await stage.finish(anext(stream))
        assert sum(map(len, stage.plane.hub._watchers.values())) == before + 1
        await stream.aclose()
        assert sum(map(len, stage.plane.hub._watchers.values())) == before

    asyncio.run(play())


def test_system_selectors_are_refused_with_a_reason():
    async def play():
        _, scheduler = made()
        names = [
            name
            for name, _ in inspect.getmembers(scheduler_api_pb2_grpc.SchedulerServiceServicer)
            if "Selector" in name
        ]
        assert len(names) == 5
        for name in names:
            with pytest.raises(TitusError, match=NO_SELECTORS) as caught:
                await getattr(scheduler, name)(None, CONTEXT)
            assert caught.value.code is Code.UNIMPLEMENTED

    asyncio.run(play())
