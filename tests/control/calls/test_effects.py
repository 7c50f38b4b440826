import asyncio

import pytest
from calls.stage import FakeAgent, opened

from portico.control.calls.columns import PAGE_BITS
from portico.control.calls.commands import SessionChange, StopSubmission
from portico.control.calls.sheets import RESULT_DATA
from portico.domain.calls.frames import Effects, Lease, NeedNumbers, NewCall, NewResult, Numbers, Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import Content, OptionsPatch
from portico.domain.identity import SECOND


def content(data):
    return Content(len(data), data)


async def numbers(stage, agent, kind, count):
    before = len(agent.line.of(Numbers))
    agent.session.receive(NeedNumbers(kind, count))
    await stage.settle()
    block = agent.line.of(Numbers)[before]
    return list(range(block.first, block.first + block.count))


def data_of(stage, number):
    rows = stage.plane.history.now(lambda reader: reader.rows_by_number(RESULT_DATA.name, (number,), ("data",)))
    return rows[0][1] if rows else None


async def begun(stage, outputs=1, **said):
    """A Call that runs, with its agent, its Session and its outputs."""
    session = await stage.session(**said)
    agent = FakeAgent(stage.plane)
    (call,) = stage.submit(session, outputs=outputs)
    await stage.settle()
    return session, agent, call, agent.given[0].outputs


# ---- verdicts --------------------------------------------------------------------------------------------------


def test_a_completed_call_has_its_times_and_its_outputs_their_data():
    async def story():
        async with opened() as stage:
            _, agent, call, (output,) = await begun(stage)
            stage.plane.clock.advance(5)
            agent.end(agent.given[0], micros=SECOND, effects=Effects(data=((output, content(b"out")),)))
            await stage.settle()
            now = stage.plane.clock.now()
            columns = ("state", "error", "fetched_at", "started_at", "processed_at", "ended_at")
            assert stage.cells(call, *columns) == (CallState.COMPLETED, "", now - SECOND, now - SECOND, now, now)
            assert stage.result(output, "state", "completed_by", "size") == (
                2,
                stage.calls.naming.text(Kind.CALL, call),
                3,
            )
            assert data_of(stage, output) == b"out"

    asyncio.run(story())


def test_begun_and_ended_are_both_told_to_those_who_watch():
    async def story():
        async with opened() as stage:
            _, agent, call, _ = await begun(stage)
            heard = stage.calls.watching.calls([call])
            agent.end(agent.given[0])
            await stage.settle()
            assert [happening.state for happening in await heard.take()] == [CallState.PROCESSING, CallState.COMPLETED]

    asyncio.run(story())


def test_a_call_that_was_told_to_have_begun_is_processing():
    async def story():
        async with opened() as stage:
            _, agent, call, _ = await begun(stage)
            stage.plane.clock.advance(1)
            agent.begin(agent.given[0])
            await stage.settle()
            now = stage.plane.clock.now()
            assert stage.cells(call, "state", "started_at", "pod_ttl") == (CallState.PROCESSING, now, now)
            assert (agent.record.begun, agent.record.begun_at) == (call, now)
            agent.end(agent.given[0])
            await stage.settle()
            assert stage.state(call) is CallState.COMPLETED
            assert (agent.record.begun, agent.record.begun_at) == (0, 0)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("verdict", "state", "error"),
    [
        (Verdict.ERROR, CallState.ERROR, "said"),
        (Verdict.TIMEOUT, CallState.TIMEOUT, "said"),
        (Verdict.DATA_MISSING, CallState.ERROR, "said"),
        (Verdict.FAILED, CallState.RETRIED, "said"),
    ],
)
def test_each_verdict_has_its_state_and_nothing_that_its_worker_did_counts(verdict, state, error):
    async def story():
        async with opened() as stage:
            _, agent, call, (output,) = await begun(stage)
            agent.end(agent.given[0], verdict, error=error, effects=Effects(data=((output, content(b"out")),)))
            await stage.settle()
            assert stage.cells(call, "state", "error") == (state, error)
            aborted = ResultState.CREATED if state is CallState.RETRIED else ResultState.ABORTED
            assert stage.result_state(output) is aborted
            assert bool(stage.retry_of(call)) is (state is CallState.RETRIED)

    asyncio.run(story())


def test_a_verdict_of_cancelled_that_nobody_asked_for_returns_the_call():
    async def story():
        async with opened() as stage:
            _, agent, call, _ = await begun(stage)
            agent.end(agent.given[0], Verdict.CANCELLED)
            await stage.settle()
            assert agent.numbers == [call, call]
            assert not stage.retry_of(call)

    asyncio.run(story())


def test_times_from_nowhere_do_no_harm():
    async def story():
        async with opened() as stage:
            _, agent, call, _ = await begun(stage)
            agent.end(agent.given[0], micros=-(1 << 62))
            await stage.settle()
            now = stage.plane.clock.now()
            assert stage.cells(call, "state", "started_at", "ended_at") == (CallState.COMPLETED, now, now)

    asyncio.run(story())


# ---- effects ---------------------------------------------------------------------------------------------------


