"""What becomes of a kind's waiting firing when its schedule is another one, or none, at the next start."""

import asyncio

import msgspec
import pytest
from harness import FakeNode, make_plane, settle

from portico.control.jobs.catalogue import kind_id
from portico.control.queries import GetInstance
from portico.domain.jobs import InstanceState, Job, JobMode, Schedule, Template
from portico.domain.runs import RunSpec

HOUR = 3600


def kind(schedule):
    return Job(
        id=kind_id("work"),
        door="jobv1",
        pool="/jobv1",
        mode=JobMode.DEMAND,
        created_at=0,
        template=Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000}),
        schedule=schedule,
    )


def restarted(plane, *jobs):
    """Give the plane of a next start with these kinds, and its node."""
    again = make_plane(plane.store, plane.clock)
    again.start(list(jobs), [])
    return again, FakeNode(again)


async def waiting(schedule):
    """Give a plane with one kind whose first firing is still to come, and the id of its Instance."""
    plane = make_plane()
    plane.start([kind(schedule)], [])
    FakeNode(plane)
    await settle(plane)
    return plane, plane.state.jobs[kind_id("work")].recurring


def hourly():
    return Schedule("@every 1h")


@pytest.mark.parametrize("to", [Schedule(), Schedule("0 0 31 2 *"), None], ids=["none", "never", "no kind"])
@pytest.mark.parametrize("single", [False, True])
def test_a_firing_that_was_taken_away_never_comes(single, to):
    async def story():
        schedule = Schedule(at=make_plane().clock.now() + HOUR * 1_000_000) if single else hourly()
        plane, instance = await waiting(schedule)
        plane, node = restarted(plane, *([] if to is None else [kind(to)]))
        await settle(plane)
        assert (await plane.ask(GetInstance(instance))).state is InstanceState.CANCELLED
        plane.clock.advance(2 * HOUR)
        await settle(plane)
        assert node.orders == []

    asyncio.run(story())


def test_a_schedule_that_is_given_again_fires_with_the_same_instance():
    async def story():
        plane, instance = await waiting(hourly())
        plane, _ = restarted(plane, kind(Schedule()))
        await settle(plane)
        plane, node = restarted(plane, kind(hourly()))
        plane.clock.advance(HOUR)
        await settle(plane)
        (order,) = node.orders
        assert plane.state.runs[order.run].instance == instance
        node.ended(order)
        await settle(plane)
        assert (await plane.ask(GetInstance(instance))).state is InstanceState.SUCCEEDED

    asyncio.run(story())


def test_a_firing_that_has_begun_goes_on_without_its_schedule():
    async def story():
        plane, instance = await waiting(hourly())
        plane.clock.advance(HOUR)
        await settle(plane)
        assert plane.state.instances[instance].state is InstanceState.PENDING
        plane, _ = restarted(plane, kind(Schedule()))
        await settle(plane)
        assert plane.state.instances[instance].state is InstanceState.PENDING
        assert plane.state.jobs[kind_id("work")].fire_at == 0

    asyncio.run(story())


def test_another_schedule_moves_the_firing():
    async def story():
        plane, instance = await waiting(hourly())
        plane, node = restarted(plane, kind(Schedule("@every 3h")))
        plane.clock.advance(2 * HOUR)
        await settle(plane)
        assert node.orders == []
        plane.clock.advance(HOUR)
        await settle(plane)
        (order,) = node.orders
        assert plane.state.runs[order.run].instance == instance

    asyncio.run(story())


def test_an_ended_instance_stays_as_it_ended():
    async def story():
        plane, instance = await waiting(hourly())
        node = FakeNode(plane)
        plane.clock.advance(HOUR)
        await settle(plane)
        node.ended(node.orders[0])
        await settle(plane)
        before = await plane.ask(GetInstance(instance))
        assert before.state is InstanceState.SUCCEEDED
        plane, node = restarted(plane, msgspec.structs.replace(kind(Schedule()), description="by hand only"))
        plane.clock.advance(2 * HOUR)
        await settle(plane)
        assert node.orders == []
        assert await plane.ask(GetInstance(instance)) == before

    asyncio.run(story())
