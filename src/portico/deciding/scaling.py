"""Whose slot goes when a service Job becomes smaller.

Promises: the same candidates give the same victims, in any order; the cost grows with the number of candidates times
its logarithm, not with nodes times candidates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from heapq import heapify, heappop, heappush, heapreplace

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
    """Choose whose slots go, in this order, all at once."""
    choice = Choice(policy)
    choice.consider(candidates)
    return choice.take(count)


class Choice:
    """Chooses some after others, so that thousands need not be chosen in one step: consider all, then take.

    By index, the highest go first. Spread takes from one phase after another; within it from the node with most of the
    Job's Instances, then from the largest zone, then the oldest (the order of Titus).
    """

    def __init__(self, policy: Shrink) -> None:
        self._by_index = policy == Shrink.INDEX
        self._indexes: list[tuple[int, str]] = []
        self._crowds = _Crowds()
        self._waiting: dict[Phase, _Group] = {}
        self._present: _Taking | None = None

    def consider(self, candidates: Iterable[Candidate]) -> None:
        """Add candidates; all of them before the first is taken."""
        if self._by_index:
            for candidate in candidates:
                heappush(self._indexes, (-candidate.index, candidate.id))
            return
        for candidate in candidates:
            self._crowds.count(candidate)
            group = self._waiting.setdefault(candidate.phase, {})
            group.setdefault((candidate.zone, candidate.node), []).append((candidate.since, candidate.id))

    def take(self, count: int) -> list[str]:
        """Give the next ones that go, at most `count`; fewer when no more are left."""
        if self._by_index:
            return [heappop(self._indexes)[1] for _ in range(min(count, len(self._indexes)))]
        taken: list[str] = []
        while len(taken) < count:
            if self._present is None:
                if not self._waiting:
                    break
                self._present = _Taking(self._crowds, self._waiting.pop(min(self._waiting)))
            victim = self._present.take()
            if victim is None:
                self._present = None
            else:
                taken.append(victim)
        return taken


_Group = dict[tuple[str, str], list[tuple[int, str]]]
"""Candidates of one phase by zone and node: their ages and ids."""

_NodeKey = tuple[int, int, str, str]
"""Of a node: how many are on it (negative), the age and id of its oldest candidate, its name."""

_ZoneKey = tuple[int, int, int, str, str, str]
"""Of a zone: how many are on its fullest node and in it (negative), then as for that node, and its name."""


class _Crowds:
    """How many Instances are where."""

    def __init__(self) -> None:
        self.nodes: Counter[str] = Counter()
        self.zones: Counter[str] = Counter()

    def count(self, candidate: Candidate) -> None:
        self.nodes[candidate.node] += 1
        self.zones[candidate.zone] += 1


class _Taking:
    """Takes the candidates of one phase; each one taken thins its node and its zone."""

    def __init__(self, crowds: _Crowds, group: _Group) -> None:
        self._crowds = crowds
        self._oldest_first = group
        self._zones: dict[str, list[_NodeKey]] = {}
        for (zone, node), there in group.items():
            heapify(there)
            self._zones.setdefault(zone, []).append(self._node_key(zone, node))
        for nodes in self._zones.values():
            heapify(nodes)
        self._order = [self._zone_key(zone) for zone in self._zones]
        heapify(self._order)

    def take(self) -> str | None:
        """Take the next one; None when no more are left."""
        if not self._order:
            return None
        zone = self._order[0][-1]
        nodes = self._zones[zone]
        node = heappop(nodes)[-1]
        there = self._oldest_first[zone, node]
        _, identity = heappop(there)
        self._crowds.nodes[node] -= 1
        self._crowds.zones[zone] -= 1
        if there:
            heappush(nodes, self._node_key(zone, node))
        if nodes:
            heapreplace(self._order, self._zone_key(zone))
        else:
            heappop(self._order)
        return identity

    def _node_key(self, zone: str, node: str) -> _NodeKey:
        since, identity = self._oldest_first[zone, node][0]
        return -self._crowds.nodes[node], since, identity, node

    def _zone_key(self, zone: str) -> _ZoneKey:
        crowd, since, identity, node = self._zones[zone][0]
        return crowd, -self._crowds.zones[zone], since, identity, node, zone
