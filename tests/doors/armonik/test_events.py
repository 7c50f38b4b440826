"""The stream of events: what there is, then what happens, for whom it concerns."""

import asyncio
import contextlib

import grpc
from doors.armonik.inbound.test_subscriptions import any_of
from doors.armonik.listening import NEW_RESULT, NEW_TASK, RESULT_OWNER, RESULT_STATUS, TASK_STATUS, listening
from doors.armonik.serving import refused, story, until
from harness import make_plane

from portico.control.calls.commands import PutContent
from portico.control.calls.happenings import Change, Happening
from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import ResultState
from portico.domain.calls.values import Content
from portico.doors.armonik.outbound.events import MOST_KEPT, Encodings
from portico.wire.armonik import results_pb2
from portico.wire.armonik.events_pb2 import EventSubscriptionRequest, EventSubscriptionResponse
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.task_status_pb2 import TaskStatus


def test_what_there_is_comes_first_and_then_what_happens():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (call,) = at.submit(number, 1, outputs=1)
        (task,) = at.call_texts([call])
        payload, output = at.texts([at.book.payload[call], *at.book.links_of(call).outputs])
        await at.settle()
        async with listening(at, session) as listener:
            await until(lambda: len(listener.heard) == 3)
            assert listener.told == [
                ("new task", task, TaskStatus.TASK_STATUS_SUBMITTED),
                ("new result", payload, ResultStatus.RESULT_STATUS_COMPLETED),
                ("new result", output, ResultStatus.RESULT_STATUS_CREATED),
            ]
            new = listener.heard[0].new_task
            assert (new.payload_id, new.origin_task_id) == (payload, task)
            assert list(new.expected_output_keys) == [output]
            assert list(new.parent_task_ids) == [session]
            assert listener.heard[2].new_result.owner_id == task
            assert {event.session_id for event in listener.heard} == {session}
            agent = at.agent()
            await until(lambda: agent.given)
            agent.end(agent.given[0])
            await until(lambda: ("task", task, TaskStatus.TASK_STATUS_COMPLETED) in listener.told)
            states = [one[2] for one in listener.told if one[0] == "task"]
            assert states == [
                TaskStatus.TASK_STATUS_DISPATCHED,
                TaskStatus.TASK_STATUS_PROCESSING,
                TaskStatus.TASK_STATUS_COMPLETED,
            ]

    story(play)


def test_what_is_new_is_told_with_its_ties():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        async with listening(at, session) as listener:
            (needed,) = at.results(number, None)
            (call,) = at.submit(number, 1, outputs=1, dependencies=(needed,))
            (task,) = at.call_texts([call])
            payload, output, need = at.texts([at.book.payload[call], *at.book.links_of(call).outputs, needed])
            await until(lambda: ("task", task, TaskStatus.TASK_STATUS_PENDING) in listener.told)
            assert listener.told == [
                ("new result", need, ResultStatus.RESULT_STATUS_CREATED),
                ("new result", payload, ResultStatus.RESULT_STATUS_COMPLETED),
                ("new result", output, ResultStatus.RESULT_STATUS_CREATED),
                *[one for one in listener.told if one[0] != "new result"],
            ]
            new = next(event.new_task for event in listener.heard if event.WhichOneof("update") == "new_task")
            assert (new.task_id, new.payload_id, list(new.data_dependencies)) == (task, payload, [need])
            assert list(new.expected_output_keys) == [output]
            assert ("owner", output, "", task) in listener.told
            await at.plane.submit(PutContent(session, need, Content(1, b"x")))
            await until(lambda: ("task", task, TaskStatus.TASK_STATUS_SUBMITTED) in listener.told)
            assert ("result", need, ResultStatus.RESULT_STATUS_COMPLETED) in listener.told

    story(play)


def test_a_later_try_is_new_and_takes_over_the_outputs():
    async def play(at):
        number = await at.session()
        (call,) = at.submit(number, 1, outputs=1)
        (task,), (output,) = at.call_texts([call]), at.texts(at.book.links_of(call).outputs)
        later = f"{task}###1"
        async with listening(at, at.calls.session_text(number)) as listener:
            agent = at.agent()
            await until(lambda: agent.given)
            agent.end(agent.given[0], Verdict.FAILED, error="it broke")
            told = {("owner", output, task, later), ("task", task, TaskStatus.TASK_STATUS_RETRIED)}
            await until(lambda: told <= set(listener.told))
            new = [event.new_task for event in listener.heard if event.WhichOneof("update") == "new_task"]
            assert [(one.task_id, one.origin_task_id, list(one.retry_of_ids)) for one in new] == [
                (task, task, []),
                (later, task, [task]),
            ]

    story(play)


def test_only_the_kinds_asked_for_are_told():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        at.submit(number, 2, outputs=1)
        await at.settle()
        kinds = {
            NEW_TASK: {"new_task"},
            TASK_STATUS: {"task_status_update"},
            NEW_RESULT: {"new_result"},
            RESULT_STATUS: {"result_status_update"},
            RESULT_OWNER: {"result_owner_update"},
        }
        async with contextlib.AsyncExitStack() as stack:
            listeners = {
                kind: await stack.enter_async_context(listening(at, session, returned_events=[kind])) for kind in kinds
            }
            at.submit(number, 2, outputs=1)
            await at.cancel(1, 2)
            tasks = listeners[NEW_TASK].heard
            await until(lambda: len(tasks) >= 4 and all(listener.heard for listener in listeners.values()))
            for kind, listener in listeners.items():
                assert {event.WhichOneof("update") for event in listener.heard} == kinds[kind]
            assert len(tasks) == 4

    story(play)


def test_a_session_that_is_not_there_is_silent():
    async def play(at):
        for session in ("", "nobody", at.calls.session_text(77)):
            async with listening(at, session) as listener:
                number = await at.session()
                at.submit(number)
                await at.settle()
                await asyncio.sleep(0.02)
                assert not listener.heard
                assert not listener.task.done()

    story(play)


def test_wrong_subscriptions_are_refused():
    async def play(at):
        session = await at.session_text()
        request = EventSubscriptionRequest(session_id=session, returned_events=[0])
        code, details = await refused(at.events_rpc.GetEvents(request))
        assert (code, details.split(":")[0]) == (grpc.StatusCode.INVALID_ARGUMENT, "returned_events[0]")
        empty = any_of(results_pb2, [results_pb2.FilterField()])
        request = EventSubscriptionRequest(session_id=session, results_filters=empty)
        code, details = await refused(at.events_rpc.GetEvents(request))
        assert (code, details.split(":")[0]) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "results_filters.or[0].and[0].field",
        )

    story(play)


def test_a_happening_is_encoded_once_and_few_are_kept():
    plane = make_plane()
    encodings = Encodings(plane.calls)
    happenings = [
        Happening(Change.RESULT_STATE, 1, number, int(ResultState.COMPLETED)) for number in range(1, MOST_KEPT + 100)
    ]
    for happening in happenings:
        assert encodings.of(happening) is encodings.of(happening)
    assert len(encodings._kept) == MOST_KEPT
    again = EventSubscriptionResponse.FromString(encodings.of(happenings[0]))
    assert again.result_status_update.result_id == plane.calls.result_text(1)
