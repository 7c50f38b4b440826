import asyncio

import pytest
from ears import create, listen, live, make_job
from harness import FakeNode, make_plane, settle

from portico.control import retention
from portico.control.jobs import goals
from portico.control.jobs.goals import create_job, resize, stop_attempt, stop_job
from portico.domain.errors import AlreadyExists, Conflict, Invalid
from portico.domain.frames import Observation
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, JobMode, JobState, Retry, Shrink
from portico.domain.runs import RunState, StopReason


async def started(**node):
    plane = make_plane()
    plane.start([], [])
    agent = FakeNode(plane, **node)
    await settle(plane)
    return plane, agent


def test_a_batch_job_runs_each_instance_once_and_finishes_with_the_last():
    async def story():
        plane, node = await started()
        ear = listen(plane)
        job = create(plane, make_job(size=2))
        assert (job.state, job.spawned, job.requested) == (JobState.ACTIVE, 2, True)
        await settle(plane)
        first, second = node.orders
        node.started(first)
        node.ended(first)
        await settle(plane)
        assert plane.state.jobs["j1"].state is JobState.ACTIVE
        node.ended(second)
        await settle(plane)
        assert "j1" not in plane.state.jobs
        finished = plane.job("j1")
        assert (finished.state, finished.ended_at) == (JobState.FINISHED, plane.clock.now())
        assert plane.state.instances == plane.state.runs == {}
        assert ear.take() == [
            ("prepare", 0),
            ("run", "made"),
            ("prepare", 1),
            ("run", "made"),
            ("run", "launching"),
            ("run", "launching"),
            ("run", "running"),
            ("run", "succeeded"),
            ("instance", "succeeded"),
            ("run", "running"),
            ("run", "succeeded"),
            ("instance", "succeeded"),
            ("job", "finished"),
        ]

    asyncio.run(story())


def test_a_failed_batch_instance_is_tried_again_as_often_as_its_policy_says():
    async def story():
        plane, node = await started()
        ear = listen(plane)
        create(plane, make_job(retry=Retry(1, Micros(2 * SECOND))))
        await settle(plane)
        node.ended(node.orders[0], code=1)
        await settle(plane)
        (instance,) = live(plane, "j1")
        assert (instance.state, instance.attempt, instance.tries) == (InstanceState.WAITING, "", 1)
        assert ("pause", 2 * SECOND) in ear.take()
        plane.clock.advance(2)
        await settle(plane)
        again = node.orders[1]
        node.ended(again, code=1)
        await settle(plane)
        assert plane.instance(instance.id).state is InstanceState.FAILED
        assert plane.job("j1").state is JobState.FINISHED

    asyncio.run(story())


def test_a_service_instance_lives_on_whatever_becomes_of_its_attempts():
    async def story():
        plane, node = await started()
        ear = listen(plane)
        create(
            plane, make_job(JobMode.SERVICE, retry=Retry(delay=Micros(SECOND), factor=2, steady=Micros(60 * SECOND)))
        )
        await settle(plane)
        (instance,) = live(plane, "j1")
        for code, pause in ((0, 1), (1, 2), (0, 4)):
            order = node.orders[-1]
            node.started(order)
            node.ended(order, code=code)
            await settle(plane)
            assert ("pause", pause * SECOND) in ear.take()
            plane.clock.advance(pause)
            await settle(plane)
        node.started(node.orders[-1])
        plane.clock.advance(60)
        node.ended(node.orders[-1], code=1)
        await settle(plane)
        assert ("pause", 0) in ear.take()
        plane.clock.advance(0.001)
        await settle(plane)
        (same,) = live(plane, "j1")
        assert same.id == instance.id
        assert (same.state, same.attempts, len(node.orders)) == (InstanceState.PENDING, 4, 5)
        node.ended(node.orders[-1], code=1)
        await settle(plane)
        assert ("pause", SECOND) in ear.take()

    asyncio.run(story())


