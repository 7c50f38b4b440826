"""RESERVE, UNRESERVE, CREATE and DESTROY of an ACCEPT: on the node, and in what the ACCEPT has left.

Promises: only what the ACCEPT still holds is relabelled; node and holding change together, or neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.cluster import reservations
from portico.control.cluster.reservations import VolumeWish
from portico.domain.errors import Conflict
from portico.domain.reservations import join_ports
from portico.domain.resources import DISK
from portico.domain.slices import UNRESERVED, Label, Slice
from portico.domain.volumes import volume_id
from portico.doors.mesos.extension import holdings
from portico.doors.mesos.extension.plans import Create, Destroy, Held, Reserve, Unreserve, VolumePlan

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.launching import Spot
    from portico.doors.mesos.extension.standing import Standing


def relabel(standing: Standing, tx: Transaction, spot: Spot, operation: Reserve | Unreserve | Create | Destroy) -> Held:
    """Carry one out; gives what is left then. Raises Conflict, or Invalid with the field."""
    plane = standing.plane
    match operation:
        case Reserve(held=held):
            left = _move(spot.left, _unreserved(held), held)
            reservations.reserve(plane, tx, spot.node, held.slices, held.ports)
        case Unreserve(held=held):
            left = _move(spot.left, held, _unreserved(held))
            reservations.unreserve(plane, tx, spot.node, held.slices, held.ports)
        case Create(volumes=plans):
            disk = Held(tuple(_disk(plan) for plan in plans))
            left = _move(spot.left, disk, Held(tuple(_slice(spot.node, plan) for plan in plans)))
            reservations.create_volumes(plane, tx, spot.node, [wish(plan) for plan in plans])
        case Destroy(volumes=plans):
            left = _move(
                spot.left,
                Held(tuple(_slice(spot.node, plan) for plan in plans)),
                Held(tuple(_disk(plan) for plan in plans)),
            )
            named = [volume_id(spot.node, plan.role, plan.persistence) for plan in plans]
            reservations.destroy_volumes(plane, tx, spot.node, named)
    return left


def wish(plan: VolumePlan) -> VolumeWish:
    """Say to the core what volume is wanted."""
    return VolumeWish(
        persistence=plan.persistence,
        reservation=plan.reservation,
        size=plan.size,
        principal=plan.principal,
        shared=plan.shared,
        source=plan.source,
        target=plan.target,
    )


def _move(left: Held, before: Held, after: Held) -> Held:
    if not holdings.holds(left, before):
        raise Conflict(f"{holdings.describe(before)} is not among what the offers hold: {holdings.describe(left)}")
    return holdings.plus(holdings.minus(left, before), after)


def _unreserved(held: Held) -> Held:
    slices = tuple(Slice(piece.kind, piece.amount, Label(source=piece.label.source)) for piece in held.slices)
    return Held(slices, join_ports((UNRESERVED, ranges) for _, ranges in held.ports))


def _disk(plan: VolumePlan) -> Slice:
    return Slice(DISK, plan.size, Label(plan.reservation, source=plan.source))


def _slice(node: str, plan: VolumePlan) -> Slice:
    identity = volume_id(node, plan.role, plan.persistence)
    return Slice(DISK, plan.size, Label(plan.reservation, identity, source=plan.source))
