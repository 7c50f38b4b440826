"""Control groups version 1, alone or beside an empty v2 hierarchy: one directory tree per controller.

Promises: a Run gets a directory only in the hierarchies its limits need, since each costs a launch about 0.1 ms.
Where cpuacct is a hierarchy of its own it goes along with cpu.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from portico.domain.runs import Limits
from portico.node import cgroup_files as files
from portico.node.cgroup_contract import (
    CONTAINER_GROUP,
    CONTROLLERS,
    CgroupFacts,
    Cgroups,
    Prepared,
    full_name,
    quota_micros,
    refusal,
)
from portico.node.cgroup_mounts import CgroupMount

_Setting = tuple[str, bytes]


class Hierarchy(msgspec.Struct, frozen=True):
    """Our slice in one v1 hierarchy: its path, an open handle, and the `tasks` file of the group above."""

    path: str
    handle: int
    controllers: frozenset[str]
    leave: str


class LegacyCgroups(Cgroups):
    """Groups in v1 hierarchies."""

    version = "v1"

    def __init__(self, hierarchies: Sequence[Hierarchy], warnings: tuple[str, ...] = ()) -> None:
        self.warnings = warnings
        self.leave = tuple(hierarchy.leave for hierarchy in hierarchies)
        self.controllers = frozenset().union(*(hierarchy.controllers for hierarchy in hierarchies))
        self._hierarchies = tuple(hierarchies)
        self._used: dict[str, tuple[Hierarchy, ...]] = {}

    def prepare(self, name: str, limits: Limits, parent: str = "") -> Prepared:
        """Make a directory in each hierarchy that has something to enforce."""
        full = full_name(name, parent)
        settings = _settings(limits)
        used: list[Hierarchy] = []
        made: list[Hierarchy] = []
        try:
            for hierarchy in self._hierarchies:
                wanted = [settings[controller] for controller in hierarchy.controllers if controller in settings]
                if not wanted:
                    continue
                if files.make_with_parents(hierarchy.handle, full):
                    made.append(hierarchy)
                used.append(hierarchy)
                for file, value in _flatten(wanted):
                    files.put(hierarchy.handle, f"{full}/{file}", value)
        except OSError as error:
            for hierarchy in made:
                files.remove(hierarchy.handle, full)
            raise refusal(error, full) from error
        joined = tuple(used) if len(made) == len(used) else self._probe(full)
        self._remember(full, joined)
        return Prepared(
            full,
            tuple([f"{hierarchy.path}/{full}/tasks" for hierarchy in joined]),
            tuple([hierarchy.leave for hierarchy in joined]),
        )

    def facts(self, name: str) -> CgroupFacts:
        """Read what the group's hierarchies count.

        Out-of-memory kills are those of the group itself, not of groups inside it.
        """
        pids = memory = 0
        counted = False
        for hierarchy in self._of(name):
            if "memory" in hierarchy.controllers:
                memory = files.number(files.get(hierarchy.handle, f"{name}/memory.usage_in_bytes"))
            if "pids" in hierarchy.controllers:
                pids = files.number(files.get(hierarchy.handle, f"{name}/pids.current"))
                counted = True
        living = pids if counted else len(self.members(name))
        return msgspec.structs.replace(self.spent(name), pids=living, memory=memory)

    def spent(self, name: str) -> CgroupFacts:
        """Read what the group's hierarchies have added up."""
        peak = cpu = 0
        for hierarchy in self._of(name):
            if "memory" in hierarchy.controllers:
                peak = files.number(files.get(hierarchy.handle, f"{name}/memory.max_usage_in_bytes"))
            if "cpuacct" in hierarchy.controllers:
                cpu = files.number(files.get(hierarchy.handle, f"{name}/cpuacct.usage")) // 1000
        return CgroupFacts(self.oom_kills(name), peak, cpu)

    def oom_kills(self, name: str) -> int:
        """Read the kernel's count; before Linux 4.13 a limit that was ever hit counts as one kill."""
        for hierarchy in self._of(name):
            if "memory" in hierarchy.controllers:
                control = files.get(hierarchy.handle, f"{name}/memory.oom_control")
                if not control or b"oom_kill " in control:
                    return files.field(control, b"oom_kill")
                return min(1, files.number(files.get(hierarchy.handle, f"{name}/memory.failcnt")))
        return 0

    def boxed_oom_kills(self, name: str) -> int:
        """Read the kernel's counts of the groups that a container runtime made."""
        made = {
            group
            for hierarchy in self._of(name)
            for group in files.children(hierarchy.handle, name)
            if group.rpartition("/")[2].startswith(CONTAINER_GROUP)
        }
        return sum(self.oom_kills(group) for group in made)

    def members(self, name: str) -> list[int]:
        """List the processes in one of the group's directories; they all hold the same."""
        for hierarchy in self._of(name):
            return files.processes(hierarchy.handle, name)
        return []

    def remove(self, name: str) -> bool:
        """Remove the group's directory from each of its hierarchies."""
        removed = [files.remove(hierarchy.handle, name) for hierarchy in self._of(name)]
        if not all(removed):
            return False
        self._used.pop(name, None)
        return True

    def existing(self) -> list[str]:
        """Name the groups of all hierarchies."""
        return sorted({name for hierarchy in self._hierarchies for name in files.descendants(hierarchy.handle, "")})

    def close(self) -> None:
        """Close the slices; one with groups inside stays."""
        for hierarchy in self._hierarchies:
            os.close(hierarchy.handle)
            discard_slice(hierarchy.path)

    def _remember(self, name: str, joined: tuple[Hierarchy, ...]) -> None:
        if joined:
            self._used[name] = joined
        # A nested group may have brought its parents into hierarchies they had no need of themselves.
        while "/" in name:
            name = name.rpartition("/")[0]
            self._used.pop(name, None)

    def _of(self, name: str) -> tuple[Hierarchy, ...]:
        used = self._used.get(name)
        return self._probe(name) if used is None else used

    def _probe(self, name: str) -> tuple[Hierarchy, ...]:
        """Find the hierarchies that hold a group made in an earlier life of the agent."""
        return tuple(hierarchy for hierarchy in self._hierarchies if os.access(name, os.F_OK, dir_fd=hierarchy.handle))


