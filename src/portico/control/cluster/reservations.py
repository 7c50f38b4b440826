"""Reservations and volumes: what RESERVE, UNRESERVE, CREATE and DESTROY do to a node.

All functions work inside a caller's transaction and only relabel what is free: the sums of a node never change, and
nothing that a Claim holds is touched. Offers that no longer fit afterwards are rescinded, as few as possible; space of
offers that were taken is free for this. Promises: either all that was asked for is done, or nothing.

Errors: Invalid names the field of what is wrong in itself, NotFound is an unknown node, Conflict what is not free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.frames import KeepVolumes
from portico.domain.nodes import Node
from portico.domain.reservations import (
    LabelledPorts,
    NodeReservations,
    holds_ports,
    join_ports,
    label_ports,
    parse,
    without_ports,
)
from portico.domain.resources import DISK, Amounts, Ports
from portico.domain.slices import (
    PLAIN,
    UNRESERVED,
    Label,
    Slice,
    Slices,
    holds,
    normalise,
    part_of_whole,
    plain,
    subtract_slices,
)
from portico.domain.volumes import Volume, volume_id, volume_path

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction


class VolumeWish(msgspec.Struct, frozen=True, kw_only=True):
    """A volume to make of `size` thousandths of a MB of the disk that `reservation` (canonical text) keeps."""

    persistence: str
    reservation: str
    size: int
    principal: str = ""
    shared: bool = False
    source: str = ""
    target: str = ""


# ---- reservations --------------------------------------------------------------------------------------------------


def reserve(plane: Plane, tx: Transaction, node: str, slices: Slices, ports: LabelledPorts = ()) -> Node:
    """Keep unreserved space for roles; the labels say for which, all of them dynamic."""
    _check_reservable(slices, ports)
    free = [(Slice(piece.kind, piece.amount, _unreserved(piece.label)), piece) for piece in slices]
    return _relabel(plane, tx, node, free, join_ports((UNRESERVED, ranges) for _, ranges in ports), ports)


def unreserve(plane: Plane, tx: Transaction, node: str, slices: Slices, ports: LabelledPorts = ()) -> Node:
    """Give dynamically reserved space back to everybody; raises Invalid for a volume."""
    _check_reservable(slices, ports)
    back = [(piece, Slice(piece.kind, piece.amount, _unreserved(piece.label))) for piece in slices]
    return _relabel(plane, tx, node, back, ports, join_ports((UNRESERVED, ranges) for _, ranges in ports))


def _unreserved(label: Label) -> Label:
    return Label(source=label.source)


def _check_reservable(slices: Slices, ports: LabelledPorts) -> None:
    if not slices and not ports:
        raise Invalid("nothing is named", "resources")
    for piece in slices:
        if piece.amount <= 0:
            raise Invalid(f"{piece.kind}: the amount must be positive", "resources")
        if piece.label.volume:
            raise Invalid(f"{piece.kind}: a volume stands on it", "resources")
        if piece.label.revocable:
            raise Invalid(f"{piece.kind}: revocable resources cannot be reserved", "resources")
    for text in [*(piece.label.reservation for piece in slices), *(text for text, _ in ports)]:
        reservation = parse(text)
        if reservation is None or not reservation.dynamic or reservation.role == UNRESERVED:
            raise Invalid("a dynamic reservation names a role", "resources")


def _relabel(
    plane: Plane,
    tx: Transaction,
    identity: str,
    moves: Sequence[tuple[Slice, Slice]],
    ports_from: LabelledPorts,
    ports_to: LabelledPorts,
) -> Node:
    """Move free space of a node under other labels."""
    node = find_node(plane, identity)
    gone = normalise(before for before, _ in moves)
    free = plane.capacity.free_slices(identity)
    if not holds(free, gone):
        raise Conflict(f"node {identity} does not have that much free under these labels")
    if (part := part_of_whole(free, (before for before, _ in moves))) is not None:
        raise Conflict(f"the disk {part.label.folder} cannot be divided")
    if not holds_ports(plane.capacity.free_ports(identity), ports_from):
        raise Conflict(f"node {identity} does not have these ports free under these labels")
    reserved = _move_ports(node.reserved_ports, ports_from, ports_to)
    capacity = normalise((*subtract_slices(node.capacity, gone), *(after for _, after in moves)))
    changed = msgspec.structs.replace(node, capacity=capacity, reserved_ports=reserved)
    tx.put(changed)
    plane.offers.recheck(identity)
    return changed


def _move_ports(reserved: LabelledPorts, before: LabelledPorts, after: LabelledPorts) -> LabelledPorts:
    kept = without_ports(reserved, before)
    return join_ports((*kept, *((text, ranges) for text, ranges in after if text != UNRESERVED)))


def find_node(plane: Plane, identity: str) -> Node:
    """Give a node's record; raises NotFound."""
    node = plane.state.nodes.get(identity)
    if node is None:
        raise NotFound(f"no node {identity}")
    return node


