from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.scaling import Candidate, Phase, victims
from portico.domain.jobs import Shrink


@st.composite
def crowds(draw):
    """Candidates on a few nodes, each of which is in one zone; what is not placed is nowhere."""
    zones = draw(st.lists(st.sampled_from(["a", "b", ""]), min_size=4, max_size=4))
    found = []
    for number in range(draw(st.integers(0, 40))):
        phase = draw(st.sampled_from(Phase))
        node = draw(st.integers(0, 3))
        placed = phase is not Phase.UNPLACED
        found.append(
            Candidate(
                id=f"i{number}",
                index=number,
                phase=phase,
                node=f"n{node}" if placed else "",
                zone=zones[node] if placed else "",
                since=draw(st.integers(0, 5)),
            )
        )
    return found


def one_by_one(candidates, count):
    """Take the worst again and again: what `victims` must come to, without its speed."""
    left, chosen = list(candidates), []
    while left and len(chosen) < count:
        nodes, zones = Counter(one.node for one in left), Counter(one.zone for one in left)
        worst = min(left, key=lambda one: (one.phase, -nodes[one.node], -zones[one.zone], one.since, one.id))
        left.remove(worst)
        chosen.append(worst.id)
    return chosen


@given(crowds(), st.integers(-1, 45), st.randoms())
def test_spread_takes_the_worst_each_time_in_whatever_order_they_come(candidates, count, source):
    expected = one_by_one(candidates, count)
    assert victims(candidates, count, Shrink.SPREAD) == expected
    source.shuffle(candidates)
    assert victims(candidates, count, Shrink.SPREAD) == expected


@given(crowds(), st.integers(0, 45), st.sampled_from(Shrink))
def test_as_many_go_as_are_to_go_each_once(candidates, count, policy):
    chosen = victims(candidates, count, policy)
    assert len(chosen) == len(set(chosen)) == min(count, len(candidates))
    assert set(chosen) <= {candidate.id for candidate in candidates}


def test_by_index_the_highest_go_first():
    found = [Candidate(f"i{number}", number) for number in (3, 0, 7, 1)]
    assert victims(found, 2, Shrink.INDEX) == ["i7", "i3"]


def test_a_large_job_shrinks_evenly():
    found = [Candidate(f"i{n}", n, Phase.RUNNING, f"n{n % 1000}", f"z{n % 3}", n) for n in range(10_000)]
    spread = Counter(int(identity[1:]) % 1000 for identity in victims(found, 9_000, Shrink.SPREAD))
    assert set(spread.values()) == {9}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Candidate("a", phase=Phase.STOPPING, node="n", since=9), Candidate("b", phase=Phase.UNPLACED)),
        (Candidate("a", phase=Phase.UNPLACED, since=9), Candidate("b", phase=Phase.LAUNCHING, node="n")),
        (Candidate("a", phase=Phase.LAUNCHING, node="n", since=9), Candidate("b", phase=Phase.RUNNING, node="n")),
        (
            Candidate("b", phase=Phase.RUNNING, node="n", since=1),
            Candidate("a", phase=Phase.RUNNING, node="m", since=2),
        ),
    ],
)
def test_what_serves_least_goes_first(first, second):
    assert victims([second, first], 1, Shrink.SPREAD) == [first.id]
