"""Command kinds: `true`, scheduled to completed and durable, against a bare loop that only spawns it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from harness.figures import Figure, Scale, at_least, memory
from harness.jobs import JobClient, connect, span
from harness.machine import Growth
from harness.processes import answer
from harness.server import Server, fleeting

COUNT = 10_000
IN_FLIGHT = 16
CONFIG = """
[[nodes]]
name = "bench"
cpus = 4
mem = 8192

[kinds.warm]
command = ["/bin/true"]
resources = { cpus = 0.1, mem = 32 }
"""
KIND = """
[kinds.round{number}]
command = ["/bin/true"]
resources = {{ cpus = 0.1, mem = 32 }}
"""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "commands.toml"
    config.write_text(CONFIG + "".join(KIND.format(number=number) for number in range(scale.rounds)))
    count = scale.of(COUNT)
    ours, walls, submits, bare = [], [], [], []
    with fleeting(config, folder / "commands") as server:
        asyncio.run(_measure(server, "warm", scale.of(1_000)))
        growth = Growth(server.pid)
        for number in range(scale.rounds):
            bare.append(bare_rate(folder, count))
            submitted, completed, wall = asyncio.run(_measure(server, f"round{number}", count))
            ours.append(count / completed)
            walls.append(count / wall)
            submits.append(count / submitted)
            growth.mark()
    return [
        Figure(
            name="command kinds, true scheduled to completed",
            unit="jobs/s",
            portico=tuple(ours),
            peer=tuple(bare),
            peer_name="bare spawn",
            goal=at_least(0.5),
        ),
        Figure(name="the same by the client's clock", unit="jobs/s", portico=tuple(walls)),
        Figure(name="ScheduleJob while they run", unit="calls/s", portico=tuple(submits)),
        *memory("server memory grown per command finished", growth.per_piece(count)),
    ]


def bare_rate(folder: Path, count: int) -> float:
    """Give how many a bare loop spawns a second, each in a memory cgroup with a sandbox's files."""
    found = answer(
        "spawn.py", "--count", str(count), "--in-flight", str(IN_FLIGHT), "--memory", "--folder", str(folder)
    )
    return float(found["per_second"])


async def _measure(server: Server, kind: str, count: int) -> tuple[float, float, float]:
    """Give the seconds until all are submitted, until the last completed, and until the client knows."""
    async with connect(server.address) as channel:
        client = JobClient(channel)
        begun, clock = time.time(), time.perf_counter()
        await client.schedule_many(kind, count)
        submitted = time.perf_counter() - clock
        done = await client.completed(kind, count)
        return submitted, span(begun, done), time.perf_counter() - clock
