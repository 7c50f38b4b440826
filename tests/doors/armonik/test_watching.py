"""WatchResults of both services: states now, grouped, and as they change."""

import asyncio
import contextlib

import grpc
import pytest
from doors.armonik.serving import story, until

from portico.control.calls.commands import DeleteData, PutContent
from portico.control.calls.happenings import Change, Happening
from portico.domain.calls.states import ResultState
from portico.domain.calls.values import Content
from portico.doors.armonik import watching
from portico.doors.armonik.watching import watch_results
from portico.wire.armonik import results_pb2, submitter_pb2
from portico.wire.armonik.result_status_pb2 import ResultStatus

CREATED = ResultStatus.RESULT_STATUS_CREATED
COMPLETED = ResultStatus.RESULT_STATUS_COMPLETED
DELETED = ResultStatus.RESULT_STATUS_DELETED
NOT_FOUND = ResultStatus.RESULT_STATUS_NOTFOUND
FOREIGN = "00000000-0000-0000-0000-000000000000"
SERVICES = {"results": results_pb2.WatchResultRequest, "submitter": submitter_pb2.WatchResultRequest}


class Watcher:
    """Somebody who asks and listens."""

    def __init__(self, at, service):
        self.request = SERVICES[service]
        stub = at.results_rpc if service == "results" else at.submitter
        self.call = stub.WatchResults()
        self.heard = []
        self.error = None
        self.over = False
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            while (message := await self.call.read()) is not grpc.aio.EOF:
                self.heard.append((message.status, list(message.result_ids)))
            await self.call.code()
            self.over = True
        except grpc.aio.AioRpcError as error:
            self.error = error

    async def ask(self, ids, fetch=(), watch=()):
        await self.call.write(self.request(fetch_statuses=fetch, watch_statuses=watch, result_ids=ids))


@contextlib.asynccontextmanager
async def watching_results(at, service="results"):
    watcher = Watcher(at, service)
    try:
        yield watcher
    finally:
        watcher.call.cancel()
        await asyncio.gather(watcher.task, return_exceptions=True)


async def put(at, session, result):
    await at.plane.submit(PutContent(session, result, Content(1, b"x")))


@pytest.mark.parametrize("service", SERVICES)
def test_states_are_told_at_once_and_as_they_change(service):
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        one, two, done = at.texts(at.results(number, None, None, b"x"))
        await at.settle()
        async with watching_results(at, service) as watcher:
            every = [CREATED, COMPLETED, NOT_FOUND]
            await watcher.ask([done, one, FOREIGN, two, one], every, [COMPLETED])
            await until(lambda: len(watcher.heard) == 3)
            assert watcher.heard == [(CREATED, [one, two]), (COMPLETED, [done]), (NOT_FOUND, [FOREIGN])]
            await put(at, session, two)
            await until(lambda: len(watcher.heard) == 4)
            await at.plane.submit(DeleteData(session, (two, done)))
            await put(at, session, one)
            await until(lambda: len(watcher.heard) == 5)
            assert watcher.heard[3:] == [(COMPLETED, [two]), (COMPLETED, [one])]

    story(play)


def test_only_what_is_asked_for_is_told():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        one, two, three = at.texts(at.results(number, None, None, None))
        await at.settle()
        async with watching_results(at) as watcher:
            await watcher.ask([one, FOREIGN], fetch=[COMPLETED], watch=[DELETED])
            await watcher.ask([two], watch=[COMPLETED])
            await watcher.ask([three], fetch=[CREATED])
            await until(lambda: watcher.heard)
            await put(at, session, one)
            await put(at, session, three)
            await put(at, session, two)
            await at.plane.submit(DeleteData(session, (one, two, three)))
            await until(lambda: len(watcher.heard) == 3)
            assert watcher.heard == [(CREATED, [three]), (COMPLETED, [two]), (DELETED, [one])]

    story(play)


def test_a_request_without_statuses_means_all_of_them():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (one,) = at.texts(at.results(number, None))
        await at.settle()
        async with watching_results(at) as watcher:
            await watcher.ask([one, FOREIGN])
            await until(lambda: len(watcher.heard) == 2)
            await put(at, session, one)
            await until(lambda: len(watcher.heard) == 3)
            assert watcher.heard == [(CREATED, [one]), (NOT_FOUND, [FOREIGN]), (COMPLETED, [one])]

    story(play)


