"""What goes along with a Call that is leased: its data, its Session, and when it may leave."""

import asyncio

from calls.stage import FakeAgent, opened

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
