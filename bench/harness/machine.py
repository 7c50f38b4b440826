"""Facts that a figure means nothing without: the machine, the versions, the commit."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.05
"""Seconds between two looks at a process."""


def facts() -> dict[str, object]:
    """Describe the machine and what runs on it."""
    return {
        "cpu": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cores": os.cpu_count(),
        "memory_kb": _first_value(Path("/proc/meminfo"), "MemTotal").removesuffix(" kB"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "grpcio": version("grpcio"),
        "load_before": os.getloadavg(),
    }


def commit() -> str:
    """Name the commit, with `-dirty` after it when the tree differs."""
    return subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def resident_bytes(pid: int) -> int:
    """Tell how much memory a process holds of its own.

    Pages of files that it maps count as the system's cache: a reader of the database maps as much as has been written.
    """
    resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The most memory that a process holds in a block, looked at twenty times a second, beyond what it held before."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self._most = 0

    def __enter__(self) -> Self:
        self.before = self._most = resident_bytes(self._pid)
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()

    @property
    def growth(self) -> int:
        """Bytes."""
        return self._most - self.before

    def _watch(self) -> None:
        while not self._over.wait(LOOK):
            self._most = max(self._most, resident_bytes(self._pid))


class Growth:
    """How much a process grows with each piece of finished work, from the end of the first round on.

    The first round of the same size is the warm-up: caches and the buffers of a bulk answer reach their size in it.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._marks: list[int] = []

    def mark(self) -> None:
        """Say that a round has ended."""
        self._marks.append(resident_bytes(self._pid))

    def per_piece(self, pieces: int) -> tuple[float, ...]:
        """Give the bytes for each of the pieces that every round had; nothing when there was one round only."""
        rounds = len(self._marks) - 1
        return ((self._marks[-1] - self._marks[0]) / (pieces * rounds),) if rounds > 0 else ()


def _first_value(path: Path, key: str) -> str:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"
