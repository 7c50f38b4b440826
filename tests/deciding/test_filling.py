from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.deciding.filling import group_sums, level, pack, shortlist, spread

positions = st.lists(
    st.tuples(st.floats(-1e6, 1e6, allow_nan=False), st.floats(1e-4, 10), st.integers(1, 1_000), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


def columns(drawn: list[tuple[float, float, int, int]]) -> tuple[np.ndarray, ...]:
    load, weight, room, groups = zip(*drawn, strict=True)
    return np.array(load), np.array(weight), np.array(room, dtype=np.int64), np.array(groups, dtype=np.int64)


@settings(deadline=None)
@given(positions, st.lists(st.integers(0, 5_000), min_size=4, max_size=4))
@pytest.mark.parametrize("way", ["spread", "pack"])
def test_both_ways_give_all_that_room_and_quota_allow(
    way: str, drawn: list[tuple[float, float, int, int]], quotas: list[int]
) -> None:
    load, weight, room, groups = columns(drawn)
    quota = np.array(quotas, dtype=np.int64)
    gifts = spread(load, weight, room, groups, quota) if way == "spread" else pack(load, room, groups, quota)
    assert (gifts >= 0).all()
    assert (gifts <= room).all()
    expected = np.minimum(quota, group_sums(room, groups, 4))
    assert np.array_equal(group_sums(gifts, groups, 4), expected)


@settings(deadline=None)
@given(positions, st.integers(1, 5_000))
def test_pack_leaves_no_gap_before_the_last_one_used(drawn: list[tuple[float, float, int, int]], wanted: int) -> None:
    order, _, room, _ = columns(drawn)
    gifts = pack(order, room, np.zeros_like(room), np.array([wanted]))
    ranked = np.argsort(order, kind="stable")
    used = np.flatnonzero(gifts[ranked])
    assert np.array_equal(gifts[ranked][: used[-1]], room[ranked][: used[-1]])


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40), st.integers(1, 60))
def test_a_shortlist_holds_the_first_of_the_order(values: list[float], wanted: int) -> None:
    order = np.array(values)
    assert set(np.argsort(order, kind="stable")[:wanted]) <= set(shortlist(order, wanted))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=10), st.integers(0, 100))
def test_level_is_what_giving_one_by_one_to_the_lowest_gives(groups: list[tuple[int, int]], wanted: int) -> None:
    start, room = (np.array(column, dtype=np.int64) for column in zip(*groups, strict=True))
    plain = [0] * len(groups)
    for _ in range(wanted):
        open_groups = [i for i, (_, most) in enumerate(groups) if plain[i] < most]
        if not open_groups:
            break
        plain[min(open_groups, key=lambda i: (groups[i][0] + plain[i], i))] += 1
    assert level(start, room, wanted).tolist() == plain
