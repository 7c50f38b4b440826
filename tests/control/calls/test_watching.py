from __future__ import annotations

import asyncio

import pytest
from calls.customer import Client
from calls.stage import FakeAgent, opened

from portico.control.calls.happenings import Change
from portico.control.calls.watching import Subscription
from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import CallState, ResultState
from portico.domain.errors import Exhausted


async def _taken(subscription, least=1):
    taken = []
    while len(taken) < least:
        taken += await subscription.take()
    return taken


def test_a_watcher_of_a_session_hears_all_of_it_in_order():
    async def story():
        async with opened() as stage:
            client, other = await Client.begin(stage), await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            heard = stage.calls.watching.session(1)
            call, (output,) = await client.call(outputs=1)
            await other.call(outputs=1)
            await stage.settle()
            given = next(given for given in agent.given if given.id == call)
            agent.end(given, Verdict.FAILED)
            await stage.settle()
            await client.cancel(f"{call}###1")
            await stage.settle()
            taken = await _taken(heard)
            assert {happening.session for happening in taken} == {1}
            mine = [(h.change, CallState(h.state)) for h in taken if h.id == call]
            assert mine == [
                (Change.NEW_CALL, CallState.CREATING),
                (Change.CALL_STATE, CallState.SUBMITTED),
                (Change.CALL_STATE, CallState.DISPATCHED),
                (Change.CALL_STATE, CallState.PROCESSING),
                (Change.CALL_STATE, CallState.RETRIED),
            ]
            number = client.result_number(output)
            of_result = [
                h for h in taken if h.number == number and h.change not in {Change.NEW_CALL, Change.CALL_STATE}
            ]
            assert [(h.change, h.before, h.owner) for h in of_result][:3] == [
                (Change.NEW_RESULT, "", ""),
                (Change.RESULT_OWNER, "", call),
                (Change.RESULT_OWNER, call, f"{call}###1"),
            ]
            new = next(h for h in taken if h.change is Change.NEW_CALL and h.id == f"{call}###1")
            assert (new.initial, new.payload, bool(new.links)) == (call, stage.book.payload[client.number(call)], True)
            assert new.options == stage.book.options[client.number(call)]
            heard.close()
            assert await heard.take() == []
            await client.call()
            assert not stage.calls.watching.any_calls

    asyncio.run(story())


def test_single_ones_are_watched_and_more_may_be_added():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            one, two, three = await client.promise(3)
            heard = stage.calls.watching.results([client.result_number(one)])
            await client.put(two)
            await client.put(one)
            assert [(h.number, h.state) for h in await heard.take()] == [
                (client.result_number(one), ResultState.COMPLETED)
            ]
            heard.add([client.result_number(three), client.result_number(one)])
            await client.put(one)
            await client.delete_data(three)
            assert [(h.number, h.state) for h in await heard.take()] == [
                (client.result_number(one), ResultState.COMPLETED),
                (client.result_number(three), ResultState.DELETED),
            ]
            call, _ = await client.call()
            of_calls = stage.calls.watching.calls([client.number(call)])
            await client.cancel(call)
            assert [(h.id, h.state) for h in await of_calls.take()] == [(call, CallState.CANCELLED)]
            await client.change("delete")
            assert await _until(heard, ResultState.DELETED)
            of_calls.close()
            of_calls.close()
            of_calls.add([1])

    asyncio.run(story())


async def _until(heard, state):
    while True:
        if any(h.state == state for h in await heard.take()):
            return True


def test_nothing_is_told_before_it_is_durable():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            call, _ = await client.call()
            heard = stage.calls.watching.session(1)
            stage.plane.writer.hold = True
            cancelling = asyncio.ensure_future(client.cancel(call))
            taking = asyncio.ensure_future(heard.take())
            await stage.settle()
            assert not taking.done()
            assert not cancelling.done()
            stage.plane.writer.flush()
            assert [h.state for h in await taking] == [CallState.CANCELLED]
            await cancelling

    asyncio.run(story())


def test_who_falls_too_far_behind_is_cut_off():
    async def story():
        places = {}
        slow = Subscription(places, limit=2)
        slow.add([1])
        for _ in range(3):
            slow.offer(None)
        with pytest.raises(Exhausted, match="2 changes behind"):
            await slow.take()
        slow.close()
        assert places == {}

    asyncio.run(story())


def test_all_watchers_end_with_the_server():
    async def story():
        async with opened() as stage:
            heard = [stage.calls.watching.session(1), stage.calls.watching.results([1, 2])]
            stage.plane.close()
            assert [await one.take() for one in heard] == [[], []]

    asyncio.run(story())
