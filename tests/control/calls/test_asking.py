from __future__ import annotations

import asyncio

import pytest
from calls.customer import Client, clear
from calls.stage import FakeAgent, opened

from portico.control.calls import asking
from portico.control.calls import options as options_module
from portico.control.calls.commands import CallRequest
from portico.control.calls.queries import (
    CountByState,
    FindCalls,
    FindResults,
    GetCall,
    GetResult,
    GetSession,
    ListCalls,
    ListPartitions,
    ListResults,
    ListSessions,
    ReadContent,
    TallyCalls,
)
from portico.control.calls.sheets import CALLS, RESULTS, SESSIONS
from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import OptionsPatch
from portico.domain.errors import Exhausted, NotFound
from portico.store.memory import MemoryReader
from portico.store.port import Operator
from portico.store.sheets import Field, SheetQuery
from portico.store.sheets import Test as Asked

_SESSION, _STATE, _NUMBER = Field("session"), Field("state"), Field("number")


def _calls(*tests, any_of=(), **more):
    return ListCalls(SheetQuery(CALLS.name, any_of, tests, **more))


def test_single_ones_by_id_or_not_found():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            for question, word in ((GetSession, "Session"), (GetCall, "Task"), (GetResult, "Result")):
                for unknown in ("", "nonsense", stage.calls.naming.text(Kind.SESSION, 99), "x###1"):
                    with pytest.raises(NotFound, match=f"{word} was not found: {unknown}"):
                        await stage.plane.ask(question(unknown))
            (result,) = await client.data(b"data")
            found = await stage.plane.ask(GetResult(result))
            assert (found.name, found.size, found.opaque) == ("d0", 4, f"r:{result}".encode())
            assert (found.created_by, found.completed_by, found.owner) == ("", "", "")
            assert found.completed_at == found.created_at

    asyncio.run(story())


def test_a_page_that_no_answer_holds_is_refused_and_what_fits_is_given(monkeypatch):
    monkeypatch.setattr(asking, "MOST_ROWS", 3)

    async def story():
        async with opened() as stage:
            stage.submit(await stage.session(), 4)
            await stage.settle()
            for limit in (-1, 4, 1 << 31):
                with pytest.raises(Exhausted, match="more than 3 rows"):
                    await stage.plane.ask(_calls(limit=limit))
            for limit, offset, shown in ((3, 0, 3), (1 << 31, 1, 3), (0, 0, 0)):
                listed = await stage.plane.ask(_calls(limit=limit, offset=offset))
                assert (len(listed.calls), listed.total) == (shown, 4)

    asyncio.run(story())


def test_several_by_id_in_the_order_asked_without_the_unknown():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            first, (output,) = await client.call(outputs=1)
            await stage.settle()
            agent.end(agent.given[0], Verdict.FAILED)
            await stage.settle()
            second, _ = await client.call()
            retried = f"{first}###1"
            asked = (second, "x", retried, first, second)
            assert [call.id for call in await stage.plane.ask(FindCalls(asked))] == [second, retried, first]
            results = await stage.plane.ask(FindResults(("x", output, output)))
            assert [(result.number, result.owner) for result in results] == [(client.result_number(output), retried)]
            agent.end(agent.given[1], Verdict.ERROR)
            await stage.settle()
            assert not stage.book.aliases
            (result,) = await stage.plane.ask(FindResults((output,)))
            assert (result.owner, result.state) == (retried, ResultState.ABORTED)
            assert await stage.plane.ask(FindCalls(())) == []

    asyncio.run(story())


