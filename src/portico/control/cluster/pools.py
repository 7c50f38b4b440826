"""Pools as doors change them: quotas, which are reservations, and weights, which are shares.

All functions work inside a caller's transaction. A pool that a door has changed bears the door's name as its origin and
outlasts a new configuration, until nothing is left that a record would say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.nodes import OFFERS, PORTICO, Pool
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, Amounts

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_KINDS = (CPUS, MEM, DISK, GPUS, NETWORK)


def set_quota(plane: Plane, tx: Transaction, path: str, reservation: Amounts, *, origin: str) -> None:
    """Reserve amounts for an offer-driven pool, or nothing; offers of others are rescinded as far as needed."""
    pool = plane.state.pools.get(path) or Pool(id=path)
    placed_by = OFFERS if reservation else PORTICO
    _put(plane, tx, msgspec.structs.replace(pool, reservation=dict(reservation), placed_by=placed_by, origin=origin))
    if reservation:
        plane.offers.rescind_for(path, reservation)


def set_weight(plane: Plane, tx: Transaction, path: str, weight: float, *, origin: str) -> None:
    """Give a pool this many shares of every kind; all offers are rescinded, for they came of other weights."""
    pool = plane.state.pools.get(path) or Pool(id=path)
    kinds = sorted({*_KINDS, *plane.capacity.total})
    share = dict.fromkeys(kinds, max(1, round(weight * 1000)))
    _put(plane, tx, msgspec.structs.replace(pool, share=share, origin=origin))
    plane.offers.rescind_everything()


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
