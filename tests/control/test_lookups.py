"""Looking up one young Instance waits a moment for its end, and no longer."""

import asyncio

from harness import FakeNode, make_plane, settle

from portico.control import asking, state
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


def test_who_asks_at_once_for_what_has_ended_needs_no_row(monkeypatch):
    async def story():
        plane, node, instance = await scheduled()
        node.ended(node.orders[0])
        await settle(plane)
        assert instance.id not in plane.state.instances
        monkeypatch.setattr(plane.history, "now", lambda _read: None)
        (found,) = await plane.ask(ListInstances(id=instance.id))
        assert found.state is InstanceState.SUCCEEDED
        plane.clock.advance(2)
        assert await plane.ask(ListInstances(id=instance.id)) == []

    asyncio.run(story())


def test_only_the_last_that_have_ended_are_kept(monkeypatch):
    async def story():
        monkeypatch.setattr(state, "MOST_JUST_ENDED", 2)
        plane, node, first = await scheduled()
        instances = [first]
        for number in range(3):
            node.ended(node.orders[number])
            submitting = asyncio.ensure_future(plane.submit(ScheduleKind("true")))
            await settle(plane)
            instances.append(submitting.result())
            node.started(node.orders[number + 1])
            await settle(plane)
        found = [plane.state.instance(instance.id, plane.clock.now()) for instance in instances]
        assert [instance and instance.ended for instance in found] == [None, True, True, False]

    asyncio.run(story())


def test_an_answer_takes_its_shape_before_it_is_durable_and_leaves_after():
    async def story():
        plane = make_plane()
        plane.start([KIND], [])
        FakeNode(plane)
        await settle(plane)
        writer = plane.committer._writer
        writer.hold = True
        shaped = []

        def shape(instance):
            shaped.append(instance.state)
            return "shaped"

        submitting = asyncio.ensure_future(plane.submit(ScheduleKind("true"), shape))
        await asyncio.sleep(0)
        assert shaped
        assert not submitting.done()
        writer.flush()
        assert await submitting == "shaped"

    asyncio.run(story())


def test_the_end_of_an_instance_takes_its_shape_before_it_is_durable_and_leaves_after(monkeypatch):
    monkeypatch.setattr(asking, "A_MOMENT", 20.0)

    async def story():
        plane, node, instance = await scheduled()
        shaped = []

        def shape(instances):
            shaped.extend(one.state for one in instances)
            return "shaped"

        looking = asyncio.ensure_future(plane.ask(ListInstances(id=instance.id), shape))
        await asyncio.sleep(0)
        writer = plane.committer._writer
        writer.hold = True
        node.ended(node.orders[0])
        for _ in range(3):
            await asyncio.sleep(0)
        assert shaped == [InstanceState.SUCCEEDED]
        assert not looking.done()
        writer.flush()
        assert await looking == "shaped"

    asyncio.run(story())


def test_who_waits_no_more_is_forgotten():
    async def story():
        plane, node, instance = await scheduled()
        first = asyncio.ensure_future(plane.awaiting.end(instance.id, 20.0))
        second = asyncio.ensure_future(plane.awaiting.end(instance.id, 20.0))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        node.ended(node.orders[0])
        await second
        await plane.awaiting.end(instance.id, 0.0)
        assert not plane.awaiting._waiting

    asyncio.run(story())
