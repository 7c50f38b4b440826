"""Celery as a peer: in an environment of its own, on a private Redis, with two worker processes.

Redis keeps nothing on the disk, or, `durable`, syncs each write before it answers, as Portico does. Celery's client and
workers reach it as Portico's client reaches the server: by TCP on loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.machine import ROOT
from harness.processes import PEERS, running

ENVIRONMENT = ROOT / "build" / "bench" / "celery"
WORKERS = 2
WORKER_OPTIONS = (
    "worker",
    "--pool=prefork",
    f"--concurrency={WORKERS}",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
    "--loglevel=WARNING",
)


class Absent(Exception):
    """Something the peer needs is not installed."""


class CeleryPeer:
    """A Celery that is up; each measurement is a client process of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def jobs_per_second(self, count: int) -> float:
        return count / float(self._client("--many", count)["seconds"])

    def latencies(self, count: int) -> list[float]:
        """Give the seconds from submission to result, one job at a time."""
        return list(self._client("--single", count)["latencies"])

    def _client(self, option: str, count: int) -> dict[str, Any]:
        done = subprocess.run(
            [ENVIRONMENT / "bin" / "python", "celery_client.py", option, str(count)],
            cwd=PEERS,
            env=self._environment,
            check=True,
            stdout=subprocess.PIPE,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def celery(folder: Path, *, durable: bool = False) -> Iterator[CeleryPeer]:
    """Run Redis and a worker for the length of a block. Raises Absent without redis-server."""
    folder.mkdir(exist_ok=True)
    redis = shutil.which("redis-server")
    if redis is None:
        raise Absent("redis-server is not installed (Debian: apt-get install redis-server)")
    _install()
    port = _free_port()
    environment = {**os.environ, "BENCH_REDIS": f"redis://127.0.0.1:{port}/0"}
    server = [
        redis,
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--appendonly",
        "yes" if durable else "no",
        "--appendfsync",
        "always",
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    worker = [str(ENVIRONMENT / "bin" / "celery"), "--app=celery_app", "--quiet", *WORKER_OPTIONS]
    with (
        running(server, folder / "redis.log", talks=False),
        running(worker, folder / "celery.log", talks=False, environment=environment, cwd=PEERS),
    ):
        yield CeleryPeer(environment)


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def _install() -> None:
    """Make the environment, once; the versions are those of the project's group `bench`."""
    if (ENVIRONMENT / "bin" / "celery").exists():
        return
    venv.create(ENVIRONMENT)
    pip = [sys.executable, "-m", "pip", "--python", str(ENVIRONMENT / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--group", f"{ROOT / 'pyproject.toml'}:bench"], check=True)
