import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Conflict, Invalid
from portico.domain.reservations import (
    Reservation,
    all_ports,
    holds_ports,
    join_ports,
    label_ports,
    parse,
    role_of,
    without_ports,
)
from portico.domain.resources import count_ports, merge_ports, remove_ports
from portico.domain.slices import PLAIN, Label, Slice, holds, plain, plain_sums, relabel, subtract_slices, sums

pairs = st.lists(st.tuples(st.text(max_size=3), st.none() | st.text(max_size=3)), max_size=3)
reservations = st.builds(
    Reservation, st.text(max_size=4), st.booleans(), st.none() | st.text(max_size=3), pairs.map(tuple)
)
ranges = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair))), max_size=4)
ports = ranges.map(merge_ports)


@given(reservations)
def test_the_text_is_read_back_and_the_order_of_labels_does_not_matter(reservation):
    again = parse(reservation.text)
    assert again.text == reservation.text
    assert (again.role, again.dynamic, again.principal) == (
        reservation.role,
        reservation.dynamic,
        reservation.principal,
    )
    turned = Reservation(again.role, again.dynamic, again.principal, tuple(reversed(reservation.labels)))
    assert turned.text == reservation.text
    assert role_of(reservation.text) == reservation.role


def test_unreserved_is_no_reservation_and_other_text_is_refused():
    assert parse("*") is None
    assert role_of("*") == "*"
    with pytest.raises(Invalid):
        parse("ads")


@given(ports, st.lists(st.tuples(st.sampled_from(["a", "b"]), ports), max_size=3))
def test_labelled_ports_are_the_ports_divided(whole, reserved):
    parts = label_ports(whole, join_ports(reserved))
    assert all_ports(parts) == whole
    assert sum(count_ports(piece) for _, piece in parts) == count_ports(whole)
    assert all(piece for _, piece in parts)
    for text, piece in parts:
        if text != "*":
            assert not remove_ports(piece, dict(join_ports(reserved))[text])


@given(st.lists(st.tuples(st.sampled_from("ab"), ports), max_size=3), st.lists(st.tuples(st.sampled_from("ab"), ports)))
def test_what_is_taken_away_is_gone_and_nothing_else(have, taken):
    have, taken = join_ports(have), join_ports(taken)
    left = without_ports(have, taken)
    assert holds_ports(have, left)
    assert holds_ports(have, taken) == (join_ports((*left, *taken)) == have)


slices = st.lists(
    st.builds(Slice, st.sampled_from(["cpus", "mem"]), st.integers(1, 9), st.sampled_from([PLAIN, Label("x")])),
    max_size=4,
)


@given(slices, slices)
def test_holding_is_having_enough_of_every_label(have, want):
    assert holds(have, want) == all(piece.amount > 0 for piece in subtract_slices(have, want))
    assert subtract_slices((*have, *want), want) == subtract_slices(have, ())


def test_relabelling_moves_a_part_and_keeps_the_sum():
    have = plain({"cpus": 4})
    after = relabel(have, Slice("cpus", 3), Label("x"))
    assert sums(after) == {"cpus": 4}
    assert plain_sums(after) == {"cpus": 1}
    with pytest.raises(Conflict):
        relabel(after, Slice("cpus", 2), Label("y"))
