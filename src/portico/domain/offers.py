"""Offers: space of one node, shown to one bidder for one role; soft, lost with the server that made them.

A Bidder is a framework as the core sees it. Its Runs are those whose `job` is its id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec

from portico.domain.errors import Conflict
from portico.domain.identity import Instant, Micros
from portico.domain.nodes import Unavailability
from portico.domain.reservations import LabelledPorts, role_of
from portico.domain.slices import UNRESERVED, Slice, Slices

REFUSE = Micros(5_000_000)
"""How long refused space stays filtered when the refusal does not say."""


class InvalidOffers(Conflict):
    """An offer that was named is gone, or the named ones do not belong together; all of them were given back."""


class Bidder(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who takes offers: its roles with the pool that each one charges, and what it can deal with.

    `active` is off while nobody listens: no offers, but what it has still counts. Roles in `suppressed` get none.
    """

    id: str
    pools: dict[str, str]
    revocable: bool = False
    gpus: bool = False
    shared: bool = False
    active: bool = True
    suppressed: frozenset[str] = frozenset()


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one bidder may use of one node for one role until it is taken, declined or rescinded."""

    id: str
    bidder: str
    role: str
    pool: str
    node: str
    slices: Slices
    ports: LabelledPorts
    at: Instant
    unavailability: Unavailability | None = None


class InverseOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A request to one bidder to leave a node before a planned unavailability."""

    id: str
    bidder: str
    node: str
    unavailability: Unavailability
    at: Instant


class InverseStatus(StrEnum):
    """What a bidder last said to the inverse offer for a node."""

    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DECLINED = "declined"


def visible_slices(slices: Iterable[Slice], bidder: Bidder, role: str, shared: Collection[str]) -> Slices:
    """Leave what a bidder may be shown in a role; `shared` names the shared volumes."""
    return tuple(
        piece
        for piece in slices
        if piece.amount > 0
        and role_of(piece.label.reservation) in {UNRESERVED, role}
        and (bidder.revocable or not piece.label.revocable)
        and (bidder.shared or piece.label.volume not in shared)
    )


def visible_ports(ports: LabelledPorts, role: str, *, unreserved: bool = True) -> LabelledPorts:
    """Leave the ports reserved for a role, and those that are not reserved."""
    return tuple(part for part in ports if role_of(part[0]) == role or (unreserved and part[0] == UNRESERVED))
