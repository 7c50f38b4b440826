"""Finding out which control groups this node may use.

Promises: the answer is honest. What cannot be limited is said in one sentence, and never pretended.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from portico.node.cgroup_contract import LIMITING, CgroupFacts, Cgroups, NoCgroups, Prepared
from portico.node.cgroup_mounts import read_mounts
from portico.node.cgroups_v1 import LegacyCgroups, open_hierarchies
from portico.node.cgroups_v2 import UnifiedCgroups, open_unified

__all__ = ["CgroupFacts", "Cgroups", "NoCgroups", "Prepared", "detect"]


def detect(
    root: Path = Path("/sys/fs/cgroup"), proc_self: Path = Path("/proc/self"), slice_name: str = "portico"
) -> Cgroups:
    """Find the hierarchies we may write to below `root` and make our slice in them.

    v1 goes first: where it is mounted, a v2 hierarchy beside it lacks the controllers v1 has.
    """
    mounts = read_mounts(root, proc_self)
    hierarchies = open_hierarchies(mounts, slice_name)
    if hierarchies:
        found = frozenset().union(*(hierarchy.controllers for hierarchy in hierarchies))
        return LegacyCgroups(hierarchies, _warnings(found))
    for mount in mounts:
        unified = open_unified(mount, slice_name) if mount.unified else None
        if unified is not None:
            return UnifiedCgroups(*unified, _warnings(unified[1]))
    where = "none is mounted" if not mounts else "none is writable for this user"
    return NoCgroups(f"Of the cgroup controllers {where}: memory, cpu and pids limits are not enforced on this node.")


def _warnings(found: Iterable[str]) -> tuple[str, ...]:
    missing = [controller for controller in LIMITING if controller not in set(found)]
    if not missing:
        return ()
    names = " and ".join(missing)
    return (f"No writable cgroup controller for {names}: these limits are not enforced on this node.",)
