"""Unary LookupInstances by uuid among a million stored instances, against a bare gRPC echo of as many bytes."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.calling import ECHO, Found, call
from harness.figures import BYTES_PER_INSTANCE, Figure, Goal, Scale, at_least, at_most
from harness.jobs import LOOKUP, pb
from harness.machine import resident_bytes
from harness.past import config_of, directory_of
from harness.processes import PEERS, first_line, running
from harness.server import fleeting

SAMPLE = 5_000
SECONDS = 4.0
IN_FLIGHT = (1, 16)


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = config_of(scale)
    with fleeting(config, folder / "empty") as server:
        empty = resident_bytes(server.pid)
    data, uuids = directory_of(scale)
    sample = random.Random(1).sample(uuids, min(SAMPLE, len(uuids)))
    requests = [_request(uuid) for uuid in sample]
    log = folder / "echo.log"
    figures: list[Figure] = []
    with fleeting(config, data) as server, running([sys.executable, str(PEERS / "echo.py")], log) as echo:
        target = first_line(echo, log)
        full = resident_bytes(server.pid)
        size = int(call(server.address, LOOKUP, requests[:200], 1, 0.2)["answer_bytes"])
        for in_flight in IN_FLIGHT:
            ours, peers = [], []
            for _ in range(scale.rounds):
                peers.append(call(target, ECHO, [b"x" * size], in_flight, _seconds(scale)))
                ours.append(call(server.address, LOOKUP, requests, in_flight, _seconds(scale)))
            figures += _figures(in_flight, size, ours, peers)
        asked = resident_bytes(server.pid)
    return [*figures, *_memory(empty, full, asked, len(uuids))]


def _seconds(scale: Scale) -> float:
    return max(1.0, SECONDS / scale.divisor)


def _request(uuid: str) -> bytes:
    return pb.LookupInstancesRequest(query=pb.Query(uuid=uuid)).SerializeToString()


def _figures(in_flight: int, size: int, ours: Sequence[Found], peers: Sequence[Found]) -> list[Figure]:
    what = f"lookup by uuid, {in_flight} in flight"

    def compare(name: str, unit: str, key: str, factor: float, goal: Goal | None) -> Figure:
        return Figure(
            name=f"{what}: {name}",
            unit=unit,
            portico=tuple(found[key] * factor for found in ours),
            peer=tuple(found[key] * factor for found in peers),
            peer_name="echo",
            goal=goal,
            notes=f"{size} bytes",
        )

    return [
        compare("rate", "calls/s", "per_second", 1, at_least(0.6)),
        compare("median", "ms", "median", 1e3, None),
        compare("p99", "ms", "p99", 1e3, at_most(2)),
    ]


def _memory(empty: int, full: int, asked: int, count: int) -> list[Figure]:
    return [
        Figure(
            name="server memory per finished instance",
            unit="bytes",
            portico=((asked - empty) / count,),
            goal=at_most(BYTES_PER_INSTANCE),
            notes=f"{empty >> 20} MiB empty, {full >> 20} MiB with {count:,}, {asked >> 20} MiB after the lookups",
        )
    ]
