"""Streams of events over time: many listeners, slow ones, those who leave, and the end of the server."""

import asyncio

import grpc
import pytest
from calls.stage import PARTITIONS, Stage
from doors.armonik.listening import NEW_RESULT, Listener, listening
from doors.armonik.serving import read_all, story, until
from harness import make_plane

from portico.control.calls import watching as core_watching
from portico.control.calls.commands import SessionChange
from portico.domain.errors import Exhausted
from portico.doors.armonik.events import Events
from portico.wire.armonik.events_pb2 import EventSubscriptionRequest

THOUSANDS, BATCH = 2_000, 250


def test_a_listener_who_does_not_read_is_cut_off_and_others_are_not(monkeypatch):
    original = core_watching.Subscription.__init__
    monkeypatch.setattr(
        core_watching.Subscription, "__init__", lambda self, places, limit=50: original(self, places, limit)
    )

    async def play():
        plane = make_plane()
        plane.calls.partitions = dict(PARTITIONS)
        plane.start([], [])
        at = Stage(plane)
        number = await at.session()
        request = EventSubscriptionRequest(session_id=at.calls.session_text(number), returned_events=[NEW_RESULT])
        service = Events(plane)
        slow, quick = service.GetEvents(request, None), service.GetEvents(request, None)
        reading = [asyncio.ensure_future(anext(slow)), asyncio.ensure_future(anext(quick))]
        await at.settle()
        heard = []
        at.results(number, None)
        await at.settle()
        heard.append(await reading[1])
        await reading[0]
        for _ in range(20):
            at.results(number, *[None] * 10)
            heard += [await anext(quick) for _ in range(10)]
        with pytest.raises(Exhausted):
            await read_all(slow)
        assert len(heard) == 201
        await quick.aclose()
        await slow.aclose()
        assert not plane.calls.watching._sessions

    asyncio.run(play())


def test_thousands_hear_the_same():
    async def play(at):
        number = await at.session()
        request = EventSubscriptionRequest(session_id=at.calls.session_text(number), returned_events=[NEW_RESULT])
        at.results(number, None)
        await at.settle()
        listeners = []
        for _ in range(0, THOUSANDS, BATCH):
            batch = [Listener(at.events_rpc.GetEvents(request)) for _ in range(BATCH)]
            await until(lambda batch=batch: all(one.heard or one.error for one in batch))
            listeners += batch
        at.results(number, None, None)
        await until(lambda: all(len(one.heard) == 3 or one.error for one in listeners))
        assert not [one.error for one in listeners if one.error]
        assert {tuple(one.told) for one in listeners} == {tuple(listeners[0].told)}
        for one in listeners:
            one.call.cancel()
        await asyncio.gather(*(one.task for one in listeners), return_exceptions=True)
        await until(lambda: not at.calls.watching._sessions)

    story(play)


def test_who_leaves_is_forgotten():
    async def play(at):
        session = await at.session_text()
        async with listening(at, session):
            assert at.calls.watching._sessions
        await until(lambda: not at.calls.watching._sessions)

    story(play)


def test_a_stopping_server_says_so():
    async def play(at):
        session = await at.session_text()
        async with listening(at, session) as listener:
            at.calls.watching.close_all()
            await listener.task
            assert listener.error.code() is grpc.StatusCode.UNAVAILABLE

    story(play)


def test_a_deleted_session_brings_its_streams_to_no_harm():
    async def play(at):
        number = await at.session()
        at.submit(number, 3, outputs=1)
        await at.settle()
        async with listening(at, at.calls.session_text(number)) as listener:
            await until(lambda: len(listener.heard) == 9)
            await at.change(number, SessionChange.DELETE)
            await at.settle(50)
            await asyncio.sleep(0.02)
            assert listener.error is None

    story(play)
