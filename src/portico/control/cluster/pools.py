"""Pools as doors change them: reservations (quotas), shares (weights), and pools of their own.

All functions work inside a caller's transaction. A pool that a door has changed bears the door's name as its origin and
outlasts a new configuration. Promises: a pool in use is never removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.errors import Conflict, NotFound
from portico.domain.nodes import CONFIGURATION, Pool
from portico.domain.reservations import parse
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, Amounts

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_KINDS = (CPUS, MEM, DISK, GPUS, NETWORK)


def set_pool(plane: Plane, tx: Transaction, pool: Pool) -> None:
    """Make a pool or change it; its origin must be a door."""
    if plane.state.pools.get(pool.id) == pool:
        return
    tx.put(pool)
    plane.scheduling.want()
    plane.offers.want(everywhere=True)


def remove_pool(plane: Plane, tx: Transaction, path: str) -> None:
    """Remove a pool's record; raises NotFound, or Conflict while Runs wait or run in it."""
    pool = plane.state.pools.get(path)
    if pool is None:
        raise NotFound(f"no pool {path}")
    if path in plane.capacity.demand or path in plane.capacity.allocation:
        raise Conflict(f"pool {path} is in use")
    tx.drop(pool)
    plane.scheduling.want()
    plane.offers.want(everywhere=True)


def set_reservation(plane: Plane, tx: Transaction, path: str, reservation: Amounts, *, origin: str) -> None:
    """Reserve amounts for a pool, or nothing; offers of others are rescinded as far as needed to fill it."""
    pool = plane.state.pools.get(path) or Pool(id=path)
    _put(plane, tx, msgspec.structs.replace(pool, reservation=dict(reservation), origin=origin))
    if reservation:
        plane.offers.rescind_for(path, reservation)


def set_weight(plane: Plane, tx: Transaction, path: str, weight: float, *, origin: str) -> None:
    """Give a pool this many shares of every kind; all offers are rescinded, for they came of other weights."""
    pool = plane.state.pools.get(path) or Pool(id=path)
    share = dict.fromkeys(_KINDS, max(1, round(weight * 1000)))
    _put(plane, tx, msgspec.structs.replace(pool, share=share, origin=origin))
    plane.offers.rescind_everything()


def weight_of(pool: Pool) -> float:
    """Give a pool's shares, 1.0 unless said otherwise."""
    return pool.share.get(CPUS, 1000) / 1000


def check_room(plane: Plane, path: str, reservation: Amounts) -> None:
    """Raise Conflict when the cluster is too small for a reservation beside those of the other pools.

    What is statically reserved does not count, nor do nodes that are away.
    """
    have: dict[str, int] = {}
    for node in plane.state.nodes.values():
        if not plane.offers.usable(node.id):
            continue
        for piece in node.capacity:
            kept = parse(piece.label.reservation)
            if not piece.label.revocable and (kept is None or kept.dynamic):
                have[piece.kind] = have.get(piece.kind, 0) + piece.amount
    for pool in plane.state.pools.values():
        if pool.id != path and pool.origin != CONFIGURATION:
            for kind, amount in pool.reservation.items():
                have[kind] = have.get(kind, 0) - amount
    for kind, amount in reservation.items():
        if have.get(kind, 0) < amount:
            raise Conflict(f"not enough {kind}: {amount} thousandths wanted, {max(0, have.get(kind, 0))} there")


def _put(plane: Plane, tx: Transaction, pool: Pool) -> None:
    """Store a pool, or forget it when nothing is left that a record would say."""
    bare = Pool(id=pool.id, origin=pool.origin)
    if pool == bare:
        if pool.id in plane.state.pools:
            tx.drop(pool)
    else:
        tx.put(pool)
    plane.scheduling.want()
    plane.offers.want(everywhere=True)
