"""KillJob and KillTask: what ends, what shrinks, what is refused."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, service, trail

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.views import Capacity


def story(play):
    """Run an async test."""
    asyncio.run(play())


async def refused(stage, command):
    with pytest.raises(TitusError) as caught:
        await stage.do(command)
    return caught.value


def killing(task, *, shrink=False, prevent=False):
    return commands.KillTask(task, shrink, prevent, ALICE)


def test_a_killed_service_task_is_replaced():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.kill(task.id)
        await stage.ended(task.id, code=143)
        await stage.tick(0.001)
        (second,) = stage.tasks(job)
        assert second.resubmit_of == task.id
        assert stage.standing.views[job].capacity.desired == 1

    story(play)


def test_shrinking_takes_the_slot_and_lowers_the_desired_size_and_the_minimum():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(3, minimum=3))
        task, *others = stage.tasks(job)
        await stage.started(task.id)
        await stage.events()
        await stage.kill(task.id, shrink=True)
        assert stage.task(task.id).status.code == "scaledDown"
        assert stage.task(task.id).status.message == "alice a trial(shrink=true)"
        assert stage.standing.views[job].capacity == Capacity(2, 2, 100)
        assert stage.descriptor(job).attributes["titus.createdBy"] == "alice"
        await stage.ended(task.id, code=143)
        await stage.tick(5)
        assert [found.id for found in stage.tasks(job)] == [other.id for other in others]
        assert trail(stage.task(task.id))[-1] == ("Finished", "killed")
        assert stage.task(task.id).archived
        assert stage.job(job).accepted

    story(play)


def test_the_minimum_can_be_protected():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(2, minimum=2, maximum=5))
        task, _ = stage.tasks(job)
        error = await refused(stage, killing(task.id, shrink=True, prevent=True))
        assert error.code is Code.TERMINATE_AND_SHRINK_NOT_ALLOWED
        assert "Terminate and shrink would make desired job size go below the configured minimum" in str(error)
        assert stage.task(task.id).status.state == "Launched"
        await stage.capacity(job, minimum=1)
        await stage.kill(task.id, shrink=True, prevent_minimum=True)
        assert stage.standing.views[job].capacity == Capacity(1, 1, 5)

    story(play)


def test_shrinking_ignores_the_processes_and_batch_jobs_cannot_shrink():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        await stage.do(commands.UpdateProcesses(job, disable_increase=True, disable_decrease=True, caller=ALICE))
        await stage.kill(stage.tasks(job)[0].id, shrink=True)
        assert stage.standing.views[job].capacity.desired == 0
        job = await stage.create(batch(1))
        error = await refused(stage, killing(stage.tasks(job)[0].id, shrink=True))
        assert error.code is Code.NOT_SERVICE_JOB

    story(play)


def test_tasks_that_are_ending_or_unknown_are_refused():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.kill(task.id)
        error = await refused(stage, killing(task.id))
        assert (error.code, str(error)) == (
            Code.TASK_TERMINATING,
            f"Task {task.id} is in the termination process",
        )
        await stage.ended(task.id, code=143)
        assert str(await refused(stage, killing(task.id))) == f"Task {task.id} is terminated"
        await stage.tick(0.001)
        assert (await refused(stage, killing(task.id))).code is Code.TASK_NOT_FOUND

    story(play)


def test_a_job_is_killed_once_and_forgotten_when_it_is_over():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.do(commands.KillJob(job, ALICE))
        assert (await refused(stage, commands.KillJob(job, ALICE))).code is Code.JOB_TERMINATING
        await stage.ended(task.id, code=143)
        assert (await refused(stage, commands.KillJob(job, ALICE))).code is Code.JOB_NOT_FOUND
        assert trail(stage.job(job)) == [("Accepted", "normal"), ("KillInitiated", "killed"), ("Finished", "normal")]

    story(play)


def test_a_task_killed_before_its_job_is_not_told_twice():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.kill(task.id)
        await stage.do(commands.KillJob(job, ALICE))
        assert [state for state, _ in trail(stage.task(task.id))].count("KillInitiated") == 1
        assert len(node.stops) == 1
        await stage.ended(task.id, code=143)
        assert stage.job(job).status.state == "Finished"

    story(play)
