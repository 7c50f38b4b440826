"""Pages of what is found, and cursors that meet what stays once."""

import random

from doors.titus.looking_stage import T0, LookingStage, find_jobs, job, run, uuid_of
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.doors.titus.extension.records import Status
from portico.doors.titus.inbound.pages import Page, read_cursor


def test_pages_are_described_as_the_api_has_it():
    async def story():
        stage = LookingStage()
        stage.put(*(job(number) for number in (3, 1, 2, 5, 4)))
        items, told = await find_jobs(stage, Page(2, 1))
        assert items == [3, 4]
        assert (told.currentPage.pageNumber, told.currentPage.pageSize) == (1, 2)
        assert (told.hasMore, told.totalPages, told.totalItems, told.cursorPosition) == (True, 3, 5, 3)
        assert read_cursor(told.cursor) == (T0 + 4, uuid_of(4))
        items, told = await find_jobs(stage, Page(2, 7, read_cursor(told.cursor), told.cursor))
        assert items == [5]
        assert told.currentPage.pageNumber == 2
        assert (told.hasMore, told.cursorPosition) == (False, 4)
        last = told.cursor
        for page in (Page(2, 9), Page(2, 0, read_cursor(last), last)):
            items, told = await find_jobs(stage, page)
            assert items == []
            assert (told.hasMore, told.totalPages, told.totalItems) == (False, 3, 5)
            assert (told.cursor, told.cursorPosition) == (last, 4)
        items, told = await find_jobs(stage, Page(2, 0, read_cursor(last), last), owner="nobody")
        assert items == []
        assert (told.cursor, told.cursorPosition, told.totalItems, told.totalPages) == ("", 0, 0, 0)

    run(story)


def test_entries_accepted_at_once_are_in_order_of_their_ids():
    async def story():
        stage = LookingStage()
        stage.put(*(job(number, accepted_at=T0) for number in (2, 3, 1)), job(0, accepted_at=T0 + 1))
        assert (await find_jobs(stage))[0] == [1, 2, 3, 0]
        assert (await find_jobs(stage, capacityGroup="DEFAULT"))[0] == [1, 2, 3, 0]

    run(story)


@settings(max_examples=30)
@given(st.integers(0, 1 << 30), st.integers(1, 7), st.booleans())
def test_whoever_follows_cursors_meets_what_stays_once(seed, size, filtered):
    async def story():
        chance = random.Random(seed)
        stage = LookingStage()
        numbers = list(range(40))
        stable = set(chance.sample(numbers, 20))
        stage.put(*(job(number * 10, accepted_at=T0 + number // 3) for number in numbers))
        passing = [number * 10 for number in numbers if number not in stable]
        met = []
        page = Page(size)
        while True:
            items, told = await find_jobs(stage, page, **({"appName": "app"} if filtered else {}))
            met += items
            for _ in range(chance.randrange(4)):
                if passing and chance.random() < 0.6:
                    gone = stage.standing.jobs[uuid_of(passing.pop(chance.randrange(len(passing))))]
                    stage.change(gone, status=Status("Finished", "normal", "", T0))
                else:
                    number = chance.randrange(400) * 10 + chance.randrange(1, 10)
                    if uuid_of(number) not in stage.standing.jobs:
                        stage.put(job(number, accepted_at=T0 + chance.randrange(15)))
            await stage.settle(2)
            if not told.hasMore:
                break
            page = Page(size, 0, read_cursor(told.cursor), told.cursor)
        assert len(met) == len(set(met))
        assert {number * 10 for number in stable} <= set(met)

    run(story)
