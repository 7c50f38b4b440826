"""What each pool may use of each kind: one capacity, divided down one tree.

Owns the division only. Promises: the children of a pool together never get more than the pool, no pool
gets more than its limit, reserved and wanted amounts come first, and nothing a pool could still take is
left over. Must never depend on the order in which pools are named.

The division is Peloton's (three passes, once per kind and parent), with the want and the left-over capped
by the limit:

1. each child gets what it wants, at most its reservation;
2. the rest goes to children that want more, by share, at most what they want;
3. what nobody wants goes to all children by share, at most their limit.

Where capacity was lost and even pass 1 does not fit, every child loses the same part of its gift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.errors import Invalid
from portico.domain.resources import Amounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ONE_SHARE = 1000


class PoolDemand(msgspec.Struct, frozen=True):
    """One pool and what its own runs ask for; all amounts and shares are integer thousandths by kind.

    `demand` (waiting) and `allocation` (admitted and not ended) are those of the pool's own runs, never those
    of its children: sums over subtrees are made here. A missing limit is no limit, a missing share is one, and
    a share of zero lives on its reservation alone. A pool that must hold its reservation even when idle
    states a demand of that size.
    """

    path: str
    parent: str | None
    reservation: Amounts = {}
    limit: Amounts = {}
    share: Amounts = {}
    demand: Amounts = {}
    allocation: Amounts = {}


class _Branch(msgspec.Struct, frozen=True):
    """A pool with the positions of its children in the top-down order."""

    pool: PoolDemand
    children: tuple[int, ...]


def entitle(tree: Sequence[PoolDemand], capacity: Amounts) -> dict[str, dict[str, int]]:
    """Divide the capacity among all pools; the answer maps pool path to amounts of every kind in `capacity`.

    An inner pool's amount covers its whole subtree (`own_parts` says what is left for its own runs, which
    compete with the children as one more child: share one, reserved by what the pool's reservation leaves
    over its children's). Raises Invalid when the pools are not one tree.
    """
    branches = _top_down(tree)
    entitled: dict[str, dict[str, int]] = {branch.pool.path: {} for branch in branches}
    for kind, amount in capacity.items():
        for branch, part in zip(branches, _divide_tree(branches, kind, amount), strict=True):
            entitled[branch.pool.path][kind] = part
    return entitled


def own_parts(tree: Sequence[PoolDemand], entitled: Mapping[str, Amounts]) -> dict[str, dict[str, int]]:
    """What each pool may use for its own runs: its entitlement less its children's."""
    own = {path: dict(parts) for path, parts in entitled.items()}
    for pool in tree:
        if pool.parent is None:
            continue
        above = own[pool.parent]
        for kind, part in entitled[pool.path].items():
            above[kind] -= part
    return own


def _top_down(tree: Sequence[PoolDemand]) -> list[_Branch]:
    """The pools with parents before children and siblings by path."""
    below: dict[str, list[PoolDemand]] = {pool.path: [] for pool in tree}
    if len(below) != len(tree):
        raise Invalid("two pools have the same path")
    roots = []
    for pool in sorted(tree, key=_path):
        if pool.parent is None:
            roots.append(pool)
        elif pool.parent in below:
            below[pool.parent].append(pool)
        else:
            raise Invalid(f"pool {pool.path}: its parent {pool.parent} is unknown")
    if len(roots) != 1:
        raise Invalid(f"a pool tree has one root, not {len(roots)}")
    order = roots
    branches = []
    for pool in order:
        first = len(order)
        order.extend(below[pool.path])
        branches.append(_Branch(pool=pool, children=tuple(range(first, len(order)))))
    if len(branches) != len(tree):
        raise Invalid("some pools are their own ancestors")
    return branches


def _path(pool: PoolDemand) -> str:
    return pool.path


