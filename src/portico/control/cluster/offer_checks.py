"""What is asked about offers and the free space they stand for; reads the ledger and the book, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from portico.domain.nodes import Node
from portico.domain.offers import Bidder, InverseOffer, Offer, visible_ports, visible_slices
from portico.domain.reservations import LabelledPorts, holds_ports
from portico.domain.slices import Slices

if TYPE_CHECKING:
    from portico.control.cluster.capacity import Capacity
    from portico.control.cluster.offer_book import Key, OfferBook
    from portico.control.plane import Plane


class OfferListener(Protocol):
    """Who tells bidders; called on the loop, must not wait."""

    def on_offers(self, bidder: str, offers: Sequence[Offer]) -> None:
        """Hear of new offers for one bidder."""
        ...

    def on_rescinded(self, bidder: str, offer: str) -> None:
        """Hear that an offer is gone without its bidder's doing."""
        ...

    def on_inverse_offers(self, bidder: str, offers: Sequence[InverseOffer]) -> None:
        """Hear that a bidder is asked to leave nodes."""
        ...

    def on_inverse_rescinded(self, bidder: str, offer: str) -> None:
        """Hear that such a request no longer stands."""
        ...


def overdrawn(plane: Plane, book: OfferBook, node: str) -> set[Key]:
    """Name what is offered of a node although there is not as much of it."""
    offered = book.slices_on(node)
    free = {(piece.kind, piece.label): piece.amount for piece in plane.capacity.free_slices(node)}
    return {key for key, amount in offered.items() if amount > free.get(key, 0)}


def stands(plane: Plane, book: OfferBook, offer: Offer, node: Node, lacking: set[Key]) -> bool:
    """Tell whether an offer may stay: it says what is planned, and holds nothing that is lacking."""
    if offer.unavailability != node.unavailability or (lacking and not lacking.isdisjoint(book.sum([offer]))):
        return False
    volumes = plane.state.volumes
    if any(piece.label.volume and piece.label.volume not in volumes for piece in offer.slices):
        return False
    return holds_ports(plane.capacity.free_ports(node.id), offer.ports)


def seen_by(capacity: Capacity, bidder: Bidder, role: str, node: str) -> tuple[Slices, LabelledPorts]:
    """Give what a bidder would be offered of a node in a role if nobody were offered anything."""
    if not capacity.labelled.has(node):
        return capacity.free_slices(node), capacity.free_ports(node)
    return (
        visible_slices(capacity.free_slices(node), bidder, role, capacity.labelled.shared),
        visible_ports(capacity.free_ports(node), role),
    )


def misfit(found: Sequence[Offer], identities: Sequence[str]) -> str:
    """Say what is wrong with offers that were named together, or nothing."""
    if not identities:
        return "no offer is named"
    if len(set(identities)) < len(identities):
        return "an offer is named twice"
    missing = set(identities) - {offer.id for offer in found}
    if missing:
        return f"offer {min(missing)} is no longer valid"
    if len({offer.node for offer in found}) > 1:
        return "the offers are of different nodes"
    if len({offer.role for offer in found}) > 1:
        return "the offers are for different roles"
    return ""
