"""Who is let in as an agent, what it is told first, and the numbers that it is given."""

import asyncio

import pytest
from calls.stage import FakeAgent, fleet, leases_of, opened
from harness import FakeLine

from portico.domain.calls.frames import AgentHello, AgentReady, NeedNumbers, Numbers
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState
from portico.domain.errors import Forbidden, Invalid


def test_an_agent_is_told_the_salt_of_names():
    async def story():
        async with opened() as stage:
            agent = FakeAgent(stage.plane)
            await stage.settle()
            assert agent.line.of(AgentReady) == [AgentReady(stage.calls.naming.salt, 0)]
            assert stage.calls.agents.of("default") == [agent.record]
            assert agent.record.idle

    asyncio.run(story())


@pytest.mark.parametrize(
    "wrong", [{"secret": "wrong"}, {"partition": "nowhere"}, {"pod": ""}, {"run": "r", "token": 1}]
)
def test_strangers_are_refused(wrong):
    async def story():
        async with opened() as stage:
            said = {"partition": "default", "secret": stage.plane.secret, "pod": "p", "host": "h", **wrong}
            with pytest.raises(Forbidden):
                stage.calls.agents.welcome(AgentHello(**said), FakeLine())

    asyncio.run(story())


def test_one_that_only_asks_is_answered_and_leaves_no_trace():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            (call,) = stage.submit(session)
            agent = FakeAgent(stage.plane, trial=True)
            await stage.settle()
            assert agent.line.of(AgentReady) == [AgentReady(stage.calls.naming.salt, 0)]
            assert agent.record is None
            assert stage.calls.agents.of("default") == []
            assert stage.state(call) is CallState.SUBMITTED
            agent.lose()
            with pytest.raises(Forbidden, match="there is no partition 'nowhere'; there are child, default, middle"):
                FakeAgent(stage.plane, "nowhere", trial=True)

    asyncio.run(story())


@pytest.mark.parametrize("wrong", [{"token": 99}, {"partition": "second"}, {"run": "another"}])
def test_the_agent_of_a_run_shows_its_token_and_is_of_its_partition(wrong):
    async def story():
        async with opened() as stage:
            (order,) = (await fleet(stage)).orders
            said = {"partition": "default", "run": order.run, "token": order.token}
            agent = FakeAgent(stage.plane, **said)
            assert agent.record.run == order.run
            with pytest.raises(Forbidden):
                FakeAgent(stage.plane, **{**said, **wrong})

    asyncio.run(story())


def test_a_pod_is_one_agent_s_only():
    async def story():
        async with opened() as stage:
            FakeAgent(stage.plane, pod="p")
            with pytest.raises(Forbidden):
                FakeAgent(stage.plane, "second", pod="p")

    asyncio.run(story())


def test_only_the_newest_line_of_a_pod_is_listened_to():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            former = FakeAgent(stage.plane, pod="p")
            stage.submit(session)
            await stage.settle()
            newer = FakeAgent(stage.plane, pod="p", holding=leases_of(*former.given))
            assert former.line.closed
            former.end(former.given[0])
            former.lose()
            await stage.settle()
            assert stage.state(former.given[0].call) is CallState.DISPATCHED
            assert stage.calls.agents.of("default") == [newer.record]
            assert not newer.given

    asyncio.run(story())


def test_numbers_are_one_agent_s_alone():
    async def story():
        async with opened() as stage:
            agents = [FakeAgent(stage.plane) for _ in range(2)]
            for agent in agents:
                agent.session.receive(NeedNumbers(Kind.RESULT, 10))
                agent.session.receive(NeedNumbers(Kind.CALL, 5))
            await stage.settle()
            blocks = [frame for agent in agents for frame in agent.line.of(Numbers)]
            for kind, count in ((Kind.RESULT, 10), (Kind.CALL, 5)):
                mine = [range(block.first, block.first + block.count) for block in blocks if block.kind is kind]
                assert len({number for block in mine for number in block}) == 2 * count

    asyncio.run(story())


@pytest.mark.parametrize(
    ("kind", "count"), [(Kind.RESULT, 0), (Kind.CALL, -1), (Kind.CALL, 1 << 40), (Kind.SESSION, 1)]
)
def test_senseless_numbers_are_not_given_out(kind, count):
    async def story():
        async with opened() as stage:
            agent = FakeAgent(stage.plane)
            with pytest.raises(Invalid):
                agent.session.receive(NeedNumbers(kind, count))

    asyncio.run(story())
