"""Tasks that have ended, been archived or moved: where searches find them."""

import msgspec
from doors.titus.looking_stage import T0, LookingStage, find_tasks, job, run, task, uuid_of

from portico.doors.titus.extension.records import Status
from portico.doors.titus.inbound.pages import Page, read_cursor


def test_archived_tasks_are_found_where_the_criteria_mean_them():
    async def story():
        stage = LookingStage()
        one, other = stage.put(job(1)), stage.put(job(2))
        stage.put(task(1, one, state="Finished", code="failed"), task(2, one), task(3, other))
        stage.put(
            task(10, one, state="Finished", code="crashed", archived=True, accepted_at=T0),
            task(11, one, state="Finished", code="normal", archived=True, accepted_at=T0 + 1),
            task(12, other, state="Finished", code="normal", archived=True),
        )
        await stage.settle()
        ids = uuid_of(1)
        assert (await find_tasks(stage, jobIds=ids))[0] == [1, 2]
        assert (await find_tasks(stage, jobIds=ids, taskStates="any"))[0] == [1, 2]
        assert (await find_tasks(stage, jobIds=ids, taskStates="finished"))[0] == [1]
        assert (await find_tasks(stage, taskStates="Finished"))[0] == [1]
        items, told = await find_tasks(stage, jobIds=ids, taskStates="Finished")
        assert items == [10, 1, 11]
        assert told.totalItems == 3
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished,Started"))[0] == [10, 1, 11, 2]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", skipSystemFailures="true"))[0] == [1, 11]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", taskStateReasons="normal"))[0] == [11]
        # other criteria do not narrow the archive
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", appName="x"))[0] == [10, 11]
        page, told = await find_tasks(stage, Page(2), jobIds=ids, taskStates="Finished")
        rest, _ = await find_tasks(
            stage, Page(2, 0, read_cursor(told.cursor), told.cursor), jobIds=ids, taskStates="Finished"
        )
        assert page + rest == [10, 1, 11]

    run(story)


def test_tasks_of_a_finished_job_are_in_the_archive():
    async def story():
        stage = LookingStage()
        one = stage.put(job(1))
        stage.put(task(1, one, state="Finished", archived=True))
        stage.change(one, status=Status("Finished", "normal", "", T0))
        await stage.settle()
        assert (await find_tasks(stage, jobIds=uuid_of(1), taskStates="Finished"))[0] == [1]
        assert (await find_tasks(stage, jobIds=uuid_of(1)))[0] == []

    run(story)


def test_tasks_of_a_finished_job_are_found_before_they_are_archived():
    async def story():
        stage = LookingStage()
        one, other = stage.put(job(1)), stage.put(job(2))
        stage.put(
            task(1, one, state="Finished", archived=True),
            task(2, one, state="Finished"),
            task(3, one, state="Finished", code="crashed"),
            task(4, other, state="Finished"),
        )
        stage.change(one, status=Status("Finished", "normal", "", T0))
        await stage.settle()
        ids = uuid_of(1)
        assert ids not in stage.standing.jobs
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished"))[0] == [1, 2, 3]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", appName="x"))[0] == [1, 2, 3]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", skipSystemFailures="true"))[0] == [1, 2]
        assert (await find_tasks(stage, jobIds=ids))[0] == []

    run(story)


def test_a_moved_task_is_found_with_its_new_job():
    async def story():
        stage = LookingStage()
        one, other = stage.put(job(1, kind="service")), stage.put(job(2, kind="service"))
        moving = stage.put(task(1, one, index=-1))
        await stage.settle()
        moved = stage.put(msgspec.structs.replace(moving, job=other.id, moved=True, moved_from=one.id))
        assert (await find_tasks(stage, jobIds=one.id))[0] == []
        assert (await find_tasks(stage, jobIds=other.id))[0] == [1]
        stage.put(msgspec.structs.replace(moved, archived=True, status=Status("Finished", "normal", "", T0)))
        await stage.settle()
        assert (await find_tasks(stage, jobIds=other.id, taskStates="Finished"))[0] == [1]

    run(story)
