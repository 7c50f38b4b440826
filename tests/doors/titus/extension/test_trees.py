"""What is remembered of jobs' further containers."""

import asyncio

from doors.titus.extension.stage import ALICE, Stage, service

from portico.doors.titus.extension import commands, trees


def test_the_jobs_that_made_tasks_last_are_remembered_until_they_are_over(monkeypatch):
    monkeypatch.setattr(trees, "MOST_PLANS", 2)

    async def story():
        stage = Stage()
        first, second = [await stage.create(service(0)) for _ in range(2)]
        await stage.capacity(first, desired=1)
        third = await stage.create(service(0))
        assert list(stage.door.trees._children) == [first, third]
        await stage.capacity(second, desired=1)
        assert list(stage.door.trees._children) == [third, second]
        await stage.do(commands.KillJob(second, ALICE))
        assert stage.job(second).finished
        assert list(stage.door.trees._children) == [third]

    asyncio.run(story())
