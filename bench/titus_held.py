"""Twenty thousand active Titus jobs: the memory they take, pages of all of them, and one of them beside a bare echo."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.calling import ECHO, Found, call
from harness.figures import Figure, Scale, at_least, at_most
from harness.jobs import connect
from harness.machine import resident_bytes
from harness.processes import PEERS, first_line, running
from harness.server import Server, fleeting
from harness.titus import FIND_JOB, FIND_JOBS, TitusClient, descriptor, job_request, page, pagination_of

ACTIVE = 20_000
PAGE = 1_000
SAMPLE = 5_000
SECONDS = 4.0
IN_FLIGHT = (1, 16)
BYTES_PER_JOB = 4_096
P99_MILLISECONDS = 30
CONFIG = """
[[nodes]]
name = "small"
cpus = 1
mem = 256
"""
"""Too small for any task: every job waits with its one."""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = config_of(scale)
    count, log = scale.of(ACTIVE), folder / "echo.log"
    with fleeting(config, folder / "titus_held", doors="titus") as server:
        empty = resident_bytes(server.pid)
        begun = time.perf_counter()
        jobs = asyncio.run(make_active(server, count))
        created = count / (time.perf_counter() - begun)
        full = resident_bytes(server.pid)
        pages = _paged(server, count, scale)
        with running([sys.executable, str(PEERS / "echo.py")], log) as echo:
            single = _looked_up(server, first_line(echo, log), jobs[:SAMPLE], scale)
        asked = resident_bytes(server.pid)
    return [
        Figure(name="CreateJob until so many are active", unit="calls/s", portico=(created,), notes=f"{count:,} jobs"),
        Figure(
            name="server memory per active job with a task that waits",
            unit="bytes",
            portico=((asked - empty) / count,),
            goal=at_most(BYTES_PER_JOB),
            notes=f"{empty >> 20} MiB empty, {full >> 20} MiB with {count:,}, {asked >> 20} MiB after the queries",
        ),
        *pages,
        *single,
    ]


def config_of(scale: Scale) -> Path:
    """Write the configuration of a server whose jobs all wait."""
    path = Path(scale.folder) / "waiting.toml"
    path.write_text(CONFIG)
    return path


async def make_active(server: Server, count: int) -> list[str]:
    """Create so many jobs that wait; gives their ids."""
    async with connect(str(server.endpoints["grpc"])) as channel:
        return await TitusClient(channel).create_many(descriptor(1, "true"), count)


# ---- pages -----------------------------------------------------------------------------------------------------------


def _paged(server: Server, count: int, scale: Scale) -> list[Figure]:
    address = str(server.endpoints["grpc"])
    size = min(PAGE, count)
    by_number = [page(FIND_JOBS, size, number=number) for number in range(count // size)]
    by_cursor = [page(FIND_JOBS, size, cursor=cursor) for cursor in asyncio.run(_cursors(address, size))]
    figures = []
    for how, requests in (("number", by_number), ("cursor", by_cursor)):
        found = [call(address, FIND_JOBS, requests, 1, _seconds(scale)) for _ in range(scale.rounds)]
        what = f"FindJobs, pages of {size:,} by {how}"
        figures += [
            Figure(name=f"{what}: p99", unit="ms", portico=_of(found, "p99", 1e3), goal=at_most(P99_MILLISECONDS)),
            Figure(name=f"{what}: median", unit="ms", portico=_of(found, "median", 1e3)),
        ]
    return figures


async def _cursors(address: str, size: int) -> list[str]:
    """Give the cursor of every page, none for the first."""
    async with connect(address) as channel:
        found = [pagination_of(FIND_JOBS, reply) async for reply in TitusClient(channel).pages(FIND_JOBS, size)]
    return ["", *(pagination.cursor for pagination in found if pagination.hasMore)]


# ---- one job ---------------------------------------------------------------------------------------------------------


def _looked_up(server: Server, echo: str, jobs: Sequence[str], scale: Scale) -> list[Figure]:
    address = str(server.endpoints["grpc"])
    requests = [job_request(job) for job in jobs]
    size = int(call(address, FIND_JOB, requests[:200], 1, 0.2)["answer_bytes"])
    figures = []
    for in_flight in IN_FLIGHT:
        ours, peers = [], []
        for _ in range(scale.rounds):
            peers.append(call(echo, ECHO, [b"x" * size], in_flight, _seconds(scale)))
            ours.append(call(address, FIND_JOB, requests, in_flight, _seconds(scale)))
        figures.append(
            Figure(
                name=f"FindJob, {in_flight} in flight",
                unit="calls/s",
                portico=_of(ours, "per_second"),
                peer=_of(peers, "per_second"),
                peer_name="echo",
                goal=at_least(0.6),
                notes=f"{size} bytes",
            )
        )
    return figures


def _seconds(scale: Scale) -> float:
    return max(1.0, SECONDS / scale.divisor)


def _of(found: Sequence[Found], name: str, factor: float = 1.0) -> tuple[float, ...]:
    return tuple(one[name] * factor for one in found)
