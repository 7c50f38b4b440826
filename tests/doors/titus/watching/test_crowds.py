"""Many watchers: slow ones, those who share, those who leave, and the end of all."""

import asyncio

import pytest
from doors.titus.looking_stage import job, task
from doors.titus.watching.stream_stage import FINISHED, Query, run, streaming

from portico.domain.errors import Exhausted
from portico.doors.titus.errors import TitusError
from portico.doors.titus.watching.subscriptions import Bounds


@pytest.mark.parametrize("bounds", [Bounds(messages=5), Bounds(bytes=400)])
def test_a_watcher_that_does_not_read_is_cut_off_alone(bounds):
    async def story():
        async with streaming(bounds) as stage:
            one = stage.put(job(1))
            await stage.settle()
            reading = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stuck = stage.streams.observe_jobs(Query())
            snapshot = [await anext(stuck), await anext(stuck)]
            assert len(snapshot) == 2
            for _ in range(20):
                stage.change(one, history=(FINISHED,))
                await stage.settle(4)
            await stage.settle()
            assert len(reading.since_snapshot()) == 20
            assert stage.streams._follower._groups.of("") == stage.streams._follower._groups.of(one.id)
            (group,) = stage.streams._follower._groups
            assert len(group.subscriptions) == 1
            with pytest.raises(TitusError) as refused:
                await anext(stuck)
            assert refused.value.code.name == "TOO_SLOW"

    run(story)


def test_a_follower_that_falls_behind_ends_its_streams_and_begins_anew():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stage.streams._follower._watcher._limit = 3
            stage.writer.hold = True
            for _ in range(5):
                stage.change(one, history=(FINISHED,))
            stage.writer.flush()
            stage.writer.hold = False
            await stage.settle()
            assert isinstance(watcher.error, Exhausted)
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stage.change(one, history=())
            await stage.settle()
            assert watcher.told == ["job 1 Accepted", "end", "job 1 Accepted"]

    run(story)


def test_watchers_of_the_same_share_one_group_and_leave_nothing_behind():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            streams = stage.streams
            watchers = [
                *(stage.watch(streams.observe_jobs(Query(filteringCriteria={"jobIds": one.id}))) for _ in range(3)),
                *(stage.watch(streams.observe_jobs(Query(jobFields=["id"]))) for _ in range(3)),
                stage.watch(streams.observe_job(one.id)),
            ]
            await stage.settle()
            groups = streams._follower._groups
            assert len(groups) == 2
            assert sorted(len(group.subscriptions) for group in groups) == [3, 4]
            for watcher in watchers:
                watcher.task.cancel()
            await stage.settle()
            assert len(groups) == 0
            assert not groups._by_job
            assert not groups._everywhere

    run(story)


def test_streams_that_begin_at_the_same_moment_share_its_records():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            stage.put(task(1, one))
            await stage.settle()
            moments = stage.streams._moments
            first = moments.now(frozenset())
            assert moments.now(frozenset()) is first
            stage.put(job(2))
            second = moments.now(frozenset())
            assert (len(first.jobs), len(second.jobs)) == (1, 2)
            assert [len(tasks) for tasks in await asyncio.gather(*(second.tasks_by_job() for _ in range(3)))] == [1] * 3
            del first, second
            assert moments._last() is None

    run(story)


def test_all_streams_end_when_the_plane_does():
    async def story():
        async with streaming() as stage:
            stage.put(job(1))
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stage.plane.hub.close_all()
            await stage.settle()
            assert watcher.done

    run(story)
