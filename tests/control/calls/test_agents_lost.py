"""What becomes of the Calls of an agent that is lost, comes back, or ends with its Run."""

import asyncio

from calls.stage import FakeAgent, fleet, leases_of, opened

from portico.domain.calls.frames import AgentReady, Lease
from portico.domain.calls.states import CallState, ResultState
from portico.domain.runs import EndCause

CRASHED = "Worker went down with error Unavailable"


def test_a_lost_agent_keeps_what_it_holds_for_ten_seconds():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            begun, ahead = stage.submit(session, 2)
            await stage.settle()
            agent.begin(agent.given[0])
            await stage.settle()
            agent.lose()
            stage.plane.clock.advance(9)
            await stage.settle()
            assert stage.calls.agents.of("default") == []
            assert [stage.state(call) for call in (begun, ahead)] == [CallState.PROCESSING, CallState.DISPATCHED]
            stage.plane.clock.advance(1)
            await stage.settle()
            assert [stage.state(call) for call in (begun, ahead)] == [CallState.RETRIED, CallState.SUBMITTED]
            assert stage.cells(begun, "error") == (CRASHED,)
            again = stage.retry_of(begun)
            other = FakeAgent(stage.plane)
            await stage.settle()
            assert other.numbers == [ahead, again]
            assert agent.record is None

    asyncio.run(story())


def test_of_a_lost_agent_that_told_of_nothing_the_first_call_counts_as_begun():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            first, second = stage.submit(session, 2)
            await stage.settle()
            agent.lose()
            stage.plane.clock.advance(10)
            await stage.settle()
            assert [stage.state(call) for call in (first, second)] == [CallState.RETRIED, CallState.SUBMITTED]

    asyncio.run(story())


def test_a_lost_agent_is_not_blamed_for_what_it_was_never_sent():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            await stage.settle()
            stage.plane.writer.hold = True
            (call,) = stage.submit(session)
            await stage.settle()
            agent.lose()
            stage.plane.writer.hold = False
            stage.plane.writer.flush()
            stage.plane.clock.advance(10)
            await stage.settle()
            assert stage.state(call) is CallState.SUBMITTED

    asyncio.run(story())


def test_an_agent_that_comes_back_in_time_goes_on_and_the_timer_of_its_absence_means_nothing():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            calls = stage.submit(session, 2)
            await stage.settle()
            agent.begin(agent.given[0])
            await stage.settle()
            agent.lose()
            stage.plane.clock.advance(8)
            held = leases_of(*agent.given)
            again = FakeAgent(stage.plane, pod=agent.pod, holding=held, begun=calls[0], made=1)
            await stage.settle()
            assert again.line.of(AgentReady)[0].sequence == 1
            stage.plane.clock.advance(8)
            await stage.settle()
            assert [stage.state(call) for call in calls] == [CallState.PROCESSING, CallState.DISPATCHED]
            assert not again.given
            again.end(agent.given[0])
            await stage.settle()
            assert stage.state(calls[0]) is CallState.COMPLETED

    asyncio.run(story())


def test_what_an_agent_does_not_show_goes_back_at_once_when_it_has_nothing_left_to_report():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            kept, gone = stage.submit(session, 2)
            await stage.settle()
            foreign = Lease(999, 7)
            agent.lose()
            again = FakeAgent(stage.plane, pod=agent.pod, holding=(*leases_of(agent.given[0]), foreign))
            await stage.settle()
            assert again.withdrawn == [999]
            assert again.numbers == [gone]
            assert stage.state(kept) is CallState.DISPATCHED
            assert not stage.retry_of(gone)

    asyncio.run(story())


def test_what_an_agent_does_not_show_may_still_be_reported():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            done, gone = stage.submit(session, 2)
            await stage.settle()
            agent.lose()
            again = FakeAgent(stage.plane, pod=agent.pod, made=1)
            await stage.settle()
            assert not again.given
            again.sequence = 0
            again.end(agent.given[0], micros=1_000_000)
            await stage.settle()
            assert stage.state(done) is CallState.COMPLETED
            assert again.numbers == [gone]

    asyncio.run(story())


def test_what_an_agent_neither_shows_nor_reports_goes_back_in_the_end():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            agent = FakeAgent(stage.plane)
            (call,) = stage.submit(session)
            await stage.settle()
            agent.lose()
            again = FakeAgent(stage.plane, pod=agent.pod, made=1)
            await stage.settle()
            stage.plane.clock.advance(10)
            await stage.settle()
            assert again.numbers == [call]

    asyncio.run(story())


def test_when_the_run_of_an_agent_ends_its_calls_go_at_once():
    async def story():
        async with opened() as stage:
            node = await fleet(stage)
            (order,) = node.orders
            session = await stage.session()
            agent = FakeAgent(stage.plane, run=order.run, token=order.token)
            calls = stage.submit(session, 2)
            await stage.settle()
            node.ended(order, code=9, cause=EndCause.SIGNALLED)
            await stage.settle()
            assert [stage.state(call) for call in calls] == [CallState.RETRIED, CallState.SUBMITTED]
            assert agent.line.closed

    asyncio.run(story())


def test_a_new_incarnation_in_the_same_run_ends_the_former():
    async def story():
        async with opened() as stage:
            (order,) = (await fleet(stage)).orders
            session = await stage.session()
            former = FakeAgent(stage.plane, run=order.run, token=order.token)
            calls = stage.submit(session, 2)
            await stage.settle()
            newer = FakeAgent(stage.plane, run=order.run, token=order.token)
            await stage.settle()
            assert former.line.closed
            assert stage.state(calls[0]) is CallState.RETRIED
            assert newer.numbers == [calls[1], stage.retry_of(calls[0])]

    asyncio.run(story())


def test_retries_are_used_up():
    async def story():
        async with opened() as stage:
            session = await stage.session(max_retries=2)
            (call,) = stage.submit(session, outputs=1)
            (output,) = stage.book.links_of(call).outputs
            tries = [call]
            for number in (1, 2, 3):
                agent = FakeAgent(stage.plane)
                await stage.settle()
                assert agent.numbers == [tries[-1]]
                agent.lose()
                stage.plane.clock.advance(10)
                await stage.settle()
                tries.append(stage.retry_of(call, number))
            assert tries[3] == 0
            assert [stage.state(one) for one in tries[:3]] == [CallState.RETRIED] * 2 + [CallState.ERROR]
            assert stage.result_state(output) is ResultState.ABORTED

    asyncio.run(story())
