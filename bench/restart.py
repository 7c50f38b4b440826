"""Restart among a million finished and ten thousand active instances: from the start to the ready line."""

from __future__ import annotations

import asyncio

from harness.figures import Figure, Scale, at_most
from harness.jobs import JobClient, connect, pb
from harness.past import config_of, directory_of
from harness.server import fleeting, portico, sweep

ACTIVE = 10_000
SECONDS = 5.0


def run(scale: Scale) -> list[Figure]:
    config = config_of(scale)
    data, uuids = directory_of(scale)
    active = scale.of(ACTIVE)
    stopped, killed = [], []
    try:
        with portico(config, data) as server:
            first = server.ready_after
            asyncio.run(_make_active(server.address, active))
        for _ in range(scale.rounds):
            with portico(config, data) as server:
                stopped.append(server.ready_after)
                asyncio.run(_check_active(server.address, active))
                server.kill()
            with portico(config, data) as server:
                killed.append(server.ready_after)
                asyncio.run(_check_active(server.address, active))
        with fleeting(config, data):
            pass  # takes down with it what still runs
    finally:
        sweep(data)
    notes = f"{len(uuids):,} finished, {active:,} active"
    return [
        Figure(name="first start on a full directory", unit="s", portico=(first,)),
        Figure(name="restart after a clean stop", unit="s", portico=tuple(stopped), goal=at_most(SECONDS), notes=notes),
        Figure(name="restart after kill -9", unit="s", portico=tuple(killed), goal=at_most(SECONDS), notes=notes),
    ]


async def _make_active(address: str, count: int) -> None:
    async with connect(address) as channel:
        await JobClient(channel).schedule_many("sleeper", count)


async def _check_active(address: str, count: int) -> None:
    async with connect(address) as channel:
        client = JobClient(channel)
        waiting = await client.lookup("sleeper", state=pb.JOB_STATE_SCHEDULED)
        running = await client.lookup("sleeper", state=pb.JOB_STATE_PROCESSING)
    if len(waiting) + len(running) != count:
        message = f"{count} instances were active, {len(waiting)} wait and {len(running)} run after the restart"
        raise RuntimeError(message)
