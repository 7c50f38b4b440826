from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from calls.customer import Client, clear
from calls.stage import FakeAgent, opened
from harness import CountingIds, ManualClock

from portico.control.calls import endings, results
from portico.control.calls.commands import CallRequest
from portico.control.calls.queries import CountByState, GetCall
from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, SessionState
from portico.domain.calls.values import Content
from portico.store.memory import MemoryStore
from portico.store.sqlite import SqliteStore

TABLES = [table.table for table in CORE_TABLES]


class Disk:
    """A store that can lose its server."""

    def __init__(self, kind, folder):
        self.path = folder / "calls.db" if kind == "sqlite" else None
        self.clock = ManualClock()
        self.store = self._open() if self.path else MemoryStore(TABLES, CALL_SHEETS)

    def _open(self):
        return SqliteStore(self.path, TABLES, sheets=CALL_SHEETS)

    def crash(self):
        if self.path:
            self.store.close()
            self.store = self._open()
        else:
            self.store = self.store.crash()

    @asynccontextmanager
    async def server(self):
        async with opened(self.store, self.clock) as stage:
            yield stage
            stage.plane.writer.hold = True
            await stage.settle(3)
            stage.plane.history.close()
        self.crash()


@pytest.fixture(params=["memory", "sqlite"])
def disk(request, tmp_path):
    disk = Disk(request.param, tmp_path)
    yield disk
    disk.store.close()


def test_everything_is_found_again(disk):
    async def story():
        async with disk.server() as stage:
            client = await Client.begin(stage, options={"k": "v"})
            agent = FakeAgent(stage.plane)
            failed, (kept,) = await client.call(outputs=1)
            await stage.settle()
            with stage.plane.begin() as tx:
                endings.retry(stage.plane, tx, client.number(failed), "oops")
            await stage.settle()
            (payload,) = await client.promise()
            pending, _ = await client.call(payload, outputs=1, needs=(kept,))
            calls, _ = await client.calls(5)
            await stage.settle()
            before = _picture(stage)
            assert agent.numbers
        async with disk.server() as stage:
            assert _picture(stage) == before
            client = Client(stage, client.session)
            (again,) = await client.data(b"x")
            assert client.result_number(again) > client.result_number(payload)
            assert stage.book.find(f"{failed}###1") == client.number(f"{failed}###1")
            await client.put(payload)
            with stage.plane.begin() as tx:
                results.complete(stage.plane, tx, client.result_number(kept), Content(0, b""))
            await stage.settle()
            assert await client.state(pending) == "submitted"
            assert (await stage.plane.ask(GetCall(calls[0]))).options.options == {"k": "v"}

    asyncio.run(story())


def _picture(stage):
    book = stage.book
    queue = stage.calls.queues["default"]
    live = [n for n in range(1, 100) if book.is_live(n)]
    return {
        "sessions": dict(book.sessions),
        "tallies": {n: list(tally) for n, tally in book.tallies.items()},
        "result_tallies": {n: list(tally) for n, tally in book.result_tallies.items()},
        "calls": {
            n: (
                book.state[n],
                book.session[n],
                book.options[n],
                book.payload[n],
                book.links[n],
                book.text(n),
                book.missing[n],
            )
            for n in live
        },
        "results": {
            n: (book.result_state[n], book.result_session[n], book.result_owner[n])
            for n in range(1, 100)
            if book.result_state[n]
        },
        "waiting": {result: sorted(calls) for result, calls in book.waiting.items()},
        "aliases": dict(book.aliases),
        "depth": queue.depth,
        "salt": stage.calls.naming.salt,
    }


def test_numbers_that_were_given_out_are_never_given_again(disk):
    async def story():
        seen = set()
        for _ in range(3):
            async with disk.server() as stage:
                drawn = [stage.book.draw(kind, 3) for kind in (Kind.CALL, Kind.RESULT, Kind.SESSION)]
                await stage.settle()
                assert not seen & {(place, first + n) for place, first in enumerate(drawn) for n in range(3)}
                seen |= {(place, first + n) for place, first in enumerate(drawn) for n in range(3)}

    asyncio.run(story())


