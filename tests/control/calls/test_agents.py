import asyncio

import pytest
from calls.stage import PARTITIONS, FakeAgent, opened
from harness import FakeLine, FakeNode

from portico.control.calls.commands import SessionChange
from portico.domain.calls.frames import AgentHello, AgentReady, Lease, NeedNumbers, Numbers, Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.errors import Forbidden, Invalid
from portico.domain.jobs import Job, JobMode, Retry, Template
from portico.domain.runs import EndCause, RunSpec

CRASHED = "Worker went down with error Unavailable"


def leases(*given):
    return tuple(Lease(one.call, one.lease) for one in given)


async def fleet(stage, size=1):
    """Start the Runs of a partition's agents."""
    job = Job(
        id="armonik/default",
        door="armonik",
        pool="/armonik",
        mode=JobMode.SERVICE,
        created_at=0,
        size=size,
        template=Template(
            spec=RunSpec(argv=("agent",)), amounts={"cpus": 100}, labels={"portico.partition": "default"}
        ),
        retry=Retry(0),
    )
    with stage.plane.begin() as tx:
        tx.put(job)
    stage.plane.goals.want(job.id)
    node = FakeNode(stage.plane)
    await passes(stage)
    for order in node.orders:
        node.started(order)
    await passes(stage)
    return node


async def passes(stage):
    for _ in range(20):
        stage.plane.timers.fire_due()
        stage.plane.scheduling.make_pass()
        await asyncio.sleep(0)


# ---- welcome ---------------------------------------------------------------------------------------------------


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
            newer = FakeAgent(stage.plane, pod="p", holding=leases(*former.given))
            assert former.line.closed
            former.end(former.given[0])
            former.lose()
            await stage.settle()
            assert stage.state(former.given[0].call) is CallState.DISPATCHED
            assert stage.calls.agents.of("default") == [newer.record]
            assert not newer.given

    asyncio.run(story())


# ---- numbers ---------------------------------------------------------------------------------------------------


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


# ---- agents that go --------------------------------------------------------------------------------------------


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
            held = leases(*agent.given)
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
            again = FakeAgent(stage.plane, pod=agent.pod, holding=(*leases(agent.given[0]), foreign))
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
            agent.report(returned=(Lease(agent.given[1].call, agent.given[1].lease),), leaving=True)
            await stage.settle()
            assert len(agent.given) == 2
            agent.report(returned=(Lease(agent.given[0].call, agent.given[0].lease),), leaving=True)
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


# ---- cancelling ------------------------------------------------------------------------------------------------


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


# ---- restart ---------------------------------------------------------------------------------------------------


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
            again = FakeAgent(stage.plane, pod=agent.pod, holding=leases(*agent.given), begun=calls[0], made=1)
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
            again = FakeAgent(stage.plane, pod=agent.pod, holding=leases(*agent.given), begun=calls[0], made=1)
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
            again = FakeAgent(stage.plane, pod=agent.pod, holding=leases(agent.given[1]), made=2)
            again.sequence = 1
            again.end(agent.given[0], Verdict.ERROR, error="late")
            await stage.settle()
            assert stage.cells(calls[0], "state", "error") == (CallState.COMPLETED, "")

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
