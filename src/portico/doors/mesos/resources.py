"""Resource messages and what they are in the core: labelled Slices and port ranges.

Promises: amounts are rounded to thousandths once, here, and writing what was read gives the same amounts under the same
reservations; a Resource that has no place in the core is refused by its name.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from portico.domain.errors import Invalid
from portico.domain.reservations import LabelledPorts, Reservation, join_ports, parse
from portico.domain.resources import CPUS, DISK, GPUS, MEM, PORTS, WHOLE, Ports, merge_ports
from portico.domain.slices import MOUNT, PATH, UNRESERVED, Label, Slice, Slices, normalise
from portico.domain.volumes import Volume, volume_id
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.inbound.names import check_id, check_role
from portico.wire.mesos import mesos_pb2 as pb

LARGEST = 1 << 53
"""Beyond this many thousandths a double no longer tells neighbours apart."""

_MOST_REMEMBERED = 1024
_MOST_REMEMBERED_BYTES = 1024

_ORDER = {CPUS: 0, MEM: 1, DISK: 2, GPUS: 3}


# ---- reading ---------------------------------------------------------------------------------------------------


def to_held(resources: Iterable[pb.Resource], node: str) -> Held:
    """Read resources of a node; empty ones vanish. Raises Invalid, naming the resource.

    Most tasks want what others wanted, so what was read last is remembered.
    """
    written = tuple(resource.SerializePartialToString() for resource in resources)
    return (_recall if sum(map(len, written)) <= _MOST_REMEMBERED_BYTES else _read)(written, node)


def _read(written: tuple[bytes, ...], node: str) -> Held:
    resources = map(pb.Resource.FromString, written)
    slices: list[Slice] = []
    ports: list[tuple[str, Ports]] = []
    for resource in resources:
        check_resource(resource)
        if resource.type == pb.Value.RANGES:
            ports.append((reservation_text(resource), _ranges(resource)))
        else:
            slices.append(Slice(resource.name, thousandths(resource.scalar.value), label_of(resource, node)))
    return Held(normalise(slices), _joined(ports))


_recall = lru_cache(_MOST_REMEMBERED)(_read)


def _joined(ports: list[tuple[str, Ports]]) -> LabelledPorts:
    joined = join_ports(ports)
    every = sorted(piece for _, ranges in joined for piece in ranges)
    for (_, last), (first, _) in itertools.pairwise(every):
        if first <= last:
            raise Invalid(f"Port {first} is named twice", "resources")
    return joined


def thousandths(value: float) -> int:
    """Round as the API does: to the nearest thousandth."""
    return math.floor(value * WHOLE + 0.5)


def check_resource(resource: pb.Resource) -> None:
    """Raise Invalid for a resource that is wrong in itself or has no place here."""
    if not resource.name:
        raise Invalid("Empty resource name", "resources")
    _check_value(resource)
    _check_disk(resource)
    try:
        check_role(resource.role, hierarchical=True)
    except Invalid as error:
        raise Invalid(f"Invalid role of resource '{resource.name}': {error}", "resources.role") from error
    if resource.role == UNRESERVED and resource.HasField("reservation"):
        raise Invalid(f"Invalid reservation of '{resource.name}': role '*' cannot be dynamically reserved", "resources")
    if resource.HasField("revocable") and resource.HasField("reservation"):
        raise Invalid(f"Revocable resource '{resource.name}' cannot be dynamically reserved", "resources")
    if resource.HasField("shared") and not resource.disk.HasField("persistence"):
        raise Invalid(f"Only persistent volumes can be shared, '{resource.name}' is none", "resources.shared")


def _check_value(resource: pb.Resource) -> None:
    name = resource.name
    match resource.type:
        case pb.Value.SCALAR:
            if not resource.HasField("scalar") or resource.HasField("ranges") or resource.HasField("set"):
                raise Invalid(f"Invalid scalar resource '{name}'", "resources")
            if name == PORTS:
                raise Invalid("Resource 'ports' must be of type RANGES", "resources")
            value = resource.scalar.value
            if not math.isfinite(value) or abs(value * WHOLE) > LARGEST:
                raise Invalid(f"Invalid scalar resource '{name}': not a number that can be counted", "resources")
            if value < 0:
                raise Invalid(f"Invalid scalar resource '{name}': value < 0", "resources")
        case pb.Value.RANGES:
            if resource.HasField("scalar") or resource.HasField("set"):
                raise Invalid(f"Invalid ranges resource '{name}'", "resources")
            _check_ranges(resource)
        case pb.Value.SET:
            raise Invalid(f"Resource '{name}' is a set; no agent has any", "resources")
        case _:
            raise Invalid(f"Unsupported type of resource '{name}'", "resources")


def _check_ranges(resource: pb.Resource) -> None:
    if resource.name != PORTS:
        raise Invalid(f"Resource '{resource.name}' is a range; only 'ports' can be one", "resources")
    if resource.HasField("revocable"):
        raise Invalid("Resource 'ports' cannot be revocable", "resources")
    for one in resource.ranges.range:
        if one.begin > one.end or one.end >= 1 << 16:
            raise Invalid(f"Invalid ranges resource 'ports': [{one.begin}-{one.end}]", "resources")


def _check_disk(resource: pb.Resource) -> None:
    if not resource.HasField("disk"):
        return
    disk = resource.disk
    if resource.name != DISK:
        raise Invalid(f"DiskInfo should not be set for {resource.name} resource", "resources.disk")
    if not disk.HasField("persistence"):
        if disk.HasField("volume"):
            raise Invalid("Non-persistent volume not supported", "resources.disk.volume")
        if not disk.HasField("source"):
            raise Invalid("DiskInfo is set but empty", "resources.disk")
    else:
        try:
            check_id(disk.persistence.id, "resources.disk.persistence.id")
        except Invalid as error:
            raise Invalid(f"Persistence ID is invalid: {error}", "resources.disk.persistence.id") from error
        if resource.role == UNRESERVED:
            raise Invalid("Persistent volumes cannot be created from unreserved resources", "resources.role")
        if resource.HasField("revocable"):
            raise Invalid("Persistent volumes cannot be created from revocable resources", "resources.revocable")
    _check_source(disk)


def _check_source(disk: pb.Resource.DiskInfo) -> None:
    if not disk.HasField("source"):
        return
    source = disk.source
    name = pb.Resource.DiskInfo.Source.Type.Name(source.type)
    if not source.HasField("path" if source.type == pb.Resource.DiskInfo.Source.PATH else "mount"):
        raise Invalid(f"DiskInfo.Source of type {name} must have '{name.lower()}' set", "resources.disk.source")


def _ranges(resource: pb.Resource) -> Ports:
    return merge_ports((one.begin, one.end) for one in resource.ranges.range)


def reservation_of(resource: pb.Resource) -> Reservation | None:
    """Give what the resource is kept for; None for nothing."""
    if resource.role == UNRESERVED:
        return None
    if not resource.HasField("reservation"):
        return Reservation(resource.role)
    made = resource.reservation
    labels = tuple((one.key, one.value if one.HasField("value") else None) for one in made.labels.labels)
    return Reservation(resource.role, True, made.principal if made.HasField("principal") else None, labels)  # noqa: FBT003 — a field of a tuple


def reservation_text(resource: pb.Resource) -> str:
    """Give the canonical text of what the resource is kept for."""
    reservation = reservation_of(resource)
    return UNRESERVED if reservation is None else reservation.text


def label_of(resource: pb.Resource, node: str) -> Label:
    """Give the label of the Slice that the resource is on a node."""
    disk = resource.disk
    return Label(
        reservation_text(resource),
        volume_id(node, resource.role, disk.persistence.id) if disk.HasField("persistence") else "",
        resource.HasField("revocable"),
        source_text(disk),
    )


def source_text(disk: pb.Resource.DiskInfo) -> str:
    """Name the disk: empty for the common one, else `path:ROOT` or `mount:ROOT`."""
    if not disk.HasField("source"):
        return ""
    if disk.source.type == pb.Resource.DiskInfo.Source.PATH:
        return PATH + disk.source.path.root
    return MOUNT + disk.source.mount.root


def fill_role(resources: Iterable[pb.Resource], role: str) -> None:
    """Note in each resource whom it is allocated to, where that is not said; raises Invalid where it is somebody else.

    Changes the messages it is given.
    """
    for resource in resources:
        if not resource.allocation_info.role:
            resource.allocation_info.role = role
        elif resource.allocation_info.role != role:
            said = resource.allocation_info.role
            raise Invalid(
                f"Resource '{resource.name}' is allocated to role '{said}', the offer is for role '{role}'",
                "resources.allocation_info.role",
            )


# ---- writing ---------------------------------------------------------------------------------------------------


def to_resources(
    slices: Slices, ports: LabelledPorts, role: str = "", volumes: Mapping[str, Volume] | None = None
) -> list[pb.Resource]:
    """Write Slices and ports as resources allocated to `role`, to nobody when that is empty.

    `volumes` are the node's persistent ones, by id; of one that is not there only its persistence id is known.
    """
    known = volumes or {}
    ordered = sorted(slices, key=lambda piece: (_ORDER.get(piece.kind, len(_ORDER)), piece))
    written = [_scalar(piece, known) for piece in ordered]
    written += [_port_ranges(text, ranges) for text, ranges in ports if ranges]
    if role:
        for resource in written:
            resource.allocation_info.role = role
    return written


def _scalar(piece: Slice, volumes: Mapping[str, Volume]) -> pb.Resource:
    resource = pb.Resource(name=piece.kind, type=pb.Value.SCALAR, role=UNRESERVED)
    resource.scalar.value = piece.amount / WHOLE
    _reserve(resource, piece.label.reservation)
    if piece.label.revocable:
        resource.revocable.SetInParent()
    if piece.label.volume:
        _tell_volume(resource, piece.label.volume, volumes.get(piece.label.volume))
    if piece.label.source:
        _tell_source(resource.disk, piece.label.source)
    return resource


def _port_ranges(text: str, ranges: Ports) -> pb.Resource:
    resource = pb.Resource(name=PORTS, type=pb.Value.RANGES, role=UNRESERVED)
    for first, last in ranges:
        resource.ranges.range.add(begin=first, end=last)
    _reserve(resource, text)
    return resource


def _reserve(resource: pb.Resource, text: str) -> None:
    reservation = parse(text)
    if reservation is None:
        return
    resource.role = reservation.role
    if not reservation.dynamic:
        return
    resource.reservation.SetInParent()
    if reservation.principal is not None:
        resource.reservation.principal = reservation.principal
    for key, value in reservation.labels:
        resource.reservation.labels.labels.add(key=key, value=value)


def _tell_volume(resource: pb.Resource, identity: str, volume: Volume | None) -> None:
    persistence = identity.rpartition("/")[2] if volume is None else volume.persistence
    resource.disk.persistence.id = persistence
    resource.disk.volume.container_path = (volume.target if volume is not None else "") or persistence
    resource.disk.volume.mode = pb.Volume.RW
    if volume is not None and volume.principal:
        resource.disk.persistence.principal = volume.principal
    if volume is not None and volume.shared:
        resource.shared.SetInParent()


def _tell_source(disk: pb.Resource.DiskInfo, text: str) -> None:
    if text.startswith(PATH):
        disk.source.type = pb.Resource.DiskInfo.Source.PATH
        disk.source.path.root = text.removeprefix(PATH)
    else:
        disk.source.type = pb.Resource.DiskInfo.Source.MOUNT
        disk.source.mount.root = text.removeprefix(MOUNT)