def test_resizing_brings_and_ends_instances():
    async def story():
        plane, node = await started(cpus=8)
        create(plane, make_job(JobMode.SERVICE, size=2, shrink=Shrink.SPREAD))
        await settle(plane)
        kept = {instance.id for instance in live(plane, "j1")}
        with plane.begin() as tx:
            resize(plane, tx, plane.state.jobs["j1"], 5)
        await settle(plane)
        assert sorted(instance.index for instance in live(plane, "j1")) == [0, 1, 2, 3, 4]
        for order in node.orders[:2]:
            node.started(order)
        await settle(plane)
        with plane.begin() as tx:
            resize(plane, tx, plane.state.jobs["j1"], 2)
        await settle(plane)
        assert {instance.id for instance in live(plane, "j1")} == kept, "those that run stay"
        assert {stop.order.reason for stop in node.stops} == {StopReason.SCALED_DOWN}
        for stop in node.stops:
            node.ended(next(order for order in node.orders if order.run == stop.run), code=1)
        await settle(plane)
        assert len(plane.state.instances) == 2
        with plane.begin() as tx:
            resize(plane, tx, plane.state.jobs["j1"], 3)
        await settle(plane)
        assert sorted(instance.index for instance in live(plane, "j1")) == [0, 1, 5]

    asyncio.run(story())


def test_a_stopped_job_gets_no_more_attempts_and_finishes_with_its_last():
    async def story():
        plane, node = await started(cpus=2)
        ear = listen(plane)
        create(plane, make_job(JobMode.SERVICE, size=3))
        await settle(plane)
        assert len(node.orders) == 2
        node.started(node.orders[0])
        ear.take()
        with plane.begin() as tx:
            stopping = stop_job(plane, tx, plane.state.jobs["j1"], message="enough")
        assert stopping.state is JobState.STOPPING
        assert ear.take() == [("job", "stopping")]
        await settle(plane)
        assert [stop.order.message for stop in node.stops] == ["enough", "enough"]
        assert ear.take() == [("run", "stop"), ("run", "stop"), ("run", "killed"), ("instance", "cancelled")]
        for order in node.orders:
            node.ended(order, code=143)
        await settle(plane)
        assert ear.take()[-1] == ("job", "finished")
        assert plane.job("j1").state is JobState.FINISHED
        assert len(node.orders) == 2

    asyncio.run(story())


def test_a_job_without_instances_ends_at_once_and_for_good():
    async def story():
        plane, _ = await started()
        create(plane, make_job(JobMode.SERVICE, size=0))
        job = plane.state.jobs["j1"]
        with plane.begin() as tx:
            finished = stop_job(plane, tx, job)
            assert finished.state is JobState.FINISHED
            for refused in (lambda: stop_job(plane, tx, finished), lambda: resize(plane, tx, finished, 1)):
                with pytest.raises(Conflict):
                    refused()

    asyncio.run(story())


def test_what_cannot_be_a_job_is_refused():
    async def story():
        plane, _ = await started()
        create(plane, make_job())
        for wrong, error in (
            (make_job(), AlreadyExists),
            (make_job(JobMode.DEMAND, identity="j2"), Invalid),
            (make_job(size=-1, identity="j2"), Invalid),
        ):
            with pytest.raises(error), plane.begin() as tx:
                create_job(plane, tx, wrong)
        with pytest.raises(Invalid), plane.begin() as tx:
            resize(plane, tx, plane.state.jobs["j1"], 2)

    asyncio.run(story())


def test_an_attempt_is_ended_and_followed_by_another_or_its_slot_goes_too():
    async def story():
        plane, node = await started()
        create(plane, make_job(JobMode.SERVICE, size=1, shrink=Shrink.SPREAD))
        await settle(plane)
        (instance,) = live(plane, "j1")
        with plane.begin() as tx:
            stop_attempt(plane, tx, instance, StopReason.KILLED, "by hand")
        await settle(plane)
        node.ended(node.orders[0], code=143)
        await settle(plane)
        (same,) = live(plane, "j1")
        assert (same.id, same.state, same.error) == (instance.id, InstanceState.PENDING, "by hand")
        with plane.begin() as tx:
            resize(plane, tx, plane.state.jobs["j1"], 0)
            stop_attempt(plane, tx, same, StopReason.KILLED, "and shrink", for_good=True)
        await settle(plane)
        node.ended(node.orders[1], code=143)
        await settle(plane)
        assert plane.state.instances == {}
        assert plane.instance(instance.id).state is InstanceState.CANCELLED
        assert len(node.orders) == 2

    asyncio.run(story())


def test_a_slot_that_went_for_good_is_filled_anew_while_the_size_stays():
    async def story():
        plane, node = await started()
        create(plane, make_job(JobMode.SERVICE, size=1))
        await settle(plane)
        (instance,) = live(plane, "j1")
        with plane.begin() as tx:
            stop_attempt(plane, tx, instance, StopReason.KILLED, "gone", for_good=True)
        await settle(plane)
        node.ended(node.orders[0], code=143)
        await settle(plane)
        (fresh,) = live(plane, "j1")
        assert (fresh.id != instance.id, fresh.index) == (True, 0)

    asyncio.run(story())