def test_pages_with_totals_from_the_tallies_or_by_counting(monkeypatch):
    async def story():
        async with opened() as stage:
            one, two = await Client.begin(stage), await Client.begin(stage)
            calls, _ = await one.calls(7)
            await two.calls(5)
            await one.cancel(*calls[:3])
            mine, cancelled = Asked(_SESSION, value=1), Asked(_STATE, value=CallState.CANCELLED)
            questions = [
                (_calls(limit=2), 12),
                (_calls(mine, limit=2), 7),
                (_calls(mine, cancelled, limit=0), 3),
                (_calls(any_of=((mine, Asked(_STATE, any_of=(2, 8))),), limit=2, offset=50), 7),
                (_calls(any_of=((mine,), (cancelled,)), limit=1), 7),
                (_calls(Asked(_STATE, Operator.NE, CallState.CANCELLED), limit=1), 9),
                (_calls(Asked(_NUMBER, Operator.GT, client_number(one, calls[4])), limit=100), 7),
                (_calls(Asked(_SESSION, any_of=(1, 2, 99)), cancelled, limit=1), 3),
                (_calls(Asked(_SESSION, value=99), limit=1), 0),
            ]
            for question, total in questions:
                assert (await stage.plane.ask(question)).total == total, question
            counted = await stage.plane.ask(
                ListCalls(_calls(mine, limit=2, order=((_NUMBER, False),)).query, counted=False)
            )
            assert ([call.id for call in counted.calls], counted.total) == ([calls[6], calls[5]], 2)
            with monkeypatch.context() as patch:
                patch.setattr("portico.store.memory.MemoryReader.count_rows", None)
                assert (await stage.plane.ask(_calls(mine, cancelled, limit=1))).total == 3
                results = SheetQuery(RESULTS.name, always=(mine, Asked(_STATE, value=ResultState.CREATED)), limit=1)
                assert (await stage.plane.ask(ListResults(results))).total == 4
                sessions = SheetQuery(SESSIONS.name, always=(Asked(_STATE, value=SessionState.RUNNING),), limit=1)
                assert (await stage.plane.ask(ListSessions(sessions))).total == 2

    asyncio.run(story())


def client_number(client, call):
    return client.number(call)


@pytest.mark.parametrize(
    "order",
    [
        (),
        ((_NUMBER, False),),
        ((Field("ended_at"), True),),
        ((Field("ended_at"), False),),
        ((_STATE, False), (Field("created_at"), True)),
    ],
)
@pytest.mark.parametrize("tests", [(), (Asked(_SESSION, value=1),), (Asked(_STATE, Operator.NE, 0),)])
def test_every_page_is_its_part_of_the_whole_list(order, tests):
    async def story():
        async with opened() as stage:
            one, two = await Client.begin(stage), await Client.begin(stage)
            calls, _ = await one.calls(6)
            await two.calls(4)
            await one.cancel(calls[4], calls[1])
            await one.cancel(calls[3])
            everything = (await stage.plane.ask(_calls(*tests, order=order))).calls
            for size in (1, 3, 7, 20):
                for offset in range(12):
                    listed = await stage.plane.ask(_calls(*tests, order=order, limit=size, offset=offset))
                    assert listed.calls == everything[offset : offset + size]
                    assert listed.total == len(everything)

    asyncio.run(story())


def test_a_late_page_is_reached_from_the_end(monkeypatch):
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            calls, _ = await client.calls(9)
            asked = []
            rows = MemoryReader.rows
            with monkeypatch.context() as patch:
                patch.setattr(
                    MemoryReader,
                    "rows",
                    lambda reader, query, fields: asked.append(query) or rows(reader, query, fields),
                )
                listed = await stage.plane.ask(_calls(limit=2, offset=6))
            assert [call.id for call in listed.calls] == calls[6:8]
            assert (asked[0].limit, asked[0].offset) == (2, 1)

    asyncio.run(story())


def test_counts_by_state():
    async def story():
        async with opened() as stage:
            one, two = await Client.begin(stage), await Client.begin(stage)
            calls, _ = await one.calls(4)
            await two.calls(2)
            await one.cancel(calls[0])
            ask = stage.plane.ask
            assert await ask(CountByState((one.session,))) == {CallState.SUBMITTED: 3, CallState.CANCELLED: 1}
            assert await ask(CountByState((one.session, two.session, "nonsense"))) == {
                CallState.SUBMITTED: 5,
                CallState.CANCELLED: 1,
            }
            assert await ask(CountByState(("nonsense",))) == {}
            assert await ask(CountByState()) == {CallState.SUBMITTED: 5, CallState.CANCELLED: 1}
            of_two = SheetQuery(CALLS.name, always=(Asked(_SESSION, value=2),))
            assert await ask(CountByState(query=of_two)) == {CallState.SUBMITTED: 2}
            few = SheetQuery(CALLS.name, always=(Asked(_NUMBER, any_of=(one.number(calls[0]), one.number(calls[1]))),))
            assert await ask(CountByState(query=few)) == {CallState.SUBMITTED: 1, CallState.CANCELLED: 1}

    asyncio.run(story())


