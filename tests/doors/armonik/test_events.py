"""The stream of events: what there is, then what happens, without a gap, for whom it concerns."""

import asyncio
import contextlib
import random

import grpc
import pytest
from calls.stage import PARTITIONS, Stage
from doors.armonik.inbound.test_subscriptions import any_of, result_is, task_is
from doors.armonik.serving import read_all, refused, story, until
from harness import make_plane

from portico.control.calls import watching as core_watching
from portico.control.calls.commands import PutContent, SessionChange
from portico.control.calls.happenings import Change, Happening
from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import Content
from portico.domain.errors import Exhausted
from portico.doors.armonik import paging
from portico.doors.armonik.events import Events
from portico.doors.armonik.outbound.events import MOST_KEPT, Encodings
from portico.store.sheets import Field, SheetQuery
from portico.wire.armonik import filters_pb2, results_pb2, tasks_pb2
from portico.wire.armonik.events_pb2 import EventsEnum, EventSubscriptionRequest, EventSubscriptionResponse
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.results_pb2 import ResultRawEnumField
from portico.wire.armonik.task_status_pb2 import TaskStatus
from portico.wire.armonik.tasks_pb2 import TaskOptionEnumField, TaskSummaryEnumField

NEW_TASK = EventsEnum.EVENTS_ENUM_NEW_TASK
TASK_STATUS = EventsEnum.EVENTS_ENUM_TASK_STATUS_UPDATE
NEW_RESULT = EventsEnum.EVENTS_ENUM_NEW_RESULT
RESULT_STATUS = EventsEnum.EVENTS_ENUM_RESULT_STATUS_UPDATE
RESULT_OWNER = EventsEnum.EVENTS_ENUM_RESULT_OWNER_UPDATE
THOUSANDS, BATCH = 2_000, 250


class Listener:
    """Somebody who reads a stream of events and writes down what it says."""

    def __init__(self, call):
        self.call = call
        self.heard = []
        self.error = None
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            async for event in self.call:
                self.heard.append(event)
        except grpc.aio.AioRpcError as error:
            self.error = error

    @property
    def told(self):
        return [shown(event) for event in self.heard]

    def last_states(self):
        """The newest state of each thing, as a client would have it."""
        states = {}
        for event in self.heard:
            match event.WhichOneof("update"):
                case "new_task":
                    states[event.new_task.task_id] = event.new_task.status
                case "task_status_update":
                    states[event.task_status_update.task_id] = event.task_status_update.status
                case "new_result":
                    states[event.new_result.result_id] = event.new_result.status
                case "result_status_update":
                    states[event.result_status_update.result_id] = event.result_status_update.status
        return states


def shown(event):
    match event.WhichOneof("update"):
        case "new_task":
            return "new task", event.new_task.task_id, event.new_task.status
        case "task_status_update":
            return "task", event.task_status_update.task_id, event.task_status_update.status
        case "new_result":
            return "new result", event.new_result.result_id, event.new_result.status
        case "result_status_update":
            return "result", event.result_status_update.result_id, event.result_status_update.status
        case "result_owner_update":
            update = event.result_owner_update
            return "owner", update.result_id, update.previous_owner_id, update.current_owner_id


@contextlib.asynccontextmanager
async def listening(at, session, **given):
    calls = at.server._calls
    before = calls.under_way
    listener = Listener(at.events_rpc.GetEvents(EventSubscriptionRequest(session_id=session, **given)))
    await until(lambda: calls.under_way == before + 1)
    await asyncio.sleep(0.02)
    try:
        yield listener
    finally:
        listener.call.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)
        await until(lambda: calls.under_way == before)


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
            await until(lambda: all(listener.heard for listener in listeners.values()))
            for kind, listener in listeners.items():
                assert {event.WhichOneof("update") for event in listener.heard} == kinds[kind]
            assert len(listeners[NEW_TASK].heard) == 4

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


# ---- filters -------------------------------------------------------------------------------------------------------


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


# ---- no gap --------------------------------------------------------------------------------------------------------


class Doings:
    """Somebody who submits tasks, cancels them, and lets them end this way or that, by chance."""

    def __init__(self, at, number, seed):
        self.at = at
        self.number = number
        self.chance = random.Random(seed)
        self.agents = [at.agent(), at.agent()]
        self.ended = set()

    async def step(self):
        match self.chance.randrange(4):
            case 0:
                self.at.submit(self.number, self.chance.randrange(1, 9), outputs=self.chance.randrange(2))
            case 1:
                await self.cancel_one()
            case _:
                self.end_one()
        await asyncio.sleep(self.chance.random() * 0.004)

    async def cancel_one(self):
        calls = [call for call in range(1, 60) if self.at.book.state[call] == CallState.SUBMITTED]
        if calls:
            await self.at.cancel(self.chance.choice(calls))

    def end_one(self):
        agent = self.chance.choice(self.agents)
        given = next((one for one in agent.given if (one.call, one.lease) not in self.ended), None)
        if given is not None:
            self.ended.add((given.call, given.lease))
            agent.end(given, self.chance.choice([Verdict.OK, Verdict.ERROR, Verdict.FAILED]), error="e")

    def truth(self):
        """The state of everything, by id, as rows have it."""
        calls, results = self.at.plane.history.now(_states)
        texts = {alias or self.at.book.text(one): state for one, state, alias in calls}
        return texts | {self.at.calls.result_text(one): state for one, state in results}


