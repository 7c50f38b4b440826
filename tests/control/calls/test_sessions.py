from __future__ import annotations

import asyncio

import pytest
from calls.customer import Client, clear
from calls.stage import FakeAgent, opened

from portico.control.calls.commands import CallRequest, ChangeSession, PutContent, SessionChange, StopSubmission
from portico.control.calls.core import CallSettings
from portico.control.calls.queries import CountByState, GetSession, ListCalls, ListResults, ListSessions
from portico.control.calls.retention import delete_old
from portico.control.calls.sheets import CALL_SHEETS, CALLS, RESULTS, SESSIONS
from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import SESSION_LIFE, CallState, SessionState
from portico.domain.calls.values import SMALL
from portico.domain.errors import Conflict, NotFound
from portico.domain.identity import DAY
from portico.store.sheets import SheetQuery

_CHANGES = {
    SessionState.PAUSED: "pause",
    SessionState.RUNNING: "resume",
    SessionState.CLOSED: "close",
    SessionState.CANCELLED: "cancel",
    SessionState.PURGED: "purge",
    SessionState.DELETED: "delete",
}
_WAYS = {
    SessionState.RUNNING: (),
    SessionState.PAUSED: ("pause",),
    SessionState.CLOSED: ("close",),
    SessionState.CANCELLED: ("cancel",),
    SessionState.PURGED: ("close", "purge"),
}


@pytest.mark.parametrize("target", _CHANGES)
@pytest.mark.parametrize("before", _WAYS)
def test_each_change_is_allowed_from_where_the_table_says(before, target):
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            for change in _WAYS[before]:
                await client.change(change)
            allowed = (before, target) in SESSION_LIFE.edges or before is target is SessionState.RUNNING
            if allowed:
                assert (await client.change(_CHANGES[target])).state is target
            else:
                with pytest.raises(Conflict, match="The session transition is invalid"):
                    await client.change(_CHANGES[target])
                assert (await client.now()).state is before

    asyncio.run(story())


def test_times_and_submissions_of_a_session():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            begun = (await client.now()).created_at
            stage.plane.clock.advance(5)
            await client.change("close")
            stage.plane.clock.advance(5)
            await client.change("cancel")
            await client.change("purge")
            found = await client.now()
            assert (found.closed_at - begun, found.cancelled_at - begun, found.purged_at - begun) == (
                5_000_000,
                10_000_000,
                10_000_000,
            )
            assert found.duration == 5_000_000
            assert (found.client_submission, found.worker_submission) == (False, False)
            assert (await stage.plane.ask(ListSessions(SheetQuery(SESSIONS.name)))).sessions == (found,)

    asyncio.run(story())


def test_submission_can_be_stopped_for_either_side():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            same = await stage.plane.submit(StopSubmission(client.session))
            assert (same.client_submission, same.worker_submission) == (True, True)
            stopped = await stage.plane.submit(StopSubmission(client.session, worker=True))
            assert (stopped.client_submission, stopped.worker_submission) == (True, False)
            await client.call()
            await stage.plane.submit(StopSubmission(client.session, client=True))
            with pytest.raises(Conflict, match="Client submission is closed"):
                await client.call()
            assert (await client.now()).state is SessionState.RUNNING

    asyncio.run(story())


def test_an_unknown_session_is_not_found_but_may_be_deleted():
    async def story():
        async with opened() as stage:
            unknown = stage.calls.session_text(77)
            for change in set(SessionChange) - {SessionChange.DELETE}:
                with pytest.raises(NotFound, match=f"Session was not found: {unknown}"):
                    await stage.plane.submit(ChangeSession(unknown, change))
            deleted = await stage.plane.submit(ChangeSession(unknown, SessionChange.DELETE))
            assert (deleted.state, deleted.deleted_at) == (SessionState.DELETED, stage.plane.clock.now())

    asyncio.run(story())


