"""ArmoniK results: small ones downloaded at once, beside a bare stream of as many bytes; one of a GiB up and down."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.armonik import BATCH, KIBIBYTE, NODE, ArmonikClient, partition
from harness.calling import POUR, Found, call
from harness.figures import Figure, Scale, at_least, at_most
from harness.jobs import connect
from harness.machine import Peak
from harness.processes import PEERS, answer, first_line, running
from harness.server import Server, fleeting

from portico.wire.armonik import results_pb2  # noqa: TID251 — a client knows the wire, not the server

SMALL = 10_000
IN_FLIGHT = 16
SECONDS = 4.0
LARGE = 1_024
"""Mebibytes."""
GROWTH_MEBIBYTES = 64
DOWNLOAD = "/armonik.api.grpc.v1.results.Results/DownloadResultData"


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config, log = folder / "armonik_data.toml", folder / "echo.log"
    config.write_text(NODE + partition("queue", [], 0))
    with (
        fleeting(config, folder / "armonik_data", doors="armonik") as server,
        running([sys.executable, str(PEERS / "echo.py")], log) as echo,
    ):
        return [*_small(server, first_line(echo, log), scale), *_large(server, scale)]


# ---- small ones ------------------------------------------------------------------------------------------------------


def _small(server: Server, bare: str, scale: Scale) -> list[Figure]:
    address = str(server.endpoints["grpc"])
    requests = asyncio.run(_requests(address, scale.of(SMALL)))
    seconds = max(1.0, SECONDS / scale.divisor)
    ours, peers = [], []
    size = int(call(address, DOWNLOAD, requests, 1, 0.2, stream=True)["answer_bytes"])
    for _ in range(scale.rounds):
        peers.append(call(bare, POUR, [str(size).encode()], IN_FLIGHT, seconds, stream=True))
        ours.append(call(address, DOWNLOAD, requests, IN_FLIGHT, seconds, stream=True))
    return [
        Figure(
            name=f"DownloadResultData, {IN_FLIGHT} in flight",
            unit="calls/s",
            portico=_of(ours),
            peer=_of(peers),
            peer_name="bare stream",
            goal=at_least(0.6),
            notes=f"{len(requests):,} results, {size} bytes each",
        )
    ]


async def _requests(address: str, count: int) -> list[bytes]:
    """Create so many results of a KiB; gives the requests for their data."""
    async with connect(address) as channel:
        client = ArmonikClient(channel)
        session = await client.session("queue")
        made = [await client.give(session, KIBIBYTE, min(BATCH, count - start)) for start in range(0, count, BATCH)]
    request = results_pb2.DownloadResultDataRequest
    return [request(session_id=session, result_id=one).SerializeToString() for some in made for one in some]


def _of(found: Sequence[Found]) -> tuple[float, ...]:
    return tuple(one["per_second"] for one in found)


# ---- a large one -----------------------------------------------------------------------------------------------------


def _large(server: Server, scale: Scale) -> list[Figure]:
    size = scale.of(LARGE)
    found, growth = [], []
    for _ in range(scale.rounds):
        with Peak(server.pid) as peak:
            found.append(answer("armonik_large.py", str(server.endpoints["grpc"]), str(size)))
        growth.append(peak.growth / (1 << 20))
    figures = [
        Figure(name=f"a result of {size:,} MiB {way}", unit="MiB/s", portico=tuple(size / one[way] for one in found))
        for way in ("up", "down")
    ]
    most = Figure(
        name="server memory at its peak meanwhile, beyond before",
        unit="MiB",
        portico=(max(growth),),
        goal=at_most(GROWTH_MEBIBYTES),
        notes=f"by round: {', '.join(f'{one:.0f}' for one in growth)}",
    )
    return [*figures, most]
