"""A Portico server under measurement: started as a user starts it, found by its endpoints, ended without a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.processes import PATIENCE, first_line, running

from portico.node.site import slice_name

PORTICO = str(Path(sys.executable).with_name("portico"))
CGROUPS = Path("/sys/fs/cgroup")
ANY_PORT = tuple(f"--{name}-port=0" for name in ("grpc", "http", "mesos", "agent"))


class Server:
    """One live `portico up`; `ready_after` is the seconds from its start to its ready line."""

    def __init__(self, process: subprocess.Popen[str], data: Path, ready_after: float) -> None:
        self.data = data
        self.ready_after = ready_after
        self.endpoints = json.loads((data / "endpoints.json").read_text())
        self.pid = int(self.endpoints["pid"])
        self._process = process

    @property
    def address(self) -> str:
        return str(self.endpoints["jobv1"])

    def kill(self) -> None:
        """End it as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def portico(config: Path, data: Path, doors: str = "jobv1") -> Iterator[Server]:
    """Run a server for the length of a block. What it runs goes on after the block, as after any restart."""
    log = data.with_name(f"{data.name}.log")
    # An installed server finds its bytecode written; one that may not write any compiles all of itself at each start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [PORTICO, "up", "--config", str(config), "--data-dir", str(data), "--doors", doors, *ANY_PORT]
    begun = time.perf_counter()
    with running(command, log, environment=environment) as process:
        first_line(process, log, "ready")
        yield Server(process, data, time.perf_counter() - begun)


@contextmanager
def fleeting(config: Path, data: Path, doors: str = "jobv1") -> Iterator[Server]:
    """Run a server for the length of a block and take down with it all that it started."""
    try:
        with portico(config, data, doors) as server:
            yield server
            subprocess.run(
                [PORTICO, "down", "--data-dir", str(data)], check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL
            )
    finally:
        sweep(data)


def sweep(data: Path) -> None:
    """Kill what is left of a data directory, and remove the cgroups its nodes had.

    Its processes are those that work in it, or have it in their command line.
    """
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                traces = (entry / "cmdline").read_bytes(), os.fsencode((entry / "cwd").readlink())
                if any(os.fsencode(data) in trace for trace in traces):
                    os.kill(int(entry.name), signal.SIGKILL)
    for node in (data / "nodes").glob("*"):
        for top in CGROUPS.rglob(slice_name(node)):
            for folder, _, _ in os.walk(top, topdown=False):
                _remove(Path(folder))


def _remove(group: Path) -> None:
    """Remove one cgroup; those who were just killed in it may need a moment to be gone."""
    deadline = time.monotonic() + PATIENCE
    while group.exists():
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