def _divide_tree(branches: Sequence[_Branch], kind: str, capacity: int) -> list[int]:
    """One kind, divided from the root down; positions are those of `branches`."""
    own, wants = _wants(branches, kind)
    parts = [0] * len(branches)
    root_limit = branches[0].pool.limit.get(kind)
    parts[0] = capacity if root_limit is None else min(capacity, root_limit)
    for position, branch in enumerate(branches):
        if not branch.children:
            continue
        pools = [branches[child].pool for child in branch.children]
        reserved = [pool.reservation.get(kind, 0) for pool in pools]
        limits = [pool.limit.get(kind) for pool in pools]
        shares = [pool.share.get(kind, ONE_SHARE) for pool in pools]
        wanted = [wants[child] for child in branch.children]
        if own[position]:
            wanted.append(own[position])
            reserved.append(max(0, branch.pool.reservation.get(kind, 0) - sum(reserved)))
            limits.append(None)
            shares.append(ONE_SHARE)
        gifts = _divide(parts[position], wanted, reserved, limits, shares)
        for child, gift in zip(branch.children, gifts, strict=False):
            parts[child] = gift
    return parts


def _wants(branches: Sequence[_Branch], kind: str) -> tuple[list[int], list[int]]:
    """What each pool's own runs want, and what its subtree wants within its limits."""
    own = [branch.pool.demand.get(kind, 0) + branch.pool.allocation.get(kind, 0) for branch in branches]
    wants = own.copy()
    for position in range(len(branches) - 1, -1, -1):
        branch = branches[position]
        for child in branch.children:
            wants[position] += wants[child]
        limit = branch.pool.limit.get(kind)
        if limit is not None and wants[position] > limit:
            wants[position] = limit
    return own, wants


def _divide(
    free: int, wants: Sequence[int], reserved: Sequence[int], limits: Sequence[int | None], shares: Sequence[int]
) -> list[int]:
    """The three passes over the children of one pool."""
    gifts = [min(want, reservation) for want, reservation in zip(wants, reserved, strict=True)]
    promised = sum(gifts)
    if promised > free:
        shrunk = [0] * len(gifts)
        _split(shrunk, free, range(len(gifts)), gifts, gifts)
        return shrunk
    free -= promised
    if free:
        wanting = [want - gift for want, gift in zip(wants, gifts, strict=True)]
        if any(wanting):
            free = _fill(gifts, free, wanting, shares)
    if free:
        rooms = [
            free if limit is None else max(0, min(free, limit - gift))
            for limit, gift in zip(limits, gifts, strict=True)
        ]
        _fill(gifts, free, rooms, shares)
    return gifts


def _fill(gifts: list[int], free: int, rooms: Sequence[int], shares: Sequence[int]) -> int:
    """Add to the gifts by share, each at most its room; answers what is left.

    Giving by share again and again until every full child has dropped out, as Peloton does, ends where one
    walk in the order of room per share ends. The walk stops before the last one, because all together have more
    room than there is.
    """
    takers = [i for i, room in enumerate(rooms) if room > 0 and shares[i] > 0]
    if sum([rooms[i] for i in takers]) <= free:
        for i in takers:
            gifts[i] += rooms[i]
            free -= rooms[i]
        return free
    weight = sum([shares[i] for i in takers])
    takers.sort(key=[room / (share or 1) for room, share in zip(rooms, shares, strict=True)].__getitem__)
    full = 0
    while rooms[takers[full]] * weight <= shares[takers[full]] * free:
        i = takers[full]
        gifts[i] += rooms[i]
        free -= rooms[i]
        weight -= shares[i]
        full += 1
    return _split(gifts, free, takers[full:], shares, rooms)


def _split(gifts: list[int], free: int, takers: Sequence[int], weights: Sequence[int], rooms: Sequence[int]) -> int:
    """Add all that is free to the takers' gifts by weight, without losing a thousandth to rounding."""
    total = sum([weights[i] for i in takers])
    passed = given = 0
    left = free
    for i in takers:
        passed += weights[i]
        until = free * passed // total
        gift = min(until - given, rooms[i])
        given = until
        gifts[i] += gift
        left -= gift
    return left
