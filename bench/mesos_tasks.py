"""Mesos command tasks: `true`, accepted to TASK_FINISHED and acknowledged, against a bare loop that only spawns it."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from commands import bare_rate
from harness.figures import Figure, Scale, at_least, memory
from harness.machine import Growth
from harness.mesos import Call, Event, Framework
from harness.processes import answer
from harness.server import Server, fleeting

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from clients.mesos.environments import python_of

from portico.wire.mesos import mesos_pb2 as pb  # noqa: TID251 — a client knows the wire, not the server

COUNT = 10_000
PYMESOS_COUNT = 2_000
CPUS, MEMORY = 0.1, 32
CONFIG = """
[[nodes]]
name = "bench"
cpus = 64
mem = 65536
"""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "mesos.toml"
    config.write_text(CONFIG)
    count = scale.of(COUNT)
    ours, library, bare = [], [], []
    with fleeting(config, folder / "mesos", doors="mesos") as server:
        asyncio.run(_measure(server, scale.of(1_000)))
        growth = Growth(server.pid)
        for _ in range(scale.rounds):
            bare.append(bare_rate(folder, count))
            ours.append(count / asyncio.run(_measure(server, count)))
            library.append(_through_pymesos(server, scale.of(PYMESOS_COUNT)))
            growth.mark()
    return [
        Figure(
            name="Mesos command tasks, accepted to finished and acknowledged",
            unit="tasks/s",
            portico=tuple(ours),
            peer=tuple(bare),
            peer_name="bare spawn",
            goal=at_least(0.5),
        ),
        Figure(name="the same through pymesos", unit="tasks/s", portico=tuple(library)),
        *memory("server memory grown per task finished", growth.per_piece(count + scale.of(PYMESOS_COUNT))),
    ]


def _through_pymesos(server: Server, count: int) -> float:
    """Give the tasks a second of a framework on pymesos, in a process of its own."""
    master = str(server.endpoints["mesos_master"])
    found = answer("pymesos_tasks.py", master, str(count), python=str(python_of("pymesos")))
    return float(found["per_second"])


async def _measure(server: Server, count: int) -> float:
    """Give the seconds from the first offer until the last task is finished and acknowledged."""
    framework = Framework(str(server.endpoints["mesos_master"]))
    await framework.subscribe()
    launched = finished = 0
    begun = 0.0
    async for event in framework.events():
        if event.type == Event.OFFERS:
            begun = begun or time.perf_counter()
            for offer in event.offers.offers:
                launched += _accept(framework, offer, launched, count - launched)
        elif event.type == Event.UPDATE:
            status = event.update.status
            framework.acknowledge(status)
            if status.state == pb.TASK_FINISHED:
                finished += 1
            elif status.state not in {pb.TASK_RUNNING, pb.TASK_STARTING}:
                raise AssertionError(str(status))
        if finished == count:
            break
    await framework.settle()
    seconds = time.perf_counter() - begun
    await framework.close()
    return seconds


def _accept(framework: Framework, offer: pb.Offer, first: int, wanted: int) -> int:
    """Launch as many tasks on an offer as fit; gives how many."""
    scalars = {resource.name: resource.scalar.value for resource in offer.resources}
    fits = min(int(scalars.get("cpus", 0) / CPUS + 1e-6), int(scalars.get("mem", 0) / MEMORY), wanted)
    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.append(offer.id)
    call.accept.filters.refuse_seconds = 0
    if fits:
        operation = call.accept.operations.add(type=pb.Offer.Operation.LAUNCH)
        for number in range(first, first + fits):
            task = operation.launch.task_infos.add(name="true")
            task.task_id.value = f"task-{number}"
            task.agent_id.CopyFrom(offer.agent_id)
            task.command.shell = False
            task.command.value = "/bin/true"
            for name, amount in (("cpus", CPUS), ("mem", MEMORY)):
                task.resources.add(name=name, type=pb.Value.SCALAR).scalar.value = amount
    framework.send(call)
    return fits
