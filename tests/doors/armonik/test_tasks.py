"""Tasks through a real server."""

import pytest
from control.calls.stage import FakeAgent
from doors.armonik.served import UNKNOWN, options, patch, refused, status_condition, story, task_condition, task_filters
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode

from portico.domain.calls.frames import Verdict
from portico.wire.armonik import sessions_pb2, tasks_pb2
from portico.wire.armonik.task_status_pb2 import TaskStatus

TASK, SESSION, INITIAL = 16, 1, 10
Creation = tasks_pb2.SubmitTasksRequest.TaskCreation


def submission(session, *creations, **more):
    return tasks_pb2.SubmitTasksRequest(session_id=session, task_creations=creations, **more)


def test_tasks_are_answered_in_the_order_in_which_they_were_asked_for():
    async def play(at):
        session = await at.session()
        payloads = await at.results(session, *[b"p"] * 3)
        outputs = await at.results(session, *[None] * 4)
        needed = await at.results(session, b"d", None)
        reply = await at.tasks.SubmitTasks(
            submission(
                session,
                Creation(payload_id=payloads[0], expected_output_keys=outputs[:2]),
                Creation(payload_id=payloads[1], expected_output_keys=outputs[2:3], data_dependencies=needed),
                Creation(payload_id=payloads[2], expected_output_keys=outputs[3:], task_options=patch(priority=9)),
                task_options=patch(priority=5, application_name="app", options={"a": "b"}),
            )
        )
        infos = reply.task_infos
        assert [info.payload_id for info in infos] == payloads
        assert [list(info.expected_output_ids) for info in infos] == [outputs[:2], outputs[2:3], outputs[3:]]
        assert [list(info.data_dependencies) for info in infos] == [[], needed, []]
        assert len({info.task_id for info in infos}) == 3
        first, second, third = [
            (await at.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=info.task_id))).task for info in infos
        ]
        assert first.status == third.status == TaskStatus.TASK_STATUS_SUBMITTED
        assert second.status == TaskStatus.TASK_STATUS_PENDING
        assert first.session_id == session
        assert list(first.parent_task_ids) == [session]
        assert list(first.expected_output_ids) == outputs[:2]
        assert list(second.data_dependencies) == needed
        assert first.initial_task_id == first.id == infos[0].task_id
        assert first.created_by == first.owner_pod_id == ""
        assert first.options == options(priority=5, application_name="app", options={"a": "b"}, partition_id="default")
        assert third.options.priority == 9
        assert first.output == tasks_pb2.TaskDetailed.Output(success=True)
        assert first.HasField("submitted_at")
        assert not second.HasField("submitted_at")

    story(play)


def test_a_thousand_tasks_are_one_call():
    async def play(at):
        session = await at.session()
        ids = await at.submit(session, 1_200)
        assert len(set(ids)) == 1_200
        page = await at.tasks.ListTasks(tasks_pb2.ListTasksRequest(page_size=1_000))
        assert [task.id for task in page.tasks] == ids[:1_000]
        assert page.total == 1_200

    story(play)


async def wrong_submissions(at):
    """Give submissions that are refused, with the status and the beginning of what is said."""
    session = await at.session("default")
    payload, aborted = await at.results(session, b"p", None)
    lost = submission(session, Creation(payload_id=payload, expected_output_keys=[aborted]))
    (info,) = (await at.tasks.SubmitTasks(lost)).task_infos
    await at.tasks.CancelTasks(tasks_pb2.CancelTasksRequest(task_ids=[info.task_id]))
    invalid, missing, conflict = StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND, StatusCode.FAILED_PRECONDITION
    fine = Creation(payload_id=payload)
    closed = await at.session()
    other = await at.results(closed, b"p")
    await at.sessions.StopSubmission(sessions_pb2.StopSubmissionRequest(session_id=closed, client=True))
    return [
        (submission(session), invalid, "task_creations: is empty"),
        (submission(UNKNOWN, fine), missing, f"Session was not found: {UNKNOWN}"),
        (submission("", fine), missing, "Session was not found: "),
        (submission(session, Creation()), missing, "Result was not found: "),
        (submission(session, Creation(payload_id=UNKNOWN)), missing, f"Result was not found: {UNKNOWN}"),
        (submission(session, fine, Creation(payload_id=payload, data_dependencies=["x"])), missing, "Result was not"),
        (submission(session, Creation(payload_id=payload, expected_output_keys=["x"])), missing, "Result was not"),
        (
            submission(session, fine, Creation(payload_id=payload, data_dependencies=[aborted])),
            conflict,
            f"Result status is invalid: {aborted}",
        ),
        (submission(session, fine, task_options=patch(partition_id="second")), invalid, "partition_id: "),
        (submission(session, fine, task_options=patch(priority=101)), invalid, "priority: Max priority is 100"),
        (
            submission(
                session, fine, Creation(payload_id=payload, task_options=patch(max_duration=Duration(seconds=-1)))
            ),
            invalid,
            "task_creations[1].task_options.max_duration: is negative",
        ),
        (
            submission(closed, Creation(payload_id=other[0])),
            conflict,
            "Submission for the session is closed: Client submission is closed",
        ),
    ]


