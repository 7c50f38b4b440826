"""A single firing that was cancelled before its time does not happen all the same."""

import asyncio

from harness import FakeNode, make_plane, settle

from portico.control.commands import CancelInstances
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import GetInstance
from portico.domain.jobs import InstanceState, Job, JobMode, Schedule, Template
from portico.domain.runs import RunSpec


def test_a_cancelled_single_firing_stays_cancelled():
    async def story():
        plane = make_plane()
        once = Job(
            id=kind_id("once"),
            door="jobv1",
            pool="/jobv1",
            mode=JobMode.DEMAND,
            created_at=0,
            template=Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000}),
            schedule=Schedule(at=plane.clock.now() + 60_000_000),
        )
        plane.start([once], [])
        node = FakeNode(plane)
        await settle(plane)
        instance = plane.state.jobs["kind/once"].recurring
        await plane.submit(CancelInstances(id=instance))
        plane.clock.advance(61)
        await settle(plane)
        assert node.orders == []
        assert (await plane.ask(GetInstance(instance))).state is InstanceState.CANCELLED

    asyncio.run(story())


def test_cancelling_the_instance_of_a_schedule_ends_the_schedule():
    async def story():
        plane = make_plane()
        often = Job(
            id=kind_id("often"),
            door="jobv1",
            pool="/jobv1",
            mode=JobMode.DEMAND,
            created_at=0,
            template=Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000}),
            schedule=Schedule("* * * * *"),
        )
        plane.start([often], [])
        node = FakeNode(plane)
        plane.clock.advance(60)
        await settle(plane)
        node.ended(node.orders[0])
        await settle(plane)
        plane.clock.advance(60)
        await settle(plane)
        await plane.submit(CancelInstances(job="kind/often"))
        node.ended(node.orders[1], code=143)
        await settle(plane)
        for _ in range(3):
            plane.clock.advance(60)
            await settle(plane)
        assert len(node.orders) == 2
        assert plane.state.jobs["kind/often"].fire_at == 0

    asyncio.run(story())
