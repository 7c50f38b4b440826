"""Streams with two directions: questions whether one is still there, and their answers."""

import pytest
from doors.titus.looking_stage import T0, job, task
from doors.titus.watching.stream_stage import FINISHED, QUERY, Requests, request, run, streaming

from portico.doors.titus import errors
from portico.doors.titus.extension.records import Status
from portico.doors.titus.watching.subscriptions import Subscription
from portico.wire.titus import base_pb2, job_api_pb2


def test_keep_alive_requests_are_answered_behind_the_snapshot_and_what_happened_before():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            requests = Requests(QUERY, request(1), request(2))
            watcher = stage.watch(stage.streams.keep_alive(requests))
            await stage.settle(30)
            assert watcher.told[:2] == ["job 1 Accepted", "end"]
            assert watcher.told[-1] == "alive 2"
            assert watcher.heard[-1].keepAliveResponse.timestamp == T0
            stage.writer.hold = True
            stage.change(one, status=Status("KillInitiated", "killed", "", T0))
            stage.writer.flush()
            requests.alive(3)
            await stage.settle(30)
            told = watcher.told
            assert told[told.index("job 1 KillInitiated") :] == ["job 1 KillInitiated", "alive 3"]

    run(story)


def test_keep_alive_streams_tell_what_is_archived_and_outlive_the_half_close():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            first = stage.put(task(1, one))
            requests = Requests(QUERY)
            watcher = stage.watch(stage.streams.keep_alive(requests))
            await stage.settle()
            requests.close()
            await stage.settle()
            stage.change(first, status=FINISHED, archived=True)
            stage.change(one, status=FINISHED)
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Finished",
                "task 1 Finished archived",
                "job 1 Finished",
                "job 1 Finished archived",
            ]
            assert not watcher.done

    run(story)


@pytest.mark.parametrize("first", [None, request(1), job_api_pb2.ObserveJobsWithKeepAliveRequest()])
def test_the_first_request_must_be_the_query(first):
    async def story():
        async with streaming() as stage:
            watcher = stage.watch(stage.streams.keep_alive(Requests(first)))
            await stage.settle()
            assert watcher.error.code.name == "INVALID_ARGUMENT"

    run(story)


def test_a_request_that_cannot_be_read_ends_its_own_stream_only():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            requests = Requests(QUERY)
            broken = stage.watch(stage.streams.keep_alive(requests))
            healthy = stage.watch(stage.streams.keep_alive(Requests(QUERY)))
            await stage.settle()
            requests.send(errors.invalid_argument("unreadable"))
            await stage.settle()
            assert "unreadable" in str(broken.error)
            stage.change(one, history=(FINISHED,))
            await stage.settle()
            assert healthy.since_snapshot() == ["job 1 Accepted"]

    run(story)


def test_a_flood_of_requests_takes_one_place_among_the_changes():
    async def story():
        async with streaming() as stage:
            stage.put(job(1))
            requests = Requests(QUERY)
            watcher = stage.watch(stage.streams.keep_alive(requests))
            await stage.settle()
            follower = stage.streams._follower
            (group,) = follower._groups
            (subscription,) = group.subscriptions
            for number in range(50_000):
                follower.ask(subscription, base_pb2.KeepAliveRequest(requestId=number))
            assert len(follower._watcher._queue) == 1
            await stage.settle(30)
            assert watcher.error is None
            assert watcher.told[-1] == "alive 49999"
            assert len(watcher.since_snapshot()) <= 2

    run(story)


def test_answers_without_news_between_them_take_each_others_place():
    async def story():
        subscription = Subscription(0)
        for message in (b"news", b"alive1"):
            subscription.send(message) if message == b"news" else subscription.answer(message)
        subscription.answer(b"alive2")
        subscription.send(b"more")
        subscription.answer(b"alive3")
        subscription.finish()
        assert [message async for message in subscription.messages()] == [b"news", b"alive2", b"more", b"alive3"]

    run(story)
