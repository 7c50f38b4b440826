"""What is cancelled does not fire: a single firing before its time, a schedule between two of its firings."""

import asyncio

import msgspec
import pytest
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


OFTEN = Job(
    id=kind_id("often"),
    door="jobv1",
    pool="/jobv1",
    mode=JobMode.DEMAND,
    created_at=0,
    template=Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000}),
    schedule=Schedule("* * * * *"),
)


async def fired_once():
    """Give a plane whose schedule has fired once and awaits its next firing, with the Instance and the node."""
    plane = make_plane()
    plane.start([OFTEN], [])
    node = FakeNode(plane)
    plane.clock.advance(60)
    await settle(plane)
    node.ended(node.orders[0], output=b"done")
    await settle(plane)
    plane.clock.advance(1)
    instance = await plane.ask(GetInstance(plane.state.jobs[OFTEN.id].recurring))
    assert instance.state is InstanceState.SUCCEEDED
    return plane, node, instance


@pytest.mark.parametrize("named_by", ["id", "kind", "both"])
def test_between_two_firings_an_instance_that_is_named_ends_its_schedule(named_by):
    async def story():
        plane, node, before = await fired_once()
        criteria = {"id": {"id": before.id}, "kind": {"job": OFTEN.id}}
        wanted = criteria["id"] | criteria["kind"] if named_by == "both" else criteria[named_by]
        (answered,) = await plane.submit(CancelInstances(**wanted))
        assert (answered.id, answered.state) == (before.id, InstanceState.CANCELLED)
        assert (answered.generation, answered.attempts) == (before.generation + 1, before.attempts)
        assert answered.ended_at == plane.clock.now()
        assert plane.state.jobs[OFTEN.id].fire_at == 0
        assert await plane.submit(CancelInstances(**wanted)) == []
        for _ in range(3):
            plane.clock.advance(60)
            await settle(plane)
        assert len(node.orders) == 1
        assert await plane.ask(GetInstance(before.id)) == answered

    asyncio.run(story())


@pytest.mark.parametrize("wide", [{}, {"states": frozenset({InstanceState.SUCCEEDED})}])
def test_who_does_not_name_it_leaves_the_schedule(wide):
    async def story():
        plane, node, _ = await fired_once()
        assert await plane.submit(CancelInstances(**wide)) == []
        plane.clock.advance(60)
        await settle(plane)
        assert len(node.orders) == 2

    asyncio.run(story())


def test_a_schedule_that_was_ended_between_firings_stays_ended_after_a_restart_until_it_is_changed():
    async def story():
        plane, _, instance = await fired_once()
        await plane.submit(CancelInstances(id=instance.id))
        again = make_plane(plane.store, plane.clock)
        again.start([OFTEN], [])
        node = FakeNode(again)
        again.clock.advance(60)
        await settle(again)
        assert node.orders == []
        assert (await again.ask(GetInstance(instance.id))).state is InstanceState.CANCELLED

        changed = make_plane(again.store, again.clock)
        changed.start([msgspec.structs.replace(OFTEN, schedule=Schedule("*/2 * * * *"))], [])
        node = FakeNode(changed)
        changed.clock.advance(120)
        await settle(changed)
        (order,) = node.orders
        assert changed.state.runs[order.run].instance == instance.id

    asyncio.run(story())


def test_the_end_of_a_schedule_is_answered_when_it_is_durable():
    async def story():
        plane, _, instance = await fired_once()
        plane.writer.hold = True
        cancelling = asyncio.ensure_future(plane.submit(CancelInstances(id=instance.id)))
        await settle(plane)
        assert not cancelling.done()
        plane.writer.flush()
        (answered,) = await cancelling
        assert answered.state is InstanceState.CANCELLED

    asyncio.run(story())


def test_what_fired_once_and_ended_has_nothing_to_cancel():
    async def story():
        plane = make_plane()
        once = msgspec.structs.replace(OFTEN, schedule=Schedule(at=plane.clock.now()))
        plane.start([once], [])
        node = FakeNode(plane)
        await settle(plane)
        node.ended(node.orders[0])
        await settle(plane)
        assert await plane.submit(CancelInstances(job=once.id)) == []

    asyncio.run(story())
