"""Dividing equal runs among nodes and groups of nodes: pack, spread, and even levels.

Owns the arithmetic; knows nothing of constraints. Promises: no node gets more than its room, no group more than
its quota, as much is given as both allow, equal positions are served from the first on, and the number of steps
does not grow with the number of runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from portico.deciding.columns import Floats, Ints

_CLOSE_ENOUGH = 1e-9
_HALVINGS = 64


def shortlist(order: Floats, wanted: int) -> Ints:
    """Positions among which the first `wanted` of the order all are; ties at the end may add more."""
    if wanted == 1:
        return np.array([order.argmin()])
    if 2 * wanted >= len(order):
        return np.arange(len(order))
    return np.flatnonzero(order <= np.partition(order, wanted - 1)[wanted - 1])


def pack(order: Floats, room: Ints, groups: Ints, quotas: Ints) -> Ints:
    """Fill one position after the other, smallest order first, until its group's quota is used."""
    ranked = np.lexsort((order, groups))
    ranked_room = room[ranked]
    ranked_groups = groups[ranked]
    before = np.cumsum(ranked_room) - ranked_room
    first_of_group = np.searchsorted(ranked_groups, ranked_groups)
    left = quotas[ranked_groups] - (before - before[first_of_group])
    gifts = np.empty_like(room)
    gifts[ranked] = np.minimum(np.maximum(left, 0), ranked_room)
    return gifts


def spread(load: Floats, weight: Floats, room: Ints, groups: Ints, quotas: Ints) -> Ints:
    """Give the next run to the position with the least load, every run adding its weight, in each group.

    Finds for each group the water level that uses its quota, instead of giving run by run.
    """
    count = len(quotas)
    owed = np.minimum(quotas, group_sums(room, groups, count))
    low = np.full(count, load.min() - 1.0)
    high = np.full(count, float((load + weight * room).max()))
    for _ in range(_HALVINGS):
        if (high - low).max() < _CLOSE_ENOUGH:
            break
        middle = (low + high) / 2
        over = group_sums(_below(load, weight, room, middle[groups]), groups, count) > owed
        high = np.where(over, middle, high)
        low = np.where(over, low, middle)
    gifts = _below(load, weight, room, low[groups])
    owed -= group_sums(gifts, groups, count)
    while owed.any():
        more = pack(load + weight * gifts, np.minimum(room - gifts, 1), groups, owed)
        gifts += more
        owed -= group_sums(more, groups, count)
    return gifts


def level(start: Ints, room: Ints, wanted: int) -> Ints:
    """Divide `wanted` among groups so that start + gift is as even as their room allows."""
    if int(room.sum()) <= wanted:
        return room
    low, high = int(start.min()), int(start.max()) + wanted + 1
    while high - low > 1:
        middle = (low + high) // 2
        if int(np.clip(middle - start, 0, room).sum()) <= wanted:
            low = middle
        else:
            high = middle
    gifts = np.clip(low - start, 0, room)
    open_groups = np.flatnonzero((gifts < room) & (start <= low))
    gifts[open_groups[: wanted - int(gifts.sum())]] += 1
    return gifts


def _below(load: Floats, weight: Floats, room: Ints, water: Floats) -> Ints:
    """How many runs each position takes while its load is not above the water."""
    return np.clip(np.floor((water - load) / weight) + 1.0, 0.0, room).astype(np.int64)


def group_sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Sum the values of each of `count` groups."""
    return np.bincount(groups, weights=values, minlength=count).astype(np.int64)
