"""What an ACCEPT has left to use: the space of its offers, less what its operations took so far."""

from __future__ import annotations

from collections.abc import Container, Iterable

from portico.domain.offers import Offer
from portico.domain.reservations import all_ports, holds_ports, join_ports, without_ports
from portico.domain.slices import Slice, Slices, normalise
from portico.doors.mesos.extension.plans import Held


def join(offers: Iterable[Offer]) -> Held:
    """Put offers of one node and role together."""
    found = list(offers)
    return Held(
        normalise(piece for offer in found for piece in offer.slices),
        join_ports(part for offer in found for part in offer.ports),
    )


def plus(have: Held, more: Held) -> Held:
    """Add."""
    return Held(normalise((*have.slices, *more.slices)), join_ports((*have.ports, *more.ports)))


def holds(have: Held, want: Held) -> bool:
    """Tell whether everything wanted is there, label by label."""
    amounts = {(piece.kind, piece.label): piece.amount for piece in have.slices}
    enough = all(amounts.get((piece.kind, piece.label), 0) >= piece.amount for piece in normalise(want.slices))
    return enough and holds_ports(have.ports, want.ports)


def minus(have: Held, want: Held, shared: Container[str] = ()) -> Held:
    """Take away what is there; volumes in `shared` stay, others may use them as well."""
    taken = tuple(
        Slice(piece.kind, -piece.amount, piece.label) for piece in want.slices if piece.label.volume not in shared
    )
    return Held(normalise((*have.slices, *taken)), without_ports(have.ports, want.ports))


def describe(held: Held) -> str:
    """Say it as people read it: cpus:0.5; mem:128."""
    parts = [f"{piece.kind}{_marks(piece)}:{piece.amount / 1000:g}" for piece in held.slices]
    ranges = ", ".join(f"{first}-{last}" for first, last in all_ports(held.ports))
    return "; ".join([*parts, f"ports:[{ranges}]"] if ranges else parts) or "{}"


def _marks(piece: Slice) -> str:
    label = piece.label
    marks = [text for text in (label.reservation, label.volume, "REVOCABLE" if label.revocable else "") if text]
    return f"({', '.join(marks)})"


def amounts(slices: Slices) -> dict[str, int]:
    """Sum per kind, whatever the label."""
    total: dict[str, int] = {}
    for piece in slices:
        total[piece.kind] = total.get(piece.kind, 0) + piece.amount
    return total
