"""What agents report of their leases: counted once, under the lease it was given, and acknowledged."""

import asyncio

from calls.stage import FakeAgent, opened

from portico.domain.calls.frames import AgentReport, Lease, Verdict
from portico.domain.calls.states import CallState


def test_a_call_that_is_over_before_its_begin_was_told_has_all_its_times():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            (given,) = agent.given
            agent.end(given)
            await stage.settle()
            times = stage.cells(call, "fetched_at", "started_at", "pod_ttl", "processed_at", "ended_at")
            begun, ended = stage.plane.clock.now() - 1000, stage.plane.clock.now()
            assert times == (begun, begun, begun, ended, ended)

    asyncio.run(story())


def test_what_is_told_under_an_old_lease_changes_nothing():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            old = agent.given[0]
            agent.give(old)
            await stage.settle()
            new = agent.given[1]
            assert new.lease > old.lease
            for verdict in Verdict:
                agent.end(old, verdict)
            agent.begin(old)
            agent.give(old)
            await stage.settle()
            assert stage.state(call) is CallState.DISPATCHED
            assert stage.cells(call, "lease") == (new.lease,)
            agent.end(new)
            await stage.settle()
            assert stage.state(call) is CallState.COMPLETED

    asyncio.run(story())


def test_one_agent_cannot_speak_for_another():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            owner = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            other = FakeAgent(stage.plane)
            other.end(owner.given[0])
            await stage.settle()
            assert stage.state(call) is CallState.DISPATCHED

    asyncio.run(story())


def test_a_report_told_twice_counts_once_and_is_acknowledged_twice(monkeypatch):
    monkeypatch.setattr("portico.control.calls.assigning.ACK_PAUSE", 0.0)

    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            report = AgentReport(1, returned=(Lease(call, agent.given[0].lease),))
            agent.session.receive(report)
            await stage.settle()
            assert agent.acked == [1]
            agent.session.receive(report)
            await stage.settle()
            assert agent.acked == [1, 1]
            assert len(agent.given) == 2
            assert stage.state(call) is CallState.DISPATCHED

    asyncio.run(story())


def test_an_acknowledgement_waits_for_what_it_acknowledges(monkeypatch):
    monkeypatch.setattr("portico.control.calls.assigning.ACK_PAUSE", 0.0)

    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            stage.submit(session)
            await stage.settle()
            stage.plane.writer.hold = True
            agent.end(agent.given[0])
            await stage.settle()
            assert not agent.acked
            stage.plane.writer.flush()
            await stage.settle()
            assert agent.acked == [1]

    asyncio.run(story())
