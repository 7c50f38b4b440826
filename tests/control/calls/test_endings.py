from __future__ import annotations

import asyncio
import contextlib

import pytest
from calls.customer import Client, clear
from calls.stage import FakeAgent, opened
from structlog.testing import capture_logs

from portico.control.calls import endings, results
from portico.control.calls.commands import CallRequest
from portico.control.calls.queries import FindCalls, GetCall, GetResult
from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CALL_LIFE, CallState
from portico.domain.calls.values import CallOptions, Content, OptionsPatch
from portico.domain.errors import IllegalTransition

_C = CallState


def test_the_book_takes_exactly_the_edges_of_the_life_cycle():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            for before in CallState:
                for after in CallState:
                    call, _ = await client.call()
                    number = client.number(call)
                    tally = stage.book.tallies[1]
                    tally[stage.book.state[number]] -= 1
                    tally[before] += 1
                    stage.book.state[number] = before  # however it came there
                    counts = list(tally)
                    if (before, after) in CALL_LIFE.edges:
                        with stage.plane.begin() as tx:
                            stage.book.move(tx, number, after)
                        assert stage.book.state[number] == after
                        counts[before] -= 1
                        counts[after] += 1
                    else:
                        with pytest.raises(IllegalTransition), stage.plane.begin() as tx:
                            stage.book.move(tx, number, after)
                        assert stage.book.state[number] == before
                    assert stage.book.tallies[1] == counts

    asyncio.run(story())


def test_many_move_as_one_does_or_not_at_all():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            calls, _ = await client.calls(5)
            numbers = [client.number(call) for call in calls]
            with stage.plane.begin() as tx:
                stage.book.move(tx, numbers[4], _C.PAUSED)
            before = list(stage.book.tallies[1])
            with pytest.raises(IllegalTransition), stage.plane.begin() as tx:
                stage.book.move_many(tx, numbers, _C.DISPATCHED)
            assert stage.book.tallies[1] == before
            with stage.plane.begin() as tx:
                stage.book.move_many(tx, numbers, _C.CANCELLED, ended_at=5)
            await stage.settle()
            found = await stage.plane.ask(FindCalls(tuple(calls)))
            assert [(call.state, call.ended_at) for call in found] == [(_C.CANCELLED, 5)] * 5
            with pytest.raises(IllegalTransition), stage.plane.begin() as tx:
                stage.book.move_many(tx, numbers[:1], _C.SUBMITTED)

    asyncio.run(story())


def test_a_completed_call_may_leave_what_it_promised_which_is_logged():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            call, (output,) = await client.call(outputs=1)
            await stage.settle()
            with capture_logs() as logs:
                agent.end(agent.given[0])
                await stage.settle()
            assert await client.state(call) == "completed"
            assert await client.result(output) == "created"
            assert [(log["log_level"], log["task"], log["results"]) for log in logs] == [("warning", call, [output])]

    asyncio.run(story())


def test_what_a_failed_call_promised_is_aborted_and_so_on():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            first, (a, b) = await client.call(outputs=2)
            second, (c,) = await client.call(outputs=1, needs=(a, b))
            third, (d,) = await client.call(c, outputs=1)
            other, (e,) = await client.call(outputs=1)
            late, _ = await client.call(needs=(e, d))
            await stage.settle()
            agent.end(agent.given[0], Verdict.ERROR, error="no")
            await stage.settle()
            assert await client.states(first, second, third, other, late) == [
                "error",
                "error",
                "error",
                "dispatched",
                "error",
            ]
            assert [await client.result(result) for result in (a, b, c, d, e)] == ["aborted"] * 4 + ["created"]
            found = await stage.plane.ask(GetCall(second))
            assert found.error == f"Result {a}, which this task depends on, was aborted"
            assert found.ended_at is not None
            assert set(stage.book.waiting) == {client.result_number(e)}
            agent.end(agent.given[1])
            await client.put(e)
            assert await client.state(late) == "error"

    asyncio.run(story())


