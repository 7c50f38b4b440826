"""The archive: what is in it, and how long."""

import asyncio

from doors.titus.extension.stage import Stage, batch

from portico.domain.identity import DAY, Micros
from portico.doors.titus.extension import past
from portico.doors.titus.extension.standing import Periods


def story(play):
    """Run an async test."""
    asyncio.run(play())


def test_the_archive_is_kept_for_ever_unless_an_age_is_set():
    async def play():
        for keep, gone in ((Micros(0), False), (DAY, True)):
            stage = Stage(periods=Periods(min_retry_interval=Micros(0), keep=keep))
            await stage.node()
            job = await stage.create(batch(1))
            (task,) = stage.tasks(job)
            await stage.ended(task.id)
            running = asyncio.ensure_future(stage.door.past.run())
            await stage.settle()
            if keep:
                await stage.door.past.prune()
            assert stage.job(job) is not None
            await stage.tick(2 * 86_400)
            if keep:
                await stage.door.past.prune()
            assert (stage.job(job) is None) is gone
            assert (stage.task(task.id) is None) is gone
            running.cancel()

    story(play)


def test_a_job_that_goes_on_keeps_what_is_not_archived():
    async def play():
        stage = Stage(periods=Periods(min_retry_interval=Micros(0), keep=DAY))
        await stage.node()
        job = await stage.create(batch(2))
        done, other = stage.tasks(job)
        await stage.ended(done.id)
        await stage.started(other.id)
        await stage.tick(300)
        stage.clock.advance(3 * 86_400)
        await stage.door.past.prune()
        assert stage.store.reader().get("titus_tasks", done.id) is not None
        assert stage.store.reader().get("titus_jobs", job) is not None

    story(play)


def test_what_is_too_old_goes_a_slice_at_a_time(monkeypatch):
    monkeypatch.setattr(past, "SLICE", 2)

    async def play():
        stage = Stage(periods=Periods(min_retry_interval=Micros(0), keep=DAY))
        await stage.node()
        job = await stage.create(batch(3))
        tasks = [task.id for task in stage.tasks(job)]
        await stage.ended(*tasks)
        await stage.tick(2 * 86_400)
        assert await stage.door.past.prune()
        assert sum(stage.task(task) is not None for task in tasks) == 1
        assert not await stage.door.past.prune()
        assert not any(stage.task(task) for task in tasks)
        assert not await stage.door.past.prune()

    story(play)