@pytest.mark.parametrize("seed", range(6))
def test_nothing_falls_between_what_there_is_and_what_happens(seed, monkeypatch):
    """Listeners come while tasks are submitted, run, fail and are cancelled: each ends up with the newest states."""
    monkeypatch.setattr(paging, "PAGE", 7)

    async def play(at):
        doings = Doings(at, await at.session(), seed)
        request = EventSubscriptionRequest(session_id=at.calls.session_text(doings.number))
        listeners = []
        for turn in range(60):
            await doings.step()
            if turn % 12 == 5:
                listeners.append(Listener(at.events_rpc.GetEvents(request)))
        await at.settle()
        await until(lambda: all(listener.last_states() == doings.truth() for listener in listeners))
        for listener in listeners:
            listener.call.cancel()
        await asyncio.gather(*(listener.task for listener in listeners), return_exceptions=True)

    story(play)


def _states(reader):
    calls = reader.rows(SheetQuery("calls"), [Field("number"), Field("state"), Field("alias")])
    return calls, reader.rows(SheetQuery("results"), [Field("number"), Field("state")])


# ---- slow and leaving ----------------------------------------------------------------------------------------------


def test_a_listener_who_does_not_read_is_cut_off_and_others_are_not(monkeypatch):
    original = core_watching.Subscription.__init__
    monkeypatch.setattr(
        core_watching.Subscription, "__init__", lambda self, places, limit=50: original(self, places, limit)
    )

    async def play():
        plane = make_plane()
        plane.calls.partitions = dict(PARTITIONS)
        plane.start([], [])
        at = Stage(plane)
        number = await at.session()
        request = EventSubscriptionRequest(session_id=at.calls.session_text(number), returned_events=[NEW_RESULT])
        service = Events(plane)
        slow, quick = service.GetEvents(request, None), service.GetEvents(request, None)
        reading = [asyncio.ensure_future(anext(slow)), asyncio.ensure_future(anext(quick))]
        await at.settle()
        heard = []
        at.results(number, None)
        await at.settle()
        heard.append(await reading[1])
        await reading[0]
        for _ in range(20):
            at.results(number, *[None] * 10)
            heard += [await anext(quick) for _ in range(10)]
        with pytest.raises(Exhausted):
            await read_all(slow)
        assert len(heard) == 201
        await quick.aclose()
        await slow.aclose()
        assert not plane.calls.watching._sessions

    asyncio.run(play())


def test_thousands_hear_the_same():
    async def play(at):
        number = await at.session()
        request = EventSubscriptionRequest(session_id=at.calls.session_text(number), returned_events=[NEW_RESULT])
        at.results(number, None)
        await at.settle()
        listeners = []
        for _ in range(0, THOUSANDS, BATCH):
            batch = [Listener(at.events_rpc.GetEvents(request)) for _ in range(BATCH)]
            await until(lambda batch=batch: all(one.heard or one.error for one in batch))
            listeners += batch
        at.results(number, None, None)
        await until(lambda: all(len(one.heard) == 3 or one.error for one in listeners))
        assert not [one.error for one in listeners if one.error]
        assert {tuple(one.told) for one in listeners} == {tuple(listeners[0].told)}
        for one in listeners:
            one.call.cancel()
        await asyncio.gather(*(one.task for one in listeners), return_exceptions=True)
        await until(lambda: not at.calls.watching._sessions)

    story(play)


def test_who_leaves_is_forgotten():
    async def play(at):
        session = await at.session_text()
        async with listening(at, session):
            assert at.calls.watching._sessions
        await until(lambda: not at.calls.watching._sessions)

    story(play)


def test_a_stopping_server_says_so():
    async def play(at):
        session = await at.session_text()
        async with listening(at, session) as listener:
            at.calls.watching.close_all()
            await listener.task
            assert listener.error.code() is grpc.StatusCode.UNAVAILABLE

    story(play)


def test_a_deleted_session_brings_its_streams_to_no_harm():
    async def play(at):
        number = await at.session()
        at.submit(number, 3, outputs=1)
        await at.settle()
        async with listening(at, at.calls.session_text(number)) as listener:
            await until(lambda: len(listener.heard) == 9)
            await at.change(number, SessionChange.DELETE)
            await at.settle(50)
            await asyncio.sleep(0.02)
            assert listener.error is None

    story(play)


# ---- encodings -----------------------------------------------------------------------------------------------------


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
