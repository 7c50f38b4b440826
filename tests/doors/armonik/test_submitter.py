"""The older service through a real server: every RPC, its rules and its errors."""

import asyncio

import grpc
import pytest
from doors.armonik.serving import refused, story, task_options, until

from portico.control.calls import watching as core_watching
from portico.control.calls.commands import DeleteData, PutContent, SessionChange
from portico.control.calls.queries import FindResults
from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, SessionState
from portico.domain.calls.values import SMALL, Content
from portico.doors.armonik import choosing, creating, paging
from portico.doors.armonik.transfers import CHUNK
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.session_status_pb2 import SessionStatus
from portico.wire.armonik.task_status_pb2 import TaskStatus

Code = grpc.StatusCode
Large = pb.CreateLargeTaskRequest
FOREIGN = "00000000-0000-0000-0000-000000000000"


def of_session(*sessions, **statuses):
    return pb.TaskFilter(session=pb.TaskFilter.IdsRequest(ids=sessions), **_statuses(statuses))


def of_tasks(*tasks, **statuses):
    return pb.TaskFilter(task=pb.TaskFilter.IdsRequest(ids=tasks), **_statuses(statuses))


def _statuses(given):
    return {name: pb.TaskFilter.StatusesRequest(statuses=statuses) for name, statuses in given.items()}


def counted(reply):
    return {value.status: value.count for value in reply.values}


async def run_one(at, agent, verdict=Verdict.OK, error=""):
    """Let an agent end the Call that it is given next."""
    done = agent.__dict__.setdefault("done", set())
    await until(lambda: [one for one in agent.given if (one.call, one.lease) not in done])
    given = next(one for one in agent.given if (one.call, one.lease) not in done)
    done.add((given.call, given.lease))
    agent.end(given, verdict, error=error)
    await at.settle()
    return given.id


# ---- sessions ------------------------------------------------------------------------------------------------------


def test_sessions_are_created_listed_and_cancelled():
    async def play(at):
        request = pb.CreateSessionRequest(default_task_option=task_options(), partition_ids=["default"])
        one = (await at.submitter.CreateSession(request)).session_id
        two = (await at.submitter.CreateSession(request)).session_id
        assert await at.submitter.CancelSession(objects_pb2.Session(id=two)) == objects_pb2.Empty()
        assert at.book.sessions[at.calls.naming.number(Kind.SESSION, two)].state is SessionState.CANCELLED

        async def listed(**given):
            return list((await at.submitter.ListSessions(pb.SessionFilter(**given))).session_ids)

        running = pb.SessionFilter.StatusesRequest(statuses=[SessionStatus.SESSION_STATUS_RUNNING])
        assert await listed() == [one, two]
        assert await listed(included=running) == [one]
        assert await listed(excluded=running) == [two]
        assert await listed(sessions=[two, FOREIGN, two]) == [two]
        assert await listed(sessions=[FOREIGN]) == []
        assert await listed(sessions=[two], included=running) == []
        code, _ = await refused(at.submitter.CancelSession(objects_pb2.Session(id=two)))
        assert code is Code.FAILED_PRECONDITION
        code, details = await refused(at.submitter.CancelSession(objects_pb2.Session(id=FOREIGN)))
        assert (code, details) == (Code.NOT_FOUND, f"Session was not found: {FOREIGN}")

    story(play)


def test_sessions_that_cannot_be_are_refused():
    async def play(at):
        code, details = await refused(at.submitter.CreateSession(pb.CreateSessionRequest()))
        assert (code, details) == (Code.INVALID_ARGUMENT, "default_task_option: is not given")
        wrong = pb.CreateSessionRequest(default_task_option=task_options(max_retries=0))
        assert (await refused(at.submitter.CreateSession(wrong)))[0] is Code.INVALID_ARGUMENT
        nowhere = pb.CreateSessionRequest(default_task_option=task_options(), partition_ids=["nowhere"])
        assert (await refused(at.submitter.CreateSession(nowhere)))[0] is Code.NOT_FOUND

    story(play)


def test_many_sessions_are_listed(monkeypatch):
    monkeypatch.setattr(choosing, "PAGE", 3)

    async def play(at):
        made = [await at.session_text() for _ in range(7)]
        assert list((await at.submitter.ListSessions(pb.SessionFilter())).session_ids) == made

    story(play)


def test_the_size_of_chunks_is_told():
    async def play(at):
        assert (await at.submitter.GetServiceConfiguration(objects_pb2.Empty())).data_chunk_max_size == CHUNK

    story(play)


# ---- creating tasks ------------------------------------------------------------------------------------------------


def infos(reply):
    assert reply.WhichOneof("Response") == "creation_status_list"
    statuses = reply.creation_status_list.creation_statuses
    assert {status.WhichOneof("Status") for status in statuses} <= {"task_info"}
    return [status.task_info for status in statuses]


def payload_of(at, task):
    number = at.calls.naming.number(Kind.CALL, task)
    session, payload = at.cells(number, "session", "payload")
    return at.calls.session_text(session), at.calls.result_text(payload)


