"""What a node may ask of control groups, whatever version the kernel offers.

Owns the values and the names; promises that a Run's group carries only the controllers its limits need.
"""

from __future__ import annotations

import errno
import re
import time
from abc import ABC, abstractmethod

import msgspec

from portico.domain.errors import Exhausted, Invalid, PorticoError, Unavailable
from portico.domain.runs import Limits
from portico.node import cgroup_files

CONTROLLERS = ("memory", "cpu", "cpuacct", "pids")
"""All that we use; the freezer could only help a kill that repeats until nobody is left."""

LIMITING = ("memory", "cpu", "pids")
"""The controllers whose absence leaves a limit without force."""

QUOTA_PERIOD = 100_000

CONTAINER_GROUP = "portico-box-"
"""How the name of a group begins that a container runtime made inside a Run's, as runc does: it counts as the Run's."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@=+,~-]{0,199}")
_KILL_PASSES = 8
_KILL_PAUSE_SECONDS = 0.001


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A group that is ready to be joined.

    `enter` are v1 `tasks` files: the spawning thread writes "0" into each and its children start inside; by `leave`
    it goes back, in the same order. `procs` is the v2 `cgroup.procs` file that an exec prefix writes its pid into.
    `name` is what the other calls know the group by.
    """

    name: str = ""
    enter: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    procs: str = ""


class CgroupFacts(msgspec.Struct, frozen=True, gc=False):
    """Counters of one group: kills, bytes, microseconds of cpu, live processes, bytes now; 0 where not counted."""

    oom_kills: int = 0
    peak_memory: int = 0
    cpu_micros: int = 0
    pids: int = 0
    memory: int = 0


class Cgroups(ABC):
    """The groups of one agent, all inside its slice.

    `version` is "v1", "v2" or "none"; `warnings` has one sentence when limits will not be enforced; `leave` are the
    v1 `tasks` files by which the spawning thread goes back from any group.
    """

    version: str = "none"
    warnings: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    controllers: frozenset[str] = frozenset()

    @abstractmethod
    def prepare(self, name: str, limits: Limits, parent: str = "") -> Prepared:
        """Make the group of a Run, inside its parent's, and set its limits; a group that is there gets new limits.

        Limits that need no controller make no group. Raises Invalid for a name or limit the kernel cannot take,
        Exhausted when it has no room for another group, Unavailable otherwise.
        """

    @abstractmethod
    def facts(self, name: str) -> CgroupFacts:
        """Read the group's counters."""

    @abstractmethod
    def spent(self, name: str) -> CgroupFacts:
        """Read what the group has used until now, and nothing of who lives in it: kills, peak and cpu."""

    @abstractmethod
    def oom_kills(self, name: str) -> int:
        """Count the processes of the group killed for want of memory, in one read."""

    def boxed_oom_kills(self, name: str) -> int:  # noqa: ARG002 — a v2 group counts what is below it by itself
        """Count the same for groups that a container runtime made inside the group, where they count apart."""
        return 0

    @abstractmethod
    def members(self, name: str) -> list[int]:
        """List the live processes of the group and of those inside it."""

    @abstractmethod
    def remove(self, name: str) -> bool:
        """Remove the group and those inside it; false when something still lives there."""

    @abstractmethod
    def existing(self) -> list[str]:
        """Name the groups that are there, parents before children ("parent/child")."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the slice, and remove it when nothing is in it."""

    def kill(self, name: str) -> bool:
        """Kill all members, again and again until none is left; false when some remain after about 10 ms.

        Repeating catches what was forked meanwhile; processes that die slowly are the caller's to wait for.
        """
        for _ in range(_KILL_PASSES):
            members = self.members(name)
            if not members:
                return True
            for pid in members:
                cgroup_files.end(pid)
            time.sleep(_KILL_PAUSE_SECONDS)
        return not self.members(name)


class NoCgroups(Cgroups):
    """What stands where no controller is ours to use: nothing is limited, nothing is counted."""

    def __init__(self, warning: str) -> None:
        self.warnings = (warning,)

    def prepare(self, name: str, limits: Limits, parent: str = "") -> Prepared:  # noqa: ARG002 — no limit has force here
        """Give a group that nothing joins."""
        return Prepared(full_name(name, parent))

    def facts(self, name: str) -> CgroupFacts:  # noqa: ARG002 — nothing is counted here
        """Give zeros."""
        return CgroupFacts()

    def spent(self, name: str) -> CgroupFacts:  # noqa: ARG002 — nothing is counted here
        """Give zeros."""
        return CgroupFacts()

    def oom_kills(self, name: str) -> int:  # noqa: ARG002 — nothing is counted here
        """Give zero."""
        return 0

    def members(self, name: str) -> list[int]:  # noqa: ARG002 — nothing is grouped here
        """Give nobody."""
        return []

    def remove(self, name: str) -> bool:  # noqa: ARG002 — nothing is grouped here
        """Have nothing to remove."""
        return True

    def existing(self) -> list[str]:
        """Name nothing."""
        return []

    def close(self) -> None:
        """Hold nothing to let go of."""


def full_name(name: str, parent: str) -> str:
    """Join and check a group's name; raises Invalid when it could be anything but a directory below its parent."""
    full = f"{parent}/{name}" if parent else name
    if not all(_NAME.fullmatch(part) for part in full.split("/")) or "/" in name:
        raise Invalid(f"{full!r} cannot name a cgroup", "name")
    return full


def refusal(error: OSError, name: str) -> PorticoError:
    """Say why the kernel did not take a group or its limits."""
    reason = f"cgroup {name!r}: {error.strerror}"
    if error.errno in {errno.ENOSPC, errno.ENOMEM, errno.EAGAIN}:
        return Exhausted(reason)
    if error.errno in {errno.EINVAL, errno.ERANGE, errno.EEXIST, errno.ENAMETOOLONG}:
        return Invalid(reason, "limits")
    return Unavailable(reason)


def quota_micros(cpus: int) -> int:
    """Turn thousandths of a cpu into microseconds per period of 100 ms; the kernel takes no less than 1 ms."""
    return max(1000, cpus * QUOTA_PERIOD // 1000)