def test_the_last_request_about_a_result_counts():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        one, two = at.texts(at.results(number, None, None))
        await at.settle()
        async with watching_results(at) as watcher:
            await watcher.ask([one, two], watch=[COMPLETED])
            await watcher.ask([one], fetch=[CREATED])
            await until(lambda: watcher.heard)
            await put(at, session, one)
            await put(at, session, two)
            await until(lambda: len(watcher.heard) == 2)
            assert watcher.heard == [(CREATED, [one]), (COMPLETED, [two])]

    story(play)


def test_many_ids_are_told_in_several_messages(monkeypatch):
    monkeypatch.setattr(watching, "MOST_IDS", 4)
    monkeypatch.setattr(watching, "_SLICE", 3)

    async def play(at):
        number = await at.session()
        ids = at.texts(at.results(number, *[None] * 10))
        await at.settle()
        async with watching_results(at) as watcher:
            await watcher.ask(ids, fetch=[CREATED])
            await until(lambda: len(watcher.heard) == 3)
            assert watcher.heard == [(CREATED, ids[:4]), (CREATED, ids[4:8]), (CREATED, ids[8:])]

    story(play)


def test_a_stream_ends_when_nothing_more_can_be_told():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (one,) = at.texts(at.results(number, None))
        await at.settle()
        async with watching_results(at) as watcher:
            await watcher.ask([one], fetch=[CREATED])
            await watcher.call.done_writing()
            await until(lambda: watcher.over)
            assert watcher.heard == [(CREATED, [one])]
        async with watching_results(at) as watcher:
            await watcher.ask([one], watch=[COMPLETED])
            await watcher.call.done_writing()
            await until(lambda: at.calls.watching._results)
            await put(at, session, one)
            await until(lambda: watcher.heard)
            assert not watcher.over
        await until(lambda: not at.calls.watching._results)

    story(play)


def test_too_many_results_are_refused(monkeypatch):
    monkeypatch.setattr(watching, "MOST_WATCHED", 3)

    async def play(at):
        number = await at.session()
        ids = at.texts(at.results(number, *[None] * 4))
        async with watching_results(at) as watcher:
            await watcher.ask(ids[:3], watch=[COMPLETED])
            await watcher.ask(ids[1:3], watch=[DELETED])
            await watcher.ask(ids[3:], watch=[COMPLETED])
            await until(lambda: watcher.error)
            assert watcher.error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert watcher.error.details().startswith("result_ids: ")

    story(play)


def test_a_stopping_server_says_so():
    async def play(at):
        number = await at.session()
        ids = at.texts(at.results(number, None))
        async with watching_results(at) as watcher:
            await watcher.ask(ids, fetch=[CREATED], watch=[COMPLETED])
            await until(lambda: watcher.heard)
            at.calls.watching.close_all()
            await until(lambda: watcher.error)
            assert watcher.error.code() is grpc.StatusCode.UNAVAILABLE

    story(play)


def test_news_of_one_result_leave_in_order():
    async def play(at):
        number = await at.session()
        first, second = at.results(number, None, None)
        one, two = at.texts([first, second])
        watch = watching._Watch(at.plane)
        watch._want([one, two], frozenset({COMPLETED, DELETED}))

        def news(*changes):
            told = [Happening(Change.RESULT_STATE, number, result, int(state)) for result, state in changes]
            return [(status, list(ids)) for status, ids in watch.news(told)]

        done, gone = ResultState.COMPLETED, ResultState.DELETED
        assert news((first, done), (second, gone), (first, gone), (first, done)) == [
            (COMPLETED, [one]),
            (DELETED, [two]),
            (DELETED, [one]),
            (COMPLETED, [one]),
        ]
        assert news((first, done), (second, done)) == [(COMPLETED, [one, two])]
        assert news((first, ResultState.CREATED)) == []
        owner = Happening(Change.RESULT_OWNER, number, first, int(done))
        assert not list(watch.news([owner]))
        watch.subscription.close()

    story(play)


def test_a_stream_that_is_left_leaves_nothing():
    async def play(at):
        async def requests():
            yield results_pb2.WatchResultRequest(result_ids=at.texts(at.results(number, None)))
            await asyncio.get_running_loop().create_future()

        number = await at.session()
        stream = watch_results(at.plane, requests())
        assert (await anext(stream))[0] == CREATED
        assert at.calls.watching._results
        await stream.aclose()
        assert not at.calls.watching._results

    story(play)
