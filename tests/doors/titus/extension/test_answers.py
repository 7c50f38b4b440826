"""Answers wait for what they saw: also where nothing is changed, and where something is refused."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, service

from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands


async def ask(stage, *asked):
    """Submit commands, one behind the other."""
    tasks = []
    for command in asked:
        tasks.append(asyncio.ensure_future(stage.plane.submit(command)))
        await stage.settle()
    return tasks


def capacity(job):
    return commands.UpdateCapacity(job, 0, 10, 7, ALICE)


@pytest.mark.parametrize("refused", [False, True])
def test_what_is_not_durable_is_not_told(refused):
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(2))
        stage.writer.hold = True
        first = commands.KillJob(job, ALICE) if refused else capacity(job)
        made, seen = await ask(stage, first, capacity(job))
        assert not made.done()
        assert not seen.done()
        stage.writer.flush()
        await stage.settle()
        assert made.exception() is None
        assert isinstance(seen.exception(), TitusError) is refused

    asyncio.run(play())
