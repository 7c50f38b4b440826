"""What the parts of one agent share: its directory, its tables, its way to speak. Wired in `agent`, used everywhere."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from pathlib import Path

from portico.domain.frames import Observation
from portico.domain.identity import Instant
from portico.domain.runs import Outcome
from portico.node import trees
from portico.node.cgroup_contract import Cgroups
from portico.node.charges import Charge, Charges
from portico.node.config import NodeConfig
from portico.node.journal import Journal
from portico.node.processes import Watch
from portico.node.reporting import Outbox
from portico.node.sandbox import Sandboxes


class Site:
    """One agent's place of work."""

    def __init__(self, directory: Path, config: NodeConfig, cgroups: Cgroups, outbox: Outbox) -> None:
        self.directory = directory
        self.config = config
        self.cgroups = cgroups
        self.outbox = outbox
        self.sandboxes = Sandboxes(directory / "sandboxes")
        self.journal = Journal(directory / "journal")
        self.charges = Charges()
        self.watch = Watch()
        self.loop = asyncio.get_running_loop()
        self.host_socket = directory / "hosting" / "host.sock"
        """Where hosts connect; it has a directory of its own, which can be shown in containers."""
        self.layers: dict[str, str] = {}
        """Directories with what live containers wrote outside their sandboxes, by Run."""
        self.leaving = False
        """Set once no further Run is taken."""

    def report_preparing(self, run: str, token: int) -> None:
        """Tell control that an image or files are being brought for a Run."""
        self.outbox.add(Observation(run, token, now(), preparing=True))

    def report_started(self, charge: Charge) -> None:
        """Tell control that a Run runs."""
        seen = Observation(
            charge.run, charge.token, charge.started_at, pid=charge.pid, started=True, address=charge.address
        )
        self.outbox.add(seen)

    def report_outcome(self, run: str, token: int, at: Instant, outcome: Outcome) -> None:
        """Tell control how a Run ended."""
        self.outbox.add(Observation(run, token, at, outcome=outcome))

    def report_refused(self, run: str, token: int, reason: str) -> None:
        """Tell control that nothing was started and nothing will be."""
        self.outbox.add(Observation(run, token, now(), refused=reason))

    def disk_use(self, run: str) -> int:
        """Add up the bytes of a Run's sandbox and of its container's writable layer; raises NotFound."""
        layer = self.layers.get(run)
        if layer is None:
            return self.sandboxes.usage(run)
        handle = os.open(layer, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return self.sandboxes.usage(run) + trees.measure(handle)
        finally:
            os.close(handle)

    def close(self) -> None:
        """Let go of all files; what is on disk stays."""
        self.watch.close()
        self.journal.close()
        self.sandboxes.close()


def now() -> Instant:
    """Give the present instant."""
    return Instant(time.time_ns() // 1000)


def slice_name(directory: Path) -> str:
    """Name the cgroup slice of the node in this directory, so that several nodes of one machine stay apart."""
    return "portico-" + hashlib.blake2b(str(directory).encode(), digest_size=6).hexdigest()
