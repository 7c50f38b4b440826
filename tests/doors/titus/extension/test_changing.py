"""Updates of a job's and a task's own facts."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, service

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.inbound.descriptors import MOST_BYTES
from portico.wire.titus import jobs_pb2


def story(play):
    """Run an async test."""
    asyncio.run(play())


async def refused(stage, command):
    with pytest.raises(TitusError) as caught:
        await stage.do(command)
    return caught.value.code


def test_a_service_job_is_disabled_and_enabled_once():
    async def play():
        stage = Stage()
        job = await stage.create(service(0))
        await stage.events()
        await stage.do(commands.UpdateJobStatus(job, enabled=True, caller=ALICE))
        assert await stage.events() == []
        await stage.do(commands.UpdateJobStatus(job, enabled=False, caller=ALICE))
        assert not stage.descriptor(job).service.enabled
        assert not stage.standing.views[job].enabled
        assert len(await stage.events()) == 1

    story(play)


def test_a_job_that_ends_is_neither_disabled_nor_left_enabled():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.do(commands.KillJob(job, ALICE))
        for enabled in (True, False):
            command = commands.UpdateJobStatus(job, enabled=enabled, caller=ALICE)
            assert await refused(stage, command) is Code.JOB_TERMINATING

    story(play)


def test_processes_are_replaced_as_a_whole():
    async def play():
        stage = Stage()
        job = await stage.create(service(0))
        await stage.do(commands.UpdateProcesses(job, disable_increase=True, disable_decrease=False, caller=ALICE))
        await stage.do(commands.UpdateProcesses(job, disable_increase=False, disable_decrease=True, caller=ALICE))
        view = stage.standing.views[job]
        assert (view.disable_increase, view.disable_decrease) == (False, True)

    story(play)


def test_a_budget_is_replaced_in_batch_jobs_too_and_an_empty_one_is_the_default():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1))
        budget = jobs_pb2.JobDisruptionBudget()
        budget.unhealthyTasksLimit.limitOfUnhealthyContainers = 3
        budget.rateUnlimited.SetInParent()
        await stage.do(commands.UpdateBudget(job, budget, ALICE))
        stored = stage.descriptor(job).disruptionBudget
        assert stored.unhealthyTasksLimit.limitOfUnhealthyContainers == 3
        await stage.do(commands.UpdateBudget(job, jobs_pb2.JobDisruptionBudget(), ALICE))
        assert stage.descriptor(job).disruptionBudget.selfManaged.relocationTimeMs > 0
        budget.unhealthyTasksLimit.limitOfUnhealthyContainers = 0
        assert await refused(stage, commands.UpdateBudget(job, budget, ALICE)) is Code.INVALID_ARGUMENT
        assert await refused(stage, commands.UpdateBudget("nope", budget, ALICE)) is Code.JOB_NOT_FOUND

    story(play)


def test_attributes_are_merged_and_removed_even_while_a_job_ends():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.do(commands.KillJob(job, ALICE))
        await stage.do(commands.UpdateJobAttributes(job, {"a": "1", "b": "2", "titus.sanitization.x": "3"}, ALICE))
        await stage.do(commands.UpdateJobAttributes(job, {"b": "4"}, ALICE))
        attributes = stage.standing.views[job].attributes
        assert (attributes["a"], attributes["b"]) == ("1", "4")
        assert "titus.sanitization.x" not in attributes
        await stage.do(commands.DeleteJobAttributes(job, ("a", "unknown"), ALICE))
        assert "a" not in stage.standing.views[job].attributes
        await stage.events()
        await stage.do(commands.DeleteJobAttributes(job, ("a",), ALICE))
        assert await stage.events() == []

    story(play)


def test_task_attributes_stay_with_the_task_and_not_with_its_successor():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.do(commands.UpdateTaskAttributes(task.id, {"a": "1", "b": "2"}, ALICE))
        await stage.do(commands.DeleteTaskAttributes(task.id, ("a", "c"), ALICE))
        assert stage.task(task.id).attributes == {"b": "2"}
        await stage.started(task.id)
        await stage.ended(task.id, code=1)
        await stage.tick(0.001)
        assert stage.tasks(job)[0].attributes == {}
        assert stage.task(task.id).attributes == {"b": "2"}

    story(play)


def test_what_is_unknown_over_or_of_another_kind_is_refused():
    async def play():
        stage = Stage()
        await stage.node()
        work = await stage.create(batch(1))
        assert await refused(stage, commands.UpdateJobStatus(work, enabled=False, caller=ALICE)) is Code.NOT_SERVICE_JOB
        assert (
            await refused(
                stage, commands.UpdateProcesses(work, disable_increase=True, disable_decrease=True, caller=ALICE)
            )
            is Code.NOT_SERVICE_JOB
        )
        assert await refused(stage, commands.UpdateJobStatus("nope", enabled=False, caller=ALICE)) is Code.JOB_NOT_FOUND
        assert await refused(stage, commands.UpdateJobAttributes("nope", {}, ALICE)) is Code.JOB_NOT_FOUND
        assert await refused(stage, commands.UpdateTaskAttributes("nope", {}, ALICE)) is Code.TASK_NOT_FOUND
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.do(commands.KillJob(job, ALICE))
        assert await refused(stage, commands.UpdateJobStatus(job, enabled=False, caller=ALICE)) is Code.JOB_TERMINATING
        assert (
            await refused(
                stage, commands.UpdateProcesses(job, disable_increase=True, disable_decrease=True, caller=ALICE)
            )
            is Code.JOB_TERMINATING
        )
        await stage.ended(task.id, code=143)
        assert await refused(stage, commands.UpdateJobAttributes(job, {"a": "b"}, ALICE)) is Code.JOB_NOT_FOUND
        assert await refused(stage, commands.DeleteTaskAttributes(task.id, ("a",), ALICE)) is Code.TASK_NOT_FOUND

    story(play)


def test_attributes_cannot_grow_without_bound():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        for number in range(7):
            await stage.do(commands.UpdateTaskAttributes(task.id, {str(number): "x" * 9_000}, ALICE))
        more = {"more": "x" * 9_000}
        assert await refused(stage, commands.UpdateTaskAttributes(task.id, more, ALICE)) is Code.INVALID_ARGUMENT
        assert len(stage.task(task.id).attributes) == 7
        huge = {"huge": "x" * (MOST_BYTES + 1)}
        assert await refused(stage, commands.UpdateJobAttributes(job, huge, ALICE)) is Code.INVALID_ARGUMENT

    story(play)
