"""Titus job streams: many watchers of few changes and few watchers of many, beside a bare fan-out of as many bytes.

The peer sends as often as the watchers really heard, and what the changes themselves cost the server is not counted.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import msgspec
from harness.figures import Figure, Scale, at_least, at_most
from harness.processes import PEERS, first_line, lines_of, running
from harness.server import fleeting

from portico.wire.titus import (  # noqa: TID251 — a client knows the wire, not the server
    job_api_pb2,
    job_api_pb2_grpc,
    jobs_pb2,
)

OBSERVE = "/com.netflix.titus.JobManagementService/ObserveJobs"
BARE = "/bench.FanOut/Observe"
SNAPSHOT_END = job_api_pb2.JobChangeNotification(
    snapshotEnd=job_api_pb2.JobChangeNotification.SnapshotEnd()
).SerializeToString()
SECONDS = 5.0
QUIET = 2.0
"""Seconds after the last change in which the last messages arrive."""
TASKS = 20
"""Of each job that is made to make changes."""
CONFIG = """
[[nodes]]
name = "small"
cpus = 1
mem = 512
"""

Stub = job_api_pb2_grpc.JobManagementServiceStub
Found = dict[str, float]


class Load(msgspec.Struct, frozen=True):
    """How many watch, how many changes a second each of them hears, and how many of those come at once.

    Each watches one of so many `groups` of changes; of one group, everything.
    """

    watchers: int
    per_second: float
    burst: int
    groups: int


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "streams.toml"
    config.write_text(CONFIG)
    few = Load(10, 1_000, TASKS, 1)
    many = Load(scale.of(1_000), 10, 1, 20)
    figures: list[Figure] = []
    with fleeting(config, folder / "streams", doors="titus") as server:
        address = str(server.endpoints["grpc"])
        with grpc.insecure_channel(address) as channel:
            stub = Stub(channel)  # type: ignore[no-untyped-call]
            jobs = [stub.CreateJob(_descriptor("service", 0)).id for _ in range(many.groups)]
            one_each = [_of_job(job) for job in jobs]
            for load, requests, drive in ((many, one_each, _update(stub, jobs)), (few, [b""], _create(stub))):
                streams = Streams(address, OBSERVE, requests, SNAPSHOT_END)
                ours, bare = [], []
                for _ in range(scale.rounds):
                    alone = _alone(server.pid, load, drive)
                    found = _watched(folder, streams, load, server.pid, drive, alone)
                    ours.append(found)
                    rhythm = msgspec.structs.replace(load, per_second=found["each_per_second"])
                    bare.append(_peer(folder, rhythm, round(found["bytes"])))
                figures += _figures(load, ours, bare)
    return figures


def _figures(load: Load, ours: list[Found], bare: list[Found]) -> list[Figure]:
    what = f"{load.watchers:,} watchers, {load.per_second:,} changes/s each"

    def of(found: list[Found], name: str) -> tuple[float, ...]:
        return tuple(one[name] for one in found)

    return [
        Figure(
            name=f"{what}: per second of processor",
            unit="messages",
            portico=of(ours, "per_cpu"),
            peer=of(bare, "per_cpu"),
            peer_name="bare fan-out",
            goal=at_least(0.5),
            notes=f"{ours[0]['bytes']:.0f} bytes a message",
        ),
        Figure(name=f"{what}: heard by each", unit="changes/s", portico=of(ours, "each_per_second")),
        Figure(
            name=f"{what}: median lag",
            unit="ms",
            portico=of(ours, "lag"),
            goal=at_most(20),
            notes=f"the bare fan-out's: {', '.join(f'{one:.1f}' for one in of(bare, 'lag'))}",
        ),
        Figure(name=f"{what}: lost", unit="messages", portico=of(ours, "lost"), goal=at_most(0)),
    ]


# ---- the load --------------------------------------------------------------------------------------------------------


class Streams(msgspec.Struct, frozen=True):
    """What is to be opened; the watchers take the requests in turn, and begin to count behind the marker."""

    address: str
    method: str
    requests: list[bytes]
    marker: bytes = b""


Drive = Callable[[Load], Callable[[], None]]
"""Makes changes, and gives what cleans up behind them."""


def _alone(pid: int, load: Load, drive: Drive) -> float:
    """Make changes that nobody watches; gives the seconds of processor that they cost the server."""
    before = _processor_seconds(pid)
    clean_up = drive(load)
    time.sleep(QUIET)
    spent = _processor_seconds(pid) - before
    clean_up()
    return spent


def _watched(folder: Path, streams: Streams, load: Load, pid: int, drive: Drive, alone: float = 0.0) -> Found:
    """Open the streams, make changes, and see what arrives and what it costs the server beyond the changes alone."""
    order = {
        "address": streams.address,
        "method": streams.method,
        "requests": [base64.b64encode(request).decode() for request in streams.requests],
        "marker": base64.b64encode(streams.marker).decode(),
        "watchers": load.watchers,
    }
    log = folder / "watching.log"
    with running([sys.executable, str(PEERS / "watching.py")], log) as watching:
        _say(watching, order)
        first_line(watching, log, "ready")
        before = _processor_seconds(pid)
        clean_up = drive(load)
        time.sleep(QUIET)
        spent = _processor_seconds(pid) - before - alone
        _say(watching, {})
        found: Found = json.loads(lines_of(watching).readline())
    clean_up()
    received = (found["least"] + found["most"]) / 2 * load.watchers
    found["per_cpu"] = received / max(spent, 0.01)
    found["each_per_second"] = received / load.watchers / max(SECONDS, found["seconds"])
    found["lost"] = found["most"] - found["least"]
    return found


def _peer(folder: Path, load: Load, size: int) -> Found:
    """Let the bare fan-out send as many messages of that size in the same rhythm."""
    log = folder / "fan_out.log"
    with running([sys.executable, str(PEERS / "fan_out.py")], log) as server:
        address = first_line(server, log)

        def drive(load: Load) -> Callable[[], None]:
            _say(server, {**msgspec.structs.asdict(load), "bytes": size, "seconds": SECONDS})
            lines_of(server).readline()
            return _nothing

        groups = [str(number).encode() for number in range(load.groups)]
        return _watched(folder, Streams(address, BARE, groups), load, server.pid, drive)


def _say(process: subprocess.Popen[str], order: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()


def _of_job(job: str) -> bytes:
    return job_api_pb2.ObserveJobsQuery(filteringCriteria={"jobIds": job}).SerializeToString()


def _update(stub: Stub, jobs: list[str]) -> Drive:
    """Change attributes of jobs, one after the other."""

    def drive(load: Load) -> Callable[[], None]:
        begun = time.monotonic()
        for count in range(round(SECONDS * load.per_second) * len(jobs)):
            due = begun + count / (load.per_second * len(jobs))
            time.sleep(max(0.0, due - time.monotonic()))
            stub.UpdateJobAttributes(
                job_api_pb2.JobAttributesUpdate(jobId=jobs[count % len(jobs)], attributes={"count": str(count)})
            )
        return _nothing

    return drive


def _create(stub: Stub) -> Drive:
    """Make jobs whose tasks wait for a node that never comes; they are killed when nobody watches."""

    def drive(load: Load) -> Callable[[], None]:
        begun = time.monotonic()
        made = []
        for count in range(round(SECONDS * load.per_second / load.burst)):
            time.sleep(max(0.0, begun + count * load.burst / load.per_second - time.monotonic()))
            made.append(stub.CreateJob(_descriptor("batch", load.burst)))
        return lambda: _kill(stub, made)

    return drive


def _kill(stub: Stub, jobs: list[job_api_pb2.JobId]) -> None:
    """End jobs and wait until they are over."""
    for job in jobs:
        stub.KillJob(job)
    query = job_api_pb2.JobQuery(filteringCriteria={"jobType": "batch"})
    query.page.pageSize = 1
    while stub.FindJobs(query).items:
        time.sleep(0.1)


def _nothing() -> None:
    """Leave all as it is."""


def _descriptor(kind: str, size: int) -> jobs_pb2.JobDescriptor:
    descriptor = jobs_pb2.JobDescriptor(applicationName="bench", capacityGroup="DEFAULT")
    descriptor.owner.teamEmail = "bench@localhost"
    container = descriptor.container
    container.image.name, container.image.tag = "portico/host", "latest"
    container.resources.cpu, container.resources.memoryMB, container.resources.diskMB = 64, 65_536, 10_000
    container.resources.networkMbps = 128
    container.securityProfile.securityGroups.append("sg-bench")
    container.securityProfile.iamRole = "bench"
    container.entryPoint.append("true")
    if kind == "batch":
        descriptor.batch.size, descriptor.batch.runtimeLimitSec = size, 3_600
        descriptor.batch.retryPolicy.immediate.retries = 0
    else:
        descriptor.service.capacity.max = 10
        descriptor.service.capacity.desired = size
        descriptor.service.retryPolicy.immediate.retries = 0
    return descriptor


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
