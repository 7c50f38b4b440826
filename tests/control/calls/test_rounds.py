import asyncio

from calls.stage import FakeAgent, opened

from portico.control.calls import rounds
from portico.control.calls.endings import SESSIONS_COUNTED, Unbrought
from portico.domain.calls.states import CallState


async def busy(stage, agent, count=40):
    """Let an agent have brief Calls of its own, as many ahead as it may; gives those it has not ended."""
    session = await stage.session()
    stage.submit(session, count)
    await stage.settle()
    done = 0
    while len(agent.given) - done < 9:
        agent.end(agent.given[done])
        done += 1
        await stage.settle()
    return agent.given[done:]


def test_what_an_agent_with_enough_ahead_tells_goes_with_the_next_round(monkeypatch):
    monkeypatch.setattr(rounds, "PAUSE", 3600)

    async def story():
        async with opened() as stage:
            agent, other = FakeAgent(stage.plane), FakeAgent(stage.plane, "second")
            first, *_ = await busy(stage, agent)
            agent.end(first)
            await stage.settle()
            assert stage.state(first.call) is CallState.DISPATCHED
            assert agent.acked[-1] < agent.sequence
            session = await stage.session("second")
            (call,) = stage.submit(session)
            await stage.settle()
            assert other.numbers == [call]
            assert stage.state(first.call) is CallState.COMPLETED

    asyncio.run(story())


def test_what_an_agent_tells_that_soon_has_nothing_does_not_wait(monkeypatch):
    monkeypatch.setattr(rounds, "PAUSE", 3600)

    async def story():
        async with opened() as stage:
            agent = FakeAgent(stage.plane)
            given = await busy(stage, agent)
            for call in given[:6]:
                agent.end(call)
            await stage.settle()
            assert [stage.state(call.call) for call in given[:6]] == [CallState.COMPLETED] * 6

    asyncio.run(story())


def test_a_round_that_was_put_off_is_not_had_after_the_end(monkeypatch):
    monkeypatch.setattr(rounds, "PAUSE", 3600)

    async def story():
        async with opened() as stage:
            agent = FakeAgent(stage.plane)
            first, *_ = await busy(stage, agent)
            agent.end(first)
            stage.calls.agents.rounds.rest()
            await stage.settle()
            assert stage.state(first.call) is CallState.DISPATCHED

    asyncio.run(story())


def test_calls_that_bring_nothing_are_counted_for_the_sessions_of_late():
    unbrought = Unbrought()
    assert [unbrought.count(1), unbrought.count(1), unbrought.count(2)] == [1, 2, 1]
    for session in range(3, 3 + SESSIONS_COUNTED):
        unbrought.count(session)
    assert unbrought.count(1) == 1
