"""Whose slot goes when a service Job becomes smaller.

Promises: the same candidates give the same victims, in any order; the cost grows with the number of candidates times
its logarithm, not with nodes times candidates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from heapq import heapify, heappop, heappush, heapreplace
from operator import attrgetter

import msgspec

from portico.domain.jobs import Shrink


class Phase(IntEnum):
    """How little an Instance serves: lower ones go first."""

    STOPPING = 0
    UNPLACED = 1
    LAUNCHING = 2
    RUNNING = 3


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """One slot; `since` is the age of its Attempt, `node` and `zone` where that is, empty before it is placed."""

    id: str
    index: int = 0
    phase: Phase = Phase.UNPLACED
    node: str = ""
    zone: str = ""
    since: int = 0


def victims(candidates: Sequence[Candidate], count: int, policy: Shrink) -> list[str]:
    """Choose whose slots go, in this order.

    By index, the highest go first. Spread takes from one phase after another; within it from the node with most of the
    Job's Instances, then from the largest zone, then the oldest (the order of Titus).
    """
    if count <= 0:
        return []
    if policy == Shrink.INDEX:
        ordered = sorted(candidates, key=lambda candidate: (-candidate.index, candidate.id))
        return [candidate.id for candidate in ordered[:count]]
    crowds = _Crowds(candidates)
    chosen: list[str] = []
    for phase in Phase:
        group = [candidate for candidate in candidates if candidate.phase is phase]
        if group and len(chosen) < count:
            chosen += crowds.take(group, count - len(chosen))
    return chosen


_NodeKey = tuple[int, int, str, str]
"""Of a node: how many are on it (negative), the age and id of its oldest candidate, its name."""

_ZoneKey = tuple[int, int, int, str, str, str]
"""Of a zone: how many are on its fullest node and in it (negative), then as for that node, and its name."""


class _Crowds:
    """How many Instances are where; taking one thins both its node and its zone."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._nodes = Counter(map(attrgetter("node"), candidates))
        self._zones = Counter(map(attrgetter("zone"), candidates))

    def take(self, group: Iterable[Candidate], count: int) -> list[str]:
        """Take up to `count` of one phase."""
        by_node = _oldest_last(group)
        zones = self._heaps(by_node)
        order = [self._zone_key(zone, nodes) for zone, nodes in zones.items()]
        heapify(order)
        taken: list[str] = []
        while order and len(taken) < count:
            zone = order[0][-1]
            nodes = zones[zone]
            node = heappop(nodes)[-1]
            taken.append(by_node[node].pop().id)
            self._nodes[node] -= 1
            self._zones[zone] -= 1
            if by_node[node]:
                heappush(nodes, self._node_key(node, by_node[node][-1]))
            if nodes:
                heapreplace(order, self._zone_key(zone, nodes))
            else:
                heappop(order)
        return taken

    def _heaps(self, by_node: dict[str, list[Candidate]]) -> dict[str, list[_NodeKey]]:
        zones: dict[str, list[_NodeKey]] = {}
        for node, there in by_node.items():
            zones.setdefault(there[-1].zone, []).append(self._node_key(node, there[-1]))
        for nodes in zones.values():
            heapify(nodes)
        return zones

    def _node_key(self, node: str, oldest: Candidate) -> _NodeKey:
        return -self._nodes[node], oldest.since, oldest.id, node

    def _zone_key(self, zone: str, nodes: list[_NodeKey]) -> _ZoneKey:
        crowd, since, identity, node = nodes[0]
        return crowd, -self._zones[zone], since, identity, node, zone


def _oldest_last(group: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    by_node: dict[str, list[Candidate]] = {}
    for candidate in sorted(group, key=attrgetter("since", "id"), reverse=True):
        by_node.setdefault(candidate.node, []).append(candidate)
    return by_node