def test_a_number_is_covered_by_its_record_before_it_can_leave(disk):
    async def story():
        async with disk.server() as stage:
            await stage.settle()
            stage.plane.writer.hold = True
            revision = stage.plane.committer.revision
            first = stage.book.draw(Kind.CALL, 10**6)
            assert stage.plane.committer.revision > revision
            stage.plane.writer.hold = False
            stage.plane.writer.flush()
        async with disk.server() as stage:
            assert stage.book.draw(Kind.CALL, 1) >= first + 10**6

    asyncio.run(story())


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8, 20])
@pytest.mark.parametrize("change", ["cancel", "delete", "purge", "pause", "resume"])
def test_what_was_decided_about_a_session_is_carried_out_after_a_crash(tmp_path, change, turns):
    async def story():
        disk = Disk("memory", tmp_path)
        async with disk.server() as stage:
            client = await Client.begin(stage)
            calls, outputs = await client.calls(1600)
            if change == "resume":
                await client.change("pause")
                await clear(stage)
            if change == "purge":
                await client.change("close")
            await client.change(change)
            await stage.settle(turns)
        async with disk.server() as stage:
            client = Client(stage, client.session)
            await clear(stage)
            counts = await stage.plane.ask(CountByState())
            if change == "delete":
                assert counts == {}
                assert stage.book.sessions == {}
            else:
                wanted = {"cancel": CallState.CANCELLED, "purge": CallState.CANCELLED, "pause": CallState.PAUSED}
                assert counts == {wanted.get(change, CallState.SUBMITTED): 1600}
                result = await client.result(outputs[-1])
                assert result == ("aborted" if change in {"cancel", "purge"} else "created")
                assert stage.calls.queues.depth("default") == (1600 if change == "resume" else 0)
                assert stage.book.clearing == {}
                assert await client.state(calls[-1]) == str(next(iter(counts)))
        disk.store.close()

    asyncio.run(story())


@pytest.mark.parametrize("good", [True, False])
def test_those_that_were_to_go_on_or_to_fail_do_so_after_a_crash(disk, good):
    async def story():
        async with disk.server() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.promise()
            outputs = await client.promise(1200)
            calls = await client.submit(*[CallRequest(payload, (output,)) for output in outputs])
            last, _ = await client.call(needs=(outputs[-1],))
            with stage.plane.begin() as tx:
                if good:
                    results.complete(stage.plane, tx, client.result_number(payload), Content(1, b"x"))
                else:
                    results.abort(stage.plane, tx, [client.result_number(payload)])
            stage.plane.writer.flush()
            stage.plane.writer.hold = True
        async with disk.server() as stage:
            client = Client(stage, client.session)
            await clear(stage)
            state = "submitted" if good else "error"
            assert await client.states(calls[0], calls[700], calls[-1]) == [state] * 3
            assert await client.state(last) == ("pending" if good else "error")

    asyncio.run(story())


def test_closed_and_paused_sessions_are_found_as_they_were(disk):
    async def story():
        async with disk.server() as stage:
            clients = [await Client.begin(stage) for _ in range(3)]
            await clients[0].change("pause")
            await clients[1].change("close")
            await clients[2].change("delete")
            await clear(stage)
        async with disk.server() as stage:
            assert [session.state for session in stage.book.sessions.values()] == [
                SessionState.PAUSED,
                SessionState.CLOSED,
            ]
            with pytest.raises(Exception, match="submission is closed"):
                await Client(stage, clients[1].session).call()

    asyncio.run(story())


def test_the_salt_is_of_the_data_directory():
    salts = set()
    for count in range(2):
        ids = CountingIds()
        for _ in range(count):
            ids.fresh()
        plane = Plane(MemoryStore(TABLES, CALL_SHEETS), ManualClock(), ids, secret="s", reading_threads=0)
        plane.load()
        salts.add(plane.calls.naming.salt)
        plane.close()
    assert len(salts) == 2