# ---- volumes ---------------------------------------------------------------------------------------------------------


def create_volumes(plane: Plane, tx: Transaction, node: str, wishes: Sequence[VolumeWish]) -> list[Volume]:
    """Make volumes of free reserved disk; they outlive Runs and servers until they are destroyed."""
    _check_names(plane, node, wishes)
    volumes = [_volume(tx, node, wish) for wish in wishes]
    disk = [Slice(DISK, volume.size, Label(volume.reservation, source=volume.source)) for volume in volumes]
    moves = [(before, volume.slice) for before, volume in zip(disk, volumes, strict=True)]
    _relabel(plane, tx, node, moves, (), ())
    for volume in volumes:
        tx.put(volume)
    return volumes


def _volume(tx: Transaction, node: str, wish: VolumeWish) -> Volume:
    reservation = parse(wish.reservation)
    assert reservation is not None
    return Volume(
        id=volume_id(node, reservation.role, wish.persistence),
        node=node,
        persistence=wish.persistence,
        role=reservation.role,
        reservation=wish.reservation,
        size=wish.size,
        path=volume_path(reservation.role, wish.persistence),
        principal=wish.principal,
        shared=wish.shared,
        source=wish.source,
        target=wish.target,
        created_at=tx.now,
    )


def _check_names(plane: Plane, node: str, wishes: Sequence[VolumeWish]) -> None:
    if not wishes:
        raise Invalid("nothing is named", "volumes")
    taken = {(volume.role, volume.persistence) for volume in volumes_on(plane, node)}
    for wish in wishes:
        reservation = parse(wish.reservation)
        if reservation is None:
            raise Invalid("a volume is made of reserved disk", "volumes")
        if wish.size <= 0:
            raise Invalid("the size must be positive", "volumes")
        if not _is_name(wish.persistence):
            raise Invalid(f"{wish.persistence!r} is not a persistence id", "volumes.disk.persistence.id")
        name = (reservation.role, wish.persistence)
        if name in taken:
            raise Invalid(f"persistence id {wish.persistence} is taken on this node", "volumes.disk.persistence.id")
        taken.add(name)


def _is_name(text: str) -> bool:
    return text not in {"", ".", ".."} and text.isprintable() and "/" not in text and "\\" not in text


def volumes_on(plane: Plane, node: str) -> list[Volume]:
    """Give the volumes of a node."""
    labels = {piece.label.volume for piece in find_node(plane, node).capacity if piece.label.volume}
    return [plane.state.volumes[identity] for identity in sorted(labels)]


