import asyncio

import msgspec
from harness import FakeNode, make_plane, settle

from portico.control.commands import ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import GetInstance, GetRun
from portico.domain.frames import RunFact
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, Job, JobMode, Retry, Schedule, Template
from portico.domain.runs import AbsencePolicy, RunSpec, RunState


def kind(name="work", absence=None, schedule=None, **changes):
    template = Template(
        spec=RunSpec(argv=("work",)), amounts={"cpus": 1000}, absence=absence or AbsencePolicy(lose=True)
    )
    return Job(
        id=kind_id(name),
        door="jobv1",
        pool="/jobv1",
        mode=JobMode.DEMAND,
        created_at=0,
        template=template,
        schedule=schedule or Schedule(),
        **changes,
    )


def restart(plane, jobs):
    """What a killed server leaves is its store and the time; nothing else."""
    again = make_plane(plane.store, plane.clock)
    again.start(jobs, [])
    return again


async def running(jobs):
    plane = make_plane()
    plane.start(jobs, [])
    node = FakeNode(plane)
    await settle(plane)
    instance = await plane.submit(ScheduleKind("work"))
    await settle(plane)
    return plane, node, instance


def test_a_run_is_readopted_after_a_restart_and_its_end_is_taken_once():
    async def story():
        plane, node, instance = await running([kind()])
        order = node.orders[0]
        node.started(order)
        await settle(plane)
        again = restart(plane, [kind()])
        back = FakeNode(again, runs=[RunFact(order.run, order.token, running=True)])
        await settle(again)
        assert back.orders == []
        assert back.stops == []
        back.ended(order, output=b"done")
        back.ended(order, code=1)
        await settle(again)
        ended = await again.ask(GetInstance(instance.id))
        assert (ended.state, ended.results, ended.attempts) == (InstanceState.SUCCEEDED, ("done",), 1)
        assert back.acked == [1, 2]

    asyncio.run(story())


def test_a_launch_that_never_arrived_is_sent_again():
    async def story():
        plane, node, _ = await running([kind()])
        order = node.orders[0]
        again = restart(plane, [kind()])
        back = FakeNode(again)
        await settle(again)
        assert back.orders == [order]

    asyncio.run(story())


def test_a_run_the_node_lost_is_lost_and_one_control_does_not_know_is_stopped():
    async def story():
        plane, node, instance = await running([kind(retry=Retry(1))])
        order = node.orders[0]
        node.started(order)
        await settle(plane)
        again = restart(plane, [kind(retry=Retry(1))])
        back = FakeNode(again, runs=[RunFact("stranger", 3, running=True)])
        await settle(again)
        assert [stop.run for stop in back.stops] == ["stranger"]
        assert (await again.ask(GetRun(order.run))).state is RunState.LOST
        assert [new.run != order.run for new in back.orders] == [True]
        assert (await again.ask(GetInstance(instance.id))).state is InstanceState.PENDING

    asyncio.run(story())


def test_an_absent_node_costs_its_runs_only_after_their_patience():
    async def story():
        patient = AbsencePolicy(patience=Micros(60 * SECOND))
        plane, node, instance = await running([kind(absence=patient)])
        order = node.orders[0]
        node.started(order)
        await settle(plane)
        node.session.lost()
        plane.clock.advance(59)
        await settle(plane)
        assert (await plane.ask(GetRun(order.run))).state is RunState.RUNNING
        plane.clock.advance(2)
        await settle(plane)
        assert (await plane.ask(GetRun(order.run))).state is RunState.UNREACHABLE
        assert plane.capacity.allocation == {}
        back = FakeNode(plane, runs=[RunFact(order.run, order.token, running=True)])
        await settle(plane)
        assert (await plane.ask(GetRun(order.run))).state is RunState.RUNNING
        assert plane.capacity.allocation == {"/jobv1": {"cpus": 1000}}
        back.ended(order)
        await settle(plane)
        assert (await plane.ask(GetInstance(instance.id))).state is InstanceState.SUCCEEDED

    asyncio.run(story())


def test_a_cron_kind_fires_once_per_time_over_restarts_with_one_instance():
    async def story():
        jobs = [kind(schedule=Schedule("* * * * *", "UTC"))]
        plane = make_plane()
        plane.start(jobs, [])
        node = FakeNode(plane)
        await settle(plane)
        (instance,) = plane.state.instances.values()
        for firing in range(1, 4):
            plane.clock.advance(60)
            await settle(plane)
            assert len(node.orders) == 1
            node.ended(node.orders[0])
            await settle(plane)
            plane = restart(plane, jobs)
            node = FakeNode(plane)
            await settle(plane)
            (same,) = plane.state.instances.values()
            assert (same.id, same.attempts, same.state) == (instance.id, firing, InstanceState.SUCCEEDED)
            assert node.orders == []

    asyncio.run(story())


def test_missed_firings_are_skipped_or_caught_up_once():
    async def story(catch_up, expected):
        schedule = Schedule("* * * * *", "UTC", catch_up=catch_up)
        plane = make_plane()
        plane.start([kind(schedule=schedule)], [])
        await settle(plane)
        plane.clock.advance(600)
        plane = restart(plane, [kind(schedule=schedule)])
        node = FakeNode(plane)
        await settle(plane)
        assert len(node.orders) == expected
        (job,) = plane.state.jobs.values()
        assert job.fire_at > plane.clock.now()

    asyncio.run(story(catch_up=False, expected=0))
    asyncio.run(story(catch_up=True, expected=1))


def test_a_kind_that_is_no_longer_configured_is_retired_and_comes_back():
    async def story():
        plane, _, _ = await running([kind(), kind("other", schedule=Schedule("@hourly", "UTC"))])
        registered = plane.state.jobs[kind_id("other")].created_at
        plane = restart(plane, [kind()])
        await settle(plane)
        assert plane.state.jobs[kind_id("other")].retired
        plane = restart(plane, [kind(), kind("other", schedule=Schedule("@hourly", "UTC"))])
        await settle(plane)
        other = plane.state.jobs[kind_id("other")]
        assert (other.retired, other.created_at) == (False, registered)
        assert other.fire_at > plane.clock.now()
        node = FakeNode(plane)
        plane.clock.advance(3600)
        await settle(plane)
        assert len([order for order in node.orders if order.run == plane.state.instances[other.recurring].attempt]) == 1

    asyncio.run(story())


def test_what_was_not_written_never_happened():
    async def story():
        plane = make_plane()
        plane.start([kind()], [])
        node = FakeNode(plane)
        await settle(plane)
        plane.writer.hold = True
        asking = asyncio.ensure_future(plane.submit(ScheduleKind("work")))
        await settle(plane)
        again = restart(plane, [kind()])
        FakeNode(again)
        await settle(again)
        assert again.state.instances == {}
        assert node.orders == []
        asking.cancel()

    asyncio.run(story())


def test_records_survive_their_encoding():
    async def story():
        plane, _, _ = await running([kind()])
        for name, table in plane.state.tables.items():
            for record in plane.state.records[name].values():
                assert table.decode(table.encode(record)) == record
                assert msgspec.structs.replace(record) == record

    asyncio.run(story())
