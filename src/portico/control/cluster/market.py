"""The market as a round finds it: seats, the standing of pools, and what must be kept free.

Reads the ledger and the books; changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portico.deciding.fairness import PoolStanding, Seat
from portico.deciding.offers import Market
from portico.domain.nodes import OFFERS, Pool
from portico.domain.resources import Amounts, add, subtract

if TYPE_CHECKING:
    from portico.control.cluster.offers import Offers
    from portico.control.plane import Plane

_NOTHING: Amounts = {}
_NO_RULES = Pool(id="")


def make_market(plane: Plane, offers: Offers) -> Market:
    """Lay out who may be offered something, and how they stand."""
    capacity = plane.capacity
    seats = _seats(offers)
    used = {seat.pool for seat in seats}
    paths = used | capacity.allocation.keys() | offers.book.of_pool.keys() | plane.state.pools.keys()
    paths |= offers.bidding.revocable.keys()
    return Market(
        seats,
        {path: _standing(plane, offers, path) for path in paths},
        capacity.total,
        available=_available(plane, offers),
        kept=_kept(plane, used),
        shared=frozenset(capacity.labelled.shared),
    )


def _seats(offers: Offers) -> list[Seat]:
    bidding, of_seat, slot = offers.bidding, offers.book.of_seat, offers.filters.slot
    allocated, served = bidding.allocated, bidding.served
    return [
        Seat(
            slot=slot(bidder.id, role),
            bidder=bidder.id,
            role=role,
            pool=pool,
            allocated=_both(allocated.get((bidder.id, pool)), of_seat.get((bidder.id, role))),
            served=served.get((bidder.id, role), 0),
            revocable=bidder.revocable,
            gpus=bidder.gpus,
            shared=bidder.shared,
        )
        for bidder, role, pool in bidding.open_seats()
    ]


def _both(held: Amounts | None, offered: Amounts | None) -> Amounts:
    """Add what a seat has and what it is offered; most have one of the two. Nobody changes the result."""
    if held and offered:
        return add(held, offered)
    return held or offered or _NOTHING


def _standing(plane: Plane, offers: Offers, path: str) -> PoolStanding:
    pool = plane.state.pools.get(path, _NO_RULES)
    revocable = offers.bidding.revocable.get(path, _NOTHING)
    charged = add(plane.capacity.allocation.get(path, _NOTHING), offers.book.of_pool.get(path, _NOTHING))
    return PoolStanding(
        allocated=add(charged, revocable) if revocable else charged,
        revocable=revocable,
        weight=pool.share,
        guarantee=pool.reservation,
        limit=pool.limit,
        served=offers.bidding.pool_served.get(path, 0),
    )


def _available(plane: Plane, offers: Offers) -> dict[str, int]:
    """Sum what is free and not offered of plain kinds on usable nodes."""
    matrix = plane.capacity.matrix
    free = np.maximum(matrix.free, 0)[matrix.schedulable].sum(axis=0).tolist()
    return {kind: free[column] - offers.book.plain.get(kind, 0) for kind, column in matrix.kinds.items()}


def _kept(plane: Plane, used: set[str]) -> dict[str, int]:
    """Sum what others have a right to: what reservations lack and waiting Runs ask for, and all that quotas lack.

    A quota is kept free before anybody is there to use it; who comes for it must not have to wait for what idles.
    """
    capacity = plane.capacity
    kept: dict[str, int] = {}
    for path, pool in plane.state.pools.items():
        demand = capacity.demand.get(path)
        offered = pool.placed_by == OFFERS
        if not pool.reservation or path in used or not (demand or offered):
            continue
        lacking = subtract(pool.reservation, capacity.allocation.get(path, _NOTHING))
        for kind, amount in lacking.items():
            asked = amount if offered or demand is None else min(amount, demand.get(kind, 0))
            kept[kind] = kept.get(kind, 0) + max(0, asked)
    return kept
