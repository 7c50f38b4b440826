"""One round of allocation, in slices: the ledger as it is, the decision, and the offers that come of it.

Promises: the nodes are taken in random order; guarantees are served on all of them before anybody else is; each slice
decides on, and enters, what is free at that moment.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from portico.deciding.offers import Grant, Space, worth_offering
from portico.domain.offers import Offer, visible_ports
from portico.domain.reservations import LabelledPorts, without_ports
from portico.domain.resources import GPUS, add
from portico.domain.slices import PLAIN, Slice, sums

if TYPE_CHECKING:
    from portico.control.cluster.offers import Offers
    from portico.control.plane import Plane

SLICE = 48
"""Nodes in one step; with a thousand bidders that is a few milliseconds, also when the collector joins in."""


class Round:
    """One round over some nodes."""

    def __init__(self, plane: Plane, offers: Offers, nodes: Sequence[str]) -> None:
        self._plane = plane
        self._offers = offers
        self._nodes = self._shuffled(nodes)

    def steps(self) -> Iterator[None]:
        """Carry it out; each step is a slice, after one that lays out the market."""
        yield
        self._offers.market()
        yield
        if self._offers.market().has_quotas:
            for some in self._slices():
                self._enter(self._offers.market().serve_quotas(self._spaces(some)))
                yield
        for some in self._slices():
            self._enter(self._offers.market().serve_all(self._spaces(some)))
            yield

    def _shuffled(self, nodes: Sequence[str]) -> list[str]:
        source = np.random.default_rng(uuid.UUID(self._plane.ids.fresh()).int)
        return [nodes[index] for index in source.permutation(len(nodes)).tolist()]

    def _slices(self) -> Iterator[list[str]]:
        for start in range(0, len(self._nodes), SLICE):
            yield self._nodes[start : start + SLICE]

    # ---- the ledger as it is -------------------------------------------------------------------------------------

    def _spaces(self, nodes: Sequence[str]) -> list[Space]:
        spaces = [self._space(node) for node in nodes if self._may_offer(node)]
        return [space for space in spaces if space is not None]

    def _may_offer(self, node: str) -> bool:
        whitelist = self._offers.settings.whitelist
        return self._offers.usable(node) and (whitelist is None or node in whitelist)

    def _space(self, node: str) -> Space | None:
        capacity = self._plane.capacity
        plain = capacity.free_plain(node)
        labelled = {(piece.kind, piece.label): piece.amount for piece in capacity.labelled.free(node)}
        for key, amount in self._offers.book.slices_on(node).items():
            if key[1] == PLAIN:
                plain[key[0]] = plain.get(key[0], 0) - amount
            else:
                labelled[key] = labelled.get(key, 0) - amount
        plain = {kind: amount for kind, amount in plain.items() if amount > 0}
        rest = tuple(Slice(kind, amount, label) for (kind, label), amount in labelled.items() if amount > 0)
        if not worth_offering(add(plain, sums(rest)) if rest else plain):
            return None
        matrix = capacity.matrix
        gpus = bool(matrix.total[matrix.row(node), matrix.kinds[GPUS]] > 0)
        return Space(node, plain, rest, gpus, self._offers.filters.hidden(node))

    # ---- what comes of it ------------------------------------------------------------------------------------------

    def _enter(self, grants: Sequence[Grant]) -> None:
        if grants:
            self._offers.enter([self._offer(grant) for grant in grants])

    def _offer(self, grant: Grant) -> Offer:
        plane = self._plane
        return Offer(
            id=self._offers.fresh_id(),
            bidder=grant.bidder,
            role=grant.role,
            pool=grant.pool,
            node=grant.node,
            slices=grant.slices,
            ports=self._ports(grant),
            at=plane.clock.now(),
            unavailability=plane.state.nodes[grant.node].unavailability,
        )

    def _ports(self, grant: Grant) -> LabelledPorts:
        """Give the ports that go with the grant: those of its role, and with plain space the unreserved ones too."""
        free = self._plane.capacity.free_ports(grant.node)
        if offered := self._offers.book.ports_on(grant.node):
            free = without_ports(free, offered)
        plain = any(piece.label == PLAIN for piece in grant.slices)
        return visible_ports(free, grant.role, unreserved=plain)
