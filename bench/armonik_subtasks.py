"""ArmoniK tasks that split themselves, ten parts at each step, and add up what the parts give; beside flat ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

from harness.armonik import KIBIBYTE, NODE, ArmonikClient, lean, partition, rate
from harness.figures import Figure, Scale, at_least
from harness.jobs import connect
from harness.server import Server, fleeting

LEAVES = 8_000
"""1,111 tasks that split, 8,000 that count one, 1,111 that add up: 10,222 tasks."""
FLAT = 10_000
WORKERS = 2
WARM = 1_000


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "armonik_subtasks.toml"
    config.write_text(NODE + partition("lean", lean(), WORKERS))
    split = f"split {scale.of(LEAVES)}".encode().ljust(len(KIBIBYTE), b"\0")
    ours, flat = [], []
    with fleeting(config, folder / "armonik_subtasks", doors="armonik") as server:
        asyncio.run(_measure(server, KIBIBYTE, scale.of(WARM)))
        for _ in range(scale.rounds):
            flat.append(asyncio.run(_measure(server, KIBIBYTE, scale.of(FLAT))))
            ours.append(asyncio.run(_measure(server, split, 1)))
    return [
        Figure(
            name="ArmoniK tasks of a recursive split",
            unit="tasks/s",
            portico=tuple(ours),
            peer=tuple(flat),
            peer_name="flat",
            goal=at_least(0.6),
            notes=f"{scale.of(LEAVES):,} leaves; {WORKERS} workers of Portico's library",
        )
    ]


async def _measure(server: Server, payload: bytes, count: int) -> float:
    async with connect(str(server.endpoints["grpc"])) as channel:
        return (await rate(ArmonikClient(channel), "lean", payload, count))[0]
