"""What those who observe jobs and tasks are told, from the snapshot on."""

import pytest
from doors.titus.looking_stage import T0, job, task, uuid_of
from doors.titus.watching.stream_stage import FINISHED, Query, run, streaming

from portico.doors.titus.extension.records import Status


def test_a_job_is_observed_from_its_snapshot_to_its_end():
    async def story():
        async with streaming() as stage:
            one, other = stage.put(job(1)), stage.put(job(2))
            first = stage.put(task(1, one, state="Launched"))
            stage.put(task(9, other))
            watcher = stage.watch(stage.streams.observe_job(one.id))
            await stage.settle()
            assert watcher.told == ["job 1 Accepted", "task 1 Launched", "end"]
            assert watcher.heard[0].timestamp == T0
            assert watcher.heard[2].timestamp == 0
            assert not watcher.heard[1].taskUpdate.movedFromAnotherJob
            stage.change(first, status=Status("Started", "normal", "", T0 + 9))
            stage.change(other, history=(FINISHED,))
            stage.change(first, status=FINISHED)
            second = stage.change(first, archived=True)
            stage.put(task(2, one, state="Accepted"))
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Started",
                "task 1 Finished",
                "task 1 Finished archived",
                "task 2 Accepted",
            ]
            assert second.archived
            stage.put(task(2, one, state="Finished", archived=True))
            stage.change(one, status=FINISHED)
            await stage.settle()
            assert watcher.since_snapshot()[4:] == ["task 2 Finished", "task 2 Finished archived", "job 1 Finished"]
            assert watcher.done

    run(story)


@pytest.mark.parametrize("identity", [uuid_of(5), uuid_of(1)])
def test_a_job_that_is_not_active_cannot_be_observed(identity):
    async def story():
        async with streaming() as stage:
            stage.put(job(1, state="Finished"))
            watcher = stage.watch(stage.streams.observe_job(identity))
            await stage.settle()
            assert watcher.error.code.name == "JOB_NOT_FOUND"

    run(story)


def test_all_jobs_are_observed_without_end_and_without_what_is_archived():
    async def story():
        async with streaming() as stage:
            one, two = stage.put(job(1)), stage.put(job(2))
            first = stage.put(task(1, one))
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            assert watcher.told == ["job 1 Accepted", "task 1 Started", "job 2 Accepted", "end"]
            stage.change(first, status=FINISHED, archived=True)
            stage.change(one, status=FINISHED)
            stage.change(two, status=Status("KillInitiated", "killed", "", T0))
            stage.put(job(3))
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Finished",
                "job 1 Finished",
                "job 2 KillInitiated",
                "job 3 Accepted",
            ]
            assert not watcher.done

    run(story)


def test_tasks_that_fall_behind_a_finished_job_are_still_told():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            last = stage.put(task(1, one))
            watcher = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"appName": "app"})))
            other = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"appName": "b"})))
            await stage.settle()
            stage.change(one, status=FINISHED)
            await stage.settle()
            assert not stage.standing.jobs
            stage.change(last, status=FINISHED, archived=True)
            await stage.settle()
            assert watcher.since_snapshot() == ["job 1 Finished", "task 1 Finished"]
            assert other.since_snapshot() == []

    run(story)


def test_filters_are_asked_at_each_change():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1, attributes={"k": "v"}))
            stage.put(job(2))
            first = stage.put(task(1, one, state="Started"))
            stage.put(task(2, one, state="Launched"))
            by_task = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"taskStates": "Started"})))
            by_job = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"attributes": "k:v"})))
            by_id = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"jobIds": uuid_of(2)})))
            await stage.settle()
            assert by_task.told == ["job 1 Accepted", "task 1 Started", "end"]
            assert by_job.told == ["job 1 Accepted", "task 1 Started", "task 2 Launched", "end"]
            assert by_id.told == ["job 2 Accepted", "end"]
            stage.change(first, status=FINISHED)
            stage.change(one, descriptor=job(1).descriptor)
            stage.change(job(2), history=(FINISHED,))
            await stage.settle()
            assert by_task.since_snapshot() == []
            assert by_job.since_snapshot() == ["task 1 Finished"]
            assert by_id.since_snapshot() == ["job 2 Accepted"]

    run(story)


def test_projections_keep_the_id():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            stage.put(task(1, one))
            query = Query(jobFields=["jobDescriptor.applicationName"], taskFields=["jobId"])
            watcher = stage.watch(stage.streams.observe_jobs(query))
            await stage.settle()
            stage.change(one, history=(FINISHED,))
            stage.change(task(1, one), history=(FINISHED,))
            await stage.settle()
            for index in (0, 3):
                told = watcher.heard[index].jobUpdate.job
                assert (told.id, told.jobDescriptor.applicationName) == (one.id, "app")
                assert [field.name for field, _ in told.ListFields()] == ["id", "jobDescriptor"]
                told = watcher.heard[index + 1].taskUpdate.task
                assert [field.name for field, _ in told.ListFields()] == ["id", "jobId"]

    run(story)


def test_a_moved_task_is_told_with_its_new_job():
    async def story():
        async with streaming() as stage:
            one, two = stage.put(job(1, kind="service")), stage.put(job(2, kind="service"))
            moving = stage.put(task(1, one, index=-1))
            old, new = (stage.watch(stage.streams.observe_job(record.id)) for record in (one, two))
            await stage.settle()
            moved = stage.change(moving, job=two.id, moved=True, moved_from=one.id)
            await stage.settle()
            assert old.since_snapshot() == []
            assert new.since_snapshot() == ["task 1 Started moved"]
            stage.change(moved, moved=False, history=(FINISHED,))
            await stage.settle()
            assert new.since_snapshot()[1:] == ["task 1 Started"]

    run(story)
