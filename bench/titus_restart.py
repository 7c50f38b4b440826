"""Restart with twenty thousand active Titus jobs: from the start to the ready line, with the same answers as before."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

from harness.figures import Figure, Scale, at_most
from harness.jobs import connect
from harness.server import Server, fleeting, portico, sweep
from harness.titus import FIND_JOBS, FIND_TASKS, TitusClient
from titus_held import ACTIVE, config_of, make_active

from portico.wire.titus import job_api_pb2  # noqa: TID251 — a client knows the wire, not the server

PAGE = 1_000
SECONDS = 3.0


class Differs(Exception):
    """A restarted server answers otherwise than the one before it."""


def run(scale: Scale) -> list[Figure]:
    config, data = config_of(scale), Path(scale.folder) / "titus_restart"
    count = scale.of(ACTIVE)
    stopped, killed = [], []
    try:
        with portico(config, data, doors="titus") as server:
            asyncio.run(make_active(server, count))
            before = _answers(server)
        for _ in range(scale.rounds):
            stopped.append(_restarted(config, data, before, Server.kill))
            killed.append(_restarted(config, data, before, _stop))
        with fleeting(config, data, doors="titus"):
            pass  # takes down with it what still runs
    finally:
        sweep(data)
    notes = f"{count:,} active jobs, each with a task; every page of both the same as before"
    return [
        Figure(name="restart after a clean stop", unit="s", portico=tuple(stopped), goal=at_most(SECONDS), notes=notes),
        Figure(name="restart after kill -9", unit="s", portico=tuple(killed), goal=at_most(SECONDS), notes=notes),
    ]


def _restarted(config: Path, data: Path, before: str, end: Callable[[Server], None]) -> float:
    """Start a server, check its answers, and end it; gives the seconds until it was ready. Raises Differs."""
    with portico(config, data, doors="titus") as server:
        if _answers(server) != before:
            message = f"the server on {data} answers otherwise than before its restart"
            raise Differs(message)
        end(server)
    return server.ready_after


def _stop(_: Server) -> None:
    """Leave the end to the block that runs the server, which asks for it."""


def _answers(server: Server) -> str:
    """Give the digest of all jobs and tasks as a client is told of them."""
    return asyncio.run(_digest(str(server.endpoints["grpc"])))


async def _digest(address: str) -> str:
    digest = hashlib.sha256()
    async with connect(address) as channel:
        client = TitusClient(channel)
        async for reply in client.pages(FIND_JOBS, PAGE):
            digest.update(reply)
        async for reply in client.pages(FIND_TASKS, PAGE):
            digest.update(_without_places(reply))
    return digest.hexdigest()


def _without_places(reply: bytes) -> bytes:
    """Give a page of tasks without where their logs are served, which each server does on a port of its own."""
    page = job_api_pb2.TaskQueryResult.FromString(reply)
    for task in page.items:
        task.ClearField("logLocation")
    return page.SerializeToString(deterministic=True)
