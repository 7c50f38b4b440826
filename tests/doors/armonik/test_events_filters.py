"""Streams of events that are filtered: of named things, by any field, as things were at the moment."""

import asyncio

from doors.armonik.inbound.test_subscriptions import any_of, result_is, task_is
from doors.armonik.listening import NEW_RESULT, NEW_TASK, RESULT_STATUS, TASK_STATUS, listening
from doors.armonik.serving import story, until

from portico.control.calls.commands import PutContent
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState
from portico.domain.calls.values import Content
from portico.wire.armonik import filters_pb2, results_pb2, tasks_pb2
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.results_pb2 import ResultRawEnumField
from portico.wire.armonik.task_status_pb2 import TaskStatus
from portico.wire.armonik.tasks_pb2 import TaskOptionEnumField, TaskSummaryEnumField


def test_named_results_are_heard_of_alone():
    """As clients wait for results: alternatives of ids, new ones and changes of state."""

    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        wanted, other, never = at.results(number, None, None, None)
        await at.settle()
        ids = at.texts([wanted, never])
        filters = any_of(
            results_pb2, *[[result_is(ResultRawEnumField.RESULT_RAW_ENUM_FIELD_RESULT_ID, one)] for one in ids]
        )
        kinds = [NEW_RESULT, RESULT_STATUS]
        async with listening(at, session, results_filters=filters, returned_events=kinds) as listener:
            await until(lambda: len(listener.heard) == 2)
            assert not at.calls.watching._sessions
            for result in (other, wanted):
                await at.plane.submit(PutContent(session, at.calls.result_text(result), Content(1, b"x")))
            await until(lambda: len(listener.heard) == 3)
            assert listener.told == [
                ("new result", ids[0], ResultStatus.RESULT_STATUS_CREATED),
                ("new result", ids[1], ResultStatus.RESULT_STATUS_CREATED),
                ("result", ids[0], ResultStatus.RESULT_STATUS_COMPLETED),
            ]
        await until(lambda: not at.calls.watching._results)

    story(play)


def test_named_tasks_are_heard_of_alone():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        mine, other = at.submit(number, 2)
        (task,) = at.call_texts([mine])
        await at.settle()
        filters = any_of(tasks_pb2, [task_is(TaskSummaryEnumField.TASK_SUMMARY_ENUM_FIELD_TASK_ID, task)])
        kinds = [NEW_TASK, TASK_STATUS]
        async with listening(at, session, tasks_filters=filters, returned_events=kinds) as listener:
            await at.cancel(other)
            await at.cancel(mine)
            await until(lambda: len(listener.heard) == 2)
            assert listener.told == [
                ("new task", task, TaskStatus.TASK_STATUS_SUBMITTED),
                ("task", task, TaskStatus.TASK_STATUS_CANCELLED),
            ]
            assert at.calls.watching._calls
            assert not at.calls.watching._sessions

    story(play)


def test_named_things_of_another_session_are_not_told():
    async def play(at):
        mine, other = await at.session(), await at.session()
        (result,) = at.results(other, None)
        await at.settle()
        identity = at.calls.result_text(result)
        filters = any_of(results_pb2, [result_is(ResultRawEnumField.RESULT_RAW_ENUM_FIELD_RESULT_ID, identity)])
        session = at.calls.session_text(mine)
        async with listening(at, session, results_filters=filters, returned_events=[NEW_RESULT, RESULT_STATUS]) as one:
            await at.plane.submit(PutContent(at.calls.session_text(other), identity, Content(1, b"x")))
            (own,) = at.results(mine, None)
            await at.settle()
            assert own
            await asyncio.sleep(0.02)
            assert not one.heard

    story(play)


def test_any_field_filters_what_is_there_and_what_happens():
    async def play(at):
        number = await at.session("default", "second")
        session = at.calls.session_text(number)
        option = tasks_pb2.TaskField(
            task_option_field=tasks_pb2.TaskOptionField(field=TaskOptionEnumField.TASK_OPTION_ENUM_FIELD_PARTITION_ID)
        )
        in_second = tasks_pb2.FilterField(field=option, filter_string=filters_pb2.FilterString(value="second"))
        named = result_is(ResultRawEnumField.RESULT_RAW_ENUM_FIELD_NAME, "1")
        (one,) = at.submit(number, 1, outputs=1, partition="second")
        at.submit(number, 1, outputs=1, partition="default")
        await at.settle()
        given = {"tasks_filters": any_of(tasks_pb2, [in_second]), "results_filters": any_of(results_pb2, [named])}
        async with listening(at, session, **given) as listener:
            (two,) = at.submit(number, 1, outputs=1, partition="second")
            at.submit(number, 1, outputs=1, partition="default")
            await at.cancel(one)
            (first, second) = at.call_texts([one, two])
            await until(lambda: ("task", first, TaskStatus.TASK_STATUS_CANCELLED) in listener.told)
            assert {told[1] for told in listener.told if "task" in told[0]} == {first, second}
            names = {
                told[1]: at.result(at.calls.naming.number(Kind.RESULT, told[1]), "name")[0]
                for told in listener.told
                if "task" not in told[0]
            }
            assert len(names) == 4
            assert set(names.values()) == {"1"}

    story(play)


def test_a_filter_sees_the_state_of_the_moment():
    """Between the change and its telling the row has moved on; what is judged is the change."""

    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        status = tasks_pb2.TaskField(
            task_summary_field=tasks_pb2.TaskSummaryField(field=TaskSummaryEnumField.TASK_SUMMARY_ENUM_FIELD_STATUS)
        )
        is_dispatched = tasks_pb2.FilterField(
            field=status, filter_status=tasks_pb2.FilterStatus(value=TaskStatus.TASK_STATUS_DISPATCHED)
        )
        only = any_of(tasks_pb2, [is_dispatched])
        async with listening(at, session, tasks_filters=only, returned_events=[NEW_TASK, TASK_STATUS]) as listener:
            (call,) = at.submit(number)
            agent = at.agent()
            await until(lambda: agent.given)
            agent.end(agent.given[0])
            await at.settle()
            await until(lambda: at.state(call) is CallState.COMPLETED)
            await until(lambda: listener.heard)
            await asyncio.sleep(0.02)
            assert listener.told == [("task", *at.call_texts([call]), TaskStatus.TASK_STATUS_DISPATCHED)]

    story(play)
