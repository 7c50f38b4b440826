import asyncio

import msgspec
import pytest
from ears import DOOR, create, listen, live, make_job
from harness import FakeNode, make_plane, settle

from portico.control.jobs.goals import resize, stop_job
from portico.control.jobs.slots import move_instance
from portico.control.queries import ListRuns
from portico.domain.constraints import UniqueHost, encode
from portico.domain.errors import Conflict
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, JobMode, JobState, Retry, Shrink
from portico.domain.runs import RunState


async def two_jobs(**changes):
    plane = make_plane()
    plane.start([], [])
    node = FakeNode(plane, cpus=8)
    ear = listen(plane)
    for identity, size in (("from", 2), ("to", 1)):
        create(plane, make_job(JobMode.SERVICE, size, identity, **changes))
    await settle(plane)
    return plane, node, ear


def move(plane, instance, target="to"):
    with plane.begin() as tx:
        moved = move_instance(plane, tx, instance, plane.state.jobs[target])
        source = plane.state.jobs[instance.job]
        resize(plane, tx, source, source.size - 1)
        resize(plane, tx, plane.state.jobs[target], plane.state.jobs[target].size + 1)
    return moved


@pytest.mark.parametrize("shrink", Shrink)
def test_a_moved_instance_keeps_its_run_and_both_jobs_their_sizes(shrink):
    async def story():
        plane, node, ear = await two_jobs(shrink=shrink)
        instance = next(found for found in live(plane, "from") if found.index == 1)
        node.started(next(order for order in node.orders if order.run == instance.attempt))
        await settle(plane)
        instance = plane.state.instances[instance.id]
        ear.take()
        moved = move(plane, instance)
        assert ear.take() == [("run", "moved")]
        await settle(plane)
        assert (moved.job, moved.index, moved.attempt) == ("to", 1, instance.attempt)
        run = plane.state.runs[instance.attempt]
        assert (run.job, run.state) == ("to", RunState.RUNNING)
        assert (len(live(plane, "from")), len(live(plane, "to"))) == (1, 2)
        assert len(node.orders) == 3
        assert node.stops == []
        assert plane.queues["from"].active == 1
        assert plane.queues["to"].active == 2
        with plane.begin() as tx:
            stop_job(plane, tx, plane.state.jobs["from"])
        await settle(plane)
        assert [stop.run for stop in node.stops] == [
            live_run.id for live_run in plane.state.runs.values() if live_run.job == "from"
        ]

    asyncio.run(story())


def test_a_pause_moves_too():
    async def story():
        plane, node, _ = await two_jobs(retry=Retry(delay=Micros(3 * SECOND)), shrink=Shrink.SPREAD)
        node.ended(node.orders[0], code=1)
        await settle(plane)
        instance = next(found for found in live(plane, "from") if found.state is InstanceState.WAITING)
        move(plane, instance)
        await settle(plane)
        assert len(node.orders) == 3
        plane.clock.advance(3)
        await settle(plane)
        assert plane.state.runs[plane.state.instances[instance.id].attempt].job == "to"
        assert len(node.orders) == 4
        assert [run.job for run in await plane.ask(ListRuns(instance=instance.id))] == ["from", "to"]

    asyncio.run(story())


def test_constraints_count_a_moved_run_for_the_job_it_is_in():
    async def story():
        template = msgspec.structs.replace(make_job().template, hard=(encode(UniqueHost()),))
        plane, node, _ = await two_jobs(template=template)
        assert len(node.orders) == 2, "one of each Job"
        instance = next(found for found in live(plane, "from") if plane.state.runs[found.attempt].node)
        ended = next(order for order in node.orders if plane.state.runs[order.run].job == "to")
        with plane.begin() as tx:
            stop_job(plane, tx, plane.state.jobs["to"])
        node.ended(ended)
        await settle(plane)
        create(plane, make_job(JobMode.SERVICE, 0, "third", template=template))
        move(plane, instance, "third")
        await settle(plane)
        assert len(node.orders) == 3, "the other of the first Job has the node to itself"

    asyncio.run(story())


def test_what_cannot_move_is_refused_and_nothing_changes():
    async def story():
        plane, _, _ = await two_jobs()
        instance = live(plane, "from")[0]
        create(plane, make_job(identity="batch"))
        create(plane, msgspec.structs.replace(make_job(JobMode.SERVICE, identity="other"), door="other"))
        with plane.begin() as tx:
            stop_job(plane, tx, plane.state.jobs["to"])
        assert plane.state.jobs["to"].state is JobState.STOPPING
        for target in ("to", "batch", "other"):
            with pytest.raises(Conflict), plane.begin() as tx:
                move_instance(plane, tx, instance, plane.state.jobs[target])
        assert plane.state.instances[instance.id].job == "from"
        assert plane.state.jobs["from"].door == DOOR

    asyncio.run(story())
