"""Tasks as the older service chooses them: listed, counted, cancelled, and how they stand."""

import pytest
from doors.armonik.serving import refused, story
from doors.armonik.submitting import FOREIGN, Code, counted, of_session, of_tasks, run_one

from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import CallState
from portico.doors.armonik import choosing, paging
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.task_status_pb2 import TaskStatus


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 3)
    monkeypatch.setattr(choosing, "PAGE", 3)


@pytest.mark.usefixtures("small_pages")
def test_tasks_are_listed_and_counted_by_session_and_state():
    async def play(at):
        first, second = await at.session(), await at.session()
        one, two = at.calls.session_text(first), at.calls.session_text(second)
        calls = at.submit(first, 5)
        others = at.submit(second, 4)
        await at.cancel(*calls[:2])
        mine, theirs = at.call_texts(calls), at.call_texts(others)
        submitted, cancelled = TaskStatus.TASK_STATUS_SUBMITTED, TaskStatus.TASK_STATUS_CANCELLED

        async def listed(choice):
            return list((await at.submitter.ListTasks(choice)).task_ids)

        async def count(choice):
            return counted(await at.submitter.CountTasks(choice))

        assert await listed(of_session(one)) == mine
        assert await listed(of_session(one, two, FOREIGN, one)) == mine + theirs
        assert await listed(of_session(one, included=[cancelled])) == mine[:2]
        assert await listed(of_session(one, excluded=[cancelled])) == mine[2:]
        assert await listed(of_tasks(theirs[0], mine[0], FOREIGN)) == [theirs[0], mine[0]]
        assert await listed(of_tasks(*mine, included=[submitted])) == mine[2:]
        assert await listed(of_session(FOREIGN)) == []
        assert await count(of_session(one)) == {submitted: 3, cancelled: 2}
        assert await count(of_session(one, two)) == {submitted: 7, cancelled: 2}
        assert await count(of_session(one, excluded=[submitted])) == {cancelled: 2}
        assert await count(of_tasks(*mine, theirs[0], FOREIGN)) == {submitted: 4, cancelled: 2}
        assert await count(of_session(FOREIGN)) == {}
        for wrong in (pb.TaskFilter(), of_session(), of_tasks()):
            assert (await refused(at.submitter.ListTasks(wrong)))[0] is Code.INVALID_ARGUMENT
            assert (await refused(at.submitter.CountTasks(wrong)))[0] is Code.INVALID_ARGUMENT

    story(play)


@pytest.mark.usefixtures("small_pages")
def test_tasks_are_cancelled_by_filter():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        calls = at.submit(number, 8)
        tasks = at.call_texts(calls)
        await at.submitter.CancelTasks(of_tasks(tasks[0], FOREIGN))
        assert [at.state(call) for call in calls[:2]] == [CallState.CANCELLED, CallState.SUBMITTED]
        done = [TaskStatus.TASK_STATUS_COMPLETED]
        code, details = await refused(at.submitter.CancelTasks(of_session(session, included=done)))
        assert (code, details.split(":")[0]) == (Code.INTERNAL, "included.statuses")
        await at.submitter.CancelTasks(of_session(session, excluded=[TaskStatus.TASK_STATUS_SUBMITTED]))
        assert at.state(calls[1]) is CallState.SUBMITTED
        await at.submitter.CancelTasks(of_session(session))
        assert {at.state(call) for call in calls} == {CallState.CANCELLED}
        await at.submitter.CancelTasks(of_session(session))

    story(play)


def test_statuses_of_tasks_and_results_are_those_that_are_known():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (call,) = at.submit(number, 1, outputs=1)
        (task,), (output,) = at.call_texts([call]), at.texts(at.book.links_of(call).outputs)
        reply = await at.submitter.GetTaskStatus(pb.GetTaskStatusRequest(task_ids=[FOREIGN, task, task]))
        assert [(one.task_id, one.status) for one in reply.id_statuses] == [(task, TaskStatus.TASK_STATUS_SUBMITTED)]

        async def statuses(of):
            request = pb.GetResultStatusRequest(result_ids=[output, FOREIGN], session_id=of)
            reply = await at.submitter.GetResultStatus(request)
            return [(one.result_id, one.status) for one in reply.id_statuses]

        created = [(output, ResultStatus.RESULT_STATUS_CREATED)]
        assert await statuses(session) == await statuses("") == created
        assert await statuses(await at.session_text()) == []

    story(play)


def test_outputs_say_how_tasks_ended():
    async def play(at):
        number = await at.session()
        at.submit(number, 2)
        agent = at.agent()
        good = await run_one(at, agent)
        bad = await run_one(at, agent, Verdict.ERROR, "it broke")
        (waiting,) = at.call_texts(at.submit(number, priority=1, partition="default", max_retries=1)[:1])

        async def output(task):
            return await at.submitter.TryGetTaskOutput(objects_pb2.TaskOutputRequest(task_id=task))

        assert (await output(good)).WhichOneof("type") == "ok"
        assert (await output(bad)).error.details == "it broke"
        assert (await output(waiting)).WhichOneof("type") == "ok"
        request = objects_pb2.TaskOutputRequest(task_id=FOREIGN)
        code, details = await refused(at.submitter.TryGetTaskOutput(request))
        assert (code, details) == (Code.NOT_FOUND, f"Task was not found: {FOREIGN}")

    story(play)