async def data_of(at, session, result):
    request = objects_pb2.ResultRequest(session=session, result_id=result)
    replies = [reply async for reply in at.submitter.TryGetResultStream(request)]
    assert [reply.result.WhichOneof("type") for reply in replies[:-1]] == ["data"] * (len(replies) - 1)
    assert replies[-1].result.data_complete
    return b"".join(reply.result.data for reply in replies[:-1])


def test_small_tasks_bring_their_payloads():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        output, needed = at.texts(at.results(number, None, b"d"))
        requests = [
            objects_pb2.TaskRequest(
                payload=b"one", payload_name="first", expected_output_keys=[output], data_dependencies=[needed]
            ),
            objects_pb2.TaskRequest(payload=b"2" * (SMALL + 1)),
        ]
        request = pb.CreateSmallTaskRequest(
            session_id=session, task_options=task_options(priority=7), task_requests=requests
        )
        one, two = infos(await at.submitter.CreateSmallTasks(request))
        assert (list(one.expected_output_keys), list(one.data_dependencies)) == ([output], [needed])
        assert await data_of(at, session, one.payload_id) == b"one"
        assert payload_of(at, one.task_id) == (session, one.payload_id)
        assert await data_of(at, session, two.payload_id) == b"2" * (SMALL + 1)
        found = await at.plane.ask(FindResults((one.payload_id, two.payload_id)))
        assert [result.name for result in found] == ["first", ""]
        agent = at.agent()
        await until(lambda: agent.given)
        assert agent.given[0].options.priority == 7

    story(play)


def test_small_tasks_that_cannot_be_are_refused_and_leave_no_data():
    async def play(at):
        session = await at.session_text()
        good = objects_pb2.TaskRequest(payload=b"x")

        def create(identity=session, options=None, requests=(good,)):
            given = {} if options is None else {"task_options": options}
            return refused(
                at.submitter.CreateSmallTasks(
                    pb.CreateSmallTaskRequest(session_id=identity, task_requests=requests, **given)
                )
            )

        assert await create() == (Code.INVALID_ARGUMENT, "task_options: is not given")
        assert (await create(options=task_options(priority=100)))[1].startswith("task_options.priority: ")
        assert (await create(FOREIGN, task_options()))[0] is Code.NOT_FOUND
        assert await create(options=task_options(), requests=()) == (
            Code.INVALID_ARGUMENT,
            "task_requests: there is no task",
        )
        empty = objects_pb2.TaskRequest()
        assert await create(options=task_options(), requests=(good, empty)) == (
            Code.INVALID_ARGUMENT,
            "task_requests[1].payload: is empty",
        )
        astray = objects_pb2.TaskRequest(payload=b"x", data_dependencies=[FOREIGN])
        assert (await create(options=task_options(), requests=(good, astray)))[0] is Code.NOT_FOUND
        assert (await create(options=task_options(partition_id="second")))[0] is Code.INVALID_ARGUMENT
        await at.settle()
        rows = at.plane.history.now(lambda reader: reader.last_number("result_data"))
        assert not rows
        await at.change(at.calls.naming.number(Kind.SESSION, session), SessionChange.CLOSE)
        assert (await create(options=task_options()))[0] is Code.FAILED_PRECONDITION

    story(play)


def large(session, *tasks, options=None, last=True):
    async def messages():
        given = {} if options is None else {"task_options": options}
        yield Large(init_request=Large.InitRequest(session_id=session, **given))
        for outputs, *pieces in tasks:
            header = objects_pb2.TaskRequestHeader(expected_output_keys=outputs)
            yield Large(init_task=objects_pb2.InitTaskRequest(header=header))
            for piece in pieces:
                yield Large(task_payload=objects_pb2.DataChunk(data=piece))
            yield Large(task_payload=objects_pb2.DataChunk(data_complete=True))
        if last:
            yield Large(init_task=objects_pb2.InitTaskRequest(last_task=True))

    return messages()


def test_large_tasks_come_in_pieces():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (output,) = at.texts(at.results(number, None))
        big = [bytes([value]) * CHUNK for value in range(3)]
        stream = large(session, ([output], b"a", b"b"), ([], *big), ([],), options=task_options())
        tasks = infos(await at.submitter.CreateLargeTasks(stream))
        assert [list(task.expected_output_keys) for task in tasks] == [[output], [], []]
        datas = [await data_of(at, session, task.payload_id) for task in tasks]
        assert datas == [b"ab", b"".join(big), b""]
        (plain,) = infos(await at.submitter.CreateLargeTasks(large(session, ([], b"x"))))
        assert payload_of(at, plain.task_id) == (session, plain.payload_id)

    story(play)


