"""Tasks that stay too long in a stage."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, service, trail

from portico.domain.frames import Observation
from portico.doors.titus.extension import commands

MINUTE = 60


def story(play):
    """Run an async test."""
    asyncio.run(play())


async def preparing(stage, task):
    node, order = stage.order(task)
    node.report(Observation(order.run, order.token, stage.clock.now(), preparing=True))
    await stage.settle()


def test_a_launched_task_is_killed_after_five_minutes_and_tried_again_for_ever():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=0))
        for number in range(3):
            (task,) = stage.tasks(job)
            await stage.tick(5 * MINUTE - 1)
            assert stage.task(task.id).status.state == "Launched"
            await stage.tick(2)
            assert trail(stage.task(task.id))[-1] == ("KillInitiated", "stuckInState")
            await stage.ended(task.id, code=137)
            assert stage.task(task.id).status.code == "transientSystemError"
            await stage.tick(40)
            (successor,) = stage.tasks(job)
            assert (successor.resubmits, successor.system_resubmits) == (number + 1, number + 1)
        assert stage.job(job).accepted

    story(play)


@pytest.mark.parametrize(("descriptor", "minutes"), [(batch(1), 12), (service(1), 5)])
def test_preparing_may_take_longer_in_batch_jobs(descriptor, minutes):
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(descriptor)
        (task,) = stage.tasks(job)
        await stage.tick(4 * MINUTE)
        await preparing(stage, task.id)
        await stage.tick(minutes * MINUTE - 1)
        assert stage.task(task.id).status.state == "StartInitiated"
        await stage.tick(2)
        assert stage.task(task.id).status.code == "stuckInState"

    story(play)


def test_a_started_task_may_stay():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.tick(3_000)
        assert stage.task(task.id).status.state == "Started"

    story(play)


def test_a_task_that_does_not_end_is_told_twice_and_then_given_up():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.kill(task.id)
        await stage.tick(10 * MINUTE + 1)
        assert [state for state, _ in trail(stage.task(task.id))].count("KillInitiated") == 2
        assert len(node.stops) == 2
        assert node.stops[-1].order.grace == 0
        await stage.tick(10 * MINUTE - 2)
        assert stage.task(task.id).status.state == "KillInitiated"
        await stage.tick(4)
        assert stage.task(task.id).status.code == "stuckInKillingState"
        await stage.tick(1)
        (second,) = stage.tasks(job)
        assert (second.resubmit_of, second.system_resubmits) == (task.id, 0)
        await stage.ended(task.id, code=0)
        assert stage.task(task.id).status.code == "stuckInKillingState"

    story(play)


def test_a_job_whose_tasks_do_not_end_is_over_in_the_end():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(3))
        await stage.started(*(task.id for task in stage.tasks(job)))
        await stage.do(commands.KillJob(job, ALICE))
        await stage.tick(10 * MINUTE + 1)
        await stage.tick(10 * MINUTE + 1)
        assert stage.job(job).status.state == "Finished"

    story(play)


def test_the_timers_outlive_a_restart():
    async def play():
        stage = Stage()
        await stage.node()
        first = await stage.create(batch(1))
        await stage.tick(100)
        second = await stage.create(batch(1))
        (early,), (late,) = stage.tasks(first), stage.tasks(second)
        again = stage.restart()
        again.clock.advance(201)
        await again.settle()
        assert again.task(early.id).status.code == "stuckInState"
        assert again.task(late.id).status.state == "Launched"
        await again.tick(100)
        assert again.task(late.id).status.code == "stuckInState"
        again = again.restart()
        await again.tick(10 * MINUTE - 50)
        assert again.task(early.id).kill_attempts == 2
        assert again.task(late.id).kill_attempts == 1

    story(play)


def test_a_stuck_task_that_does_not_end_either_is_still_the_system_s_fault():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=0))
        (task,) = stage.tasks(job)
        await stage.tick(5 * MINUTE + 1)
        await stage.tick(10 * MINUTE + 1)
        await stage.tick(10 * MINUTE + 1)
        assert stage.task(task.id).status.code == "stuckInKillingState"
        await stage.tick(40)
        (successor,) = stage.tasks(job)
        assert (successor.resubmit_of, successor.system_resubmits) == (task.id, 1)
        assert stage.job(job).accepted

    story(play)