def test_a_submission_that_cannot_be_is_refused_whole():
    async def play(at):
        for request, code, words in await wrong_submissions(at):
            found, details = await refused(at.tasks.SubmitTasks(request))
            assert (found, details[: len(words)]) == (code, words)
        assert (await at.tasks.ListTasks(tasks_pb2.ListTasksRequest())).total == 1

    story(play)


def test_a_task_that_is_not_there_is_not_found():
    async def play(at):
        for task in (UNKNOWN, "me", "", f"{UNKNOWN}###1"):
            code, details = await refused(at.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=task)))
            assert (code, details) == (StatusCode.NOT_FOUND, f"Task was not found: {task}")

    story(play)


def test_tasks_are_listed_in_short_and_in_full():
    async def play(at):
        one, two = await at.session(), await at.session()
        first = await at.submit(one, 3)
        second = await at.submit(two, 2, application_name="app")
        mine = task_filters([task_condition(SESSION, one)])
        sort = tasks_pb2.ListTasksRequest.Sort(
            field=tasks_pb2.TaskField(task_summary_field=tasks_pb2.TaskSummaryField(field=TASK)), direction=2
        )
        request = tasks_pb2.ListTasksRequest(page=0, page_size=2, filters=mine, sort=sort, with_errors=True)
        page = await at.tasks.ListTasks(request)
        assert [task.id for task in page.tasks] == [first[2], first[1]]
        assert (page.page, page.page_size, page.total) == (0, 2, 3)
        assert page.tasks[0].count_parent_task_ids == 1
        assert page.tasks[0].session_id == one
        full = await at.tasks.ListTasksDetailed(request)
        assert [task.id for task in full.tasks] == [first[2], first[1]]
        assert (full.page, full.page_size, full.total) == (0, 2, 3)
        assert list(full.tasks[0].parent_task_ids) == [one]
        rest = await at.tasks.ListTasks(tasks_pb2.ListTasksRequest(page=1, page_size=2, filters=mine, sort=sort))
        assert ([task.id for task in rest.tasks], rest.page, rest.total) == ([first[0]], 1, 3)
        generic = tasks_pb2.TaskField(task_option_field=tasks_pb2.TaskOptionField(field=5))
        named = tasks_pb2.FilterField(field=generic)
        named.filter_string.value = "app"
        chosen = await at.tasks.ListTasks(tasks_pb2.ListTasksRequest(page_size=9, filters=task_filters([named])))
        assert [task.id for task in chosen.tasks] == second
        by_id = task_filters([task_condition(TASK, first[1])], [task_condition(TASK, second[0])])
        chosen = await at.tasks.ListTasks(tasks_pb2.ListTasksRequest(page_size=9, filters=by_id))
        assert [task.id for task in chosen.tasks] == [first[1], second[0]]

    story(play)


@pytest.mark.parametrize("rpc", ["ListTasks", "ListTasksDetailed"])
def test_a_list_of_more_than_a_slice_is_whole(rpc):
    async def play(at):
        ids = await at.submit(await at.session(), 450)
        page = await getattr(at.tasks, rpc)(tasks_pb2.ListTasksRequest(page_size=1_000))
        assert [task.id for task in page.tasks] == ids
        assert page.total == 450

    story(play)


def test_a_list_that_makes_no_sense_is_refused_by_name():
    async def play(at):
        wrong = task_filters([task_condition(TASK, "x")], [task_condition(99, "x")])
        for rpc in (at.tasks.ListTasks, at.tasks.ListTasksDetailed):
            code, details = await refused(rpc(tasks_pb2.ListTasksRequest(filters=wrong)))
            assert code == StatusCode.INVALID_ARGUMENT
            assert details.startswith("filters.or[1].and[0].field.task_summary_field.field: 99")
            code, details = await refused(rpc(tasks_pb2.ListTasksRequest(page=-1)))
            assert (code, details) == (StatusCode.INVALID_ARGUMENT, "page: -1 is negative")
        code, details = await refused(at.tasks.CountTasksByStatus(tasks_pb2.CountTasksByStatusRequest(filters=wrong)))
        assert code == StatusCode.INVALID_ARGUMENT

    story(play)


