"""Inverse offers: bidders with Runs on a node that will be away are asked to leave it.

Owns the outstanding requests and what was said to them; soft. Promises: a bidder has at most one outstanding for a
node; what was said is forgotten when the plan changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portico.domain.identity import Instant, Micros
from portico.domain.nodes import Unavailability
from portico.domain.offers import REFUSE, InverseOffer, InverseStatus

if TYPE_CHECKING:
    from portico.control.cluster.offers import Offers
    from portico.control.plane import Plane
    from portico.domain.nodes import Node

_Pair = tuple[str, str]


class InverseOffers:
    """One per plane."""

    def __init__(self, plane: Plane, offers: Offers) -> None:
        self._plane = plane
        self._offers = offers
        self._planned: dict[str, Unavailability] = {}
        self._outstanding: dict[_Pair, InverseOffer] = {}
        self._statuses: dict[_Pair, InverseStatus] = {}
        self._filters: dict[_Pair, Instant] = {}

    def on_node(self, old: Node | None, new: Node | None) -> None:
        """Follow a change of a node's plan."""
        plan = new.unavailability if new is not None else None
        node = new or old
        assert node is not None
        if plan == self._planned.get(node.id):
            return
        if plan is None:
            del self._planned[node.id]
        else:
            self._planned[node.id] = plan
        for pair in [pair for pair in self._outstanding if pair[1] == node.id]:
            self._rescind(pair)
        for book in (self._statuses, self._filters):
            for pair in [pair for pair in book if pair[1] == node.id]:
                del book[pair]

    def make(self) -> None:
        """Ask every active bidder that has Runs on such a node and is neither asked already nor filtered there."""
        now = self._plane.clock.now()
        for pair in [pair for pair, until in self._filters.items() if until <= now]:
            del self._filters[pair]
        for node, plan in self._planned.items():
            for bidder in self._present(node):
                pair = (bidder, node)
                if pair in self._outstanding or pair in self._filters:
                    continue
                offer = InverseOffer(
                    id=self._offers.fresh_id("I"),
                    bidder=bidder,
                    node=node,
                    unavailability=plan,
                    at=now,
                )
                self._outstanding[pair] = offer
                for listener in self._offers.listeners:
                    listener.on_inverse_offers(bidder, [offer])

    def _present(self, node: str) -> list[str]:
        runs = self._plane.state.runs
        jobs = dict.fromkeys(runs[identity].job for identity in self._plane.node_runs[node])
        bidders = self._offers.bidding.bidders
        return [job for job in jobs if job in bidders and bidders[job].active]

    def answer(self, bidder: str, identities: Iterable[str], *, accepted: bool, refuse: Micros = REFUSE) -> None:
        """Note what a bidder says; unknown ids are ignored. It is asked again after `refuse`."""
        named = set(identities)
        for pair, offer in list(self._outstanding.items()):
            if pair[0] != bidder or offer.id not in named:
                continue
            del self._outstanding[pair]
            self._statuses[pair] = InverseStatus.ACCEPTED if accepted else InverseStatus.DECLINED
            if refuse > 0:
                self._filters[pair] = Instant(self._plane.clock.now() + max(refuse, self._offers.settings.interval))

    def statuses(self, node: str) -> dict[str, InverseStatus]:
        """Give what each bidder that was asked to leave a node has said."""
        said = {bidder: status for (bidder, of), status in self._statuses.items() if of == node}
        for bidder, of in self._outstanding:
            if of == node:
                said.setdefault(bidder, InverseStatus.UNKNOWN)
        return said

    def outstanding(self, bidder: str) -> list[InverseOffer]:
        """Give the requests that a bidder has not answered."""
        return [offer for pair, offer in self._outstanding.items() if pair[0] == bidder]

    def clear_filters(self, bidder: str) -> None:
        """Forget a bidder's refusals."""
        for pair in [pair for pair in self._filters if pair[0] == bidder]:
            del self._filters[pair]

    def forget(self, bidder: str) -> None:
        """Drop a bidder's requests; it is not told. What it said is kept while it may come back."""
        for pair in [pair for pair in self._outstanding if pair[0] == bidder]:
            del self._outstanding[pair]
        self.clear_filters(bidder)

    def withdraw(self, bidder: str) -> None:
        """Drop everything about a bidder that is gone for good."""
        self.forget(bidder)
        for pair in [pair for pair in self._statuses if pair[0] == bidder]:
            del self._statuses[pair]

    def _rescind(self, pair: _Pair) -> None:
        offer = self._outstanding.pop(pair)
        for listener in self._offers.listeners:
            listener.on_inverse_rescinded(offer.bidder, offer.id)