def test_a_killed_batch_attempt_is_a_failure_and_a_killed_run_of_a_paused_one_is_none():
    async def story():
        plane, node = await started()
        create(plane, make_job(retry=Retry(1, Micros(SECOND))))
        await settle(plane)
        (instance,) = live(plane, "j1")
        with plane.begin() as tx:
            stop_attempt(plane, tx, instance, StopReason.KILLED, "by hand")
        await settle(plane)
        node.ended(node.orders[0], code=143)
        await settle(plane)
        (paused,) = live(plane, "j1")
        assert (paused.state, paused.tries) == (InstanceState.WAITING, 1)
        with plane.begin() as tx:
            assert stop_attempt(plane, tx, paused, StopReason.KILLED, "again") == paused

    asyncio.run(story())


def test_no_more_attempts_are_starting_than_the_limit_says():
    async def story():
        plane, node = await started(cpus=10)
        create(plane, make_job(size=5, starting_limit=2))
        await settle(plane)
        assert len(node.orders) == 2
        node.started(node.orders[0])
        await settle(plane)
        assert len(node.orders) == 3
        node.ended(node.orders[1], code=1)
        await settle(plane)
        assert len(node.orders) == 4

    asyncio.run(story())


def test_large_jobs_are_filled_and_ended_step_by_step(monkeypatch):
    async def story():
        monkeypatch.setattr(goals, "ADDED_AT_ONCE", 3)
        monkeypatch.setattr(goals, "ENDED_AT_ONCE", 2)
        plane, _ = await started(cpus=1)
        job = create(plane, make_job(size=10))
        assert job.spawned == 3
        plane.timers.fire_due()
        assert plane.state.jobs["j1"].spawned == 6, "one call takes one step"
        await settle(plane)
        assert plane.state.jobs["j1"].spawned == 10
        with plane.begin() as tx:
            stop_job(plane, tx, plane.state.jobs["j1"])
        plane.timers.fire_due()
        assert len(live(plane, "j1")) == 8
        await settle(plane)
        assert live(plane, "j1") == []

    asyncio.run(story())


def test_work_begun_before_a_restart_goes_on_from_rows_alone(monkeypatch):
    async def story():
        monkeypatch.setattr(goals, "ADDED_AT_ONCE", 2)
        plane, _ = await started(cpus=1)
        create(plane, make_job(size=5))
        create(plane, make_job(JobMode.SERVICE, size=3, identity="j2"))
        with plane.begin() as tx:
            stop_job(plane, tx, plane.state.jobs["j2"], StopReason.CANCELLED, "enough")
        plane.writer.flush()
        again = make_plane(plane.store, plane.clock)
        again.start([], [])
        await settle(again)
        assert again.state.jobs["j1"].spawned == 5
        assert again.job("j2").state is JobState.FINISHED
        assert not again.state.jobs["j1"].retired, "what a caller asked for is not the configuration's"

    asyncio.run(story())


def test_finished_jobs_are_forgotten_with_their_age():
    async def story():
        plane, node = await started()
        create(plane, make_job())
        await settle(plane)
        node.ended(node.orders[0])
        await settle(plane)
        plane.clock.advance(10)
        create(plane, make_job(identity="j2"))
        await settle(plane)
        node.ended(node.orders[1])
        await settle(plane)
        plane.keep = retention.Keep(age=Micros(5 * SECOND))
        await retention._prune(plane, "jobs")
        assert plane.job("j1") is None
        assert plane.job("j2") is not None

    asyncio.run(story())


def test_a_run_that_is_being_prepared_says_so_once():
    async def story():
        plane, node = await started()
        ear = listen(plane)
        create(plane, make_job())
        await settle(plane)
        (order,) = node.orders
        ear.take()
        for _ in range(2):
            node.report(Observation(order.run, order.token, plane.clock.now(), preparing=True))
        await settle(plane)
        run = plane.state.runs[order.run]
        assert (run.state, run.preparing_at) == (RunState.LAUNCHING, plane.clock.now())
        assert ear.take() == [("run", "preparing")]
        node.report(Observation(order.run, order.token, plane.clock.now(), refused="full"))
        assert plane.state.runs[order.run].preparing_at == 0
        assert ear.take() == [("run", "waiting")]

    asyncio.run(story())
