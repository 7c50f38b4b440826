"""What a Run may leave behind: processes in its cgroup, and the cgroup itself.

Promises: nothing forgotten runs on; a cgroup is tried again until it is gone. Must never kill this process: under
cgroup v1 a group lists the agent while its spawner thread stands in it.
"""

from __future__ import annotations

import asyncio
import os
import signal

from portico.domain.errors import PorticoError
from portico.node.cgroup_contract import Cgroups

FIRST_PAUSE = 0.002
LONGEST_PAUSE = 1.0


class Remains:
    """The cgroups of ended Runs that are not gone yet."""

    def __init__(self, cgroups: Cgroups, loop: asyncio.AbstractEventLoop) -> None:
        self._cgroups = cgroups
        self._loop = loop
        self._names: dict[str, None] = {}
        self._pause = FIRST_PAUSE
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._names)

    def clear(self, name: str) -> None:
        """Remove a group now, or kill who is in it and remove it soon."""
        if self._remove(name):
            return
        self._names[name] = None
        kill_members(self._cgroups, name)
        self._pause = FIRST_PAUSE
        self._schedule()

    def close(self) -> None:
        """Stop trying."""
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        if self._timer is None and self._names:
            self._timer = self._loop.call_later(self._pause, self._again)

    def _again(self) -> None:
        self._timer = None
        for name in list(self._names):
            if self._remove(name):
                del self._names[name]
            else:
                kill_members(self._cgroups, name)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._schedule()

    def _remove(self, name: str) -> bool:
        try:
            return self._cgroups.remove(name)
        except (OSError, PorticoError):
            return False  # tried again: a group that cannot be removed holds nothing but its name


def kill_members(cgroups: Cgroups, name: str) -> None:
    """Send SIGKILL to everybody in a group and below it, except to ourselves."""
    for pid in cgroups.members(name):
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
