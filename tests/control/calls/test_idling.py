"""Sessions that nobody closes are closed when nothing has happened in them for long enough, and no others."""

from __future__ import annotations

import asyncio

from calls.customer import Client, clear
from calls.stage import FakeAgent, opened
from harness import ManualClock

from portico.control.calls.core import CallSettings
from portico.control.calls.idling import Idling
from portico.domain.calls.states import SessionState
from portico.domain.identity import DAY

HOURS = 3_600


def told(stage, age=DAY):
    stage.calls.settings = CallSettings(sessions_idle=age)
    return Idling(stage.plane)


async def look(stage, idling, seconds=0):
    stage.plane.clock.advance(seconds)
    await idling.close_idle()
    await clear(stage)


async def states(*clients):
    return [str((await client.now()).state) for client in clients]


async def finish(stage, agent):
    await stage.settle()
    for given in agent.given:
        agent.end(given)
    agent.line.sent.clear()
    await stage.settle()


def test_a_session_in_which_nothing_happens_is_closed_and_its_results_stay():
    async def story():
        async with opened() as stage:
            idling, client = told(stage), await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            (data,) = await client.data(b"kept")
            await client.call()
            await finish(stage, agent)
            await look(stage, idling)
            await look(stage, idling, 23 * HOURS)
            assert await states(client) == ["running"]
            await look(stage, idling, 2 * HOURS)
            assert await states(client) == ["closed"]
            assert await client.read(data) == b"kept"

    asyncio.run(story())


def test_without_an_age_none_is_closed():
    async def story():
        async with opened() as stage:
            idling, client = told(stage, None), await Client.begin(stage)
            await look(stage, idling, 999 * HOURS)
            await look(stage, idling, 999 * HOURS)
            assert await states(client) == ["running"]

    asyncio.run(story())


def test_whatever_happens_puts_it_off():
    async def story():
        async with opened() as stage:
            idling = told(stage)
            agent = FakeAgent(stage.plane)
            calling, bringing, promising, pausing = clients = [await Client.begin(stage) for _ in range(4)]
            (promised,) = await bringing.promise()
            await look(stage, idling)
            await look(stage, idling, 23 * HOURS)
            await calling.call()
            await finish(stage, agent)
            await bringing.put(promised)
            await promising.promise()
            await pausing.change("pause")
            await look(stage, idling)
            await pausing.change("resume")
            await look(stage, idling)
            await look(stage, idling, 23 * HOURS)
            assert await states(*clients) == ["running"] * 4
            await look(stage, idling, 2 * HOURS)
            assert await states(*clients) == ["closed"] * 4

    asyncio.run(story())


def test_a_session_with_work_to_come_or_that_is_paused_is_left_alone():
    async def story():
        async with opened() as stage:
            idling = told(stage)
            running, queued, waiting, paused = clients = [await Client.begin(stage) for _ in range(4)]
            agent = FakeAgent(stage.plane)
            await running.call()
            await stage.settle()
            agent.begin(agent.given[0])
            agent.lose()
            await queued.call()
            await waiting.call(needs=await waiting.promise())
            await paused.change("pause")
            for _ in range(3):
                await look(stage, idling, 48 * HOURS)
            assert await states(*clients) == ["running"] * 3 + ["paused"]

    asyncio.run(story())


def test_after_a_restart_rows_tell_what_was_last_and_clients_have_time_to_come_back():
    async def story():
        clock = ManualClock()
        async with opened(clock=clock) as stage:
            agent = FakeAgent(stage.plane)
            quiet, ended, brought = [await Client.begin(stage) for _ in range(3)]
            (promised,) = await brought.promise()
            await ended.call()
            await stage.settle()
            clock.advance(20 * HOURS)
            agent.end(agent.given[0])
            await brought.put(promised)
            await stage.settle()
            store = stage.plane.store
            texts = quiet.session, ended.session, brought.session
        clock.advance(20 * HOURS)
        async with opened(store, clock) as stage:
            idling, clients = told(stage), [Client(stage, text) for text in texts]
            await look(stage, idling)
            await look(stage, idling, HOURS // 2)
            assert await states(*clients) == ["running"] * 3
            await look(stage, idling, HOURS)
            assert await states(*clients) == ["closed", "running", "running"]
            await look(stage, idling, 4 * HOURS)
            assert await states(*clients) == ["closed"] * 3

    asyncio.run(story())


def test_what_happens_while_rows_are_read_counts():
    async def story():
        async with opened() as stage:
            idling, client = told(stage), await Client.begin(stage)
            await look(stage, idling)
            later = stage.plane.history.later

            async def meanwhile(read):
                found = await later(read)
                await client.promise()
                return found

            stage.plane.clock.advance(25 * HOURS)
            stage.plane.history.later = meanwhile
            await idling.close_idle()
            stage.plane.history.later = later
            assert (await client.now()).state is SessionState.RUNNING

    asyncio.run(story())
