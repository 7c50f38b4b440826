"""Agents and their Calls over a crash of the plane."""

import asyncio

from calls.stage import FakeAgent, leases_of, opened

from portico.domain.calls.frames import AgentReady, Verdict
from portico.domain.calls.states import CallState


async def held_before_a_restart(stage):
    session = await stage.session()
    agent = FakeAgent(stage.plane)
    calls = stage.submit(session, 3)
    await stage.settle()
    agent.begin(agent.given[0])
    await stage.settle()
    return agent, calls


def test_after_a_restart_an_agent_goes_on_with_what_it_holds():
    async def story():
        async with opened() as before:
            agent, calls = await held_before_a_restart(before)
        async with opened(before.plane.store.crash(), before.plane.clock) as stage:
            again = FakeAgent(stage.plane, pod=agent.pod, holding=leases_of(*agent.given), begun=calls[0], made=1)
            await stage.settle()
            assert again.line.of(AgentReady)[0].sequence == 0
            assert not again.given
            again.report(ended=(agent.ending(agent.given[0]), agent.ending(agent.given[1])))
            await stage.settle()
            assert [stage.state(call) for call in calls[:2]] == [CallState.COMPLETED] * 2
            assert again.numbers == calls[2:]
            assert again.given[0].lease > agent.given[0].lease

    asyncio.run(story())


def test_after_a_restart_calls_wait_for_their_agents_as_long_as_for_lost_ones():
    async def story():
        async with opened() as before:
            _, calls = await held_before_a_restart(before)
        async with opened(before.plane.store.crash(), before.plane.clock) as stage:
            other = FakeAgent(stage.plane)
            await stage.settle()
            assert other.numbers == calls[2:]
            stage.plane.clock.advance(10)
            await stage.settle()
            assert [stage.state(call) for call in calls[:2]] == [CallState.RETRIED, CallState.DISPATCHED]
            assert other.numbers == [calls[2], calls[1]]

    asyncio.run(story())


def test_after_a_restart_what_is_being_cancelled_is_withdrawn_again_and_ends_in_time():
    async def story():
        async with opened() as before:
            agent, calls = await held_before_a_restart(before)
            await before.cancel(*calls[:2])
        async with opened(before.plane.store.crash(), before.plane.clock) as stage:
            again = FakeAgent(stage.plane, pod=agent.pod, holding=leases_of(*agent.given), begun=calls[0], made=1)
            await stage.settle()
            assert again.withdrawn == calls[:2]
            again.end(agent.given[0], Verdict.CANCELLED)
            stage.plane.clock.advance(30)
            await stage.settle()
            assert [stage.state(call) for call in calls[:2]] == [CallState.CANCELLED] * 2

    asyncio.run(story())


def test_after_a_restart_a_report_that_was_durable_before_changes_nothing():
    async def story():
        async with opened() as before:
            agent, calls = await held_before_a_restart(before)
            agent.end(agent.given[0])
            await before.settle()
        async with opened(before.plane.store.crash(), before.plane.clock) as stage:
            again = FakeAgent(stage.plane, pod=agent.pod, holding=leases_of(agent.given[1]), made=2)
            again.sequence = 1
            again.end(agent.given[0], Verdict.ERROR, error="late")
            await stage.settle()
            assert stage.cells(calls[0], "state", "error") == (CallState.COMPLETED, "")

    asyncio.run(story())
