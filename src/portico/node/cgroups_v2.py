"""Control groups version 2: one directory tree, in which only leaves may hold processes.

A Run's processes live in a leaf `.own` inside its group, so that the group can hand its controllers on to the groups
of nested Runs at any time. When the agent sits in the group that must distribute controllers, all processes of that
group are moved into a leaf `portico-own` beside the slice; it is the same for all agents of a machine, so that each
finds its slice again. Counters and limits are those of the Run's group: they include all that is below.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec

from portico.domain.runs import Limits
from portico.node import cgroup_files as files
from portico.node.cgroup_contract import (
    LIMITING,
    QUOTA_PERIOD,
    CgroupFacts,
    Cgroups,
    Prepared,
    full_name,
    quota_micros,
    refusal,
)
from portico.node.cgroup_mounts import CgroupMount
from portico.node.cgroups_v1 import discard_slice, make_slice

LEAF = ".own"
AGENT_LEAF = "portico-own"
_EVACUATION_PASSES = 20


class UnifiedCgroups(Cgroups):
    """Groups in the v2 hierarchy; `path` is a slice that distributes `controllers` already."""

    version = "v2"

    def __init__(self, path: Path, controllers: frozenset[str], warnings: tuple[str, ...] = ()) -> None:
        self.warnings = warnings
        self.controllers = controllers
        self._path = str(path)
        self._handle = files.open_directory(self._path)

    def prepare(self, name: str, limits: Limits, parent: str = "") -> Prepared:
        """Make the group and its leaf, hand the needed controllers down to it, and set its limits."""
        full = full_name(name, parent)
        settings = [(file, value) for file, value in _settings(limits) if file.partition(".")[0] in self.controllers]
        if not settings:
            return Prepared(full)
        made = False
        try:
            if parent:
                self._hand_down(parent, {file.partition(".")[0] for file, _ in settings})
            made = files.make(self._handle, full)
            files.make(self._handle, f"{full}/{LEAF}")
            for file, value in settings:
                files.put(self._handle, f"{full}/{file}", value)
        except OSError as error:
            if made:
                files.remove(self._handle, full)
            raise refusal(error, full) from error
        return Prepared(full, procs=f"{self._path}/{full}/{LEAF}/cgroup.procs")

    def facts(self, name: str) -> CgroupFacts:
        """Read the group's counters."""
        pids = files.get(self._handle, f"{name}/pids.current")
        return msgspec.structs.replace(
            self.spent(name),
            pids=files.number(pids) if pids else len(self.members(name)),
            memory=files.number(files.get(self._handle, f"{name}/memory.current")),
        )

    def spent(self, name: str) -> CgroupFacts:
        """Read what the group has added up; before Linux 5.19 the peak is not kept and reads 0."""
        return CgroupFacts(
            self.oom_kills(name),
            files.number(files.get(self._handle, f"{name}/memory.peak")),
            files.field(files.get(self._handle, f"{name}/cpu.stat"), b"usage_usec"),
        )

    def oom_kills(self, name: str) -> int:
        """Read the kernel's count."""
        return files.field(files.get(self._handle, f"{name}/memory.events"), b"oom_kill")

    def members(self, name: str) -> list[int]:
        """List the processes of the leaf and of nested groups."""
        return files.processes(self._handle, name)

    def kill(self, name: str) -> bool:
        """Kill by the kernel's own switch where it has one (Linux 5.14), so that no fork escapes."""
        try:
            files.put(self._handle, f"{name}/cgroup.kill", b"1")
        except OSError as error:
            if error.errno not in files.GONE:
                raise
        return super().kill(name)

    def remove(self, name: str) -> bool:
        """Remove leaf and group."""
        try:
            os.rmdir(f"{name}/{LEAF}", dir_fd=self._handle)
        except OSError as error:
            if error.errno not in files.GONE | files.OCCUPIED:
                raise
        return files.remove(self._handle, name)

    def existing(self) -> list[str]:
        """Name the groups without their leaves."""
        return [name for name in files.descendants(self._handle, "") if name.rpartition("/")[2] != LEAF]

    def close(self) -> None:
        """Close the slice; one with groups inside stays."""
        os.close(self._handle)
        discard_slice(self._path)

    def _hand_down(self, parent: str, needed: set[str]) -> None:
        """Let a parent and its own parents pass controllers on; each keeps its processes in its leaf."""
        parts = parent.split("/")
        for depth in range(1, len(parts) + 1):
            group = "/".join(parts[:depth])
            if files.make(self._handle, group):
                files.make(self._handle, f"{group}/{LEAF}")
            files.put(self._handle, f"{group}/cgroup.subtree_control", _enabling(needed))


def open_unified(mount: CgroupMount, slice_name: str) -> tuple[Path, frozenset[str]] | None:
    """Make our slice below our own group, or else at the top, with as many controllers as that place gives."""
    own = mount.own.parent if mount.own.name == AGENT_LEAF else mount.own
    for place in dict.fromkeys((own, mount.top)):
        offered = frozenset(_words(place / "cgroup.controllers")) & set(LIMITING)
        path = place / slice_name
        if not offered or not os.access(place / "cgroup.procs", os.W_OK):
            continue
        if _distribute(place, offered) and make_slice(str(path)) and _distribute(path, offered):
            return path, offered
    return None


def _distribute(place: Path, controllers: frozenset[str]) -> bool:
    """Enable controllers for the groups inside `place`; false when it will not let us."""
    if controllers <= set(_words(place / "cgroup.subtree_control")):
        return True
    try:
        try:
            _write(place / "cgroup.subtree_control", _enabling(controllers))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _evacuate(place, place / AGENT_LEAF)
            _write(place / "cgroup.subtree_control", _enabling(controllers))
    except OSError:
        # Not delegated to us: the caller tries the next place and tells the user once.
        return False
    return True


def _evacuate(place: Path, leaf: Path) -> None:
    """Move all processes of `place` into a leaf, again while they fork."""
    leaf.mkdir(exist_ok=True)
    for _ in range(_EVACUATION_PASSES):
        members = _words(place / "cgroup.procs")
        if not members:
            return
        for pid in members:
            try:
                _write(leaf / "cgroup.procs", pid.encode())
            except ProcessLookupError:
                continue


def _enabling(controllers: set[str] | frozenset[str]) -> bytes:
    return " ".join(f"+{controller}" for controller in sorted(controllers)).encode()


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except FileNotFoundError:
        return []


def _write(path: Path, value: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, value)
    finally:
        os.close(handle)


def _settings(limits: Limits) -> list[tuple[str, bytes]]:
    settings: list[tuple[str, bytes]] = []
    if limits.memory > 0:
        # A Run that lost one process for want of memory is not worth keeping in part.
        settings += [("memory.max", b"%d" % limits.memory), ("memory.oom.group", b"1")]
    if limits.cpus > 0:
        settings.append(("cpu.weight", b"%d" % min(10_000, max(1, limits.cpus // 10))))
        if limits.cpu_quota:
            settings.append(("cpu.max", b"%d %d" % (quota_micros(limits.cpus), QUOTA_PERIOD)))
    if limits.pids > 0:
        settings.append(("pids.max", b"%d" % limits.pids))
    return settings