def test_a_long_cascade_goes_on_in_slices():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            first, (source,) = await client.call(outputs=1)
            with stage.plane.begin() as tx:
                stage.calls.queues.take(tx, "default")
                stage.book.move(tx, client.number(first), _C.DISPATCHED)
            (payload,) = await client.data(b"p")
            outputs = await client.promise(1300)
            wide = await client.submit(*[CallRequest(payload, (output,), (source,)) for output in outputs])
            last, _ = await client.call(needs=tuple(outputs))
            await stage.settle()
            with stage.plane.begin() as tx:
                endings.fail(stage.plane, tx, client.number(first), _C.TIMEOUT, "late")
            assert stage.book.tallies[1][_C.ERROR] == 500
            await clear(stage)
            assert await client.states(*wide[::100], last) == ["error"] * 14
            assert stage.book.tallies[1][_C.PENDING] == 0
            assert {await client.result(output) for output in outputs[::100]} == {"aborted"}

    asyncio.run(story())


def test_many_that_waited_for_one_thing_go_on_in_slices():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.promise()
            calls = await client.submit(*[CallRequest(payload, ())] * 1200)
            with stage.plane.begin() as tx:
                results.complete(stage.plane, tx, client.result_number(payload), Content(1, b"x"))
            assert stage.book.tallies[1][_C.PENDING] == 700
            await clear(stage)
            assert stage.calls.queues.depth("default") == 1200
            assert await client.states(calls[0], calls[-1]) == ["submitted"] * 2

    asyncio.run(story())


def test_a_retry_has_the_name_and_all_that_the_failed_one_had():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            (payload, need) = await client.data(b"p", b"n")
            first, (output,) = await client.call(payload, outputs=1, needs=(need,))
            names = [first, f"{first}###1", f"{first}###2"]
            for turn, name in enumerate(names):
                await stage.settle()
                given = agent.given[turn]
                assert given.id == name
                agent.end(given, Verdict.FAILED, error="oops")
            await stage.settle()
            found = await stage.plane.ask(FindCalls(tuple(names)))
            assert [call.id for call in found] == names
            assert [call.state for call in found] == [_C.RETRIED, _C.RETRIED, _C.ERROR]
            assert [call.initial for call in found] == [first] * 3
            assert [call.created_by for call in found] == ["", *names[:2]]
            assert [call.links.retry_of for call in found] == [(), (first,), (first, names[1])]
            assert {
                (call.payload, call.links.outputs, call.links.dependencies, call.links.parents) for call in found
            } == {
                (
                    client.result_number(payload),
                    (client.result_number(output),),
                    (client.result_number(need),),
                    (client.session,),
                )
            }
            assert len(agent.given) == 3
            ended = await stage.plane.ask(GetResult(output))
            assert (str(ended.state), ended.owner) == ("aborted", names[2])
            assert stage.book.find(names[2]) == 0
            assert not stage.book.aliases

    asyncio.run(story())


def test_without_retries_left_an_accident_is_an_error():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage, max_retries=0)
            agent = FakeAgent(stage.plane)
            call, _ = await client.call(options=OptionsPatch(priority=1))
            await stage.settle()
            agent.end(agent.given[0], Verdict.FAILED, error="oops")
            await stage.settle()
            assert (await stage.plane.ask(GetCall(call))).error == "oops"
            assert await client.state(call) == "error"

    asyncio.run(story())


def test_a_retry_in_a_paused_session_is_paused():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            call, _ = await client.call()
            await stage.settle()
            agent.begin(agent.given[0])
            await client.change("pause")
            agent.end(agent.given[0], Verdict.FAILED)
            await stage.settle()
            assert await client.states(call, f"{call}###1") == ["retried", "paused"]

    asyncio.run(story())


def test_cancelling_ends_what_waits_and_asks_back_what_runs():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            running, (a,) = await client.call(outputs=1)
            await stage.settle()
            agent.begin(agent.given[0])
            (payload,) = await client.promise()
            pending, (b,) = await client.call(payload, outputs=1)
            dependent, _ = await client.call(needs=(b,))
            unknown = stage.calls.naming.text(Kind.CALL, 10**9)
            known = await client.cancel(running, pending, unknown, "nonsense", f"{running}###1")
            assert known == [running, pending]
            assert await client.states(running, pending, dependent) == ["cancelling", "cancelled", "error"]
            assert await client.result(b) == "aborted"
            assert await client.result(a) == "created"
            asked = (await stage.plane.ask(GetCall(running))).ended_at
            assert asked is not None
            await stage.settle()
            assert agent.withdrawn == [client.number(running)]
            stage.plane.clock.advance(1)
            agent.end(agent.given[0], Verdict.CANCELLED)
            await stage.settle()
            assert await client.state(running) == "cancelled"
            assert (await stage.plane.ask(GetCall(running))).ended_at == asked
            assert await client.result(a) == "aborted"
            assert await client.cancel(running, pending) == [running, pending]
            assert await client.states(running, pending) == ["cancelled"] * 2

    asyncio.run(story())