def test_what_is_queued_is_paused_and_goes_on_in_its_order():
    async def story():
        async with opened() as stage:
            client, other = await Client.begin(stage), await Client.begin(stage)
            calls, _ = await client.calls(1100)
            theirs, _ = await other.calls(3)
            await client.change("pause")
            agent = FakeAgent(stage.plane)
            await clear(stage)
            assert stage.book.tallies[1][CallState.PAUSED] == 1100
            assert set(agent.numbers) <= {other.number(call) for call in theirs}
            assert agent.numbers
            await client.change("resume")
            await clear(stage)
            assert stage.book.tallies[1][CallState.PAUSED] == 0
            assert stage.calls.queues.depth("default") + len(agent.numbers) == 1103
            assert (await client.states(calls[0], calls[-1])) == ["submitted", "submitted"]

    asyncio.run(story())


def test_a_pause_ordered_and_taken_back_at_once_leaves_nothing_paused():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            await client.calls(1300)
            for _ in range(3):
                await client.change("pause")
                await stage.settle(1)
                await client.change("resume")
            await clear(stage)
            assert stage.calls.queues.depth("default") == stage.book.tallies[1][CallState.SUBMITTED] == 1300

    asyncio.run(story())


def test_cancelling_a_session_cancels_all_of_it():
    async def story():
        async with opened() as stage:
            client, other = await Client.begin(stage), await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            running, (mine,) = await client.call(outputs=1)
            await stage.settle()
            agent.begin(agent.given[0])
            calls, outputs = await client.calls(1200)
            (payload,) = await client.promise()
            pending, _ = await client.call(payload, needs=(outputs[0],))
            theirs, (kept,) = await other.call(outputs=1)
            session = await client.change("cancel")
            assert (session.state, (await client.now()).state) == (SessionState.CANCELLED,) * 2
            await clear(stage)
            assert await client.states(calls[9], calls[-1], pending, running) == ["cancelled"] * 3 + ["cancelling"]
            assert {await client.result(result) for result in (mine, payload, *outputs[::400])} == {"aborted"}
            assert await other.state(theirs) in {"submitted", "dispatched"}
            assert await other.result(kept) == "created"
            assert client.number(running) in agent.withdrawn
            for given in agent.given:
                if given.call in agent.withdrawn:
                    agent.end(given, Verdict.CANCELLED)
            await stage.settle()
            assert await client.state(running) == "cancelled"
            counts = await stage.plane.ask(CountByState((client.session,)))
            assert counts == {CallState.CANCELLED: stage.book.tallies[1][CallState.CANCELLED]}
            assert stage.book.clearing == {}

    asyncio.run(story())


def test_closing_a_paused_session_leaves_nobody_waiting_for_ever():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            await client.change("pause")
            call, (output,) = await client.call(outputs=1)
            after, _ = await client.call(output)
            await client.change("close")
            await clear(stage)
            assert await client.states(call, after) == ["cancelled", "error"]
            assert await client.result(output) == "aborted"

    asyncio.run(story())


def test_purging_lets_go_of_data_but_for_what_clients_delete_themselves():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            small, other = await client.data(b"small", b"other")
            (kept,) = await client.promise(manual_deletion=True)
            await client.put(kept, b"kept")
            upload = stage.calls.objects.open()
            await upload.write(b"x" * (SMALL + 1))
            (large,) = await client.promise()
            content = await upload.finish()
            await stage.plane.submit(_put(client, large, content))
            assert (await client.read(large, offset=SMALL - 1)) == b"xx"
            await client.data(*[b"many"] * 1200)
            await client.promise()
            await client.change("close")
            await client.change("purge")
            await clear(stage)
            states = [await client.result(result) for result in (small, other, large, kept)]
            assert states == ["deleted", "deleted", "deleted", "completed"]
            assert await client.read(kept) == b"kept"
            with pytest.raises(NotFound, match=f"Result data was not found: {small}"):
                await client.read(small)
            assert _rows(stage, "result_data") == 1
            assert stage.calls.objects.data == {}
            listed = await stage.plane.ask(ListResults(SheetQuery(RESULTS.name)))
            assert {str(result.state) for result in listed.results} == {"deleted", "completed", "aborted"}

    asyncio.run(story())


