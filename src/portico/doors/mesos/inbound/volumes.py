"""CREATE and DESTROY of persistent volumes, from frameworks and from operators. Pure; raises Invalid."""

from __future__ import annotations

from collections.abc import Sequence

from portico.domain.errors import Invalid
from portico.doors.mesos.extension.plans import Create, Destroy, VolumePlan
from portico.doors.mesos.inbound.containers import place_in_sandbox
from portico.doors.mesos.resources import check_resource, reservation_text, source_text, thousandths
from portico.wire.mesos import mesos_pb2 as pb


def create(volumes: Sequence[pb.Resource], principal: str = "", *, shareable: bool = True) -> Create:
    """Read volumes to be made; `principal` is whom the caller was authenticated as, empty for nobody.

    `shareable` tells whether the caller can deal with shared ones.
    """
    if not volumes:
        raise Invalid("No volumes to create", "volumes")
    seen: set[tuple[str, str]] = set()
    for volume in volumes:
        _check_new(volume, principal)
        if volume.HasField("shared") and not shareable:
            raise Invalid("Create volume operation has a shared volume, but SHARED_RESOURCES is not set", "shared")
        key = (volume.role, volume.disk.persistence.id)
        if key in seen:
            raise Invalid(f"Persistence ID '{key[1]}' is used more than once", "volumes.disk.persistence.id")
        seen.add(key)
    return Create(tuple(_plan(volume) for volume in volumes))


def destroy(volumes: Sequence[pb.Resource]) -> Destroy:
    """Read volumes to be removed."""
    if not volumes:
        raise Invalid("No volumes to destroy", "volumes")
    for volume in volumes:
        _check_persistent(volume)
    return Destroy(tuple(_plan(volume) for volume in volumes))


def _check_new(volume: pb.Resource, principal: str) -> None:
    _check_persistent(volume)
    disk = volume.disk
    field = "volumes.disk.volume"
    if not disk.HasField("volume"):
        raise Invalid("Expecting 'volume' to be set for persistent volume", field)
    if disk.volume.HasField("host_path"):
        raise Invalid("Expecting 'host_path' to be unset for persistent volume", f"{field}.host_path")
    if disk.volume.HasField("source") or disk.volume.HasField("image"):
        raise Invalid("Expecting 'source' and 'image' to be unset for persistent volume", field)
    if disk.volume.mode == pb.Volume.RO:
        raise Invalid("Read-only persistent volume not supported", f"{field}.mode")
    place_in_sandbox(disk.volume.container_path, f"{field}.container_path")
    said = disk.persistence.principal if disk.persistence.HasField("principal") else ""
    if principal and said != principal:
        raise Invalid(
            f"Create volume operation was attempted by authenticated principal '{principal}', which does not match the "
            f"principal '{said}' of the volume with ID '{disk.persistence.id}'",
            "volumes.disk.persistence.principal",
        )


def _check_persistent(volume: pb.Resource) -> None:
    check_resource(volume)
    if not volume.disk.HasField("persistence"):
        raise Invalid(f"Resource '{volume.name}' does not have 'disk.persistence' set", "volumes.disk.persistence")
    if thousandths(volume.scalar.value) == 0:
        raise Invalid("A persistent volume must not be empty", "volumes.scalar")


def _plan(volume: pb.Resource) -> VolumePlan:
    bare = pb.Resource()
    bare.CopyFrom(volume)
    bare.ClearField("allocation_info")
    persistence = volume.disk.persistence
    return VolumePlan(
        persistence=persistence.id,
        role=volume.role,
        reservation=reservation_text(volume),
        size=thousandths(volume.scalar.value),
        source=source_text(volume.disk),
        target=volume.disk.volume.container_path,
        info=bare.SerializeToString(),
        principal=persistence.principal,
        shared=volume.HasField("shared"),
    )
