"""What lies beside the main container: volumes, further containers, platform sidecars."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.mounts import MAIN
from portico.doors.titus.inbound.sidecars import arguments
from portico.doors.titus.inbound.validation.images import of_image
from portico.doors.titus.inbound.validation.processes import of_process
from portico.doors.titus.inbound.validation.resources import MOST_MOUNTS, is_inside, is_place
from portico.wire.titus import jobs_pb2, volumes_pb2

MOST_EXTRAS = 50
"""Of each kind in one job: each is a process, or a folder, of every task."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_RULE = (
    "must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
)
_LONGEST_NAME = 63


def check(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Check each of them."""
    for field in ("volumes", "extraContainers", "platformSidecars"):
        if len(getattr(descriptor, field)) > MOST_EXTRAS:
            yield Violation(field, f"at most {MOST_EXTRAS} are allowed")
            return
    volumes = [volume.name for volume in descriptor.volumes]
    yield from _volumes(descriptor)
    yield from _mounts("container", descriptor.container.volumeMounts, volumes)
    yield from _containers(descriptor, volumes, limits)
    yield from _sidecars(descriptor, limits)


def _volumes(descriptor: jobs_pb2.JobDescriptor) -> Iterator[Violation]:
    yield from _names("volumes", [volume.name for volume in descriptor.volumes], "volume")
    for at, volume in enumerate(descriptor.volumes):
        field = f"volumes[{at}].sharedContainerVolumeSource.sourcePath"
        source = volume.sharedContainerVolumeSource
        if source.sourcePath and not (source.sourcePath.startswith("/") and is_place(source.sourcePath)):
            yield Violation(field, "must be an absolute path below the root of the container, without '..'")


def _containers(descriptor: jobs_pb2.JobDescriptor, volumes: list[str], limits: Limits) -> Iterator[Violation]:
    yield from _names("extraContainers", [one.name for one in descriptor.extraContainers], "container", [MAIN])
    for at, one in enumerate(descriptor.extraContainers):
        field = f"extraContainers[{at}]"
        yield from of_image(f"{field}.image", one.image)
        yield from of_process(field, one.entryPoint, one.command, one.env, limits)
        yield from _mounts(field, one.volumeMounts, volumes)


def _sidecars(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    others = [MAIN, *(one.name for one in descriptor.extraContainers)]
    yield from _names("platformSidecars", [one.name for one in descriptor.platformSidecars], "sidecar", others)
    for at, one in enumerate(descriptor.platformSidecars):
        if not _DOMAIN.fullmatch(one.channel):
            yield Violation(f"platformSidecars[{at}].channel", f"channel {_RULE}")
        written = arguments(one)
        if written is None:
            yield Violation(f"platformSidecars[{at}].arguments", "must be writable as JSON")
        elif len(written.encode()) > limits.max_environment:
            yield Violation(f"platformSidecars[{at}].arguments", f"at most {limits.max_environment} bytes are allowed")


def _names(field: str, names: Sequence[str], what: str, others: Sequence[str] = ()) -> Iterator[Violation]:
    """Check names; a task's containers, sidecars among them, are told apart by theirs."""
    for at, name in enumerate(names):
        if not _is_label(name):
            yield Violation(f"{field}[{at}].name", f"{what} name {_RULE}")
        elif name in names[:at] or name in others:
            yield Violation(f"{field}[{at}].name", f"{what} name {name} is used twice")


def _mounts(owner: str, mounts: Sequence[volumes_pb2.VolumeMount], volumes: list[str]) -> Iterator[Violation]:
    if len(mounts) > MOST_MOUNTS:
        yield Violation(f"{owner}.volumeMounts", f"at most {MOST_MOUNTS} are allowed")
        return
    for at, mount in enumerate(mounts):
        field = f"{owner}.volumeMounts[{at}]"
        if not _is_label(mount.volumeName):
            yield Violation(f"{field}.volumeName", f"volume name {_RULE}")
        elif mount.volumeName not in volumes:
            yield Violation(f"{field}.volumeName", f"there is no volume {mount.volumeName}")
        if not mount.mountPath.startswith("/"):
            yield Violation(f"{field}.mountPath", "path must start with a leading slash")
        elif not is_place(mount.mountPath):
            yield Violation(f"{field}.mountPath", "path must be below the root of the container, without '..'")
        if not is_inside(mount.subPath):
            yield Violation(f"{field}.subPath", "path must not contain '..'")


def _is_label(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _LABEL.fullmatch(name) is not None
