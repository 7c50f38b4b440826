import asyncio

from harness import FakeNode, make_plane, settle
from test_commands_kinds import kind

from portico.control import retention
from portico.control.commands import ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import ListInstances, ListRuns
from portico.domain.identity import SECOND, Micros


async def finished(plane, node, count):
    done = []
    for _ in range(count):
        instance = await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        node.ended(node.orders[-1])
        await settle(plane)
        plane.clock.advance(1)
        done.append(instance.id)
    return done


async def ids(plane):
    return [instance.id for instance in await plane.ask(ListInstances(job=kind_id("echo")))]


def test_finished_work_goes_by_age_and_what_is_active_stays():
    async def story():
        plane = make_plane()
        plane.start([kind()], [])
        node = FakeNode(plane)
        await settle(plane)
        done = await finished(plane, node, 3)
        active = await plane.submit(ScheduleKind("echo"))
        await settle(plane)
        plane.keep = retention.Keep(age=Micros(2 * SECOND))
        for table in ("instances", "runs"):
            await retention._prune(plane, table)
        assert await ids(plane) == [done[1], done[2], active.id]
        assert len(await plane.ask(ListRuns())) == 3

    asyncio.run(story())


def test_finished_work_goes_by_count_oldest_first():
    async def story():
        plane = make_plane()
        plane.start([kind()], [])
        node = FakeNode(plane)
        await settle(plane)
        done = await finished(plane, node, 4)
        plane.keep = retention.Keep(count=2)
        assert not await retention._prune(plane, "instances")
        assert await ids(plane) == done[2:]

    asyncio.run(story())
