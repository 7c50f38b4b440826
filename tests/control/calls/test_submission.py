from __future__ import annotations

import asyncio

import pytest
from calls.customer import OPTIONS, Client
from calls.stage import opened

from portico.control.calls.commands import CallRequest, CreateResults, CreateSession, SubmitCalls
from portico.control.calls.options import merge
from portico.control.calls.queries import GetCall, GetResult
from portico.domain.calls.states import CallState
from portico.domain.calls.values import CallOptions, OptionsPatch, ResultDraft
from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.identity import SECOND


def test_a_call_whose_payload_is_there_is_queued_at_once():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            call, (output,) = await client.call(outputs=1)
            found = await stage.plane.ask(GetCall(call))
            assert (found.state, found.submitted_at, found.error) == (CallState.SUBMITTED, found.created_at, None)
            assert found.links.parents == (client.session,)
            assert (found.initial, found.created_by) == (call, "")
            assert (await stage.plane.ask(GetResult(output))).owner == call
            assert stage.calls.queues.depth("default") == 1

    asyncio.run(story())


def test_a_call_waits_for_its_payload_and_for_each_thing_it_needs_once():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            payload, need = await client.promise(2)
            call, _ = await client.call(payload, needs=(need, need, payload))
            assert await client.state(call) == "pending"
            await client.put(need)
            assert await client.state(call) == "pending"
            await client.put(payload)
            assert await client.state(call) == "submitted"
            assert stage.calls.queues.depth("default") == 1
            assert not stage.book.waiting

    asyncio.run(story())


def test_in_a_paused_session_calls_are_paused_when_they_could_begin():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            await client.change("pause")
            ready, _ = await client.call()
            (payload,) = await client.promise()
            late, _ = await client.call(payload)
            assert await client.states(ready, late) == ["paused", "pending"]
            await client.put(payload)
            assert await client.state(late) == "paused"
            assert stage.calls.queues.depth("default") == 0

    asyncio.run(story())


def test_an_output_keeps_its_owner_and_the_last_of_one_submission_has_it():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            first, (output,) = await client.call(outputs=1)
            (payload,) = await client.data(b"p")
            (other,) = await client.promise()
            _, last = await client.submit(CallRequest(payload, (output, other)), CallRequest(payload, (other,)))
            assert (await stage.plane.ask(GetResult(output))).owner == first
            assert (await stage.plane.ask(GetResult(other))).owner == last

    asyncio.run(story())


def test_all_or_nothing_and_nothing_is_left_behind():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            (output, awaited) = await client.promise(2)
            good = CallRequest(payload, (output,), (awaited,))
            lost = CallRequest(stage.calls.result_text(10**9), ())
            with pytest.raises(NotFound, match="Result was not found"):
                await client.submit(*[good] * 600, lost)
            assert sum(stage.book.tallies[1]) == 0
            assert stage.calls.queues.depth("default") == 0
            assert not stage.book.waiting
            assert (await stage.plane.ask(GetResult(output))).owner == ""
            (again,) = await client.submit(good)
            assert await client.state(again) == "pending"

    asyncio.run(story())


def test_a_request_that_fails_late_is_undone_wholly(monkeypatch):
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            (output, awaited) = await client.promise(2)
            ready, waits = CallRequest(payload, (output,)), CallRequest(payload, (), (awaited,))
            with monkeypatch.context() as patch:
                patch.setattr(stage.calls.queues, "put_many", _fail)
                with pytest.raises(ZeroDivisionError):
                    await client.submit(ready, waits)
            assert sum(stage.book.tallies[1]) == 0
            assert not stage.book.waiting
            assert stage.book.result_owner[client.result_number(output)] == 0
            call, late = await client.submit(ready, waits)
            assert (await stage.plane.ask(GetResult(output))).owner == call
            await client.put(awaited)
            assert await client.states(call, late) == ["submitted", "submitted"]

    asyncio.run(story())


def _fail(*_args, **_more):
    raise ZeroDivisionError