def test_naming_what_clients_delete_themselves_does_not_delete_it():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (loose,) = await client.data(b"loose")
            (kept,) = await client.promise(manual_deletion=True)
            await client.put(kept, b"kept")
            await client.delete_data(loose, kept)
            assert [await client.result(result) for result in (loose, kept)] == ["deleted", "completed"]
            assert await client.read(kept) == b"kept"

    asyncio.run(story())


def _put(client, result, content):
    return PutContent(client.session, result, content)


def _rows(stage, sheet):
    return stage.plane.history.now(lambda reader: reader.count_rows(SheetQuery(sheet)))


def test_a_deleted_session_is_gone_at_once_and_its_rows_soon():
    async def story():
        async with opened() as stage:
            client, other = await Client.begin(stage), await Client.begin(stage)
            agent = FakeAgent(stage.plane)
            running, _ = await client.call(outputs=1)
            await stage.settle()
            agent.begin(agent.given[0])
            await client.calls(1200)
            await other.call(outputs=1)
            upload = stage.calls.objects.open()
            await upload.write(b"y" * (SMALL + 1))
            (large,) = await client.promise()
            await stage.plane.submit(_put(client, large, await upload.finish()))
            assert (await client.change("delete")).state is SessionState.DELETED
            with pytest.raises(NotFound, match="Session was not found"):
                await client.now()
            assert len((await stage.plane.ask(ListSessions(SheetQuery(SESSIONS.name)))).sessions) == 1
            assert (await stage.plane.ask(ListCalls(SheetQuery(CALLS.name)))).total == 1
            assert (await stage.plane.ask(ListResults(SheetQuery(RESULTS.name)))).total == 2
            assert sum((await stage.plane.ask(CountByState())).values()) == 1
            with pytest.raises(NotFound, match="Task was not found"):
                await client.state(running)
            await clear(stage)
            assert agent.withdrawn
            assert _rows(stage, "results") == 2
            agent.end(agent.given[0], Verdict.CANCELLED)
            await stage.settle()
            for given in agent.given[1:]:
                if given.call in agent.withdrawn:
                    agent.end(given, Verdict.CANCELLED)
            await clear(stage)
            assert {sheet.name: _rows(stage, sheet.name) for sheet in CALL_SHEETS} == {
                "call_sessions": 1,
                "calls": 1,
                "results": 2,
                "result_data": 1,
                "call_options": 1,
            }
            assert stage.calls.objects.data == {}
            assert set(stage.book.sessions) == set(stage.book.tallies) == {2}
            assert (await client.change("delete")).state is SessionState.DELETED

    asyncio.run(story())


def test_sessions_that_are_over_are_kept_for_a_while():
    async def story():
        async with opened() as stage:
            stage.calls.settings = CallSettings(sessions_age=DAY)
            old, young, used, running = [await Client.begin(stage) for _ in range(4)]
            call, _ = await used.call()
            FakeAgent(stage.plane)
            await stage.settle()
            assert await used.state(call) == "dispatched"
            for client in (old, used):
                await client.change("close")
            stage.plane.clock.advance(86_401)
            await young.change("close")
            await delete_old(stage.plane)
            await clear(stage)
            assert set(stage.book.sessions) == {2, 3, 4}
            assert (await running.now()).state is SessionState.RUNNING
            stage.calls.settings = CallSettings(sessions_count=0)
            await delete_old(stage.plane)
            await clear(stage)
            assert set(stage.book.sessions) == {3, 4}

    asyncio.run(story())


def test_a_large_submission_does_not_outrun_the_deletion_of_its_session():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            submitting = asyncio.ensure_future(client.submit(*[CallRequest(payload, ())] * 1000))
            await asyncio.sleep(0)
            await client.change("delete")
            with pytest.raises((Conflict, NotFound)):
                await submitting
            await clear(stage)
            assert _rows(stage, "calls") == 0
            with pytest.raises(NotFound):
                await stage.plane.ask(GetSession(client.session))

    asyncio.run(story())