def test_of_calls_that_are_over_nothing_is_kept_in_memory():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            calls, _ = await client.calls(5000)
            await client.cancel(*calls)
            await clear(stage)
            more, _ = await client.calls(4096)
            await stage.settle()
            pages = stage.book.state.pages()
            assert pages == sorted({client.number(call) >> 12 for call in more})
            assert stage.book.links._pages.keys() <= set(pages)
            assert stage.book.tallies[1][_C.CANCELLED] == 5000

    asyncio.run(story())


def test_what_comes_for_a_call_that_is_over_and_forgotten_changes_nothing():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (need,) = await client.promise()
            waiting, _ = await client.call(needs=(need,))
            await client.cancel(waiting)
            await clear(stage)
            await client.calls(2 * 4096)
            assert client.number(waiting) >> 12 in stage.book.state.pages()
            calls, _ = await client.calls(1)
            live = [call for call in range(1, client.number(calls[0])) if stage.book.is_live(call)]
            with stage.plane.begin() as tx:
                endings.cancel(stage.plane, tx, live)
            await clear(stage)
            assert client.number(waiting) >> 12 not in stage.book.state.pages()
            await client.put(need)
            assert await client.states(waiting, *calls) == ["cancelled", "submitted"]

    asyncio.run(story())


def test_data_that_come_after_all_make_a_result_complete_again():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            call, (output,) = await client.call(outputs=1)
            await client.cancel(call)
            assert await client.result(output) == "aborted"
            await client.put(output, b"one")
            assert await client.read(output) == b"one"
            await client.put(output, b"second")
            assert await client.read(output) == b"second"
            found = await stage.plane.ask(GetResult(output))
            assert (found.size, found.opaque) == (6, f"r:{output}".encode())
            await client.delete_data(output)
            assert await client.result(output) == "deleted"
            await client.put(output, b"three")
            assert await client.read(output, offset=2, length=2) == b"re"

    asyncio.run(story())


def test_who_waits_for_a_result_that_is_deleted_fails():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (need,) = await client.promise()
            call, (output,) = await client.call(outputs=1, needs=(need,))
            after, _ = await client.call(output)
            await client.delete_data(need)
            assert await client.states(call, after) == ["error", "error"]
            assert await client.result(output) == "aborted"
            assert not stage.book.waiting

    asyncio.run(story())


def test_a_transaction_given_up_leaves_everything_as_it_was():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (need,) = await client.promise()
            call, (output,) = await client.call(outputs=1)
            waiting, _ = await client.call(needs=(need, output))
            number, output_number = client.number(call), client.result_number(output)
            before = _picture(stage)

            def attempt(act):
                with contextlib.suppress(ZeroDivisionError), stage.plane.begin() as tx:
                    act(tx)
                    _fail()
                assert _picture(stage) == before

            attempt(lambda tx: endings.cancel(stage.plane, tx, [number]))
            attempt(lambda tx: endings.cancel(stage.plane, tx, [client.number(waiting)]))
            attempt(lambda tx: results.complete(stage.plane, tx, output_number, Content(1, b"x")))
            attempt(lambda tx: results.empty(stage.plane, tx, [output_number]))
            with stage.plane.begin() as tx:
                assert stage.calls.queues.take(tx, "default") == number
                stage.book.move(tx, number, _C.DISPATCHED)
            before = _picture(stage)
            attempt(lambda tx: endings.retry(stage.plane, tx, number, "x"))
            attempt(lambda tx: endings.fail(stage.plane, tx, number, _C.ERROR, "x"))
            assert isinstance(stage.book.options_of(number), CallOptions)

    asyncio.run(story())


def _fail():
    raise ZeroDivisionError


def _picture(stage):
    book = stage.book
    numbers = range(1, 40)
    return (
        [list(tally) for tally in book.tallies.values()],
        [list(tally) for tally in book.result_tallies.values()],
        [(book.state[n], book.missing[n]) for n in numbers],
        [(book.result_state[n], book.result_owner[n]) for n in numbers],
        {result: sorted(calls) for result, calls in book.waiting.items()},
        dict(book.aliases),
        stage.calls.queues.depth("default"),
    )
