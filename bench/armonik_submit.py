"""A million ArmoniK tasks that nobody takes: how fast they are submitted, and what one in the queue costs in memory.

A thousand tasks are three calls: their payloads with a few bytes each, their outputs, and the tasks themselves. The
client is a process of its own with a few thousands under way; what it counts begins with its first call and ends with
the last answer, when everything is durable.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from harness.armonik import BATCH, NODE, ArmonikClient, partition
from harness.figures import Figure, Scale, at_least, at_most
from harness.jobs import connect
from harness.machine import resident_bytes
from harness.processes import PEERS
from harness.server import Server, fleeting

COUNT = 1_000_000
WARM = 250_000
"""Tasks submitted before memory is looked at: they fill what keeps the data written last, which is bounded."""
SHARE = 10
"""Of how many parts the first and the last one are compared."""
IN_FLIGHT = 4
PAYLOAD = 64
QUIET = 3.0
"""Seconds after the last answer until memory is looked at."""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "armonik_submit.toml"
    config.write_text(NODE + partition("queue", [], 0))
    count = scale.of(COUNT)
    with fleeting(config, folder / "armonik_submit", doors="armonik") as server:
        _submitted(server, min(WARM, count))
        time.sleep(QUIET)
        empty = resident_bytes(server.pid)
        answered = _submitted(server, count)
        time.sleep(QUIET)
        full = resident_bytes(server.pid)
    share = count // SHARE
    place = share // BATCH
    first, last = share / answered[place - 1], share / (answered[-1] - answered[-1 - place])
    return [
        Figure(
            name="ArmoniK tasks submitted with payloads and outputs",
            unit="tasks/s",
            portico=(count / answered[-1],),
            goal=at_least(20_000),
            notes=f"{count:,} in thousands, {IN_FLIGHT} of them under way, payloads of {PAYLOAD} bytes; durable",
        ),
        Figure(
            name="the last tenth of them",
            unit="tasks/s",
            portico=(last,),
            peer=(first,),
            peer_name="first tenth",
            goal=at_least(0.9),
        ),
        Figure(
            name="server memory per queued task",
            unit="bytes",
            portico=((full - empty) / count,),
            goal=at_most(300),
            notes=f"{empty >> 20} MiB with {min(WARM, count):,} tasks, {full >> 20} MiB with {count:,} more",
        ),
    ]


def _submitted(server: Server, count: int) -> list[float]:
    """Submit tasks to a session of their own; gives the seconds until each thousand was answered."""
    address = str(server.endpoints["grpc"])
    order = {
        "address": address,
        "session": asyncio.run(_session(address)),
        "count": count,
        "batch": BATCH,
        "in_flight": IN_FLIGHT,
        "bytes": PAYLOAD,
    }
    done = subprocess.run(
        [sys.executable, str(PEERS / "armonik_submit.py")],
        input=json.dumps(order) + "\n",
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    )
    answered: list[float] = json.loads(done.stdout)["answered"]
    return answered


async def _session(address: str) -> str:
    async with connect(address) as channel:
        return await ArmonikClient(channel).session("queue")
