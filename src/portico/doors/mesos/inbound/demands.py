"""What tasks and executors demand of their offer: checks over all their resources together, limits, volume mounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portico.domain.containers import Mount
from portico.domain.errors import Invalid
from portico.domain.resources import CPUS, DISK, GPUS, MEM, WHOLE
from portico.domain.runs import Limits
from portico.domain.slices import Slices
from portico.domain.volumes import volume_path
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.inbound.containers import place_in_sandbox
from portico.doors.mesos.inbound.surroundings import Surroundings
from portico.doors.mesos.resources import fill_role, to_held
from portico.wire.mesos import mesos_pb2 as pb

_MEGABYTE = 1 << 20
REVOCABLE_WEIGHT = 100
LEAST_CPUS = 10
LEAST_MEM = 32 * WHOLE


def read_demand(resources: Sequence[pb.Resource], around: Surroundings, who: str) -> Held:
    """Read resources and note in them the role of the offer; raises Invalid, naming `who` uses them."""
    try:
        fill_role(resources, around.role)
        held = to_held(resources, around.node)
    except Invalid as error:
        raise Invalid(f"{who} uses invalid resources: {error}", error.field) from error
    _check_gpus(held.slices)
    return held


def check_together(parts: Iterable[Sequence[pb.Resource]]) -> None:
    """Raise Invalid where a task and its executor do not go together: revocability mixed, a volume named twice."""
    revocable: dict[str, bool] = {}
    volumes: set[tuple[str, str]] = set()
    for resource in (resource for part in parts for resource in part):
        flag = resource.HasField("revocable")
        if revocable.setdefault(resource.name, flag) is not flag:
            raise Invalid(
                f"Cannot use both revocable and non-revocable '{resource.name}' at the same time", "revocable"
            )
        if resource.disk.HasField("persistence"):
            volume = (resource.role, resource.disk.persistence.id)
            if volume in volumes:
                raise Invalid(f"Persistence ID '{volume[1]}' is used more than once", "resources.disk.persistence.id")
            volumes.add(volume)


def _check_gpus(slices: Slices) -> None:
    if any(piece.kind == GPUS and piece.amount % WHOLE for piece in slices):
        raise Invalid("The 'gpus' resource must be an unsigned integer", "resources.gpus")


def check_least(held: Held, executor: str) -> None:
    """Raise Invalid for an executor of a task group that has too little to live on."""
    amounts = dict.fromkeys((CPUS, MEM, DISK), 0)
    for piece in held.slices:
        amounts[piece.kind] = amounts.get(piece.kind, 0) + piece.amount
    for kind, least, unit in ((CPUS, LEAST_CPUS, ""), (MEM, LEAST_MEM, "MB")):
        if amounts[kind] < least:
            has = f"{amounts[kind] / WHOLE:g}{unit}" if amounts[kind] else "None"
            wanted = f"{least / WHOLE:g}{unit}"
            raise Invalid(f"Executor '{executor}' uses less {kind} ({has}) than the minimum required ({wanted})", kind)
    if not amounts[DISK]:
        raise Invalid(f"Executor '{executor}' uses no disk", DISK)


def limits(held: Held, around: Surroundings) -> Limits:
    """Give what a Run with these resources may use; volumes and disks of their own are not limited with the sandbox.

    Revocable cpus weigh a hundredth, as upstream: they are for the time that nobody else wants.
    """
    amounts: dict[str, int] = {}
    for piece in held.slices:
        if not piece.label.volume and not piece.label.source:
            amounts[piece.kind] = amounts.get(piece.kind, 0) + piece.amount
    disk = amounts.get(DISK, 0) if around.limit_disk else 0
    borrowed = sum(piece.amount for piece in held.slices if piece.kind == CPUS and piece.label.revocable)
    return Limits(
        cpus=amounts.get(CPUS, 0) - borrowed + -(-borrowed // REVOCABLE_WEIGHT),
        memory=amounts.get(MEM, 0) * _MEGABYTE // WHOLE,
        disk=disk * _MEGABYTE // WHOLE,
    )


def volume_mounts(resources: Iterable[pb.Resource], around: Surroundings) -> tuple[Mount, ...]:
    """Give where the persistent volumes among resources appear."""
    return tuple(_mount(resource, around) for resource in resources if resource.disk.HasField("persistence"))


def _mount(resource: pb.Resource, around: Surroundings) -> Mount:
    disk = resource.disk
    field = "resources.disk.volume"
    if not disk.HasField("volume"):
        raise Invalid("Expecting 'volume' to be set for persistent volume", field)
    if disk.volume.HasField("host_path") or disk.volume.HasField("source") or disk.volume.HasField("image"):
        raise Invalid("A persistent volume must have neither 'host_path', 'source' nor 'image'", field)
    folder = volume_path(resource.role, disk.persistence.id)
    root = _disk_root(disk) or around.volumes
    target = place_in_sandbox(disk.volume.container_path, f"{field}.container_path")
    return Mount(target, f"{root}/{folder}", read_only=disk.volume.mode == pb.Volume.RO, create=True)


def _disk_root(disk: pb.Resource.DiskInfo) -> str:
    """Name the folder of a disk of its own; empty for the common disk."""
    if not disk.HasField("source"):
        return ""
    source = disk.source
    return source.path.root if source.type == pb.Resource.DiskInfo.Source.PATH else source.mount.root
