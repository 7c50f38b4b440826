"""Which agent is leased which Calls, in what order, and how many at a time."""

import asyncio

from calls.stage import PARTITIONS, FakeAgent, opened

from portico.control.calls import leases


def test_an_agent_has_one_call_to_run_and_one_ahead_until_calls_are_known_to_be_brief():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            calls = stage.submit(session, 30)
            agent = FakeAgent(stage.plane)
            await stage.settle()
            assert agent.numbers == calls[:2]
            agent.end(agent.given[0], micros=1000)
            await stage.settle()
            assert agent.numbers == calls[:10]
            assert len(agent.record.held) == leases.MOST_BRIEF
            for given in agent.given[1:]:
                agent.end(given, micros=1_000_000)
            await stage.settle()
            assert len(agent.record.held) == leases.MOST_LASTING

    asyncio.run(story())


def test_brief_calls_come_in_handfuls():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            stage.submit(session, 30)
            agent = FakeAgent(stage.plane)
            await stage.settle()
            agent.end(agent.given[0], micros=1000)
            await stage.settle()
            before = len(agent.given)
            for given in agent.given[1:5]:
                agent.end(given, micros=1000)
                await stage.settle()
            assert len(agent.given) == before
            agent.end(agent.given[5], micros=1000)
            await stage.settle()
            assert len(agent.given) == before + 5

    asyncio.run(story())


def test_the_least_loaded_agents_come_first():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agents = [FakeAgent(stage.plane) for _ in range(3)]
            stage.submit(session, 4)
            await stage.settle()
            assert sorted(len(agent.given) for agent in agents) == [1, 1, 2]

    asyncio.run(story())


def test_higher_priorities_are_leased_first():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            low = stage.submit(session, 2, priority=1)
            high = stage.submit(session, 2, priority=9)
            agent = FakeAgent(stage.plane)
            await stage.settle()
            assert agent.numbers == high
            agent.end(agent.given[0], micros=1_000_000)
            agent.end(agent.given[1], micros=1_000_000)
            await stage.settle()
            assert agent.numbers == [*high, *low]

    asyncio.run(story())


def test_many_reports_in_one_turn_are_answered_by_one_assignment_each_and_one_transaction():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agents = [FakeAgent(stage.plane) for _ in range(3)]
            stage.submit(session, 40)
            await stage.settle()
            for agent in agents:
                agent.report(ended=tuple(agent.ending(given, micros=1000) for given in agent.given))
            before = stage.plane.committer.revision
            frames = [len(agent.line.sent) for agent in agents]
            await asyncio.sleep(0)
            assert len(stage.plane.writer.waiting) == 1
            await stage.settle()
            assert stage.plane.committer.revision > before
            assert all(len(agent.line.sent) <= count + 2 for agent, count in zip(agents, frames, strict=True))
            assert [len(agent.record.held) for agent in agents] == [9, 9, 9]

    asyncio.run(story())


def test_a_turn_leases_a_bounded_number_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(leases, "MOST_AT_ONCE", 3)

    async def story():
        async with opened() as stage:
            session = await stage.session()
            agents = [FakeAgent(stage.plane) for _ in range(6)]
            stage.submit(session, 20)
            await stage.settle(60)
            assert sorted(len(agent.given) for agent in agents) == [2] * 6

    asyncio.run(story())


def test_many_calls_that_are_due_at_once_are_sent_over_several_turns(monkeypatch):
    monkeypatch.setattr("portico.control.calls.assigning.MOST_AT_ONCE", 2)

    async def story():
        async with opened() as stage:
            session = await stage.session()
            agents = [FakeAgent(stage.plane) for _ in range(7)]
            calls = stage.submit(session, 14)
            await stage.settle(60)
            assert sorted(number for agent in agents for number in agent.numbers) == calls

    asyncio.run(story())


def test_an_idle_agent_of_a_parent_is_lent_one_call_at_a_time_while_it_has_none_of_its_own():
    async def story():
        async with opened() as stage:
            session = await stage.session("child", "second", "middle")
            lender = FakeAgent(stage.plane, "second")
            stranger = FakeAgent(stage.plane, "default")
            calls = stage.submit(session, 3, partition="child")
            await stage.settle()
            assert lender.numbers == calls[:1]
            own = FakeAgent(stage.plane, "child")
            await stage.settle()
            assert own.numbers == calls[1:3]
            more = stage.submit(session, 2, partition="child")
            mine = stage.submit(session, 1, partition="second")
            await stage.settle()
            assert lender.numbers == [calls[0], *mine]
            lender.end(lender.given[0], micros=1_000_000)
            await stage.settle()
            assert len(lender.given) == 2
            lender.end(lender.given[1], micros=1_000_000)
            await stage.settle()
            assert lender.numbers == [calls[0], *mine, more[0]]
            assert not stranger.given

    asyncio.run(story())


def test_children_lend_nothing_to_their_parents():
    async def story():
        async with opened() as stage:
            session = await stage.session("second")
            child = FakeAgent(stage.plane, "child")
            stage.submit(session)
            await stage.settle()
            assert not child.given

    asyncio.run(story())


def test_partitions_may_be_their_own_ancestors_without_harm():
    async def story():
        circle = {
            "default": PARTITIONS["default"],
            "a": PARTITIONS["child"].__class__("a", ("b",)),
            "b": PARTITIONS["child"].__class__("b", ("a", "gone")),
        }
        async with opened(partitions=circle) as stage:
            session = await stage.session("a")
            lender = FakeAgent(stage.plane, "b")
            stage.submit(session)
            await stage.settle()
            assert len(lender.given) == 1

    asyncio.run(story())
