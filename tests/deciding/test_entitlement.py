from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.deciding.entitlement import ONE_SHARE, PoolDemand, entitle, own_parts
from portico.domain.errors import Invalid

amounts = st.integers(0, 50_000)


@st.composite
def trees(draw: st.DrawFn) -> list[PoolDemand]:
    count = draw(st.integers(1, 12))
    pools = [PoolDemand("/", None, demand={"cpus": draw(amounts)})]
    for number in range(1, count):
        parent = draw(st.sampled_from(pools)).path
        pools.append(
            PoolDemand(
                path=f"{parent.rstrip('/')}/p{number}",
                parent=parent,
                reservation={"cpus": draw(amounts)} if draw(st.booleans()) else {},
                limit={"cpus": draw(amounts)} if draw(st.booleans()) else {},
                share={"cpus": draw(st.integers(0, 5_000))} if draw(st.booleans()) else {},
                demand={"cpus": draw(amounts)},
                allocation={"cpus": draw(amounts)},
            )
        )
    return pools


def divide(tree: list[PoolDemand], capacity: int) -> dict[str, int]:
    return {path: parts["cpus"] for path, parts in entitle(tree, {"cpus": capacity}).items()}


def leaf(
    name: str, want: int = 0, reservation: int = 0, limit: int | None = None, share: int = ONE_SHARE
) -> PoolDemand:
    return PoolDemand(
        path=f"/{name}",
        parent="/",
        demand={"cpus": want},
        reservation={"cpus": reservation},
        limit={} if limit is None else {"cpus": limit},
        share={"cpus": share},
    )


def wants(tree: list[PoolDemand]) -> dict[str, int]:
    """What each subtree wants within its limits, straight from the definition."""

    def want(pool: PoolDemand) -> int:
        below = sum(want(child) for child in tree if child.parent == pool.path)
        own = pool.demand.get("cpus", 0) + pool.allocation.get("cpus", 0)
        return min(own + below, pool.limit.get("cpus", 10**12))

    return {pool.path: want(pool) for pool in tree}


@settings(deadline=None)
@given(trees(), st.integers(0, 200_000))
def test_children_together_never_get_more_than_their_pool_and_nobody_more_than_its_limit(
    tree: list[PoolDemand], capacity: int
) -> None:
    parts = divide(tree, capacity)
    for pool in tree:
        assert 0 <= parts[pool.path] <= pool.limit.get("cpus", 10**12)
        assert sum(parts[child.path] for child in tree if child.parent == pool.path) <= parts[pool.path]


@settings(deadline=None)
@given(trees(), st.integers(0, 200_000))
def test_reservations_that_fit_are_given_to_who_wants_them(tree: list[PoolDemand], capacity: int) -> None:
    parts = divide(tree, capacity)
    wanted = wants(tree)
    for pool in tree:
        children = [child for child in tree if child.parent == pool.path]
        backed = {child.path: min(wanted[child.path], child.reservation.get("cpus", 0)) for child in children}
        if max(sum(backed.values()), pool.reservation.get("cpus", 0)) <= parts[pool.path]:
            for path, amount in backed.items():
                assert parts[path] >= amount


@settings(deadline=None)
@given(trees(), st.integers(0, 200_000))
def test_nothing_is_left_over_that_a_pool_could_take(tree: list[PoolDemand], capacity: int) -> None:
    parts = divide(tree, capacity)
    own = own_parts(tree, {path: {"cpus": part} for path, part in parts.items()})
    for pool in tree:
        children = [child for child in tree if child.parent == pool.path]
        working = pool.demand.get("cpus", 0) + pool.allocation.get("cpus", 0) > 0
        hungry = [
            child
            for child in children
            if child.share.get("cpus", ONE_SHARE) and parts[child.path] < child.limit.get("cpus", 10**12)
        ]
        if hungry and not working:
            assert own[pool.path]["cpus"] <= len(children)


@settings(deadline=None)
@given(trees(), st.integers(0, 200_000))
def test_the_order_of_pools_does_not_matter(tree: list[PoolDemand], capacity: int) -> None:
    assert divide(tree, capacity) == divide(tree[::-1], capacity)


@settings(deadline=None)
@given(trees(), st.integers(0, 200_000))
def test_own_parts_and_entitlements_of_children_make_up_the_pool(tree: list[PoolDemand], capacity: int) -> None:
    parts = entitle(tree, {"cpus": capacity})
    own = own_parts(tree, parts)
    assert sum(part["cpus"] for part in own.values()) == parts["/"]["cpus"]
    assert all(part["cpus"] >= 0 for part in own.values())


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 9) | st.just(ONE_SHARE)), min_size=1, max_size=8),
    st.integers(0, 30_000),
)
def test_the_surplus_is_shared_as_by_giving_again_and_again(wanted: list[tuple[int, int]], capacity: int) -> None:
    tree = [PoolDemand("/", None)]
    tree += [leaf(f"p{i}", want, limit=want, share=share) for i, (want, share) in enumerate(wanted)]
    parts = divide(tree, capacity)
    free = Fraction(capacity)
    given_so_far = [Fraction(0)] * len(wanted)
    while free:
        open_ones = [i for i, (want, _) in enumerate(wanted) if given_so_far[i] < want]
        weight = sum(wanted[i][1] for i in open_ones)
        gifts = {i: min(wanted[i][0] - given_so_far[i], free * wanted[i][1] / weight) for i in open_ones}
        for i, gift in gifts.items():
            given_so_far[i] += gift
        free -= sum(gifts.values())
        if not gifts:
            break
    for i, exact in enumerate(given_so_far):
        assert abs(parts[f"/p{i}"] - exact) < 2


