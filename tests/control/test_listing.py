"""The workers that a server keeps for itself, and the work of other doors, are in nobody's list of kinds."""

import asyncio

from harness import FakeNode, make_plane, settle

from portico.control.commands import ScheduleKind
from portico.control.jobs.catalogue import KIND_PREFIX, kind_id
from portico.control.queries import ListInstances
from portico.domain.jobs import InstanceState, Job, JobMode, Template
from portico.domain.runs import RunSpec


def job(identity, mode, **changes):
    template = Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 100})
    return Job(id=identity, door="jobv1", pool="/jobv1", mode=mode, created_at=0, template=template, **changes)


def test_instances_are_listed_by_how_the_ids_of_their_jobs_begin():
    async def story():
        plane = make_plane()
        plane.start([job(kind_id("a"), JobMode.DEMAND), job("fleet/f", JobMode.SERVICE, size=2)], [])
        FakeNode(plane)
        await settle(plane)
        ours = await plane.submit(ScheduleKind("a"))
        await settle(plane)
        everything = await plane.ask(ListInstances())
        (worker, _) = (one for one in everything if one.job == "fleet/f")
        assert len(everything) == 3
        pending = frozenset({InstanceState.PENDING})
        for query in (ListInstances(jobs=KIND_PREFIX), ListInstances(jobs=KIND_PREFIX, states=pending)):
            assert [one.id for one in await plane.ask(query)] == [ours.id]
        assert await plane.ask(ListInstances(jobs=KIND_PREFIX, id=worker.id)) == []
        assert [one.id for one in await plane.ask(ListInstances(jobs=KIND_PREFIX, id=ours.id))] == [ours.id]

    asyncio.run(story())