def test_results_data_and_subtasks_appear_together_with_the_end():
    async def story():
        async with opened() as stage:
            session, agent, call, (own, handed) = await begun(stage, outputs=2, application_name="mine", priority=3)
            payload, promised = await numbers(stage, agent, Kind.RESULT, 2)
            first, second = await numbers(stage, agent, Kind.CALL, 2)
            effects = Effects(
                results=(NewResult(promised, "promised"), NewResult(payload, "payload", content(b"sub"))),
                data=((own, content(b"own")),),
                calls=(
                    NewCall(first, payload, (promised,)),
                    NewCall(second, payload, (handed,), (promised,), OptionsPatch(priority=9)),
                ),
            )
            text = stage.book.text(call)
            agent.end(agent.given[0], effects=effects)
            stage.plane.writer.hold = True
            await stage.settle()
            assert stage.state(call) is CallState.DISPATCHED
            assert stage.plane.history.now(lambda reader: reader.last_number("calls")) == call
            stage.plane.writer.hold = False
            stage.plane.writer.flush()
            await stage.settle()
            assert stage.state(call) is CallState.COMPLETED
            assert stage.result(payload, "state", "name", "created_by") == (ResultState.COMPLETED, "payload", text)
            assert stage.result(promised, "state", "owner") == (ResultState.CREATED, first)
            assert stage.result(handed, "state", "owner") == (ResultState.CREATED, second)
            assert stage.cells(first, "state", "created_by") == (CallState.DISPATCHED, text)
            assert stage.state(second) is CallState.PENDING
            assert stage.book.links_of(first).parents == (stage.calls.session_text(session), text)
            assert (stage.book.options_of(first).priority, stage.book.options_of(second).priority) == (3, 9)
            assert stage.book.options_of(second).application_name == "mine"
            assert agent.numbers == [call, first]
            assert agent.given[1].payload.data == b"sub"
            agent.end(agent.given[1], effects=Effects(data=((promised, content(b"p")),)))
            await stage.settle()
            assert agent.numbers == [call, first, second]
            assert [datum.data for datum in agent.given[2].dependencies] == [b"p"]

    asyncio.run(story())


def test_options_of_subtasks_inherit_from_the_session_and_not_from_the_parent():
    async def story():
        async with opened() as stage:
            session = await stage.session(priority=3)
            agent = FakeAgent(stage.plane)
            stage.submit(session, priority=50, application_name="parent's")
            await stage.settle()
            (payload,) = await numbers(stage, agent, Kind.RESULT, 1)
            (child,) = await numbers(stage, agent, Kind.CALL, 1)
            effects = Effects(results=(NewResult(payload, content=content(b"")),), calls=(NewCall(child, payload),))
            agent.end(agent.given[0], effects=effects)
            await stage.settle()
            options = stage.book.options_of(child)
            assert (options.priority, options.application_name) == (3, "")

    asyncio.run(story())


async def refused(stage, make, **said):
    """Let a worker do what is not allowed, beside another Call that is ended in the same turn."""
    session, agent, call, (output,) = await begun(stage, **said)
    (other,) = stage.submit(session)
    neighbour = FakeAgent(stage.plane)
    await stage.settle()
    beside = next(one for one in (*agent.given, *neighbour.given) if one.call == other)
    owner = agent if beside in agent.given else neighbour
    (payload,) = await numbers(stage, agent, Kind.RESULT, 1)
    (child,) = await numbers(stage, agent, Kind.CALL, 1)
    good = NewResult(payload, content=content(b"x"))
    effects = await make(stage, session, agent, good, child, output)
    agent.end(agent.given[0], effects=effects)
    owner.end(beside)
    await stage.settle()
    assert stage.state(other) is CallState.COMPLETED
    assert stage.state(call) is CallState.ERROR
    assert stage.result_state(output) is ResultState.ABORTED
    assert not stage.plane.history.now(lambda reader: reader.rows_by_number("results", (payload,), ("state",)))
    assert not stage.plane.history.now(lambda reader: reader.rows_by_number("calls", (child,), ("state",)))
    assert stage.book.result_state[payload] == stage.book.state[child] == 0
    assert stage.calls.queues.depth("default") == 0
    return stage.cells(call, "error")[0]


async def _closed(stage, session, agent, good, child, output):
    await stage.plane.submit(StopSubmission(stage.calls.session_text(session), worker=True))
    return Effects(results=(good,), calls=(NewCall(child, good.number),))


async def _no_payload(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(child, 1 << 40),))


async def _foreign_result_number(stage, session, agent, good, child, output):
    return Effects(results=(good, NewResult(good.number + 1000)))


async def _foreign_call_number(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(child + 1000, good.number),))


async def _taken_result_number(stage, session, agent, good, child, output):
    return Effects(results=(good, NewResult(output)))


async def _taken_call_number(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(agent.given[0].call, good.number),))


async def _number_used_twice(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(child, good.number), NewCall(child, good.number)))


async def _result_of_another_session(stage, session, agent, good, child, output):
    (foreign,) = stage.results(await stage.session(), None)
    return Effects(results=(good,), data=((foreign, content(b"x")),))


