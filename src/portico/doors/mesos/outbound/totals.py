"""Who has how much of what: sums over one moment, per agent, framework and role.

Pure. Promises: every placed Run counts once, with its Claim; one on a node that is away counts for its agent, not for
its framework.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Self

from portico.domain.reservations import LabelledPorts, join_ports, label_ports
from portico.domain.resources import Ports
from portico.domain.runs import ON_NODE, Claim, RunState
from portico.domain.slices import PLAIN, Label, Slice, Slices, normalise
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.extension.standing import DOOR
from portico.doors.mesos.outbound.residents import PREFIX


class Sum:
    """A growing sum of Slices and ports."""

    __slots__ = ("_labelled", "_plain", "_ports")

    def __init__(self) -> None:
        self._plain: dict[str, int] = {}
        self._labelled: dict[tuple[str, Label], int] = {}
        self._ports: list[tuple[str, Ports]] = []

    def add(self, slices: Slices, ports: LabelledPorts = ()) -> None:
        """Add; the loop's steps are what large states cost."""
        plain = self._plain
        for piece in slices:
            if piece.label is PLAIN:
                plain[piece.kind] = plain.get(piece.kind, 0) + piece.amount
            else:
                key = (piece.kind, piece.label)
                self._labelled[key] = self._labelled.get(key, 0) + piece.amount
        if ports:
            self._ports += ports

    def include(self, other: Sum) -> None:
        """Add another sum."""
        for kind, amount in other._plain.items():
            self._plain[kind] = self._plain.get(kind, 0) + amount
        for key, amount in other._labelled.items():
            self._labelled[key] = self._labelled.get(key, 0) + amount
        self._ports += other._ports

    @property
    def held(self) -> Held:
        """What it comes to."""
        plain = [Slice(kind, amount) for kind, amount in self._plain.items()]
        labelled = [Slice(kind, amount, label) for (kind, label), amount in self._labelled.items()]
        return Held(normalise((*plain, *labelled)), join_ports(self._ports))


class Totals:
    """All sums of one moment; who has nothing is not there. A new one is empty."""

    def __init__(self) -> None:
        self.by_node: dict[str, Sum] = defaultdict(Sum)
        self.by_framework: dict[str, Sum] = defaultdict(Sum)
        self.by_role: dict[str, Sum] = defaultdict(Sum)
        self.offered_by_node: dict[str, Sum] = defaultdict(Sum)
        self.offered_by_framework: dict[str, Sum] = defaultdict(Sum)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Add everything up."""
        totals = cls()
        totals._add_runs(snapshot)
        totals._add_offers(snapshot)
        return totals

    def _add_runs(self, snapshot: Snapshot) -> None:
        """Sum up by everything that matters of a Run at once, then those sums by each."""
        groups: dict[tuple[str, str, str, bool], Sum] = {}
        unreachable = RunState.UNREACHABLE
        for run in snapshot.runs:
            claim = run.claim
            if claim is None or run.state not in ON_NODE:
                continue
            whose = run.job if run.door == DOOR else PREFIX + run.door
            key = (claim.node, whose, run.pool, run.state is unreachable)
            group = groups.get(key)
            if group is None:
                group = groups[key] = Sum()
            group.add(claim.slices, _ports(snapshot, claim) if claim.ports else ())
        for (node, framework, pool, away), group in groups.items():
            self.by_node[node].include(group)
            if not away:
                self.by_framework[framework].include(group)
                self.by_role[snapshot.role_of(pool) or pool].include(group)

    def _add_offers(self, snapshot: Snapshot) -> None:
        for offer in snapshot.offers:
            self.offered_by_node[offer.node].add(offer.slices, offer.ports)
            self.offered_by_framework[offer.bidder].add(offer.slices, offer.ports)


def _ports(snapshot: Snapshot, claim: Claim) -> LabelledPorts:
    node = snapshot.nodes.get(claim.node)
    return label_ports(claim.ports, node.reserved_ports if node is not None else ())
