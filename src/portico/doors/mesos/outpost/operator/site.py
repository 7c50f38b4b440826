"""What the operator API knows of the node it stands on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from portico.doors.mesos.outpost.operator.perf_events import Sampling
from portico.doors.mesos.outpost.words import Word

Ask = Callable[[Word], Awaitable[Word]]
"""Puts a question to control; raises the PorticoError it answers with, or Unavailable."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A node: its agent's directory and log, the address that others are told, and since when this outpost runs.

    `flags` are told as they are; `started_at` is in seconds since the epoch; `perf` says what of the kernel's counters
    is sampled.
    """

    node: str
    directory: Path
    address: str
    log: Path
    version: str = "1.3.0"
    flags: dict[str, str] = {}
    started_at: float = 0.0
    perf: Sampling = Sampling()

    @property
    def sandboxes(self) -> Path:
        """Where the sandboxes of the node's Runs are, one folder each."""
        return self.directory / "sandboxes"