def destroy_volumes(plane: Plane, tx: Transaction, node: str, identities: Iterable[str]) -> list[Volume]:
    """Turn volumes back into reserved disk; raises Invalid for one that is not there or that a Run uses."""
    volumes: list[Volume] = []
    for identity in dict.fromkeys(identities):
        volume = plane.state.volumes.get(identity)
        if volume is None or volume.node != node:
            raise Invalid(f"no volume {identity} on node {node}", "volumes")
        if plane.capacity.labelled.users(identity):
            raise Invalid(f"volume {volume.persistence} is in use", "volumes")
        volumes.append(volume)
    if not volumes:
        raise Invalid("nothing is named", "volumes")
    disk = [Slice(DISK, volume.size, Label(volume.reservation, source=volume.source)) for volume in volumes]
    moves = [(volume.slice, after) for volume, after in zip(volumes, disk, strict=True)]
    for volume in volumes:
        tx.drop(volume)
    _relabel(plane, tx, node, moves, (), ())
    folders = {volume.folder for volume in volumes}
    tx.after(lambda: plane.gateway.send(node, volumes_to_keep(plane, node, folders)))
    return volumes


def volumes_to_keep(plane: Plane, node: str, folders: Iterable[str] = ("",)) -> KeepVolumes:
    """Say to a node which volumes it has, in these folders and wherever else it has some."""
    kept: dict[str, tuple[str, ...]] = dict.fromkeys(folders, ())
    for volume in volumes_on(plane, node):
        kept[volume.folder] = (*kept.get(volume.folder, ()), volume.path)
    return KeepVolumes(kept)


# ---- registration ----------------------------------------------------------------------------------------------------


def lay_out(
    former: Node | None, amounts: Amounts, ports: Ports, static: NodeReservations, disks: Slices = ()
) -> tuple[Slices, LabelledPorts, str]:
    """Divide a registering node: what is configured, what was reserved or made a volume while running, and the rest.

    `disks` are those besides its common one, each with its source. Answers capacity, reserved ports, and a warning when
    the node has become too small for what is reserved on it: labels are kept then, and nothing of those kinds is left
    for anybody else.
    """
    kept = [piece for piece in (former.capacity if former is not None else ()) if _lasts(piece.label)]
    on_static = [
        Slice(piece.kind, piece.amount, Label(piece.label.reservation, source=piece.label.source))
        for piece in kept
        if piece.label.volume
    ]
    configured = [piece for piece in subtract_slices(static.slices, on_static) if _is_left(piece, static)]
    labelled = normalise((*kept, *configured))
    used = _bare(piece for piece in labelled if not piece.label.revocable)
    whole = normalise((*plain(amounts), *disks))
    short = [piece for piece in subtract_slices(whole, used) if piece.amount < 0]
    rest = [piece for piece in subtract_slices(whole, used) if piece.amount > 0 and not _begun(piece, used)]
    dynamic = [part for part in (former.reserved_ports if former is not None else ()) if _is_dynamic(part[0])]
    parts = dict(label_ports(ports, (*dynamic, *static.ports)))
    parts.pop(UNRESERVED, None)
    named = ", ".join(sorted(f"{piece.kind} {piece.label.folder}".strip() for piece in short))
    warning = f"too small for what is reserved on it: {named}" if short else ""
    return normalise((*labelled, *rest)), tuple(sorted(parts.items())), warning


def _bare(pieces: Iterable[Slice]) -> Slices:
    """Sum what pieces take of the node, disk by disk, whatever they are set aside for."""
    return normalise(Slice(piece.kind, piece.amount, Label(source=piece.label.source)) for piece in pieces)


def _begun(rest: Slice, used: Slices) -> bool:
    """Tell whether this is what a disk has grown by that is never divided, and is set aside already."""
    return rest.label.whole and any(piece.label == rest.label for piece in used)


def _lasts(label: Label) -> bool:
    return bool(label.volume) or (label != PLAIN and _is_dynamic(label.reservation))


def _is_dynamic(text: str) -> bool:
    reservation = parse(text)
    return reservation is not None and reservation.dynamic


def _is_left(piece: Slice, static: NodeReservations) -> bool:
    return piece.amount > 0 and any(piece.label == given.label for given in static.slices)
