"""Looking up one young Instance waits a moment for its end, and no longer."""

import asyncio

from harness import FakeNode, make_plane, settle

from portico.control import asking
from portico.control.commands import ScheduleKind
from portico.control.queries import ListInstances
from portico.domain.jobs import InstanceState, Job, JobMode, Template
from portico.domain.runs import RunSpec

KIND = Job(
    id="kind/true",
    door="jobv1",
    pool="/jobv1",
    mode=JobMode.DEMAND,
    created_at=0,
    template=Template(spec=RunSpec(argv=("true",)), amounts={"cpus": 100}),
)


async def scheduled():
    plane = make_plane()
    plane.start([KIND], [])
    node = FakeNode(plane)
    submitting = asyncio.ensure_future(plane.submit(ScheduleKind("true")))
    await settle(plane)
    instance = submitting.result()
    node.started(node.orders[0])
    await settle(plane)
    return plane, node, instance


def test_a_lookup_hears_of_an_end_that_comes_at_once(monkeypatch):
    monkeypatch.setattr(asking, "A_MOMENT", 20.0)

    async def story():
        plane, node, instance = await scheduled()
        looking = asyncio.ensure_future(plane.ask(ListInstances(id=instance.id)))
        await asyncio.sleep(0)
        assert not looking.done()
        node.ended(node.orders[0])
        await settle(plane)
        (found,) = looking.result()
        assert found.state is InstanceState.SUCCEEDED

    asyncio.run(story())


def test_a_lookup_does_not_wait_for_what_lasts():
    async def story():
        plane, _, instance = await scheduled()
        (found,) = await asyncio.wait_for(plane.ask(ListInstances(id=instance.id)), 5)
        assert found.state is InstanceState.RUNNING

    asyncio.run(story())


def test_a_lookup_of_an_older_instance_is_answered_at_once():
    async def story():
        plane, _, instance = await scheduled()
        plane.clock.advance(1)
        looking = asyncio.ensure_future(plane.ask(ListInstances(id=instance.id)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert looking.done()

    asyncio.run(story())
