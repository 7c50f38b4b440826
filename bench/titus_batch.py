"""Titus batch tasks: jobs of a thousand `true`, created to Finished, against a bare loop that only spawns it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from commands import bare_rate
from harness.figures import Figure, Scale, at_least, memory
from harness.jobs import connect
from harness.machine import Growth
from harness.server import Server, fleeting
from harness.titus import TitusClient, descriptor

from portico.wire.titus import jobs_pb2  # noqa: TID251 — a client knows the wire, not the server

COUNT = 10_000
SIZE = 1_000
"""Tasks of one job."""
SUCCEEDED = "normal"
CONFIG = """
[[nodes]]
name = "bench"
cpus = 1_000
mem = 1_000_000
disk = 20_000_000
network = 1_000_000

[timers]
"titus.min_retry_interval" = "0s"
"""


class Failed(Exception):
    """A job ended otherwise than by the success of all its tasks."""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "titus_batch.toml"
    config.write_text(CONFIG)
    count = scale.of(COUNT)
    ours, walls, bare = [], [], []
    with fleeting(config, folder / "titus_batch", doors="titus") as server:
        asyncio.run(_measure(server, scale.of(SIZE)))
        growth = Growth(server.pid)
        for _ in range(scale.rounds):
            bare.append(bare_rate(folder, count))
            finished, wall = asyncio.run(_measure(server, count))
            ours.append(count / finished)
            walls.append(count / wall)
            growth.mark()
    return [
        Figure(
            name="Titus batch tasks, created to finished",
            unit="tasks/s",
            portico=tuple(ours),
            peer=tuple(bare),
            peer_name="bare spawn",
            goal=at_least(0.5),
            notes=f"jobs of {min(SIZE, count):,}",
        ),
        Figure(name="the same by the client's clock", unit="tasks/s", portico=tuple(walls)),
        *memory("server memory grown per task finished", growth.per_piece(count)),
    ]


async def _measure(server: Server, count: int) -> tuple[float, float]:
    """Give the seconds until the last of so many tasks has finished with its job, and until the client knows."""
    size = min(SIZE, count)
    async with connect(str(server.endpoints["grpc"])) as channel:
        client = TitusClient(channel)
        begun, clock = time.time(), time.perf_counter()
        made = await client.create_many(descriptor(size, "true"), count // size)
        last = max([_ended(await client.finished(identity)) for identity in made])
        return last - begun, time.perf_counter() - clock


def _ended(job: jobs_pb2.Job) -> float:
    """Give when a job finished, in seconds since the epoch."""
    if job.status.reasonCode != SUCCEEDED:
        raise Failed(str(job.status))
    return float(job.status.timestamp) / 1_000