async def _unknown_result(stage, session, agent, good, child, output):
    return Effects(results=(good,), data=((1 << 40, content(b"x")),))


async def _data_of_a_wrong_size(stage, session, agent, good, child, output):
    return Effects(results=(good,), data=((output, Content(5, b"x")),))


async def _data_of_an_absurd_size(stage, session, agent, good, child, output):
    return Effects(results=(good,), data=((output, Content(1 << 63, large="0" * 64)),))


async def _data_under_a_path(stage, session, agent, good, child, output):
    return Effects(results=(good,), data=((output, Content(100_000, large="../../etc/passwd")),))


async def _partition_of_others(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(child, good.number, options=OptionsPatch(partition="second")),))


async def _priority_too_high(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(child, good.number, options=OptionsPatch(priority=101)),))


async def _absurd_duration(stage, session, agent, good, child, output):
    return Effects(results=(good,), calls=(NewCall(child, good.number, options=OptionsPatch(max_duration=-1)),))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_closed, "Worker submission is closed"),
        (_no_payload, "Result was not found"),
        (_foreign_result_number, "not the worker's to use"),
        (_foreign_call_number, "not the worker's to use"),
        (_taken_result_number, "not the worker's to use"),
        (_taken_call_number, "not the worker's to use"),
        (_number_used_twice, "used twice"),
        (_result_of_another_session, "Result was not found"),
        (_unknown_result, "Result was not found"),
        (_data_of_a_wrong_size, "bytes"),
        (_data_of_an_absurd_size, "no data of"),
        (_data_under_a_path, "no data of"),
        (_partition_of_others, "second"),
        (_priority_too_high, "Max priority is 100"),
        (_absurd_duration, "out of range"),
    ],
)
def test_what_is_not_allowed_fails_its_call_alone_and_leaves_no_trace(make, reason):
    async def story():
        async with opened() as stage:
            assert reason in await refused(stage, make)

    asyncio.run(story())


@pytest.mark.parametrize("forgotten", ["page", "restart"])
def test_the_number_of_a_call_that_is_only_in_the_store_any_more_is_taken(forgotten):
    async def story():
        async with opened() as stage:
            session, agent, call, _ = await begun(stage)
            over = stage.submit(session)[0]
            await stage.cancel(over)
            if agent.numbers[1:] == [over]:
                agent.end(agent.given[1], Verdict.CANCELLED)
                await stage.settle()
            stage.book.state[over] = 0
            stage.calls.agents.reach[Kind.CALL] = over + 1
            if forgotten == "page":
                stage.book.state.gone = over >> PAGE_BITS
            else:
                stage.calls.agents.began[Kind.CALL] = over + 1
            (payload,) = await numbers(stage, agent, Kind.RESULT, 1)
            effects = Effects(results=(NewResult(payload, content=content(b"")),), calls=(NewCall(over, payload),))
            agent.end(agent.given[0], effects=effects)
            await stage.settle()
            assert "not the worker's to use" in stage.cells(call, "error")[0]

    asyncio.run(story())


def test_a_defect_costs_the_call_it_met_and_no_other(monkeypatch):
    async def story():
        async with opened() as stage:
            session, agent, call, (output,) = await begun(stage)
            (other,) = stage.submit(session)
            await stage.settle()

            def broken(*_):
                raise ZeroDivisionError

            monkeypatch.setattr("portico.control.calls.effects.results.complete", broken)
            agent.report(
                ended=(
                    agent.ending(agent.given[0], effects=Effects(data=((output, content(b"x")),))),
                    agent.ending(agent.given[1]),
                )
            )
            await stage.settle()
            assert stage.cells(call, "state", "error") == (CallState.ERROR, "internal error")
            assert stage.state(other) is CallState.COMPLETED
            assert agent.record.idle

    asyncio.run(story())


def test_what_a_worker_did_after_its_session_was_cancelled_does_not_count():
    async def story():
        async with opened() as stage:
            session, agent, call, (output,) = await begun(stage)
            await stage.change(session, SessionChange.CANCEL)
            agent.end(agent.given[0], effects=Effects(data=((output, content(b"x")),)))
            await stage.settle()
            assert stage.state(call) is CallState.CANCELLED
            assert stage.result_state(output) is ResultState.ABORTED

    asyncio.run(story())


def test_numbers_given_before_a_restart_are_good_after_it():
    async def story():
        async with opened() as before:
            _, agent, call, _ = await begun(before)
            (payload,) = await numbers(before, agent, Kind.RESULT, 1)
            (child,) = await numbers(before, agent, Kind.CALL, 1)
            given = agent.given[0]
        async with opened(before.plane.store.crash(), before.plane.clock) as stage:
            again = FakeAgent(stage.plane, pod=agent.pod, holding=(Lease(given.call, given.lease),))
            (later,) = stage.results(1, b"not the agent's")
            assert later > payload
            effects = Effects(results=(NewResult(payload, content=content(b"")),), calls=(NewCall(child, payload),))
            again.end(given, effects=effects)
            await stage.settle()
            assert stage.state(call) is CallState.COMPLETED
            assert again.numbers == [child]

    asyncio.run(story())
