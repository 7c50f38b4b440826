import asyncio

import msgspec
import pytest
from harness import FakeNode, make_plane, settle

from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import GetInstance, ListInstances, ListRuns
from portico.domain.errors import Invalid, NotFound
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, Job, JobMode, Retry, Template
from portico.domain.runs import RunSpec


def kind(name="echo", **changes):
    template = Template(
        spec=RunSpec(argv=("echo", "hi")),
        amounts={"cpus": 1000, "mem": 64_000},
        priority=5,
        timeout=changes.pop("timeout", Micros(0)),
    )
    return Job(
        id=kind_id(name), door="jobv1", pool="/jobv1", mode=JobMode.DEMAND, created_at=0, template=template, **changes
    )


async def started(jobs=None, **node):
    plane = make_plane()
    plane.start(jobs or [kind()], [])
    agent = FakeNode(plane, **node)
    await settle(plane)
    assert agent.welcomed
    return plane, agent


def test_a_kind_that_claims_nothing_runs_too():
    async def story():
        free = kind()
        plane, agent = await started(
            [msgspec.structs.replace(free, template=msgspec.structs.replace(free.template, amounts={}))]
        )
        instance = await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        agent.ended(agent.orders[0])
        await settle(plane)
        assert (await plane.ask(GetInstance(instance.id))).state is InstanceState.SUCCEEDED

    asyncio.run(story())


def test_a_command_goes_from_schedule_to_completed():
    async def story():
        plane, agent = await started()
        instance = await plane.submit(ScheduleKind("echo", ("a",)))
        assert instance.state is InstanceState.PENDING
        await settle(plane)
        (order,) = agent.orders
        assert order.spec.argv == ("echo", "hi", "a")
        agent.started(order)
        await settle(plane)
        running = await plane.ask(GetInstance(instance.id))
        assert (running.state, running.attempts) == (InstanceState.RUNNING, 1)
        agent.ended(order, output=b"hi a\nthere\n")
        await settle(plane)
        ended = await plane.ask(GetInstance(instance.id))
        assert ended.state is InstanceState.SUCCEEDED
        assert ended.results == ("hi a", "there")
        assert agent.acked == [1, 2]
        assert plane.state.runs == {}
        assert plane.state.instances == {}
        assert plane.capacity.allocation == {}
        assert (await plane.ask(ListInstances(job=kind_id("echo"))))[0] == ended
        assert len(await plane.ask(ListRuns(instance=instance.id))) == 1

    asyncio.run(story())


def test_nothing_leaves_before_it_is_durable():
    async def story():
        plane, agent = await started()
        plane.writer.hold = True
        asking = asyncio.ensure_future(plane.submit(ScheduleKind("echo")))
        await settle(plane)
        assert not asking.done()
        assert agent.orders == []
        plane.writer.flush()
        await settle(plane)
        assert asking.done()
        plane.writer.flush()
        await settle(plane)
        assert len(agent.orders) == 1

    asyncio.run(story())


def test_a_failing_command_is_tried_again_after_its_backoff_and_then_given_up():
    async def story():
        plane, agent = await started([kind(retry=Retry(1, Micros(10 * SECOND)))])
        instance = await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        agent.ended(agent.orders[0], code=3)
        await settle(plane)
        waiting = await plane.ask(GetInstance(instance.id))
        assert (waiting.state, waiting.attempts) == (InstanceState.WAITING, 1)
        assert len(agent.orders) == 1
        plane.clock.advance(10)
        await settle(plane)
        assert len(agent.orders) == 2
        agent.ended(agent.orders[1], code=3)
        await settle(plane)
        failed = await plane.ask(GetInstance(instance.id))
        assert (failed.state, failed.attempts) == (InstanceState.FAILED, 2)
        assert failed.error == "Command exited with status 3"

    asyncio.run(story())


def test_concurrency_bounds_simultaneous_attempts_and_priority_orders_the_rest():
    async def story():
        plane, agent = await started([kind(concurrency=1)])
        await plane.submit(ScheduleKind("echo", ("first",)))
        await plane.submit(ScheduleKind("echo", ("late",), priority=9))
        await plane.submit(ScheduleKind("echo", ("urgent",), priority=0))
        await settle(plane)
        assert [order.spec.argv[-1] for order in agent.orders] == ["first"]
        agent.ended(agent.orders[0])
        await settle(plane)
        agent.ended(agent.orders[1])
        await settle(plane)
        assert [order.spec.argv[-1] for order in agent.orders] == ["first", "urgent", "late"]

    asyncio.run(story())


def test_a_cancelled_instance_is_stopped_and_never_tried_again():
    async def story():
        plane, agent = await started([kind(retry=Retry(-1))])
        instance = await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        agent.started(agent.orders[0])
        await settle(plane)
        (cancelled,) = await plane.submit(CancelInstances(id=instance.id))
        assert cancelled.cancel
        await settle(plane)
        assert [stop.run for stop in agent.stops] == [agent.orders[0].run]
        agent.ended(agent.orders[0], code=143)
        await settle(plane)
        ended = await plane.ask(GetInstance(instance.id))
        assert ended.state is InstanceState.CANCELLED
        assert len(agent.orders) == 1
        assert await plane.submit(CancelInstances(id=instance.id)) == []

    asyncio.run(story())


def test_a_run_over_its_timeout_is_stopped_and_ends_timed_out():
    async def story():
        plane, agent = await started([kind(timeout=Micros(5 * SECOND))])
        instance = await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        agent.started(agent.orders[0])
        await settle(plane)
        plane.clock.advance(5)
        await settle(plane)
        assert len(agent.stops) == 1
        agent.ended(agent.orders[0], code=143)
        await settle(plane)
        ended = await plane.ask(GetInstance(instance.id))
        assert ended.state is InstanceState.TIMED_OUT
        assert ended.error == "ran longer than its timeout of 5 s"

    asyncio.run(story())


def test_work_waits_for_room_and_is_never_over_placed():
    async def story():
        plane, agent = await started(cpus=2)
        for _ in range(5):
            await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        assert len(agent.orders) == 2
        agent.ended(agent.orders[0])
        await settle(plane)
        assert len(agent.orders) == 3

    asyncio.run(story())


@pytest.mark.parametrize("name", ["", "nothing"])
def test_unknown_kinds_are_refused(name):
    async def story():
        plane, _ = await started()
        with pytest.raises(NotFound, match=f"registered job not found: {name}"):
            await plane.submit(ScheduleKind(name))
        assert plane.state.instances == {}

    asyncio.run(story())


@pytest.mark.parametrize("arguments", [("x" * 200_000,), ("a\0b",), ("a",) * 1001])
def test_arguments_no_process_can_have_are_refused(arguments):
    async def story():
        plane, _ = await started()
        with pytest.raises(Invalid, match="arguments"):
            await plane.submit(ScheduleKind("echo", arguments))
        assert plane.state.instances == {}

    asyncio.run(story())


def test_a_template_that_cannot_be_filled_leaves_no_trace():
    async def story():
        job = kind()
        spec = RunSpec(argv=("cp", "{0}", "{1}"))
        job = msgspec.structs.replace(job, template=msgspec.structs.replace(job.template, spec=spec))
        plane, _ = await started([job])
        with pytest.raises(Invalid, match="names argument 1"):
            await plane.submit(ScheduleKind("echo", ("only",)))
        assert plane.state.instances == {}
        assert plane.queues[job.id].active == 0

    asyncio.run(story())
