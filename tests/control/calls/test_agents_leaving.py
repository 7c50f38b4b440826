"""Agents that are retired or leave by themselves: they take nothing more, and nobody is blamed."""

import asyncio

from calls.stage import FakeAgent, leases_of, opened

from portico.domain.calls.states import CallState


def test_a_retired_agent_takes_nothing_more_and_what_it_returns_is_not_counted():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 3)
            await stage.settle()
            agent.begin(agent.given[0])
            stage.calls.agents.retire(agent.pod)
            assert agent.retired
            agent.give(*agent.given)
            await stage.settle()
            assert len(agent.given) == 2
            assert [stage.state(call) for call in calls] == [CallState.SUBMITTED] * 3
            again = FakeAgent(stage.plane, pod=agent.pod, made=agent.sequence)
            await stage.settle()
            assert again.retired
            assert not again.given

    asyncio.run(story())


def test_an_agent_that_leaves_by_itself_takes_nothing_more_and_what_it_returns_is_not_counted():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 3)
            await stage.settle()
            agent.begin(agent.given[0])
            await stage.settle()
            agent.report(returned=leases_of(agent.given[1]), leaving=True)
            await stage.settle()
            assert len(agent.given) == 2
            agent.report(returned=leases_of(agent.given[0]), leaving=True)
            await stage.settle()
            assert len(agent.given) == 2
            assert [stage.state(call) for call in calls] == [CallState.SUBMITTED] * 3
            other = FakeAgent(stage.plane)
            await stage.settle()
            assert set(other.numbers) <= set(calls)
            assert other.numbers

    asyncio.run(story())


def test_a_retired_agent_that_ends_without_a_word_is_not_blamed():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            stage.calls.agents.retire(agent.pod)
            agent.lose()
            stage.plane.clock.advance(10)
            await stage.settle()
            assert stage.state(call) is CallState.SUBMITTED

    asyncio.run(story())
