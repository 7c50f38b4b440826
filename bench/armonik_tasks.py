"""ArmoniK tasks that do nothing, a KiB in and a KiB out, created to ended; two workers on every side.

With workers of the genuine package, against a bare loop that keeps the same two busy and does nothing else; with
workers of Portico's own library, against Ray, whose tasks nobody writes down.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from harness.armonik import KIBIBYTE, NODE, ArmonikClient, genuine, genuine_python, lean, partition, rate
from harness.figures import Figure, Scale, at_least, memory
from harness.jobs import connect
from harness.machine import Growth
from harness.processes import answer
from harness.ray import ray_rate
from harness.server import Server, fleeting

COUNT = 20_000
GENUINE_COUNT = 4_000
WORKERS = 2
WARM = 1_000


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "armonik_tasks.toml"
    config.write_text(NODE + partition("genuine", genuine(), WORKERS) + partition("lean", lean(), WORKERS))
    with fleeting(config, folder / "armonik_tasks", doors="armonik") as server:
        return [*_genuine(server, scale), *_lean(server, scale)]


def _genuine(server: Server, scale: Scale) -> list[Figure]:
    count = scale.of(GENUINE_COUNT)
    asyncio.run(_measure(server, "genuine", min(WARM, count)))
    ours, bare = [], []
    for _ in range(scale.rounds):
        bare.append(answer("armonik_bare.py", str(genuine_python()), str(count), str(WORKERS))["per_second"])
        ours.append(asyncio.run(_measure(server, "genuine", count))[0])
    return [
        Figure(
            name="ArmoniK tasks, the package's workers",
            unit="tasks/s",
            portico=tuple(ours),
            peer=tuple(bare),
            peer_name="bare loop",
            goal=at_least(0.8),
            notes=f"{count:,} tasks, from the first created to the last ended; {WORKERS} workers",
        )
    ]


def _lean(server: Server, scale: Scale) -> list[Figure]:
    count = scale.of(COUNT)
    asyncio.run(_measure(server, "lean", min(WARM, count)))
    growth = Growth(server.pid)
    ours, walls, rays = [], [], []
    for _ in range(scale.rounds):
        rays.append(ray_rate(count))
        found, wall = asyncio.run(_measure(server, "lean", count))
        ours.append(found)
        walls.append(wall)
        growth.mark()
    return [
        Figure(
            name="ArmoniK tasks, workers of Portico's library",
            unit="tasks/s",
            portico=tuple(ours),
            peer=tuple(rays),
            peer_name="Ray",
            goal=at_least(1.2),
            notes=f"{count:,} tasks, from the first created to the last ended; {WORKERS} workers",
        ),
        Figure(name="the same by the client's clock, payloads and all", unit="tasks/s", portico=tuple(walls)),
        *memory("server memory grown per task ended", growth.per_piece(count)),
    ]


async def _measure(server: Server, name: str, count: int) -> tuple[float, float]:
    async with connect(str(server.endpoints["grpc"])) as channel:
        return await rate(ArmonikClient(channel), name, KIBIBYTE, count)