def test_errors_come_in_the_promised_order():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            (gone, promised) = await client.promise(2)
            await client.delete_data(gone)
            unknown = "0" * 36
            bad_partition = OptionsPatch(priority=101, partition="second")
            bad_priority = OptionsPatch(priority=101)
            with pytest.raises(NotFound, match=f"Session was not found: {unknown}"):
                await stage.plane.submit(SubmitCalls(unknown, (CallRequest(unknown, ()),)))
            with pytest.raises(Invalid, match="second"):
                await client.submit(
                    CallRequest(unknown, (), (), bad_priority), CallRequest(payload, (), (), bad_partition)
                )
            with pytest.raises(Invalid, match="Max priority is 100"):
                await client.submit(CallRequest(unknown, (), (), bad_priority))
            with pytest.raises(NotFound, match=f"Result was not found: {unknown}"):
                await client.submit(CallRequest(unknown, ()))
            with pytest.raises(Conflict, match=f"Result status is invalid: {gone} is deleted"):
                await client.submit(CallRequest(payload, (), (gone,)))
            with pytest.raises(NotFound, match="Result was not found"):
                await client.submit(CallRequest(payload, (unknown,)))
            with pytest.raises(Invalid):
                await client.submit()
            await client.change("close")
            with pytest.raises(Conflict, match="Submission for the session is closed: Client submission is closed"):
                await client.submit(CallRequest(unknown, (promised,)))

    asyncio.run(story())


def test_results_of_another_session_are_not_found():
    async def story():
        async with opened() as stage:
            mine, other = await Client.begin(stage), await Client.begin(stage)
            (foreign,) = await other.data(b"p")
            (payload,) = await mine.data(b"p")
            for request in (
                CallRequest(foreign, ()),
                CallRequest(payload, (foreign,)),
                CallRequest(payload, (), (foreign,)),
            ):
                with pytest.raises(NotFound, match=foreign):
                    await mine.submit(request)

    asyncio.run(story())


def test_results_are_refused_in_sessions_that_never_were_or_are_gone():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            await client.change("delete")
            for session in (client.session, stage.calls.session_text(99), "nonsense"):
                with pytest.raises(NotFound, match=f"Session was not found: {session}"):
                    await stage.plane.submit(CreateResults(session, (ResultDraft("r"),)))

    asyncio.run(story())


def test_options_are_merged_and_stored_once_for_each_session():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage, options={"a": "1", "b": "1"}, application_name="app")
            (payload,) = await client.data(b"p")
            patches = [None, OptionsPatch(priority=7, options={"b": "2"}), OptionsPatch(priority=7, options={"b": "2"})]
            calls = await client.submit(
                *[CallRequest(payload, (), (), patch) for patch in patches],
                options=OptionsPatch(priority=0, engine="e"),
            )
            plain, one, two = [(await stage.plane.ask(GetCall(call))).options for call in calls]
            assert (plain.priority, plain.engine, plain.options) == (0, "e", {"a": "1", "b": "1"})
            assert one == two
            assert (one.priority, one.engine, one.application_name, one.options) == (
                7,
                "e",
                "app",
                {"a": "1", "b": "2"},
            )
            assert len({stage.book.options[client.number(call)] for call in calls}) == 2
            (again,) = await client.submit(CallRequest(payload, (), (), patches[1]), options=OptionsPatch(engine="e"))
            assert stage.book.options[client.number(again)] == stage.book.options[client.number(calls[1])]

    asyncio.run(story())


def test_empty_and_zero_inherit_but_for_the_priority():
    merged = merge(OPTIONS, OptionsPatch())
    assert merged == CallOptions(60 * SECOND, 2, 0, "default")
    assert merge(OPTIONS, None) is OPTIONS
    assert merge(OPTIONS, OptionsPatch(max_duration=1, max_retries=9, partition="p")).max_retries == 9


def test_sessions_name_partitions_that_exist_each_once():
    async def story():
        async with opened() as stage:
            with pytest.raises(NotFound, match="Partition was not found: nowhere"):
                await stage.plane.submit(CreateSession(("nowhere",), OPTIONS))
            with pytest.raises(Invalid):
                await stage.plane.submit(CreateSession(("default", "default"), OPTIONS))
            made = await stage.plane.submit(CreateSession((), CallOptions(60 * SECOND, 2, 1, "")))
            assert (made.partitions, made.defaults.partition) == (("default",), "default")

    asyncio.run(story())


def test_queue_order_is_by_priority_then_by_age():
    async def story():
        async with opened() as stage:
            client = await Client.begin(stage)
            (payload,) = await client.data(b"p")
            patches = [OptionsPatch(priority=priority) for priority in (1, 5, 1, 5, 100)]
            calls = await client.submit(*[CallRequest(payload, (), (), patch) for patch in patches])
            with stage.plane.begin() as tx:
                taken = [stage.calls.queues.take(tx, "default") for _ in calls]
            assert taken == [client.number(calls[place]) for place in (4, 1, 3, 0, 2)]

    asyncio.run(story())
