"""Jobs and tasks are found by their ids, and replies say what was found and when it is durable."""

import asyncio

import pytest
from doors.titus.looking_stage import (
    ALL,
    T0,
    LookingStage,
    asked,
    criteria,
    find_jobs,
    job,
    run,
    task,
    uuid_of,
)

from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import looking
from portico.doors.titus.extension.looking import FindJob, FindJobs, FindTask, FindTasks
from portico.doors.titus.extension.records import Status
from portico.doors.titus.inbound.pages import Page
from portico.doors.titus.outbound.pages import jobs_reply, tasks_reply
from portico.wire.titus import job_api_pb2


def test_jobs_and_tasks_are_found_active_and_archived():
    async def story():
        stage = LookingStage()
        put = stage.put(job(1))
        stage.put(task(1, put))
        assert (await asked(stage, FindJob(put.id))) is put
        assert (await asked(stage, FindTask(uuid_of(1_000_001)))).job == put.id
        stage.change(task(1, put), archived=True, status=Status("Finished", "normal", "", T0 + 5))
        over = stage.change(put, status=Status("Finished", "normal", "", T0 + 5), finished_at=T0 + 5)
        await stage.settle()
        assert not stage.standing.jobs
        assert not stage.standing.tasks
        assert (await asked(stage, FindJob(put.id))) == over
        assert (await asked(stage, FindTask(uuid_of(1_000_001)))).archived
        assert (await find_jobs(stage))[0] == []

    run(story)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (FindJob("j"), "INVALID_ARGUMENT"),
        (FindJob(""), "INVALID_ARGUMENT"),
        (FindJob("{00000000-0000-4000-8000-00000000000}"), "INVALID_ARGUMENT"),
        (FindTask("x" * 36), "INVALID_ARGUMENT"),
        (FindJob(uuid_of(9)), "JOB_ID_NOT_FOUND"),
        (FindTask(uuid_of(9)), "TASK_ID_NOT_FOUND"),
    ],
)
def test_ids_that_lead_nowhere_are_refused(query, code):
    async def story():
        with pytest.raises(TitusError) as refused:
            await asked(LookingStage(), query)
        assert refused.value.code.name == code

    run(story)


def test_answers_wait_until_what_they_saw_is_durable():
    async def story():
        stage = LookingStage()
        stage.writer.hold = True
        put = stage.put(job(1))
        queries = (
            FindJob(put.id),
            FindJobs(criteria(), ALL),
            FindJobs(criteria(owner="x"), ALL),
            FindTasks(criteria(), ALL),
        )
        waiting = [asyncio.ensure_future(asked(stage, query)) for query in queries]
        await stage.settle()
        assert not any(answer.done() for answer in waiting)
        stage.writer.flush()
        await asyncio.gather(*waiting)

    run(story)


def test_replies_are_messages_of_the_api():
    async def story():
        stage = LookingStage()
        made = stage.put(*(job(number) for number in range(200)))
        stage.put(task(1, made[0]))
        found = await asked(stage, FindJobs(criteria(), Page(150)))
        told = job_api_pb2.JobQueryResult.FromString(await jobs_reply(found, (), stage.encodings))
        assert [one.id for one in told.items] == [uuid_of(number) for number in range(150)]
        assert told.items[0].jobDescriptor.applicationName == "app"
        assert told.pagination == found.pagination
        told = job_api_pb2.JobQueryResult.FromString(await jobs_reply(found, ["status.state"], stage.encodings))
        assert told.items[0].id == uuid_of(0)
        assert not told.items[0].HasField("jobDescriptor")
        found = await asked(stage, FindTasks(criteria(), ALL))
        told = job_api_pb2.TaskQueryResult.FromString(await tasks_reply(found, ["jobId"], stage.encodings))
        assert [(one.id, one.jobId, one.HasField("status")) for one in told.items] == [
            (uuid_of(1_000_001), uuid_of(0), False)
        ]

    run(story)


@pytest.mark.parametrize(
    ("asked_for", "glance"), [({"owner": "nobody"}, looking.GLANCE), ({"taskStates": "Started"}, 2)]
)
def test_a_long_scan_gives_way_to_others(monkeypatch, asked_for, glance):
    monkeypatch.setattr(looking, "STEP", 0)

    async def story():
        stage = LookingStage()
        stage.put(*(job(number) for number in range(3_000)))
        await stage.settle()
        turns = 0
        answer = asyncio.ensure_future(asked(stage, FindJobs(criteria(**asked_for), ALL)))
        while not answer.done():
            await asyncio.sleep(0)
            turns += 1
        assert not answer.result().items
        assert turns > 3_000 // glance

    run(story)
