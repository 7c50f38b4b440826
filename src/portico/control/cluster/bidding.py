"""Who bids: bidders, what their Runs hold, how often they were served, and what their pools want.

An index over Runs that were created with their Claims. Promises: what a bidder has in a role is the sum of its live,
reachable Runs in that role's pool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portico.control.cluster.offer_book import enter
from portico.domain.nodes import Pool
from portico.domain.offers import Bidder, Offer
from portico.domain.resources import Amounts
from portico.domain.runs import Run, RunState
from portico.domain.slices import Slices

Seat = tuple[str, str]


class Bidding:
    """One per server; `tell` hears (bidder, pool, Slices, 1 or -1) of what Runs get and lose."""

    def __init__(self, tell: Callable[[str, str, Slices, int], None]) -> None:
        self._tell = tell
        self.bidders: dict[str, Bidder] = {}
        self.allocated: dict[Seat, dict[str, int]] = {}
        """By (bidder, pool)."""
        self.revocable: dict[str, dict[str, int]] = {}
        """By pool: how much of what its Runs hold is revocable."""
        self.served: dict[Seat, int] = {}
        """By (bidder, role): how many offers were made."""
        self.pool_served: dict[str, int] = {}

    def on_run(self, old: Run | None, new: Run | None) -> None:
        """Follow a change of a Run."""
        before, after = _counts(old), _counts(new)
        if before is after or (before is not None and after is not None):
            return  # Claim, pool and job of such a Run never change
        if before is not None:
            self._enter(before, -1)
        if after is not None:
            self._enter(after, 1)

    def _enter(self, run: Run, sign: int) -> None:
        enter(self.allocated, (run.job, run.pool), run.amounts, sign)
        slices = run.claim.slices if run.claim is not None else ()
        self._tell(run.job, run.pool, slices, sign)
        revocable = {piece.kind: piece.amount for piece in slices if piece.label.revocable}
        if revocable:
            enter(self.revocable, run.pool, revocable, sign)

    def open_seats(self) -> list[tuple[Bidder, str, str]]:
        """Give (bidder, role, pool) wherever an offer can be made."""
        return [
            (bidder, role, pool)
            for bidder in self.bidders.values()
            if bidder.active
            for role, pool in bidder.pools.items()
            if role not in bidder.suppressed
        ]

    def serve(self, offer: Offer) -> None:
        """Count an offer."""
        seat = (offer.bidder, offer.role)
        self.served[seat] = self.served.get(seat, 0) + 1
        self.pool_served[offer.pool] = self.pool_served.get(offer.pool, 0) + 1

    def forget(self, bidder: str) -> None:
        """Drop what was counted of a bidder that is gone."""
        for seat in [seat for seat in self.served if seat[0] == bidder]:
            del self.served[seat]
        pools = {pool for known in self.bidders.values() for pool in known.pools.values()}
        self.pool_served = {pool: count for pool, count in self.pool_served.items() if pool in pools}

    def wishes(self, pools: Mapping[str, Pool], allocation: Mapping[str, Amounts]) -> dict[str, dict[str, int]]:
        """Give, for every pool with an open seat, what it lacks of its reservation."""
        reserved = {path for path, pool in pools.items() if pool.reservation} if self.bidders else set()
        wishes: dict[str, dict[str, int]] = {}
        for path in reserved & {pool for _, _, pool in self.open_seats()} if reserved else ():
            had = allocation.get(path, {})
            lacking = {kind: amount - had.get(kind, 0) for kind, amount in pools[path].reservation.items()}
            wishes[path] = {kind: amount for kind, amount in lacking.items() if amount > 0}
        return wishes


def _counts(run: Run | None) -> Run | None:
    """Give the Run if it holds something that its bidder is charged for."""
    if run is None or not run.fixed or run.ended or run.claim is None or run.state is RunState.UNREACHABLE:
        return None
    return run
