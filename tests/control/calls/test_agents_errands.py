import asyncio

import pytest
from calls.stage import FakeAgent, opened

from portico.control.calls.errands import MOST_ASKED, MOST_UPLOADS
from portico.domain.calls.frames import PART_BYTES, Effects, FetchData, Part, Stored, StoreData
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import SMALL, Content
from portico.domain.errors import Exhausted


async def holding(stage, *datas):
    """An agent that holds a Call of a Session with these data."""
    session = await stage.session()
    agent = FakeAgent(stage.plane)
    made = stage.results(session, *datas)
    stage.submit(session, outputs=1)
    await stage.settle()
    return session, agent, made


async def ask(stage, agent, question):
    agent.session.receive(question)
    await stage.settle()
    return agent.line.sent[-1]


def test_small_data_are_fetched_in_one_piece_or_from_an_offset_on():
    async def story():
        async with opened() as stage:
            _, agent, (result,) = await holding(stage, b"0123456789")
            assert await ask(stage, agent, FetchData(1, result)) == Part(1, b"0123456789", last=True)
            assert await ask(stage, agent, FetchData(2, result, 8)) == Part(2, b"89", last=True)
            assert await ask(stage, agent, FetchData(3, result, 100)) == Part(3, b"", last=True)

    asyncio.run(story())


def test_large_data_go_there_and_back_piece_by_piece():
    async def story():
        async with opened() as stage:
            _, agent, _ = await holding(stage)
            given = agent.given[0]
            data = bytes(range(256)) * (PART_BYTES // 256) + b"rest"
            assert await ask(stage, agent, StoreData(1, 1, data[:PART_BYTES])) == Stored(1)
            stored = await ask(stage, agent, StoreData(2, 1, data[PART_BYTES:], last=True))
            assert (stored.request, stored.error) == (2, "")
            (output,) = given.outputs
            agent.end(given, effects=Effects(data=((output, Content(len(data), large=stored.large)),)))
            await stage.settle()
            assert stage.result(output, "state", "size", "large") == (ResultState.COMPLETED, len(data), stored.large)
            (reader,) = stage.submit(1, dependencies=(output,))
            await stage.settle()
            assert agent.numbers[-1] == reader
            assert (agent.given[-1].dependencies[0].size, agent.given[-1].dependencies[0].data) == (len(data), None)
            first = await ask(stage, agent, FetchData(3, output))
            assert (first.data, first.last) == (data[:PART_BYTES], False)
            assert await ask(stage, agent, FetchData(4, output, PART_BYTES)) == Part(4, b"rest", last=True)

    asyncio.run(story())


def test_an_agent_sees_data_of_the_sessions_of_its_calls_only():
    async def story():
        async with opened() as stage:
            _, agent, (mine, promised) = await holding(stage, b"mine", None)
            (foreign,) = stage.results(await stage.session(), b"foreign")
            for number, result in enumerate((foreign, 1 << 40, promised, -1)):
                part = await ask(stage, agent, FetchData(number, result))
                assert part.error.startswith("NotFound: Result")
            assert (await ask(stage, agent, FetchData(9, mine, -1))).error.startswith("Invalid")
            agent.end(agent.given[0])
            await stage.settle()
            assert (await ask(stage, agent, FetchData(10, mine))).error.startswith("NotFound")

    asyncio.run(story())


def test_only_some_uploads_are_unfinished_at_a_time_and_a_refused_one_stays_refused():
    async def story():
        async with opened() as stage:
            _, agent, _ = await holding(stage)
            piece = b"x" * (SMALL + 1)
            for upload in range(MOST_UPLOADS):
                assert not (await ask(stage, agent, StoreData(upload, upload, piece))).error
            for last in (False, True):
                assert (await ask(stage, agent, StoreData(50, 50, piece, last))).error.startswith("Exhausted")
            assert (await ask(stage, agent, StoreData(60, 0, b"", last=True))).large
            assert not (await ask(stage, agent, StoreData(61, 50, piece))).error

    asyncio.run(story())


@pytest.mark.parametrize("data", [b"few", b"x" * (PART_BYTES + 1)])
def test_pieces_of_a_wrong_size_are_refused(data):
    async def story():
        async with opened() as stage:
            _, agent, _ = await holding(stage)
            assert (await ask(stage, agent, StoreData(1, 1, data, last=True))).error.startswith("Invalid")

    asyncio.run(story())


def test_unfinished_uploads_are_forgotten_with_the_line():
    async def story():
        async with opened() as stage:
            _, agent, _ = await holding(stage)
            discarded = []
            open_one = stage.calls.objects.open

            def opening():
                upload = open_one()
                upload.discard = lambda: discarded.append(upload)
                return upload

            stage.calls.objects.open = opening
            await ask(stage, agent, StoreData(1, 1, b"x"))
            await ask(stage, agent, StoreData(2, 2, b"x"))
            agent.lose()
            await stage.settle()
            assert len(discarded) == 2

    asyncio.run(story())


def test_an_agent_that_does_not_wait_for_answers_loses_its_line_and_nobody_else_does():
    async def story():
        async with opened() as stage:
            _, agent, (result,) = await holding(stage, b"x")
            for number in range(MOST_ASKED):
                agent.session.receive(FetchData(number, result))
            with pytest.raises(Exhausted):
                agent.session.receive(FetchData(MOST_ASKED, result))
            agent.lose()
            other = FakeAgent(stage.plane)
            stage.plane.clock.advance(10)
            await stage.settle()
            assert stage.state(other.numbers[0]) is CallState.DISPATCHED

    asyncio.run(story())


def test_a_defect_costs_the_agent_it_met_its_line_and_nobody_else(monkeypatch):
    async def story():
        async with opened() as stage:
            _, agent, (result,) = await holding(stage, b"x")
            other = FakeAgent(stage.plane)

            def broken(*_):
                raise ZeroDivisionError

            with monkeypatch.context() as broken_store:
                broken_store.setattr("portico.control.calls.errands._read", broken)
                agent.session.receive(FetchData(1, result))
                await stage.settle()
            assert agent.line.closed
            assert not other.line.closed
            stage.submit(1)
            await stage.settle()
            assert await ask(stage, other, FetchData(2, result)) == Part(2, b"x", last=True)

    asyncio.run(story())