def open_hierarchies(mounts: Iterable[CgroupMount], slice_name: str) -> list[Hierarchy]:
    """Make and open our slice in every v1 hierarchy that lets us, below our own group or else at the top."""
    opened: list[Hierarchy] = []
    for mount in mounts:
        controllers = mount.controllers & set(CONTROLLERS)
        if mount.unified or not controllers:
            continue
        for place in dict.fromkeys((mount.own, mount.top)):
            path, leave = str(place / slice_name), str(place / "tasks")
            if os.access(leave, os.W_OK) and make_slice(path):
                opened.append(Hierarchy(path, files.open_directory(path), controllers, leave))
                break
    return opened


def make_slice(path: str) -> bool:
    """Make a slice; false when the place does not let us work in it."""
    try:
        Path(path).mkdir(0o755)
    except FileExistsError:
        return os.access(path, os.W_OK | os.X_OK)
    except OSError:
        # Read-only, foreign or gone: the caller tries the next place and tells the user once.
        return False
    return True


def discard_slice(path: str) -> None:
    """Remove a slice unless something is in it."""
    try:
        Path(path).rmdir()
    except OSError as error:
        if error.errno not in files.GONE | files.OCCUPIED:
            raise


def _settings(limits: Limits) -> dict[str, tuple[_Setting, ...]]:
    settings: dict[str, tuple[_Setting, ...]] = {}
    if limits.memory > 0:
        settings["memory"] = (("memory.limit_in_bytes", b"%d" % limits.memory),)
    if limits.cpus > 0:
        shares = ("cpu.shares", b"%d" % max(2, limits.cpus * 1024 // 1000))
        quota = ("cpu.cfs_quota_us", b"%d" % quota_micros(limits.cpus))
        settings["cpu"] = (shares, quota) if limits.cpu_quota else (shares,)
        settings["cpuacct"] = ()
    if limits.pids > 0:
        # The spawning thread counts too while it is inside, and a program's first fork may come before it left.
        settings["pids"] = (("pids.max", b"%d" % (limits.pids + 1)),)
    return settings


def _flatten(wanted: Iterable[tuple[_Setting, ...]]) -> Iterable[_Setting]:
    for settings in wanted:
        yield from settings
