"""Python kinds: a function that does nothing, against Celery with Redis; two worker processes on both sides.

Throughput counts until the client holds every result. Latency is of one job at a time with nothing else going on, on
both sides through a synchronous client in a process of its own; it is told also beside a Redis that syncs each write,
since Portico answers for nothing that is not on the disk.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

from harness.celery import WORKERS, CeleryPeer, celery
from harness.figures import Figure, Scale, at_least, at_most, memory, percentile
from harness.jobs import JobClient, connect, span
from harness.machine import Growth
from harness.processes import answer
from harness.server import Server, fleeting

COUNT = 10_000
CELERY_COUNT = 3_000
SINGLES = 150
TURNS = 9
"""How often the sides of latencies take turns, so that a bad spell of the machine is nobody's alone."""
MODULE = "import portico\n"
FUNCTION = "\n@portico.kind\ndef {name}() -> None:\n    return None\n"
CONFIG = f"""
[python]
modules = ["nothing_kinds"]
path = ["."]
workers = {WORKERS}
"""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    names = ["warm", "single", *(f"round{number}" for number in range(scale.rounds))]
    (folder / "nothing_kinds.py").write_text(MODULE + "".join(FUNCTION.format(name=name) for name in names))
    config = folder / "functions.toml"
    config.write_text(CONFIG)
    with (
        fleeting(config, folder / "functions") as server,
        celery(folder / "celery") as peer,
        celery(folder / "celery_durable", durable=True) as durable_peer,
    ):
        return [*_throughputs(server, peer, scale), *_latencies(server, peer, durable_peer, scale)]


def _throughputs(server: Server, peer: CeleryPeer, scale: Scale) -> list[Figure]:
    asyncio.run(_throughput(server, "warm", scale.of(1_000)))
    peer.jobs_per_second(scale.of(500))
    growth = Growth(server.pid)
    count, peer_count = scale.of(COUNT), scale.of(CELERY_COUNT)
    rates, server_rates, peer_rates = [], [], []
    for number in range(scale.rounds):
        peer_rates.append(peer.jobs_per_second(peer_count))
        known, completed = asyncio.run(_throughput(server, f"round{number}", count))
        rates.append(count / known)
        server_rates.append(count / completed)
        growth.mark()
    return [
        Figure(
            name="Python kinds, result at the client",
            unit="jobs/s",
            portico=tuple(rates),
            peer=tuple(peer_rates),
            peer_name="Celery",
            goal=at_least(4),
        ),
        Figure(name="the same until the last completed", unit="jobs/s", portico=tuple(server_rates)),
        *memory("server memory grown per function finished", growth.per_piece(count)),
    ]


async def _throughput(server: Server, kind: str, count: int) -> tuple[float, float]:
    """Give the seconds until the client has every result, and until the last one completed."""
    async with connect(server.address) as channel:
        client = JobClient(channel)
        begun, clock = time.time(), time.perf_counter()
        await client.schedule_many(kind, count)
        done = await client.completed(kind, count)
        return time.perf_counter() - clock, span(begun, done)


def _latencies(server: Server, peer: CeleryPeer, durable_peer: CeleryPeer, scale: Scale) -> list[Figure]:
    singles, peer_singles, durable_singles = [], [], []
    for _ in range(TURNS):
        peer_singles.append(peer.latencies(scale.of(SINGLES)))
        singles.append(_one_by_one(server, scale.of(SINGLES)))
        durable_singles.append(durable_peer.latencies(scale.of(SINGLES)))
    medians = tuple(1e3 * median(found) for found in singles)
    return [
        Figure(
            name="one Python job, median",
            unit="ms",
            portico=medians,
            peer=tuple(1e3 * median(found) for found in peer_singles),
            peer_name="Celery",
            goal=at_most(0.5),
        ),
        Figure(
            name="the same beside a Redis that syncs each write",
            unit="ms",
            portico=medians,
            peer=tuple(1e3 * median(found) for found in durable_singles),
            peer_name="Celery, as durable",
        ),
        Figure(
            name="one Python job, p99",
            unit="ms",
            portico=tuple(1e3 * percentile(found, 0.99) for found in singles),
            peer=tuple(1e3 * percentile(found, 0.99) for found in peer_singles),
            peer_name="Celery",
        ),
    ]


def _one_by_one(server: Server, count: int) -> list[float]:
    """Give the seconds from submission to result, one job at a time, as a client process of its own saw them."""
    found: list[float] = answer("jobv1_client.py", server.address, "single", str(count))["latencies"]
    return found
