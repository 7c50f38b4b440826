"""Mounts of containers: EFS, and volumes that the containers of a task share. Pure.

All of them are directories of the node. A volume without a file system of its own gets an empty one: in the task's
sandbox when its containers share it, one for each job when it stands for something outside. Promises: nothing here
leads out of the directory that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from portico.domain.containers import Mount
from portico.domain.runs import RunSpec
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import base_pb2, jobs_pb2, volumes_pb2

MAIN = "main"
"""How volumes call a task's main container."""

_SHARED = ".volumes"
"""The folder of a task's sandbox that holds what its containers share."""


def of_main(descriptor: jobs_pb2.JobDescriptor, job: str, limits: Limits) -> tuple[Mount, ...]:
    """Give the mounts of the main container."""
    efs = [_efs_mount(mount, job, limits) for mount in descriptor.container.resources.efsMounts]
    return (*efs, *of_container(descriptor, MAIN, descriptor.container.volumeMounts, job, limits))


def of_container(
    descriptor: jobs_pb2.JobDescriptor,
    name: str,
    mounts: Sequence[volumes_pb2.VolumeMount],
    job: str,
    limits: Limits,
) -> tuple[Mount, ...]:
    """Give the volumes of one container: those that it mounts, and those of which it is the source."""
    places = {volume.name: _place(volume, job, limits) for volume in descriptor.volumes}
    mounted = [_volume_mount(mount, places[mount.volumeName]) for mount in mounts]
    targets = {mount.target for mount in mounted}
    sourced = [
        Mount(target, places[volume.name], create=True)
        for volume in descriptor.volumes
        if (target := _source_path(volume, name)) and target not in targets
    ]
    return (*mounted, *sourced)


def shared_with(spec: RunSpec, task: str) -> RunSpec:
    """Give the spec of a task's further container: what it shares lies in the sandbox of the task itself."""
    container = spec.container
    if container is None or all(mount.source.startswith("/") for mount in container.mounts):
        return spec
    mounts = tuple(
        mount if mount.source.startswith("/") else msgspec.structs.replace(mount, run=task)
        for mount in container.mounts
    )
    return msgspec.structs.replace(spec, container=msgspec.structs.replace(container, mounts=mounts))


def _efs_mount(mount: jobs_pb2.ContainerResources.EfsMount, job: str, limits: Limits) -> Mount:
    known = limits.efs.get(mount.efsId)
    root = known if known is not None else f"{limits.folder}/jobs/{job}/efs/{mount.efsId}"
    return Mount(
        _absolute(mount.mountPoint),
        _below(root, mount.efsRelativeMountPoint),
        read_only=mount.mountPerm == base_pb2.RO,
        create=known is None,
    )


def _volume_mount(mount: volumes_pb2.VolumeMount, place: str) -> Mount:
    return Mount(_absolute(mount.mountPath), _below(place, mount.subPath), read_only=mount.readOnly, create=True)


def _source_path(volume: volumes_pb2.Volume, container: str) -> str:
    source = volume.sharedContainerVolumeSource
    return _absolute(source.sourcePath) if source.sourceContainer == container and source.sourcePath else ""


def _place(volume: volumes_pb2.Volume, job: str, limits: Limits) -> str:
    if volume.WhichOneof("VolumeSource") == "SaaSVolumeSource":
        return f"{limits.folder}/jobs/{job}/volumes/{volume.name}"
    return f"{_SHARED}/{volume.name}"


def _below(root: str, relative: str) -> str:
    return "/".join([root, *_parts(relative)])


def _absolute(path: str) -> str:
    return "/" + "/".join(_parts(path))


def _parts(path: str) -> Iterable[str]:
    return (part for part in path.split("/") if part not in ("", "."))
