"""Who is next: dominant resource fairness over a tree of pools with bidders as its leaves.

Owns the order only. At every level the child with the smallest share goes first; a share is the largest part that the
child has of any kind in the cluster, divided by its weight; equal shares go to who was served less often, then by name.
Promises: a pick costs the same whatever was allocated before, and looks only at seats that are open to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from portico.domain.nodes import ROOT_POOL, lineage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from portico.deciding.columns import Bools
    from portico.domain.resources import Amounts

ONE_WEIGHT = 1000


class Seat(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One bidder in one of its roles; `slot` is its column among the filters, `allocated` includes what is offered."""

    slot: int
    bidder: str
    role: str
    pool: str
    allocated: Amounts = {}
    served: int = 0
    revocable: bool = False
    gpus: bool = False
    shared: bool = False


class PoolStanding(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One pool: what its own Runs and offers have (`revocable`: how much of that), and its rules.

    A kind missing from `weight` counts 1000; `served` is how often it was given an offer.
    """

    allocated: Amounts = {}
    revocable: Amounts = {}
    weight: Amounts = {}
    guarantee: Amounts = {}
    limit: Amounts = {}
    served: int = 0


class Group:
    """The children of one pool, or the bidders of one; positions are those of the seats in the order of the tree."""

    def __init__(self, parent: Group | None, index: int, first: int) -> None:
        self.parent = parent
        self.index = index
        self.first = first
        self.last = first
        self.groups: list[Group] = []
        self.names: list[str] = []
        self.books: list[dict[str, int]] = []
        self.weights: list[Amounts] = []
        self.times: list[int] = []
        self.shares: NDArray[np.float64] = np.zeros(0)
        self.served: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.starts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def choose(self, open_children: Bools) -> int:
        """Name the open child that goes first, or -1."""
        if len(open_children) <= 1:
            return 0 if open_children.any() else -1
        (places,) = open_children.nonzero()
        if len(places) <= 1:
            return int(places[0]) if len(places) else -1
        shares = self.shares[places]
        best = int(shares.argmin())
        equal = shares == shares[best]
        if np.count_nonzero(equal) > 1:
            places = places[equal]
            best = int(self.served[places].argmin())
        return int(places[best])


class Ranking:
    """The tree over some seats; `total` is what the cluster has."""

    def __init__(self, seats: Sequence[Seat], pools: Mapping[str, PoolStanding], total: Amounts) -> None:
        steps = {pool: _steps(pool) for pool in {seat.pool for seat in seats}}
        self.seats = sorted(seats, key=lambda seat: (steps[seat.pool], seat.bidder))
        self._steps = [steps[seat.pool] for seat in self.seats]
        self._total = {kind: amount for kind, amount in total.items() if amount > 0}
        self._pools = pools
        self._subtrees = subtree_sums({path: pool.allocated for path, pool in pools.items()})
        self.role_groups: dict[str, Group] = {}
        self.root = Group(None, 0, 0)
        self._group_of = [self.root] * len(self.seats)
        self._lay_out(self.root, 0, len(self.seats), 0)

    # ---- asking ------------------------------------------------------------------------------------------------

    def pick(self, open_seats: Bools) -> int:
        """Give the position of the seat that goes first among the open ones, or -1."""
        return self.pick_within(self.root, open_seats)

    def pick_within(self, group: Group, open_seats: Bools) -> int:
        """The same below one group."""
        while group.groups:
            if len(group.groups) == 1:
                group = group.groups[0]
                continue
            reachable = open_seats[group.first : group.last]
            if len(group.groups) < len(reachable):
                reachable = np.logical_or.reduceat(reachable, group.starts)
            child = group.choose(reachable)
            if child < 0:
                return -1
            group = group.groups[child]
        child = group.choose(open_seats[group.first : group.last])
        return child if child < 0 else group.first + child

    def serve(self, position: int, amounts: Amounts) -> None:
        """Count what a seat is given by an offer, for it and everything above it."""
        self.count(position, amounts, 1, served=1)

    def count(self, position: int, amounts: Amounts, sign: int, *, served: int = 0) -> None:
        """Count what a seat has got or lost otherwise."""
        group = self._group_of[position]
        child = position - group.first
        while True:
            book = group.books[child]
            for kind, amount in amounts.items():
                book[kind] = book.get(kind, 0) + sign * amount
            group.shares[child] = self._share(book, group.weights[child])
            if served:
                group.served[child] += served
            if group.parent is None:
                return
            child, group = group.index, group.parent

    # ---- laying out --------------------------------------------------------------------------------------------

    def _lay_out(self, group: Group, first: int, last: int, depth: int) -> None:
        """Make the children of a group from seats whose pools share the first `depth` steps."""
        group.last = last
        at = first
        while at < last:
            steps = self._steps[at]
            end = at
            if len(steps) == depth:
                while end < last and len(self._steps[end]) == depth:
                    end += 1
                self._add_role(group, at, end)
            else:
                step = steps[depth]
                while end < last and self._steps[end][depth : depth + 1] == (step,):
                    end += 1
                self._add_pool(group, steps[: depth + 1], at, end)
            at = end
        self._close(group)

    def _add_pool(self, group: Group, steps: tuple[str, ...], first: int, last: int) -> None:
        path = ROOT_POOL + "/".join(steps)
        child = Group(group, len(group.groups), first)
        standing = self._pools.get(path, _NOTHING)
        self._adopt(group, child, steps[-1], self._subtrees.get(path, {}), standing)
        if len(self._steps[last - 1]) > len(steps):
            self._lay_out(child, first, last, len(steps))
        else:
            self._seat(child, path, first, last)

    def _add_role(self, group: Group, first: int, last: int) -> None:
        """The bidders of an inner pool itself stand beside its children, as one child without a name."""
        path = self.seats[first].pool
        child = Group(group, len(group.groups), first)
        standing = self._pools.get(path, _NOTHING)
        self._adopt(group, child, "", standing.allocated, msgspec.structs.replace(standing, weight={}))
        self._seat(child, path, first, last)

    def _adopt(self, group: Group, child: Group, name: str, allocated: Amounts, standing: PoolStanding) -> None:
        group.groups.append(child)
        group.names.append(name)
        group.books.append(dict(allocated))
        group.weights.append(standing.weight)
        group.times.append(standing.served)

    def _seat(self, group: Group, path: str, first: int, last: int) -> None:
        group.last = last
        seats = self.seats[first:last]
        group.names = [seat.bidder for seat in seats]
        group.books = [dict(seat.allocated) for seat in seats]
        group.weights = [_NO_WEIGHTS] * len(seats)
        group.served = np.array([seat.served for seat in seats], dtype=np.int64)
        group.shares = np.array([self._share(book, _NO_WEIGHTS) for book in group.books])
        self.role_groups[path] = group
        self._group_of[first:last] = [group] * len(seats)

    def _close(self, group: Group) -> None:
        pairs = zip(group.books, group.weights, strict=True)
        group.shares = np.array([self._share(book, weight) for book, weight in pairs])
        group.served = np.array(group.times, dtype=np.int64)
        group.starts = np.array([child.first - group.first for child in group.groups], dtype=np.int64)

    def _share(self, book: Amounts, weight: Amounts) -> float:
        total = self._total
        best = 0.0
        for kind, amount in book.items():
            if amount > 0 and kind in total:
                part = amount / total[kind]
                if weight:
                    part = part * ONE_WEIGHT / max(1, weight.get(kind, ONE_WEIGHT))
                if part > best:  # noqa: PLR1730 — this is done for every seat, and a call costs more than all of it
                    best = part
        return best


def subtree_sums(own: Mapping[str, Amounts]) -> dict[str, dict[str, int]]:
    """Sum what pools have into everything above them."""
    sums: dict[str, dict[str, int]] = {}
    for path, amounts in own.items():
        for above in lineage(path):
            book = sums.setdefault(above, {})
            for kind, amount in amounts.items():
                book[kind] = book.get(kind, 0) + amount
    return sums


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if step)


_NOTHING = PoolStanding()
_NO_WEIGHTS: Amounts = {}
