"""MoveTask: the checks in their order, and what a move changes."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, service

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.compatibility import difference
from portico.doors.titus.extension.records import TitusTask
from portico.doors.titus.extension.views import Capacity


def story(play):
    """Run an async test."""
    asyncio.run(play())


async def moved(stage, source, target, task):
    await stage.do(commands.MoveTask(source, target, task, ALICE))


async def refused(stage, *move):
    with pytest.raises(TitusError) as caught:
        await moved(stage, *move)
    return caught.value.code


async def pair(stage, first=2, second=0, **more):
    """Two jobs, the first with started tasks."""
    source = await stage.create(service(first, **more))
    target = await stage.create(service(second, **more))
    await stage.started(*(task.id for task in stage.tasks(source)))
    return source, target


def test_a_moved_task_runs_on_in_the_other_job():
    async def play():
        stage = Stage()
        node = await stage.node()
        source, target = await pair(stage)
        task, stays = stage.tasks(source)
        await stage.events()
        await moved(stage, source, target, task.id)
        await stage.tick(5)
        events = await stage.events()
        assert {event.id for event in events} == {task.id, source, target}
        (told,) = (event for event in events if isinstance(event, TitusTask))
        assert (told.moved, told.job, told.moved_from) == (True, target, source)
        assert "task.movedFromJob" not in told.context
        assert [found.id for found in stage.tasks(source)] == [stays.id]
        assert [found.id for found in stage.tasks(target)] == [task.id]
        assert stage.standing.views[source].capacity == Capacity(0, 1, 100)
        assert stage.standing.views[target].capacity == Capacity(0, 1, 100)
        assert stage.task(task.id).status == task.status
        assert not node.stops
        assert stage.plane.state.runs[task.id].job == target

    story(play)


def test_a_moved_task_is_replaced_in_its_new_job_and_the_event_of_the_move_comes_once():
    async def play():
        stage = Stage()
        await stage.node()
        source, target = await pair(stage)
        task, _ = stage.tasks(source)
        await moved(stage, source, target, task.id)
        await stage.events()
        await stage.ended(task.id, code=1)
        await stage.tick(0.001)
        (second,) = stage.tasks(target)
        assert second.resubmit_of == task.id
        tasks = [event for event in await stage.events() if isinstance(event, TitusTask)]
        assert not any(event.moved for event in tasks)
        assert len(stage.tasks(source)) == 1

    story(play)


def test_the_checks_come_in_order():
    async def play():
        stage = Stage()
        await stage.node()
        source, target = await pair(stage)
        task = stage.tasks(source)[0].id
        work = await stage.create(batch(1))
        assert await refused(stage, source, target, "unknown") is Code.TASK_NOT_FOUND
        assert await refused(stage, source, target, stage.tasks(work)[0].id) is Code.NOT_SERVICE_JOB
        assert await refused(stage, target, target, task) is Code.TASK_JOB_MISMATCH
        assert await refused(stage, source, source, task) is Code.SAME_JOB_IDS
        assert await refused(stage, source, "unknown", task) is Code.JOB_NOT_FOUND
        assert await refused(stage, source, work, task) is Code.NOT_SERVICE_JOB
        other = service(0)
        other.container.image.name = "other/image"
        different = await stage.create(other)
        assert await refused(stage, source, different, task) is Code.JOBS_NOT_COMPATIBLE
        await stage.capacity(source, minimum=2)
        assert await refused(stage, source, target, task) is Code.BELOW_MIN_CAPACITY
        await stage.capacity(source, minimum=0)
        await stage.capacity(target, maximum=0)
        assert await refused(stage, source, target, task) is Code.ABOVE_MAX_CAPACITY
        await stage.capacity(target, maximum=5, desired=1)
        await stage.started(stage.tasks(target)[0].id)
        await stage.do(commands.KillJob(target, ALICE))
        assert await refused(stage, source, target, task) is Code.UNEXPECTED_JOB_STATE

    story(play)


def test_a_task_that_goes_with_its_slot_cannot_be_moved():
    async def play():
        stage = Stage()
        await stage.node()
        source, target = await pair(stage)
        task = stage.tasks(source)[0].id
        await stage.kill(task, shrink=True)
        assert await refused(stage, source, target, task) is Code.UNEXPECTED_TASK_STATE

    story(play)


def test_the_difference_names_the_field_as_the_api_does():
    one, other = service(1), service(1)
    other.container.image.name = "b"
    assert difference(one, other).startswith("container.image.name: ")
    other = service(1)
    other.container.resources.memoryMB = 4096
    assert difference(one, other).startswith("container.containerResources.memoryMB: ")
    other = service(1)
    other.container.attributes["titusParameter.agent.x"] = "1"
    assert difference(one, other).startswith("container.attributes.titusParameter.agent.x: ")
    other = service(1)
    other.container.hardConstraints.constraints["zoneBalance"] = "true"
    assert difference(one, other).startswith("container.hardConstraints.constraints.zoneBalance: ")


def test_what_says_how_many_and_whose_they_are_makes_no_difference():
    one, other = service(1), service(7, minimum=3, retries=9, delay_ms=5)
    other.owner.teamEmail, other.applicationName = "x@y.z", "other"
    other.jobGroupInfo.sequence = "7"
    other.attributes["a"] = "b"
    other.container.attributes["mine"] = "1"
    other.container.securityProfile.attributes["mine"] = "1"
    other.container.env["A"] = "B"
    other.service.enabled = False
    other.service.migrationPolicy.selfManaged.SetInParent()
    other.disruptionBudget.Clear()
    assert difference(one, other) == ""
    other.container.image.name = "b"
    assert difference(one, other)
    other.attributes["titus.sanitization.skipped.image"] = "true"
    assert difference(one, other) == ""