def test_streams_of_large_tasks_that_are_wrong_bring_no_task():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        send = at.submitter.CreateLargeTasks
        code, details = await refused(send(large(session, ([], b"x"), last=False)))
        assert (code, details.split(":")[0]) == (Code.INVALID_ARGUMENT, "requests[4].init_task")
        assert (await refused(send(large(FOREIGN, ([], b"x")))))[0] is Code.NOT_FOUND
        assert (await refused(send(large(session))))[0] is Code.INVALID_ARGUMENT
        assert (await refused(send(large(session, ([FOREIGN], b"x")))))[0] is Code.NOT_FOUND
        wrong = large(session, ([], b"x"), options=task_options(max_retries=0))
        assert (await refused(send(wrong)))[0] is Code.INVALID_ARGUMENT
        await at.settle()
        assert not (await at.submitter.ListTasks(of_session(session))).task_ids
        assert not at.plane.history.now(lambda reader: reader.last_number("result_data"))

    story(play)


def test_many_large_tasks_are_stored_as_they_come(monkeypatch):
    monkeypatch.setattr(creating, "AT_ONCE", 3)

    async def play(at):
        session = await at.session_text()
        tasks = [([], str(index).encode()) for index in range(10)]
        created = infos(await at.submitter.CreateLargeTasks(large(session, *tasks)))
        assert [await data_of(at, session, task.payload_id) for task in created] == [piece for _, piece in tasks]
        assert list((await at.submitter.ListTasks(of_session(session))).task_ids) == [task.task_id for task in created]

    story(play)


# ---- choosing tasks ------------------------------------------------------------------------------------------------


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


# ---- results -------------------------------------------------------------------------------------------------------


def test_results_are_given_or_it_is_said_why_not():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        good, bad = at.submit(number, 2, outputs=1)
        (mine,), (lost,) = (at.texts(at.book.links_of(call).outputs) for call in (good, bad))
        done, free = at.texts(at.results(number, b"data", None))

        async def replies(result, of=session):
            request = objects_pb2.ResultRequest(session=of, result_id=result)
            return [reply async for reply in at.submitter.TryGetResultStream(request)]

        assert await data_of(at, session, done) == b"data"
        assert await replies(mine) == [pb.ResultReply(not_completed_task=at.book.text(good))]
        assert await replies(free) == [pb.ResultReply(not_completed_task="")]
        agent = at.agent()
        assert await run_one(at, agent) == at.book.text(good)
        assert await replies(mine) == [pb.ResultReply(not_completed_task=at.calls.naming.text(Kind.CALL, good))]
        await run_one(at, agent, Verdict.ERROR, "it broke")
        (reply,) = await replies(lost)
        assert reply.error.task_id == at.calls.naming.text(Kind.CALL, bad)
        assert [(one.task_status, one.detail) for one in reply.error.errors] == [
            (TaskStatus.TASK_STATUS_ERROR, "it broke")
        ]
        await at.plane.submit(DeleteData(session, (done,)))
        request = objects_pb2.ResultRequest(session=session, result_id=done)
        code, details = await refused(at.submitter.TryGetResultStream(request))
        assert (code, details) == (Code.NOT_FOUND, f"Result data was not found: {done}")
        for request in (
            objects_pb2.ResultRequest(session=session, result_id=FOREIGN),
            objects_pb2.ResultRequest(session=FOREIGN, result_id=mine),
        ):
            assert (await refused(at.submitter.TryGetResultStream(request)))[0] is Code.NOT_FOUND
            assert (await refused(at.submitter.WaitForAvailability(request)))[0] is Code.NOT_FOUND

    story(play)


async def begun(at, call, kind="_results"):
    """Let a call that waits get so far that it listens."""
    places = getattr(at.calls.watching, kind)
    before = len(places)
    waiting = asyncio.ensure_future(_reply(call))
    await until(lambda: len(places) > before)
    await at.settle()
    assert not waiting.done()
    return waiting


async def _reply(call):
    return await call


def test_availability_is_waited_for():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (call,) = at.submit(number, 1, outputs=1)
        (lost,) = at.texts(at.book.links_of(call).outputs)
        promised, deleted, there = at.texts(at.results(number, None, None, b"x"))

        def wait(result):
            return at.submitter.WaitForAvailability(objects_pb2.ResultRequest(session=session, result_id=result))

        assert (await wait(there)).WhichOneof("type") == "ok"
        waiting = [await begun(at, wait(result)) for result in (promised, deleted, lost)]
        await at.plane.submit(PutContent(session, promised, Content(1, b"x")))
        assert (await waiting[0]).WhichOneof("type") == "ok"
        await at.plane.submit(DeleteData(session, (deleted,)))
        assert (await refused(waiting[1]))[0] is Code.NOT_FOUND
        await run_one(at, at.agent(), Verdict.ERROR, "it broke")
        reply = await waiting[2]
        assert (reply.error.task_id, reply.error.errors[0].detail) == (
            at.calls.naming.text(Kind.CALL, call),
            "it broke",
        )
        await until(lambda: not at.calls.watching._results)

    story(play)


# ---- waiting for tasks ---------------------------------------------------------------------------------------------


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
        on_cancellation = asyncio.ensure_future(_reply(wait_for(at, choice, stop_on_first_task_cancellation=True)))
        on_neither = asyncio.ensure_future(_reply(wait_for(at, choice)))
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
