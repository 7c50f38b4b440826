"""Calls that are leased or queued and do not run: asked back, given back, paused or closed."""

import asyncio

from calls.customer import clear
from calls.stage import FakeAgent, opened

from portico.control.calls.commands import SessionChange
from portico.domain.calls.states import CallState, ResultState


def test_closing_a_session_ends_what_is_queued_though_nobody_comes_for_it():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            other = await stage.session()
            calls = stage.submit(session, 3, outputs=1)
            outputs = [stage.book.links_of(call).outputs[0] for call in calls]
            alive = stage.submit(other, 1)
            await stage.change(session, SessionChange.CLOSE)
            await clear(stage)
            assert [stage.state(call) for call in calls] == [CallState.CANCELLED] * 3
            assert [stage.result_state(output) for output in outputs] == [ResultState.ABORTED] * 3
            agent = FakeAgent(stage.plane)
            await stage.settle()
            assert agent.numbers == alive

    asyncio.run(story())


def test_what_is_queued_in_a_paused_session_is_not_leased_and_what_comes_back_is_paused():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            held = stage.submit(session, 2)
            await stage.settle()
            queued = stage.submit(session, 2)
            await stage.change(session, SessionChange.PAUSE)
            assert [stage.state(call) for call in queued] == [CallState.PAUSED] * 2
            agent.give(agent.given[1])
            await stage.settle()
            assert stage.state(held[1]) is CallState.PAUSED
            assert stage.cells(held[1], "pod", "lease", "received_at", "acquired_at") == (None,) * 4
            agent.end(agent.given[0])
            await stage.settle()
            assert stage.state(held[0]) is CallState.COMPLETED
            assert len(agent.given) == 2
            await stage.change(session, SessionChange.RESUME)
            assert agent.numbers == [*held, *queued, held[1]]

    asyncio.run(story())


def test_what_is_leased_and_not_yet_sent_when_its_session_is_paused_does_not_begin():
    async def story():
        async with opened() as stage:
            session, other = await stage.session(), await stage.session()
            later, reading, read = stage.plane.history.later, asyncio.Event(), asyncio.Event()

            async def slow(wanted):
                found = await later(wanted)
                reading.set()
                await read.wait()
                return found

            calls = [*stage.submit(session), *stage.submit(other)]
            await stage.settle()
            stage.calls.agents.data.forget(range(1, 1000))
            stage.plane.history.later = slow
            agent = FakeAgent(stage.plane)
            await reading.wait()
            assert stage.state(calls[0]) is CallState.DISPATCHED
            await stage.change(session, SessionChange.PAUSE)
            read.set()
            await stage.settle()
            assert agent.numbers == calls[1:]
            assert stage.state(calls[0]) is CallState.PAUSED
            assert stage.cells(calls[0], "pod", "lease", "received_at", "acquired_at") == (None,) * 4
            agent.end(agent.given[0])
            await stage.change(session, SessionChange.RESUME)
            assert agent.numbers == [calls[1], calls[0]]
            agent.end(agent.given[1])
            await stage.settle()
            assert stage.state(calls[0]) is CallState.COMPLETED

    asyncio.run(story())


def test_the_calls_of_a_paused_session_can_be_asked_for():
    async def story():
        async with opened() as stage:
            session, other = await stage.session(), await stage.session()
            agents = [FakeAgent(stage.plane) for _ in range(2)]
            calls = stage.submit(session, 3)
            stage.submit(other, 1)
            await stage.settle()
            for agent in agents:
                agent.begin(agent.given[0])
            await stage.settle()
            stage.calls.agents.leases.recall(session)
            assert [number for agent in agents for number in agent.asked_back] == [calls[2]]

    asyncio.run(story())


def test_what_is_ahead_of_a_lasting_call_is_asked_back_for_an_idle_agent():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            busy = FakeAgent(stage.plane)
            calls = stage.submit(session, 2)
            await stage.settle()
            idle = FakeAgent(stage.plane)
            await stage.settle()
            assert not busy.asked_back
            busy.begin(busy.given[0])
            await stage.settle()
            assert busy.asked_back == [calls[1]]
            busy.give(busy.given[1])
            await stage.settle()
            assert idle.numbers == [calls[1]]
            assert idle.given[0].lease > busy.given[1].lease

    asyncio.run(story())


def test_a_call_that_has_not_begun_for_ten_seconds_is_asked_back_once_and_not_given_to_the_same_again():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 2)
            await stage.settle()
            agent.begin(agent.given[0])
            stage.plane.clock.advance(9)
            await stage.settle()
            assert not agent.asked_back
            stage.plane.clock.advance(1)
            await stage.settle()
            assert agent.asked_back == [calls[1]]
            stage.plane.clock.advance(20)
            agent.give(agent.given[1])
            await stage.settle()
            assert stage.state(calls[1]) is CallState.SUBMITTED
            assert len(agent.given) == 2
            agent.end(agent.given[0])
            await stage.settle()
            assert agent.numbers[2:] == [calls[1]]

    asyncio.run(story())


def test_calls_given_back_are_first_again_and_were_never_tried():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 5)
            await stage.settle()
            agent.begin(agent.given[0])
            await stage.settle()
            agent.give(*agent.given)
            agent.session.agent.retiring = True
            await stage.settle()
            columns = ("state", "pod", "lease", "started_at", "fetched_at", "pod_ttl")
            assert [stage.cells(call, *columns) for call in calls[:2]] == [(CallState.SUBMITTED, *(None,) * 5)] * 2
            other = FakeAgent(stage.plane)
            await stage.settle()
            assert other.numbers == calls[:2]
            assert not stage.retry_of(calls[0])

    asyncio.run(story())
