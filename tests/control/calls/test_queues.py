import asyncio
import sys

import pytest
from calls.stage import opened
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.control.calls.commands import SessionChange
from portico.control.calls.queues import CHUNK, MOST_STALE, Bucket
from portico.domain.calls.states import CallState


def drained(bucket):
    return [bucket.take() for _ in range(bucket.size)]


@given(st.lists(st.one_of(st.integers(1, 50), st.just("take"), st.just("back")), max_size=60))
def test_a_bucket_is_first_in_first_out_with_returned_ones_first(steps):
    bucket, expected, returned, number = Bucket(), [], [], 0
    for step in steps:
        if step == "take":
            if expected:
                taken = bucket.take()
                assert taken == expected.pop(0)
                returned.append(taken)
        elif step == "back":
            if returned:
                back = returned.pop()
                bucket.put_back(back)
                expected.insert(0, back)
                expected.sort()
        else:
            numbers = list(range(number + 1, number + 1 + step))
            number += step
            bucket.put(numbers)
            expected += numbers
    assert list(bucket) == expected
    assert drained(bucket) == expected


def test_a_bucket_keeps_many_entries_in_order_and_in_few_bytes():
    bucket = Bucket()
    for start in range(0, 200_000, 700):
        bucket.put(range(start, min(start + 700, 200_000)))
    chunks = bucket._chunks
    assert sum(sys.getsizeof(chunk) for chunk in chunks) < 200_000 * 9
    assert drained(bucket) == list(range(200_000))


@settings(max_examples=30)
@given(st.integers(0, 3), st.lists(st.integers(0, 4 * CHUNK), max_size=30), st.integers(0, 2 * CHUNK))
def test_sweeping_drops_what_is_stale_and_keeps_the_order(modulus, returned, used):
    bucket = Bucket()
    bucket.put(range(1, 5 * CHUNK))
    taken = [bucket.take() for _ in range(used)]
    for number in sorted(set(returned) & set(taken)):
        bucket.put_back(number)
    before = list(bucket)

    def keep(number):
        return number % 4 <= modulus

    while bucket.sweep(keep, 1):
        pass
    after = list(bucket)
    assert len(after) == bucket.size
    assert [number for number in after if keep(number)] == [number for number in before if keep(number)]
    assert len(after) <= sum(map(keep, before)) + CHUNK + len(returned)
    assert drained(bucket) == after


def test_sweeping_goes_on_while_the_bucket_is_used():
    bucket = Bucket()
    bucket.put(range(10 * CHUNK))
    taken = []
    while bucket.sweep(lambda number: number % 2 == 0, 1):
        taken += [bucket.take() for _ in range(CHUNK // 2)]
    taken += drained(bucket)
    assert [number for number in taken if number % 2 == 0] == list(range(0, 10 * CHUNK, 2))


def take_all(stage, partition="default"):
    taken = []
    with stage.plane.begin() as tx:
        while number := stage.calls.queues.take(tx, partition):
            stage.book.move(tx, number, CallState.DISPATCHED)
            taken.append(number)
    return taken


def test_higher_priorities_come_first_and_equals_in_the_order_of_submission():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            low = stage.submit(session, 3, priority=1)
            high = stage.submit(session, 2, priority=100)
            middle = stage.submit(session, 2, priority=7)
            more = stage.submit(session, 1, priority=100)
            assert stage.calls.queues.depth("default") == 8
            assert take_all(stage) == [*high, *more, *middle, *low]
            assert stage.calls.queues.depth("default") == 0

    asyncio.run(story())


def test_each_partition_has_a_queue_of_its_own():
    async def story():
        async with opened() as stage:
            session = await stage.session("default", "second")
            here = stage.submit(session, 2)
            there = stage.submit(session, 1, partition="second")
            assert [stage.calls.queues.depth(name) for name in ("default", "second", "child")] == [2, 1, 0]
            assert take_all(stage, "second") == there
            assert take_all(stage) == here

    asyncio.run(story())


def test_the_depth_follows_calls_that_leave_the_queue_otherwise():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            calls = stage.submit(session, 5)
            await stage.cancel(calls[0], calls[3])
            assert stage.calls.queues.depth("default") == 3
            assert take_all(stage) == [calls[1], calls[2], calls[4]]

    asyncio.run(story())


def test_calls_of_a_paused_session_leave_and_come_back_once_to_their_old_places():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            other = await stage.session()
            first = stage.submit(session, 2)
            between = stage.submit(other, 1)
            last = stage.submit(session, 2)
            for _ in range(3):
                await stage.change(session, SessionChange.PAUSE)
                assert stage.calls.queues.depth("default") == 1
                await stage.change(session, SessionChange.RESUME)
                assert stage.calls.queues.depth("default") == 5
            assert stage.calls.queues["default"].size == 5
            assert take_all(stage) == [*first, *between, *last]

    asyncio.run(story())


def test_a_transaction_that_is_given_up_leaves_queue_and_depth_as_they_were():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            calls = stage.submit(session, 3)

            def give_up():
                with stage.plane.begin() as tx:
                    for _ in range(2):
                        number = stage.calls.queues.take(tx, "default")
                        stage.book.move(tx, number, CallState.DISPATCHED)
                    raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                give_up()
            assert stage.calls.queues.depth("default") == 3
            assert take_all(stage) == calls

    asyncio.run(story())


def test_stale_entries_are_swept_away_in_the_background():
    async def story():
        async with opened() as stage:
            session = await stage.session()
            gone = stage.submit(session, MOST_STALE + 2 * CHUNK)
            kept = stage.submit(session, 3)
            with stage.plane.begin() as tx:
                stage.book.move_many(tx, gone, CallState.CANCELLED)
            queue = stage.calls.queues["default"]
            assert queue.size == len(gone) + 3
            await stage.settle(60)
            assert queue.size < MOST_STALE
            assert not stage.calls.queues.queued[gone[-1]]
            assert take_all(stage) == kept

    asyncio.run(story())


def test_one_look_at_the_queue_passes_over_a_bounded_number_of_stale_entries(monkeypatch):
    monkeypatch.setattr("portico.control.calls.queues.MOST_LOOKS", 4)

    async def story():
        async with opened() as stage:
            session = await stage.session()
            gone = stage.submit(session, 6)
            kept = stage.submit(session, 1)
            with stage.plane.begin() as tx:
                stage.book.move_many(tx, gone, CallState.CANCELLED)
            with stage.plane.begin() as tx:
                assert stage.calls.queues.take(tx, "default") == 0
                assert stage.calls.queues.take(tx, "default") == kept[0]
                stage.book.move(tx, kept[0], CallState.DISPATCHED)

    asyncio.run(story())


def test_ears_hear_of_zero_and_of_large_changes_once_in_a_turn():
    async def story():
        async with opened() as stage:
            heard = []
            stage.calls.queues.ears.append(heard.append)
            session = await stage.session()
            stage.submit(session, 1)
            stage.submit(session, 1)
            await stage.settle()
            assert heard == ["default"]
            stage.submit(session, 3)
            await stage.settle()
            assert heard == ["default"]
            stage.submit(session, 20)
            await stage.settle()
            assert heard == ["default"] * 2
            take_all(stage)
            await stage.settle()
            assert heard == ["default"] * 3

    asyncio.run(story())
