"""One round of allocation: what must hold whatever the cluster looks like, and the rules one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.fairness import PoolStanding, Ranking, Seat
from portico.deciding.offers import Grant, Market, Space, allocate, worth_offering
from portico.domain.reservations import Reservation
from portico.domain.resources import covers
from portico.domain.slices import Label, Slice, holds, normalise, plain, sums

SIZE = {"cpus": 4000, "mem": 4_000_000}
ADS = Label(Reservation("ads").text)
REVOCABLE = Label(revocable=True)


def seat(bidder, role="ads", slot=0, **said):
    return Seat(slot=slot, bidder=bidder, role=role, pool=said.pop("pool", f"/{role}"), **said)


def spaces(count, **said):
    return [Space(f"n{number}", said.pop("plain", SIZE), **said) for number in range(count)]


def market(seats, pools=None, nodes=4, **said):
    total = {kind: amount * nodes for kind, amount in SIZE.items()}
    standings = {one.pool: PoolStanding() for one in seats} | (pools or {})
    return Market(seats, standings, total, available=said.pop("available", total), **said)


def won(grants):
    return Counter(grant.bidder for grant in grants)


def test_nobody_to_offer_to_is_no_harm():
    assert Ranking([], {}, {"cpus": 1000}).pick(np.zeros(0, dtype=bool)) == -1


def test_whole_nodes_go_to_whoever_has_least():
    seats = [seat("a", "x"), seat("b", "y", allocated={"cpus": 4000}), seat("c", "z", allocated={"cpus": 12_000})]
    pools = {one.pool: PoolStanding(allocated=one.allocated) for one in seats}
    grants = allocate(market(seats, pools), spaces(4))
    assert [grant.bidder for grant in grants] == ["a", "b", "a", "b"]
    assert all(grant.slices == plain(SIZE) for grant in grants)


def test_the_dominant_kind_counts():
    seats = [seat("cpu", "x", allocated={"cpus": 4000}), seat("mem", "y", allocated={"mem": 8_000_000})]
    pools = {one.pool: PoolStanding(allocated=one.allocated) for one in seats}
    (grant,) = allocate(market(seats, pools), spaces(1))
    assert grant.bidder == "cpu"


def test_a_weight_divides_the_share():
    seats = [seat("a", "x"), seat("b", "y")]
    pools = {"/x": PoolStanding(weight={"cpus": 3000, "mem": 3000}), "/y": PoolStanding()}
    assert won(allocate(market(seats, pools, nodes=8), spaces(8))) == {"a": 6, "b": 2}


def test_equal_shares_go_to_who_was_served_less_then_by_name():
    assert allocate(market([seat("b"), seat("a")]), spaces(1))[0].bidder == "a"
    assert allocate(market([seat("b"), seat("a", served=1)]), spaces(1))[0].bidder == "b"


def test_pools_are_served_level_by_level():
    seats = [seat("a", "x", pool="/x/one"), seat("b", "x", pool="/x/two"), seat("c", "x", pool="/x"), seat("d", "y")]
    assert won(allocate(market(seats, nodes=12), spaces(12))) == {"d": 6, "a": 2, "b": 2, "c": 2}


def test_too_little_is_offered_to_nobody():
    assert allocate(market([seat("a")]), spaces(1, plain={"cpus": 9, "mem": 31_999, "disk": 10**9})) == []
    assert len(allocate(market([seat("a")]), spaces(1, plain={"mem": 32_000}))) == 1
    assert len(allocate(market([seat("a")]), spaces(1, plain={"cpus": 10}))) == 1


def test_a_filter_sends_the_node_to_the_next():
    blocked = np.array([True, False])
    seats = [seat("a", slot=0), seat("b", slot=1)]
    assert won(allocate(market(seats), spaces(3, blocked=blocked))) == {"b": 3}


def test_nodes_with_gpus_go_only_to_who_can_use_them():
    seats = [seat("a"), seat("b", gpus=True)]
    assert won(allocate(market(seats), spaces(2, gpus=True))) == {"b": 2}
    assert allocate(market([seat("a")]), spaces(2, gpus=True)) == []


def test_reserved_space_goes_to_its_role_alone():
    seats = [seat("a", "ads"), seat("w", "web", served=1)]
    own = Slice("cpus", 1000, ADS)
    grants = allocate(market(seats), spaces(1, labelled=(own,)))
    assert grants == [Grant("a", "ads", "/ads", "n0", tuple(sorted((*plain(SIZE), own))))]
    busy = {"/ads": PoolStanding(allocated={"cpus": 9000})}
    grants = allocate(market(seats, busy), spaces(1, labelled=(own,)))
    assert {grant.bidder: grant.slices for grant in grants} == {"w": plain(SIZE), "a": (own,)}


def test_revocable_space_goes_to_who_takes_it():
    extra = Slice("cpus", 1000, REVOCABLE)
    seats = [seat("a"), seat("b", revocable=True)]
    grants = allocate(market(seats), spaces(1, labelled=(extra,)))
    assert {grant.bidder: grant.slices for grant in grants} == {"a": plain(SIZE), "b": (extra,)}


def test_a_shared_volume_is_offered_once_in_a_round():
    volume = Slice("disk", 1000, Label(ADS.reservation, "v"))
    seats = [seat("a"), seat("b", shared=True), seat("c", shared=True)]
    grants = allocate(market(seats, shared=frozenset({"v"})), spaces(4, labelled=(volume,)))
    assert [grant.bidder for grant in grants if volume in grant.slices] == ["b"]


def test_a_guarantee_is_served_first_until_one_kind_is_met():
    seats = [seat("q", "quota", allocated={"cpus": 100}), seat("a", "x")]
    pools = {"/quota": PoolStanding(guarantee={"cpus": 8000, "mem": 99_000_000}, allocated={"cpus": 100})}
    grants = allocate(market(seats, pools), spaces(4))
    assert won(grants)["q"] == 2
    assert won(grants[:2]) == {"q": 2}


def test_what_guarantees_lack_is_kept_back_and_a_guaranteed_pool_gets_no_more():
    seats = [seat("q", "quota", gpus=False), seat("a", "x", gpus=True)]
    pools = {"/quota": PoolStanding(guarantee={"cpus": 6000})}
    grants = allocate(market(seats, pools), spaces(4, gpus=True))
    assert sum(sums(grant.slices).get("cpus", 0) for grant in grants) == 10_000
    assert won(grants).keys() == {"a"}


def test_what_waiting_runs_have_a_right_to_is_kept_back():
    grants = allocate(market([seat("a")], kept={"cpus": 15_995}), spaces(4))
    assert sum(sums(grant.slices).get("cpus", 0) for grant in grants) == 5
    assert sum(sums(grant.slices)["mem"] for grant in grants) == 16_000_000


def test_limits_bind_on_every_level():
    seats = [seat("a", "x", pool="/up/x"), seat("b", "y", pool="/up/y")]
    pools = {"/up": PoolStanding(limit={"cpus": 5000}), "/up/x": PoolStanding(limit={"cpus": 1000})}
    grants = allocate(market(seats, pools), spaces(4))
    given = Counter()
    for grant in grants:
        given[grant.pool] += sums(grant.slices).get("cpus", 0)
    assert given == {"/up/x": 1000, "/up/y": 4000}


def test_what_is_heard_of_between_calls_counts():
    seats = [seat("a", "x"), seat("b", "y")]
    pools = {"/x": PoolStanding(limit={"cpus": 6000})}
    trade = market(seats, pools)
    (first,) = trade.serve_all(spaces(1))
    assert first.bidder == "a"
    trade.count("a", "/x", first.slices, -1)
    trade.count("b", "/y", plain({"cpus": 8000}), 1)
    trade.count("nobody", "/z", plain(SIZE), 1)
    grants = trade.serve_all(spaces(2))
    assert [(grant.bidder, sums(grant.slices)["cpus"]) for grant in grants] == [("a", 4000), ("a", 2000), ("b", 2000)]


def test_nobody_starves():
    """Whoever wants something is served within as many nodes as there are seats, however long the others hold theirs."""
    seats = [seat(f"f{number:02}", f"r{number % 7}") for number in range(40)]
    trade = market(seats, nodes=1000)
    assert set(won(trade.serve_all(spaces(7 * 6)))) == {one.bidder for one in seats}


amounts = st.fixed_dictionaries({"cpus": st.integers(0, 8000), "mem": st.integers(0, 9_000_000)}).map(
    lambda book: {kind: amount for kind, amount in book.items() if amount}
)
labels = st.sampled_from([ADS, Label(Reservation("r1", dynamic=True).text), REVOCABLE, Label(ADS.reservation, "v")])
labelled = st.lists(st.builds(Slice, st.sampled_from(["cpus", "mem"]), st.integers(1, 50_000), labels), max_size=3)


@st.composite
def cases(draw):
    roles = ["ads", "r1", "r2"]
    seats = [
        seat(
            f"f{slot}",
            draw(st.sampled_from(roles)),
            slot,
            **draw(
                st.fixed_dictionaries(
                    {
                        "revocable": st.booleans(),
                        "gpus": st.booleans(),
                        "shared": st.booleans(),
                        "allocated": amounts,
                    }
                )
            ),
        )
        for slot in range(draw(st.integers(1, 6)))
    ]
    rules = st.builds(
        lambda guarantee, limit, weight: PoolStanding(guarantee=guarantee, limit=limit, weight=weight),
        st.one_of(st.just({}), amounts),
        st.one_of(st.just({}), amounts),
        st.sampled_from([{}, {"cpus": 2000, "mem": 2000}]),
    )
    pools = {f"/{role}": draw(rules) for role in roles}
    rooms = [
        Space(
            f"n{number}",
            draw(amounts),
            normalise(draw(labelled)),
            draw(st.booleans()),
            draw(st.one_of(st.none(), st.lists(st.booleans(), min_size=6, max_size=6).map(np.array))),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    return seats, pools, rooms


def _given(cases_):
    seats, pools, rooms = cases_
    pools = {
        path: PoolStanding(
            guarantee=pool.guarantee,
            limit=pool.limit,
            weight=pool.weight,
            allocated=_sum(one.allocated for one in seats if one.pool == path),
        )
        for path, pool in pools.items()
    }
    total = {"cpus": 100_000, "mem": 100_000_000}
    available = _sum(room.plain for room in rooms)
    trade = Market(seats, pools, total, available=available, shared=frozenset({"v"}))
    return pools, allocate(trade, rooms)


def _sum(books):
    result = Counter()
    for book in books:
        result.update(book)
    return dict(result)


@given(cases())
def test_no_round_breaks_a_rule(case):
    seats, _, rooms = case
    pools, grants = _given(case)
    by_id = {one.bidder: one for one in seats}
    given_by_pool = {path: Counter(pool.allocated) for path, pool in pools.items()}
    for room in rooms:
        mine = [grant for grant in grants if grant.node == room.node]
        assert holds((*plain(room.plain), *room.labelled), [piece for grant in mine for piece in grant.slices])
        for grant in mine:
            one = by_id[grant.bidder]
            assert worth_offering(sums(grant.slices))
            assert room.blocked is None or not room.blocked[one.slot]
            assert one.gpus or not room.gpus
            for piece in grant.slices:
                assert piece.amount > 0
                assert one.revocable or not piece.label.revocable
                assert one.shared or piece.label.volume != "v"
                assert piece.label.reservation in {
                    "*",
                    Reservation(one.role).text,
                    Reservation(one.role, dynamic=True).text,
                }
    for grant in grants:
        given_by_pool[grant.pool].update(sums(grant.slices))
    for path, pool in pools.items():
        for kind, limit in pool.limit.items():
            assert given_by_pool[path][kind] <= max(limit, pool.allocated.get(kind, 0))
    shown = [(grant.node, grant.bidder) for grant in grants for piece in grant.slices if piece.label.volume == "v"]
    assert len(set(shown)) <= 1


@given(cases())
def test_equal_cases_give_equal_rounds(case):
    assert _given(case)[1] == _given(case)[1]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 30_000))
def test_a_guarantee_is_met_where_there_is_room(sizes, guaranteed):
    """Open nodes and enough of them: the guaranteed pool gets a whole node more whenever it lacks something."""
    rooms = [Space(f"n{number}", {"cpus": 4000 * size}) for number, size in enumerate(sizes)]
    have = {"cpus": sum(4000 * size for size in sizes)}
    seats = [seat("q", "quota"), seat("a", "x"), seat("b", "y")]
    pools = {"/quota": PoolStanding(guarantee={"cpus": guaranteed} if guaranteed else {})}
    grants = allocate(Market(seats, pools, have, available=have), rooms)
    got = sum(sums(grant.slices)["cpus"] for grant in grants if grant.bidder == "q")
    if guaranteed:
        assert got >= min(guaranteed, have["cpus"])
    assert covers(have, _sum(sums(grant.slices) for grant in grants))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5000)), min_size=1, max_size=12), st.data())
def test_the_pick_is_the_smallest_open_share(described, data):
    seats = [
        seat(f"f{number:02}", f"r{role}", allocated={"cpus": amount}) for number, (role, amount) in enumerate(described)
    ]
    pools = {
        one.pool: PoolStanding(allocated=_sum(other.allocated for other in seats if other.pool == one.pool))
        for one in seats
    }
    ranking = Ranking(seats, pools, {"cpus": 10_000})
    opened = np.array(data.draw(st.lists(st.booleans(), min_size=len(seats), max_size=len(seats))))
    position = ranking.pick(opened)
    if not opened.any():
        assert position == -1
        return
    candidates = [one for at, one in enumerate(ranking.seats) if opened[at]]
    expected = min(
        candidates, key=lambda one: (pools[one.pool].allocated["cpus"], one.pool, one.allocated["cpus"], one.bidder)
    )
    assert ranking.seats[position] is expected
