"""Titus job streams: many watchers of few changes and few watchers of many, beside a bare fan-out of as many bytes.

Changes are made by a client's calls; what they alone cost the server is not counted. The lag is that at half the rate
at which the server was seen to go on. What is lost is counted against what the calls must have led to.
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
IN_FLIGHT = 16
"""Calls that make changes."""
AT_ONCE = 20
"""Changes that one job makes when it is created: itself and its tasks."""
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
    few = Load(10, 1_000, AT_ONCE, 1)
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
                    calm = _watched(folder, streams, _half(load, found["each_per_second"]), server.pid, drive)
                    ours.append({**found, "lag": calm["lag"], "lost": found["lost"] + calm["lost"]})
                    bare.append(_peer(folder, load, round(found["bytes"])))
                figures += _figures(load, ours, bare)
    return figures


def _figures(load: Load, ours: list[Found], bare: list[Found]) -> list[Figure]:
    what = f"{load.watchers:,} watchers, {load.per_second:,} changes/s each"

    def of(found: list[Found], name: str) -> tuple[float, ...]:
        return tuple(one[name] for one in found)

    return [
        Figure(
            name=f"{what}: heard",
            unit="messages/s",
            portico=of(ours, "per_second"),
            peer=of(bare, "per_second"),
            peer_name="bare fan-out",
            goal=at_least(0.5),
            notes=f"{ours[0]['bytes']:.0f} bytes a message",
        ),
        Figure(
            name=f"{what}: per second of processor",
            unit="messages",
            portico=of(ours, "per_cpu"),
            peer=of(bare, "per_cpu"),
            peer_name="bare fan-out",
            goal=at_least(0.5),
        ),
        Figure(
            name=f"{what}: median lag at half of it",
            unit="ms",
            portico=of(ours, "lag"),
            goal=at_most(20),
            notes=f"the bare fan-out's at all of it: {', '.join(f'{one:.1f}' for one in of(bare, 'lag'))}",
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


class Driven(msgspec.Struct, frozen=True):
    """Changes that were made: how many each watcher must hear of, and what cleans up behind them."""

    told: int
    clean_up: Callable[[], None]


Drive = Callable[[Load], Driven]


def _half(load: Load, per_second: float) -> Load:
    """Give the load of half of such a rate: as many calls, each with half of the changes."""
    return msgspec.structs.replace(load, per_second=per_second / 2, burst=max(1, load.burst // 2))


def _alone(pid: int, load: Load, drive: Drive) -> float:
    """Make changes that nobody watches; gives the seconds of processor that they cost the server."""
    before = _processor_seconds(pid)
    driven = drive(load)
    time.sleep(QUIET)
    spent = _processor_seconds(pid) - before
    driven.clean_up()
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
        driven = drive(load)
        time.sleep(QUIET)
        spent = _processor_seconds(pid) - before - alone
        _say(watching, {})
        found: Found = json.loads(lines_of(watching).readline())
    driven.clean_up()
    received = (found["least"] + found["most"]) / 2 * load.watchers
    found["per_cpu"] = received / max(spent, 0.01)
    found["per_second"] = received / max(SECONDS, found["seconds"])
    found["each_per_second"] = found["per_second"] / load.watchers
    found["lost"] = max(driven.told, found["most"]) - found["least"]
    return found


def _peer(folder: Path, load: Load, size: int) -> Found:
    """Let the bare fan-out send as many messages of that size in the same rhythm."""
    log = folder / "fan_out.log"
    with running([sys.executable, str(PEERS / "fan_out.py")], log) as server:
        address = first_line(server, log)

        def drive(load: Load) -> Driven:
            _say(server, {**msgspec.structs.asdict(load), "bytes": size, "seconds": SECONDS})
            return Driven(json.loads(lines_of(server).readline())["sent"], _nothing)

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

    def update(count: int) -> grpc.Future:
        change = job_api_pb2.JobAttributesUpdate(jobId=jobs[count % len(jobs)], attributes={"count": str(count)})
        return stub.UpdateJobAttributes.future(change)

    def drive(load: Load) -> Driven:
        each = round(SECONDS * load.per_second)
        _call_at(load.per_second * len(jobs), each * len(jobs), update)
        return Driven(each, _nothing)

    return drive


def _create(stub: Stub) -> Drive:
    """Make jobs whose tasks wait for a node that never comes; they are killed when nobody watches."""

    def drive(load: Load) -> Driven:
        job = _descriptor("batch", load.burst - 1)
        count = round(SECONDS * load.per_second / load.burst)
        made = _call_at(load.per_second / load.burst, count, lambda _: stub.CreateJob.future(job))
        return Driven(count * load.burst, lambda: _kill(stub, made))

    return drive


def _call_at(per_second: float, count: int, call: Callable[[int], grpc.Future]) -> list[Any]:
    """Make numbered calls at a rate, or at the server's own where that is less; gives the answers."""
    begun = time.monotonic()
    calls: list[grpc.Future] = []
    for number in range(count):
        time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
        if number >= IN_FLIGHT:
            calls[number - IN_FLIGHT].result()
        calls.append(call(number))
    return [made.result() for made in calls]


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
