import asyncio

from calls.customer import clear
from calls.stage import FakeAgent, opened

from portico.control.calls import leases
from portico.control.calls.commands import SessionChange
from portico.domain.calls.frames import AgentReport, Lease, Verdict
from portico.domain.calls.states import CallState, ResultState


def test_a_call_goes_to_an_agent_with_its_data_and_its_lease_is_durable_first():
    async def story():
        async with opened() as stage:
            session = await stage.session(application_name="app")
            agent = FakeAgent(stage.plane, host="node-1")
            await stage.settle()
            (dependency,) = stage.results(session, b"dependency")
            stage.plane.writer.hold = True
            (call,) = stage.submit(session, payload=b"payload", outputs=2, dependencies=(dependency,))
            await stage.settle()
            assert not agent.given
            stage.plane.writer.flush()
            await stage.settle()
            (given,) = agent.given
            assert (given.call, given.id, given.session) == (call, stage.book.text(call), session)
            assert (given.payload.data, given.payload.size) == (b"payload", 7)
            assert [datum.data for datum in given.dependencies] == [b"dependency"]
            assert len(given.outputs) == 2
            assert given.options.application_name == "app"
            now = stage.plane.clock.now()
            columns = ("state", "pod", "host", "lease", "received_at", "acquired_at")
            assert stage.cells(call, *columns) == (CallState.DISPATCHED, agent.pod, "node-1", given.lease, now, now)

    asyncio.run(story())


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


def test_the_session_goes_along_with_its_calls():
    async def story():
        async with opened() as stage:
            session = await stage.session("default", "second", priority=4)
            agent = FakeAgent(stage.plane)
            stage.submit(session)
            await stage.settle()
            (frame,) = [frame for frame in agent.line.sent if hasattr(frame, "sessions")]
            (facts,) = frame.sessions
            assert (facts.number, facts.worker_submission, facts.partitions) == (session, True, ("default", "second"))
            assert facts.defaults.priority == 4

    asyncio.run(story())


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


def test_what_is_not_in_memory_is_read_in_one_go():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            reads = []
            later = stage.plane.history.later

            async def counted(read):
                reads.append(read)
                return await later(read)

            stage.plane.history.later = counted
            (shared,) = stage.results(session, b"shared")
            stage.submit(session, 4, payload=b"mine", dependencies=(shared,))
            await stage.settle()
            stage.calls.agents.data.forget(range(1, 1000))
            agents = [FakeAgent(stage.plane) for _ in range(2)]
            await stage.settle()
            assert len(reads) == 1
            given = [call for agent in agents for call in agent.given]
            assert [call.payload.data for call in given] == [b"mine"] * 4
            assert [call.dependencies[0].data for call in given] == [b"shared"] * 4

    asyncio.run(story())


def test_large_data_and_what_is_too_much_for_one_frame_are_to_be_fetched(monkeypatch):
    monkeypatch.setattr("portico.control.calls.assigning.MOST_INLINE", 25)

    async def story():
        async with opened() as stage:
            session = await stage.session()
            many = stage.results(session, *[b"0123456789"] * 3)
            stage.submit(session, 1, payload=b"0123456789", dependencies=many)
            await stage.settle()
            for forgotten in ((), range(1, 1000)):
                stage.calls.agents.data.forget(forgotten)
                agent = FakeAgent(stage.plane)
                await stage.settle()
                (given,) = agent.given
                data = [given.payload.data, *(datum.data for datum in given.dependencies)]
                assert [datum is not None for datum in data] == [True, True, False, False]
                assert {datum.size for datum in given.dependencies} == {10}
                agent.give(given)
                agent.lose()
                stage.plane.clock.advance(10)
                await stage.settle()

    asyncio.run(story())


def test_a_call_whose_data_are_gone_fails():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            calls = stage.submit(session, 2, outputs=1)
            (output,) = stage.book.links_of(calls[0]).outputs
            await stage.settle()
            with stage.plane.begin() as tx:
                stage.book.turn_results(tx, (stage.book.payload[calls[0]],), ResultState.DELETED)
            agent = FakeAgent(stage.plane)
            await stage.settle()
            assert stage.state(calls[0]) is CallState.ERROR
            assert "Result data was not found" in stage.cells(calls[0], "error")[0]
            assert stage.result_state(output) is ResultState.ABORTED
            assert agent.numbers == [calls[1]]

    asyncio.run(story())


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


def test_data_that_were_not_where_they_were_sought_are_sought_again():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            later, answers = stage.plane.history.later, [{}, {}]

            async def late(read):
                return answers.pop() if answers else await later(read)

            stage.submit(session, 2)
            await stage.settle()
            stage.calls.agents.data.forget(range(1, 1000))
            stage.plane.history.later = late
            agent = FakeAgent(stage.plane)
            await stage.settle()
            assert not answers
            assert [given.payload.data for given in agent.given] == [b"p", b"p"]

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