def test_reservation_then_share_then_surplus() -> None:
    tree = [
        PoolDemand("/", None),
        leaf("a", want=40_000, reservation=20_000),
        leaf("b", want=40_000, share=3_000),
        leaf("c"),
    ]
    assert divide(tree, 60_000) == {"/": 60_000, "/a": 30_000, "/b": 30_000, "/c": 0}
    assert divide(tree, 100_000) == {"/": 100_000, "/a": 44_000, "/b": 52_000, "/c": 4_000}


def test_an_idle_reservation_is_lent_out() -> None:
    tree = [PoolDemand("/", None), leaf("a", want=0, reservation=10_000), leaf("b", want=10_000)]
    assert divide(tree, 10_000) == {"/": 10_000, "/a": 0, "/b": 10_000}


def test_a_want_above_the_limit_counts_up_to_the_limit() -> None:
    tree = [PoolDemand("/", None), leaf("a", want=50_000, limit=2_000), leaf("b", want=50_000)]
    assert divide(tree, 10_000) == {"/": 10_000, "/a": 2_000, "/b": 8_000}


def test_what_limits_forbid_stays_with_the_parent() -> None:
    tree = [PoolDemand("/", None), leaf("a", want=1_000, limit=3_000)]
    assert divide(tree, 10_000) == {"/": 10_000, "/a": 3_000}


def test_lost_capacity_shrinks_reservations_alike() -> None:
    tree = [PoolDemand("/", None), leaf("a", 9_000, reservation=6_000), leaf("b", 9_000, reservation=3_000)]
    assert divide(tree, 3_000) == {"/": 3_000, "/a": 2_000, "/b": 1_000}


def test_a_share_of_zero_lives_on_its_reservation() -> None:
    tree = [PoolDemand("/", None), leaf("a", 9_000, reservation=1_000, share=0), leaf("b", 2_000)]
    assert divide(tree, 10_000) == {"/": 10_000, "/a": 1_000, "/b": 9_000}
    assert divide(tree[:2], 10_000) == {"/": 10_000, "/a": 1_000}


def test_the_runs_of_an_inner_pool_compete_with_its_children() -> None:
    tree = [PoolDemand("/", None, demand={"cpus": 20_000}), leaf("a", want=20_000)]
    parts = entitle(tree, {"cpus": 10_000})
    assert own_parts(tree, parts) == {"/": {"cpus": 5_000}, "/a": {"cpus": 5_000}}


def test_an_inner_pool_keeps_the_reservation_its_children_do_not_hold() -> None:
    tree = [
        PoolDemand("/", None),
        PoolDemand("/a", "/", reservation={"cpus": 8_000}, demand={"cpus": 6_000}),
        PoolDemand("/a/b", "/a", reservation={"cpus": 2_000}, demand={"cpus": 90_000}),
        leaf("c", want=90_000),
    ]
    parts = entitle(tree, {"cpus": 8_000})
    assert own_parts(tree, parts)["/a"] == {"cpus": 6_000}


def test_each_kind_is_divided_by_itself_and_only_the_capacity_names_kinds() -> None:
    tree = [
        PoolDemand("/", None),
        PoolDemand("/a", "/", demand={"cpus": 5_000, "fpga": 1_000}, limit={"mem": 1_000}),
        PoolDemand("/b", "/", demand={"mem": 5_000}, limit={"cpus": 1_000}),
    ]
    assert entitle(tree, {"cpus": 6_000, "mem": 6_000}) == {
        "/": {"cpus": 6_000, "mem": 6_000},
        "/a": {"cpus": 5_500, "mem": 500},
        "/b": {"cpus": 500, "mem": 5_500},
    }


def test_the_root_keeps_within_its_own_limit() -> None:
    assert divide([PoolDemand("/", None, limit={"cpus": 4_000})], 9_000) == {"/": 4_000}


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ([], "one root, not 0"),
        ([PoolDemand("/", None), PoolDemand("/x", None)], "one root, not 2"),
        ([PoolDemand("/", None), PoolDemand("/", None)], "same path"),
        ([PoolDemand("/", None), PoolDemand("/a/b", "/a")], "parent /a is unknown"),
        ([PoolDemand("/", None), PoolDemand("/a", "/b"), PoolDemand("/b", "/a")], "own ancestors"),
    ],
)
def test_what_is_not_one_tree_is_refused(tree: list[PoolDemand], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        entitle(tree, {"cpus": 1})


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(0, 10_000))
def test_equal_pools_differ_by_a_thousandth_at_most(count: int, capacity: int) -> None:
    parts = divide([PoolDemand("/", None), *(leaf(f"p{i}", want=10_000) for i in range(count))], capacity)
    shares = sorted(part for path, part in parts.items() if path != "/")
    assert sum(shares) == capacity
    assert all(after - before <= 1 for before, after in pairwise(shares[:: len(shares) - 1]))
