"""Blocks of numbers: each number once, increasing, and asked for ahead."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from portico.domain.calls.frames import Numbers
from portico.domain.calls.naming import Kind
from portico.doors.armonik.outpost.numbers import FIRST_BLOCK, NumberBlocks


class Source:
    """Gives blocks with holes between them, when told to."""

    def __init__(self):
        self.asked = []
        self.next = 1
        self.blocks = NumberBlocks(Kind.CALL, lambda _, count: self.asked.append(count))

    def give(self):
        for count in self.asked:
            self.blocks.add(Numbers(Kind.CALL, self.next, count))
            self.next += count + 7
        self.asked.clear()

    async def take(self, count):
        taking = asyncio.ensure_future(self.blocks.take(count))
        await asyncio.sleep(0)
        while not taking.done():
            self.give()
            await asyncio.sleep(0)
        return taking.result()


@given(st.lists(st.integers(0, 500), max_size=20))
def test_each_number_is_given_once_and_they_increase(counts):
    async def scene():
        source = Source()
        taken = []
        for count in counts:
            numbers = await source.take(count)
            assert len(numbers) == count
            taken += numbers
        assert taken == sorted(set(taken))

    asyncio.run(scene())


def test_nothing_is_asked_for_before_it_is_needed():
    async def scene():
        source = Source()
        assert source.asked == []
        await source.take(1)
        assert source.next == 1 + FIRST_BLOCK + 7

    asyncio.run(scene())


def test_the_next_block_is_there_before_the_last_is_used_up():
    async def scene():
        source = Source()
        waits = 0
        for _ in range(1_000):
            taking = asyncio.ensure_future(source.blocks.take(1))
            await asyncio.sleep(0)
            waits += not taking.done()
            source.give()
            await taking
        assert waits == 1

    asyncio.run(scene())


def test_a_question_is_repeated_on_a_new_line_until_it_is_answered():
    async def scene():
        source = Source()
        taking = asyncio.ensure_future(source.blocks.take(3))
        await asyncio.sleep(0)
        source.asked.clear()
        source.blocks.ask_again()
        assert source.asked == [FIRST_BLOCK]
        source.give()
        assert await taking == [1, 2, 3]
        source.asked.clear()
        source.blocks.ask_again()
        assert source.asked == []

    asyncio.run(scene())


def test_two_who_take_at_once_get_different_numbers():
    async def scene():
        source = Source()
        first, second = (asyncio.ensure_future(source.blocks.take(100)) for _ in range(2))
        for _ in range(8):
            await asyncio.sleep(0)
            source.give()
        assert not set(await first) & set(await second)

    asyncio.run(scene())