def test_distinct_combinations_and_how_many_there_are():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            for name, count in (("a", 2), ("b", 3), ("c", 1)):
                patch = OptionsPatch(priority=1, application_name=name)
                await client.submit(*[CallRequest(payload, (), (), patch)] * count)
            name = Field("application_name", link="options")

            async def ask(**more):
                return await stage.plane.ask(TallyCalls(SheetQuery(CALLS.name, order=((name, True),), **more), (name,)))

            assert await ask() == (3, [("a", 2), ("b", 3), ("c", 1)])
            assert await ask(limit=2) == (3, [("a", 2), ("b", 3)])
            assert await ask(limit=2, offset=2) == (3, [("c", 1)])
            assert await ask(limit=0) == (3, [])
            assert await ask(limit=5, offset=9) == (3, [])

    asyncio.run(story())


def test_an_answer_shows_what_was_committed_before_the_question():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            stage.plane.writer.hold = True
            submitting = asyncio.ensure_future(client.submit(CallRequest(payload, ())))
            await stage.settle(3)
            questions = [
                asyncio.ensure_future(stage.plane.ask(question))
                for question in (CountByState((client.session,)), _calls(limit=1), GetResult(payload))
            ]
            await stage.settle(3)
            assert not any(question.done() for question in questions)
            stage.plane.writer.flush()
            counts, listed, _ = [await question for question in questions]
            assert (counts, listed.total, [call.id for call in listed.calls]) == (
                {CallState.SUBMITTED: 1},
                1,
                await submitting,
            )

    asyncio.run(story())


def test_data_are_read_in_pieces_by_those_who_know_the_session():
    async def story():
        async with opened() as stage:
            client, other = await Client.begin(stage), await Client.begin(stage)
            (result, empty) = await client.data(b"0123456789", b"")
            (promised,) = await client.promise()
            assert await client.read(result) == b"0123456789"
            assert await client.read(result, offset=8, length=5) == b"89"
            assert await client.read(result, offset=80) == b""
            assert await client.read(empty) == b""
            with pytest.raises(NotFound, match=f"Result data was not found: {promised}"):
                await client.read(promised)
            with pytest.raises(NotFound, match=f"Result was not found: {result}"):
                await other.read(result)
            with pytest.raises(NotFound, match="Session was not found: nonsense"):
                await stage.plane.ask(ReadContent("nonsense", result))

    asyncio.run(story())


def test_partitions_are_those_of_the_settings():
    async def story():
        async with opened() as stage:
            found = await stage.plane.ask(ListPartitions())
            assert [partition.id for partition in found] == ["child", "default", "middle", "second"]

    asyncio.run(story())


def test_options_that_were_let_go_of_are_read_or_written_again(monkeypatch):
    async def story():
        monkeypatch.setattr(options_module, "MOST_KEPT", 3)
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            patches = [OptionsPatch(priority=1, engine=f"e{n}") for n in range(8)]
            requests = [CallRequest(payload, (), (), patch) for patch in patches]
            stage.plane.writer.hold = True
            submitting = asyncio.ensure_future(client.submit(*requests))
            await stage.settle(3)
            live = [n for n in range(1, 60) if stage.book.is_live(n)]
            assert [stage.book.options_of(n).engine for n in live] == [f"e{n}" for n in range(8)]
            stage.plane.writer.hold = False
            stage.plane.writer.flush()
            calls = await submitting
            assert len(stage.calls.options._options) <= 3
            assert [stage.book.options_of(n).engine for n in live] == [f"e{n}" for n in range(8)]
            (again,) = await client.submit(requests[0])
            assert stage.book.options[client.number(again)] != stage.book.options[live[0]]
            listed = await stage.plane.ask(_calls())
            assert [call.options.engine for call in listed.calls] == [*[f"e{n}" for n in range(8)], "e0"]
            assert [call.id for call in listed.calls] == [*calls, again]
            await client.change("delete")
            await clear(stage)

    asyncio.run(story())
