"""Calls that are cancelled while an agent has them."""

import asyncio

import pytest
from calls.stage import FakeAgent, fleet, opened

from portico.control.calls.commands import SessionChange
from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import CallState, ResultState


def test_a_leased_call_is_cancelled_when_its_agent_has_stopped_it():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 2, outputs=1)
            outputs = [stage.book.links_of(call).outputs[0] for call in calls]
            await stage.settle()
            agent.begin(agent.given[0])
            await stage.settle()
            stage.plane.clock.advance(1)
            await stage.cancel(*calls)
            began = stage.plane.clock.now()
            assert agent.withdrawn == calls
            assert [stage.state(call) for call in calls] == [CallState.CANCELLING] * 2
            stage.plane.clock.advance(1)
            for given in agent.given:
                agent.end(given, Verdict.CANCELLED)
            await stage.settle()
            assert [stage.cells(call, "state", "ended_at") for call in calls] == [(CallState.CANCELLED, began)] * 2
            assert [stage.result_state(output) for output in outputs] == [ResultState.ABORTED] * 2

    asyncio.run(story())


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_call_that_is_being_cancelled_is_cancelled_however_it_ends(verdict):
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            await stage.cancel(call)
            agent.end(agent.given[0], verdict)
            await stage.settle()
            assert stage.state(call) is CallState.CANCELLED
            assert not stage.retry_of(call)

    asyncio.run(story())


def test_a_call_that_is_being_cancelled_and_is_returned_or_lost_is_cancelled():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 2)
            await stage.settle()
            await stage.cancel(*calls)
            agent.give(agent.given[1])
            await stage.settle()
            assert stage.state(calls[1]) is CallState.CANCELLED
            agent.lose()
            stage.plane.clock.advance(10)
            await stage.settle()
            assert stage.state(calls[0]) is CallState.CANCELLED

    asyncio.run(story())


def test_an_agent_that_does_not_stop_a_cancelled_call_is_retired_and_its_run_ended():
    async def story():
        async with opened() as stage:
            node = await fleet(stage)
            (order,) = node.orders
            session = await stage.session()
            agent = FakeAgent(stage.plane, run=order.run, token=order.token)
            (call,) = stage.submit(session)
            await stage.settle()
            await stage.cancel(call)
            stage.plane.clock.advance(29)
            await stage.settle()
            assert stage.state(call) is CallState.CANCELLING
            stage.plane.clock.advance(1)
            await stage.settle()
            assert stage.state(call) is CallState.CANCELLED
            assert agent.retired
            assert [stop.run for stop in node.stops] == [order.run]

    asyncio.run(story())


def test_a_call_cancelled_before_it_was_sent_never_leaves():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            await stage.settle()
            stage.plane.writer.hold = True
            (call,) = stage.submit(session)
            await stage.settle()
            assert stage.book.state[call] == CallState.DISPATCHED
            assert not agent.given
            cancelling = asyncio.ensure_future(stage.cancel(call))
            await stage.settle()
            stage.plane.writer.hold = False
            stage.plane.writer.flush()
            await cancelling
            assert stage.state(call) is CallState.CANCELLED
            assert not agent.given
            assert not agent.withdrawn

    asyncio.run(story())


def test_cancelling_a_session_stops_what_runs_and_ends_what_is_queued():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 4)
            await stage.settle()
            await stage.change(session, SessionChange.CANCEL)
            assert agent.withdrawn == calls[:2]
            for given in agent.given:
                agent.end(given, Verdict.CANCELLED)
            await stage.settle()
            assert [stage.state(call) for call in calls] == [CallState.CANCELLED] * 4
            assert agent.record.idle

    asyncio.run(story())
