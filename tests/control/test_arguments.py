"""Arguments that do not fit a command cost their own instance only, whenever that is noticed."""

import asyncio

import pytest
from harness import FakeNode, make_plane, settle

from portico.control.commands import ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import GetInstance, ListInstances
from portico.domain.errors import Invalid
from portico.domain.jobs import InstanceState, Job, JobMode, Retry, Schedule, Template
from portico.domain.runs import RunSpec


def kind(*argv, name="work", **changes):
    return Job(
        id=kind_id(name),
        door="jobv1",
        pool="/jobv1",
        mode=JobMode.DEMAND,
        created_at=0,
        template=Template(spec=RunSpec(argv=argv), amounts={"cpus": 1000}),
        **changes,
    )


async def begun(*jobs):
    plane = make_plane()
    plane.start(jobs, [])
    node = FakeNode(plane)
    await settle(plane)
    return plane, node


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_too_few_or_too_many_are_refused_at_once_and_leave_nothing(arguments):
    async def story():
        plane, node = await begun(kind("say", "{0}"))
        with pytest.raises(Invalid):
            await plane.submit(ScheduleKind("work", arguments))
        await settle(plane)
        assert node.orders == []
        assert await plane.ask(ListInstances()) == []

    asyncio.run(story())


def test_they_are_refused_too_while_the_kind_has_no_free_slot():
    async def story():
        plane, node = await begun(kind("say", "{0}", concurrency=1))
        await plane.submit(ScheduleKind("work", ("x",)))
        with pytest.raises(Invalid):
            await plane.submit(ScheduleKind("work"))
        await settle(plane)
        node.started(node.orders[0])
        node.ended(node.orders[0])
        await settle(plane)
        assert not node.line.closed
        assert [one.state for one in await plane.ask(ListInstances())] == [InstanceState.SUCCEEDED]

    asyncio.run(story())


def test_a_firing_of_a_command_that_needs_an_argument_fails_alone():
    async def story():
        schedule = Schedule(cron="* * * * *")
        retry = Retry(3)
        plane, node = await begun(kind("say", "{0}", schedule=schedule, retry=retry), kind("other", name="other"))
        recurring = plane.state.jobs["kind/work"].recurring
        plane.clock.advance(61)
        await settle(plane)
        failed = await plane.ask(GetInstance(recurring))
        assert (failed.state, failed.attempts) == (InstanceState.FAILED, 0)
        assert failed.error == "the command names argument 0, counted from 0; got 0"
        await plane.submit(ScheduleKind("other"))
        await settle(plane)
        assert [order.spec.argv for order in node.orders] == [("other",)]

    asyncio.run(story())


def test_a_command_that_was_changed_under_many_waiting_instances_fails_them_and_serves_the_rest():
    async def story():
        plane, _ = await begun(kind("say", "{0}", concurrency=1))
        waiting = [await plane.submit(ScheduleKind("work", ("x",))) for _ in range(1_200)]
        await settle(plane)
        again = make_plane(plane.store, plane.clock)
        again.start([kind("say", "{1}", concurrency=1)], [])
        back = FakeNode(again)
        await settle(again, 40)
        order = back.orders[0]  # the one that had its turn before
        back.started(order)
        back.ended(order)
        await settle(again, 40)
        states = [(await again.ask(GetInstance(one.id))).state for one in waiting]
        assert states == [InstanceState.SUCCEEDED] + [InstanceState.FAILED] * 1_199

    asyncio.run(story())
