"""How much a container takes, and the file systems it mounts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from portico.domain.resources import WHOLE
from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.signed import signed_int
from portico.wire.titus import jobs_pb2

MOST_MOUNTS = 50
"""Of each kind in one container: each is a mount of every task."""

_FIELD = "container.containerResources"


def check(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Check amounts and EFS mounts."""
    resources = descriptor.container.resources
    yield from _cpu(resources.cpu, limits)
    yield from _amount("gpu", resources.gpu, 0, limits.max_gpus)
    yield from _amount("memoryMB", resources.memoryMB, 1, limits.max_memory)
    yield from _amount("diskMB", resources.diskMB, 1, limits.max_disk)
    yield from _amount("networkMbps", resources.networkMbps, 1, limits.max_network)
    shm, memory = signed_int(resources.shmSizeMB), signed_int(resources.memoryMB)
    if shm < 0:
        yield Violation(f"{_FIELD}.shmMB", f"'shmMB'({shm}) must be >= 0")
    if shm > memory:
        yield Violation(_FIELD, f"'shmMB' ({shm}) must be <= 'memoryMB' ({memory})")
    if len(resources.efsMounts) > MOST_MOUNTS:
        yield Violation(f"{_FIELD}.efsMounts", f"at most {MOST_MOUNTS} are allowed")
        return
    for at, mount in enumerate(resources.efsMounts):
        yield from _efs_mount(f"{_FIELD}.efsMounts[{at}]", mount, limits)


def _cpu(cpu: float, limits: Limits) -> Iterator[Violation]:
    most = limits.max_cpus / WHOLE
    if math.isnan(cpu) or cpu <= 0:
        yield Violation(f"{_FIELD}.cpu", f"'cpu'({cpu}) must be > 0")
    if cpu > most:
        yield Violation(f"{_FIELD}.cpu", f"Above maximum allowed value {most}")


def _amount(name: str, written: int, least: int, most: int) -> Iterator[Violation]:
    found = signed_int(written)
    if found < least:
        yield Violation(f"{_FIELD}.{name}", f"'{name}'({found}) must be {'>= 0' if least == 0 else '> 0'}")
    if found > most:
        yield Violation(f"{_FIELD}.{name}", f"Above maximum allowed value {most}")


def _efs_mount(field: str, mount: jobs_pb2.ContainerResources.EfsMount, limits: Limits) -> Iterator[Violation]:
    if not mount.efsId:
        yield Violation(f"{field}.efsId", "Empty value not allowed")
    elif limits.efs and mount.efsId not in limits.efs:
        yield Violation(f"{field}.efsId", f"There is no file system {mount.efsId[:80]}")
    elif not limits.efs and not _is_name(mount.efsId):
        yield Violation(f"{field}.efsId", "must not contain '/' and other special characters")
    if not mount.mountPoint:
        yield Violation(f"{field}.mountPoint", "Empty value not allowed")
    elif not is_place(mount.mountPoint):
        yield Violation(f"{field}.mountPoint", "must be a path below the root of the container, without '..'")
    if mount.efsRelativeMountPoint and not is_inside(mount.efsRelativeMountPoint):
        yield Violation(f"{field}.efsRelativeMountPoint", "must not contain '..'")


def _is_name(text: str) -> bool:
    return text.isprintable() and "/" not in text and text not in (".", "..") and len(text.encode()) <= 200


def is_inside(path: str) -> bool:
    """Tell whether a path cannot lead out of where it starts."""
    return "\0" not in path and ".." not in path.split("/")


def is_place(path: str) -> bool:
    """Tell whether something can be mounted there."""
    return is_inside(path) and path.strip("/.") != ""