def test_tasks_are_cancelled_and_shown():
    async def play(at):
        session = await at.session()
        ids = await at.submit(session, 3)
        request = tasks_pb2.CancelTasksRequest(task_ids=[ids[2], "me", ids[0], UNKNOWN, ids[2]])
        reply = await at.tasks.CancelTasks(request)
        assert [(task.id, task.status) for task in reply.tasks] == [
            (ids[2], TaskStatus.TASK_STATUS_CANCELLED),
            (ids[0], TaskStatus.TASK_STATUS_CANCELLED),
        ]
        again = await at.tasks.CancelTasks(request)
        assert [task.id for task in again.tasks] == [ids[2], ids[0]]
        assert (await at.tasks.CancelTasks(tasks_pb2.CancelTasksRequest())) == tasks_pb2.CancelTasksResponse()
        one = (await at.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=ids[1]))).task
        assert one.status == TaskStatus.TASK_STATUS_SUBMITTED

    story(play)


def test_expected_outputs_are_told_of_the_tasks_that_are_known():
    async def play(at):
        session = await at.session()
        payload, *outputs = await at.results(session, b"p", None, None)
        reply = await at.tasks.SubmitTasks(
            submission(
                session,
                Creation(payload_id=payload, expected_output_keys=outputs),
                Creation(payload_id=payload),
            )
        )
        first, second = [info.task_id for info in reply.task_infos]
        told = await at.tasks.GetResultIds(tasks_pb2.GetResultIdsRequest(task_id=[second, "me", first, second]))
        assert [(one.task_id, list(one.result_ids)) for one in told.task_results] == [(second, []), (first, outputs)]

    story(play)


def test_tasks_are_counted():
    async def play(at):
        one, two = await at.session(), await at.session()
        await at.submit(one, 4)
        ids = await at.submit(two, 2)
        await at.tasks.CancelTasks(tasks_pb2.CancelTasksRequest(task_ids=ids[:1]))
        submitted, cancelled = TaskStatus.TASK_STATUS_SUBMITTED, TaskStatus.TASK_STATUS_CANCELLED

        async def count(*clauses):
            request = tasks_pb2.CountTasksByStatusRequest(filters=task_filters(*clauses))
            return {found.status: found.count for found in (await at.tasks.CountTasksByStatus(request)).status}

        assert await count() == {submitted: 5, cancelled: 1}
        assert await count([task_condition(SESSION, one)]) == {submitted: 4}
        assert await count([task_condition(SESSION, two)]) == {submitted: 1, cancelled: 1}
        both = [[task_condition(SESSION, one)], [task_condition(SESSION, two)]]
        assert await count(*both) == {submitted: 5, cancelled: 1}
        assert await count([task_condition(SESSION, UNKNOWN)]) == {}
        assert await count([status_condition(cancelled)]) == {cancelled: 1}
        mixed = [task_condition(SESSION, two), status_condition(submitted)]
        assert await count(mixed) == {submitted: 1}
        assert (await at.tasks.CountTasksByStatus(tasks_pb2.CountTasksByStatusRequest())).status

    story(play)


def test_a_task_that_was_tried_again_has_a_name_of_its_own():
    async def play(at):
        session = await at.session()
        (task,) = await at.submit(session)
        agent = FakeAgent(at.plane)
        await at.stage.settle()
        agent.end(agent.given[0], Verdict.FAILED, error="went away")
        await at.stage.settle()
        retry = f"{task}###1"
        again = (await at.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=retry))).task
        assert (again.id, again.initial_task_id, list(again.retry_of_ids)) == (retry, task, [task])
        assert again.created_by == task
        first = (await at.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=task))).task
        assert first.status == TaskStatus.TASK_STATUS_RETRIED
        assert first.output == tasks_pb2.TaskDetailed.Output(success=False, error="went away")
        assert first.HasField("creation_to_end_duration")

        async def listed(*clauses):
            request = tasks_pb2.ListTasksRequest(page_size=9, filters=task_filters(*clauses))
            return [(one.id, one.count_retry_of_ids) for one in (await at.tasks.ListTasks(request)).tasks]

        assert await listed([task_condition(TASK, retry)]) == [(retry, 1)]
        assert await listed([task_condition(TASK, task)]) == [(task, 0)]
        assert await listed([task_condition(INITIAL, task)]) == [(task, 0), (retry, 1)]
        assert await listed([task_condition(TASK, task)], [task_condition(TASK, retry)]) == [(task, 0), (retry, 1)]
        assert await listed([task_condition(TASK, "###1", how=5)]) == [(retry, 1)]

    story(play)
