import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Conflict
from portico.domain.resources import add, count_ports, covers, merge_ports, remove_ports, subtract, take_ports, total
from portico.domain.slices import Label, Slice, normalise, plain, relabel, sums

amounts = st.dictionaries(st.sampled_from(["cpus", "mem", "disk"]), st.integers(1, 10**6))
ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair))), max_size=6)


def numbers(ports):
    return {number for first, last in ports for number in range(first, last + 1)}


@given(amounts, amounts)
def test_taking_away_undoes_adding(left, right):
    assert subtract(add(left, right), right) == left
    assert total([left, right]) == add(left, right)
    assert covers(add(left, right), left)


@given(ranges, ranges)
def test_ports_are_sets_of_numbers(some, others):
    merged = merge_ports(some)
    assert numbers(merged) == numbers(some)
    assert count_ports(merged) == len(numbers(some))
    assert numbers(remove_ports(merged, others)) == numbers(some) - numbers(others)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(merged))


@given(ranges, st.integers(0, 30))
def test_the_lowest_ports_are_taken(some, count):
    ports = merge_ports(some)
    taken, left = take_ports(ports, count)
    assert numbers(taken) == set(sorted(numbers(ports))[:count])
    assert numbers(taken) | numbers(left) == numbers(ports)


slices = st.lists(
    st.builds(
        Slice,
        st.sampled_from(["cpus", "mem"]),
        st.integers(1, 1000),
        st.builds(Label, st.sampled_from(["*", "ops"]), st.sampled_from(["", "v1"]), st.booleans()),
    ),
    max_size=8,
)


@given(slices, st.data())
def test_relabelling_never_changes_sums(pieces, data):
    held = normalise(pieces)
    if not held:
        return
    part = data.draw(st.sampled_from(held))
    amount = data.draw(st.integers(1, part.amount))
    moved = relabel(held, Slice(part.kind, amount, part.label), Label("web"))
    assert sums(moved) == sums(held)
    assert sums(moved, Label("web"))[part.kind] == amount


def test_what_is_not_there_cannot_be_relabelled():
    with pytest.raises(Conflict, match="only 500 thousandths of cpus"):
        relabel(plain({"cpus": 500}), Slice("cpus", 501), Label("web"))
