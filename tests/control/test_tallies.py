"""What is counted of a kind: each Attempt that had begun, each end of an Instance, and how long what ended had run."""

import asyncio

from harness import FakeNode, make_plane, settle

from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, Job, JobMode, Retry, Template
from portico.domain.runs import RunSpec


def kind(**more):
    template = Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000})
    return Job(
        id=kind_id("work"), door="jobv1", pool="/jobv1", mode=JobMode.DEMAND, created_at=0, template=template, **more
    )


async def tried_once(plane):
    """Give the node, where the first of two Attempts has failed after 3 s."""
    plane.start([kind(retry=Retry(1, Micros(10 * SECOND)))], [])
    node = FakeNode(plane)
    await settle(plane)
    await plane.submit(ScheduleKind("work"))
    await settle(plane)
    node.started(node.orders[0])
    await settle(plane)
    plane.clock.advance(3)
    node.ended(node.orders[0], code=1)
    await settle(plane)
    return node


def test_every_attempt_is_executed_and_the_last_one_has_its_duration():
    async def story():
        plane = make_plane()
        node = await tried_once(plane)
        tally = plane.metrics.kinds["kind/work"]
        assert (tally.executed, tally.by_state) == (1, {})
        plane.clock.advance(10)
        await settle(plane)
        node.started(node.orders[1])
        await settle(plane)
        plane.clock.advance(2)
        node.ended(node.orders[1])
        await settle(plane)
        assert (tally.executed, tally.by_state) == (2, {InstanceState.SUCCEEDED: 1})
        assert (tally.seconds, sum(tally.durations)) == (2.0, 1)

    asyncio.run(story())


def test_what_is_cancelled_while_it_waits_again_has_no_duration():
    async def story():
        plane = make_plane()
        await tried_once(plane)
        plane.clock.advance(5)
        await plane.submit(CancelInstances(job="kind/work"))
        tally = plane.metrics.kinds["kind/work"]
        assert (tally.executed, tally.by_state) == (1, {InstanceState.CANCELLED: 1})
        assert (tally.seconds, sum(tally.durations)) == (0.0, 0)

    asyncio.run(story())


def test_what_never_began_is_not_executed():
    async def story():
        plane = make_plane()
        plane.start([kind()], [])
        await plane.submit(ScheduleKind("work"))  # there is no node
        await plane.submit(CancelInstances(job="kind/work"))
        await settle(plane)
        tally = plane.metrics.kinds["kind/work"]
        assert (tally.executed, tally.by_state) == (0, {InstanceState.CANCELLED: 1})

    asyncio.run(story())
