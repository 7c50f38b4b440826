"""Who waits by the older service for tasks to end."""

import asyncio

import pytest
from doors.armonik.serving import refused, story, until
from doors.armonik.submitting import FOREIGN, Code, begun, counted, of_session, of_tasks, reply_of, run_one

from portico.control.calls import watching as core_watching
from portico.control.calls.commands import PutContent, SessionChange
from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import CallState
from portico.domain.calls.values import Content
from portico.wire.armonik import submitter_pb2 as pb
from portico.wire.armonik.task_status_pb2 import TaskStatus


def wait_for(at, choice, **given):
    return at.submitter.WaitForCompletion(pb.WaitRequest(filter=choice, **given))


@pytest.mark.parametrize("single", [False, True], ids=["by session", "by task"])
def test_completion_is_waited_for(single):
    async def play(at):
        number = await at.session()
        calls = at.submit(number, 3)
        choice = of_tasks(*at.call_texts(calls), FOREIGN) if single else of_session(at.calls.session_text(number))
        waiting = await begun(at, wait_for(at, choice), "_calls" if single else "_sessions")
        agent = at.agent()
        for _ in range(3):
            assert not waiting.done()
            await run_one(at, agent)
        assert counted(await waiting) == {TaskStatus.TASK_STATUS_COMPLETED: 3}
        assert counted(await wait_for(at, choice)) == {TaskStatus.TASK_STATUS_COMPLETED: 3}
        await until(lambda: not at.calls.watching._sessions and not at.calls.watching._calls)

    story(play)


@pytest.mark.parametrize("single", [False, True], ids=["by session", "by task"])
def test_waiting_stops_on_the_first_error_or_cancellation_if_told_so(single):
    async def play(at):
        number = await at.session()
        calls = at.submit(number, 4)
        choice = of_tasks(*at.call_texts(calls)) if single else of_session(at.calls.session_text(number))
        kind = "_calls" if single else "_sessions"
        on_error = await begun(at, wait_for(at, choice, stop_on_first_task_error=True), kind)
        on_cancellation = asyncio.ensure_future(reply_of(wait_for(at, choice, stop_on_first_task_cancellation=True)))
        on_neither = asyncio.ensure_future(reply_of(wait_for(at, choice)))
        await run_one(at, at.agent(), Verdict.ERROR, "it broke")
        error, cancelled = TaskStatus.TASK_STATUS_ERROR, TaskStatus.TASK_STATUS_CANCELLED
        assert counted(await on_error)[error] == 1
        assert not on_cancellation.done()
        await at.cancel(calls[3])
        assert counted(await on_cancellation)[cancelled] == 1
        assert not on_neither.done()
        on_neither.cancel()
        await asyncio.gather(on_neither, return_exceptions=True)
        await until(lambda: not at.calls.watching._sessions and not at.calls.watching._calls)

    story(play)


def test_tasks_that_were_tried_again_do_not_count():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        at.submit(number)
        agent = at.agent()
        waiting = await begun(at, wait_for(at, of_session(session)), "_sessions")
        task = await run_one(at, agent, Verdict.FAILED, "it broke")
        assert not waiting.done()
        later = f"{task}###1"
        single = await begun(at, wait_for(at, of_tasks(later)), "_calls")
        assert await run_one(at, agent) == later
        expected = {TaskStatus.TASK_STATUS_RETRIED: 1, TaskStatus.TASK_STATUS_COMPLETED: 1}
        assert counted(await waiting) == expected
        assert counted(await single) == {TaskStatus.TASK_STATUS_COMPLETED: 1}
        assert counted(await wait_for(at, of_tasks(task))) == {TaskStatus.TASK_STATUS_RETRIED: 1}

    story(play)


def test_nothing_to_wait_for_is_complete():
    async def play(at):
        session = await at.session_text()
        for choice in (of_session(session), of_session(FOREIGN), of_tasks(FOREIGN)):
            assert counted(await wait_for(at, choice)) == {}
        code, details = await refused(wait_for(at, pb.TaskFilter()))
        assert (code, details.split(":")[0]) == (Code.INVALID_ARGUMENT, "filter.ids")

    story(play)


def test_paused_and_pending_tasks_are_waited_for():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (needed,) = at.results(number, None)
        at.submit(number, 1, dependencies=(needed,))
        waiting = await begun(at, wait_for(at, of_session(session)), "_sessions")
        await at.change(number, SessionChange.PAUSE)
        at.submit(number)
        await at.settle()
        assert not waiting.done()
        await at.change(number, SessionChange.RESUME)
        await at.plane.submit(PutContent(session, at.calls.result_text(needed), Content(1, b"x")))
        agent = at.agent()
        await run_one(at, agent)
        await run_one(at, agent)
        assert counted(await waiting) == {TaskStatus.TASK_STATUS_COMPLETED: 2}

    story(play)


def test_a_burst_does_not_cut_off_who_waits(monkeypatch):
    original = core_watching.Subscription.__init__
    monkeypatch.setattr(
        core_watching.Subscription, "__init__", lambda self, places, limit=5: original(self, places, limit)
    )

    async def play(at):
        number = await at.session()
        (call,) = at.submit(number)
        choice = of_session(at.calls.session_text(number))
        waiting = await begun(at, wait_for(at, choice), "_sessions")
        at.results(number, *[None] * 50)
        await at.settle()
        assert not waiting.done()
        assert at.state(call) is CallState.SUBMITTED
        await run_one(at, at.agent())
        assert counted(await waiting) == {TaskStatus.TASK_STATUS_COMPLETED: 1}

    story(play)


def test_a_stopping_server_says_so():
    async def play(at):
        number = await at.session()
        at.submit(number)
        waiting = await begun(at, wait_for(at, of_session(at.calls.session_text(number))), "_sessions")
        at.calls.watching.close_all()
        assert (await refused(waiting))[0] is Code.UNAVAILABLE

    story(play)
