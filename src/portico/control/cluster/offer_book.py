"""The book of outstanding offers: who was shown what, and what of each node and pool that makes.

Promises: sums always equal the offers that stand in the book; a shared volume takes no space.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from portico.domain.offers import Offer
from portico.domain.reservations import LabelledPorts, join_ports
from portico.domain.resources import Amounts
from portico.domain.slices import Label, plain_sums, sums

Key = tuple[str, Label]
K = TypeVar("K")


class OfferBook:
    """One per server."""

    def __init__(self, shared: set[str]) -> None:
        self._shared = shared
        self.offers: dict[str, Offer] = {}
        self.by_node: dict[str, dict[str, Offer]] = {}
        self.by_bidder: dict[str, dict[str, Offer]] = {}
        self.plain: dict[str, int] = {}
        self.of_pool: dict[str, dict[str, int]] = {}
        self.of_seat: dict[tuple[str, str], dict[str, int]] = {}

    def add(self, offer: Offer) -> None:
        """Enter an offer."""
        self.offers[offer.id] = offer
        self.by_node.setdefault(offer.node, {})[offer.id] = offer
        self.by_bidder.setdefault(offer.bidder, {})[offer.id] = offer
        self._count(offer, 1)

    def remove(self, identity: str) -> Offer:
        """Strike out an offer."""
        offer = self.offers.pop(identity)
        for index, key in ((self.by_node, offer.node), (self.by_bidder, offer.bidder)):
            group = index[key]
            del group[identity]
            if not group:
                del index[key]
        self._count(offer, -1)
        return offer

    def slices_on(self, node: str) -> dict[Key, int]:
        """Sum what is offered of a node, label by label."""
        offers = self.by_node.get(node)
        return self.sum(offers.values()) if offers else {}

    def sum(self, offers: Iterable[Offer]) -> dict[Key, int]:
        """Sum what some offers hold."""
        total: dict[Key, int] = {}
        for offer in offers:
            for piece in offer.slices:
                if piece.label.volume not in self._shared:
                    key = (piece.kind, piece.label)
                    total[key] = total.get(key, 0) + piece.amount
        return total

    def ports_on(self, node: str) -> LabelledPorts:
        """Join the ports that are offered of a node."""
        offers = self.by_node.get(node)
        return join_ports(part for offer in offers.values() for part in offer.ports) if offers else ()

    def _count(self, offer: Offer, sign: int) -> None:
        amounts = sums(offer.slices)
        enter(self.of_pool, offer.pool, amounts, sign)
        enter(self.of_seat, (offer.bidder, offer.role), amounts, sign)
        for kind, amount in plain_sums(offer.slices).items():
            self.plain[kind] = self.plain.get(kind, 0) + sign * amount


def enter(book: dict[K, dict[str, int]], key: K, amounts: Amounts, sign: int) -> None:
    """Add amounts to one entry of a book of sums; what is zero is not kept."""
    entry = book.setdefault(key, {})
    for kind, amount in amounts.items():
        left = entry.get(kind, 0) + sign * amount
        if left:
            entry[kind] = left
        else:
            entry.pop(kind, None)
    if not entry:
        del book[key]
