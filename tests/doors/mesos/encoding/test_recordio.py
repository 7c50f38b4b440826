"""RecordIO: what is framed comes back whole, however it is cut, and what is no framing is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding.recordio import Splitter, frame


def cut(data, places):
    """Cut bytes at the given places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


def test_a_record_is_its_length_a_newline_and_the_payload():
    assert frame(b"{}") == b"2\n{}"
    assert frame(b"") == b"0\n"
    assert frame("é".encode()) == b"2\n\xc3\xa9"


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(0, 10_000)))
def test_what_was_framed_comes_back_however_it_is_cut(payloads, places):
    splitter = Splitter()
    found = [record for piece in cut(b"".join(map(frame, payloads)), places) for record in splitter.feed(piece)]
    assert found == payloads
    assert splitter.clean


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 60))
def test_arbitrary_bytes_are_records_or_invalid(pieces, most):
    splitter = Splitter(most)
    try:
        for piece in pieces:
            assert all(len(record) <= most for record in splitter.feed(piece))
    except Invalid as error:
        assert "Failed to decode" in str(error)


@given(st.lists(st.sampled_from([b"0", b"1", b"2", b"19", b"\n", b"a", b" ", b"-", b"+"]), max_size=30))
def test_bytes_that_look_like_framing_are_records_or_invalid(pieces):
    splitter = Splitter(15)
    try:
        for piece in pieces:
            assert all(len(record) <= 15 for record in splitter.feed(piece))
    except Invalid as error:
        assert "Failed to decode" in str(error)


@pytest.mark.parametrize("data", [b"x", b"-1\n", b"+1\n", b"1 \nx", b"\n", b"1" * 21, b"0x1\n", "٣\n".encode()])
def test_a_malformed_length_is_refused_and_named(data):
    with pytest.raises(Invalid, match="is not a decimal number"):
        Splitter().feed(data)


def test_a_malformed_length_is_refused_before_its_newline():
    splitter = Splitter()
    assert splitter.feed(b"1") == []
    with pytest.raises(Invalid, match="'1x'"):
        splitter.feed(b"x")


def test_a_record_above_the_bound_is_refused_before_it_is_kept():
    splitter = Splitter(10)
    assert splitter.feed(b"10\n0123456789") == [b"0123456789"]
    with pytest.raises(Invalid, match="its length 11 is above the limit of 10 bytes"):
        splitter.feed(b"11\n")


def test_a_stream_that_stops_inside_a_record_is_not_clean():
    splitter = Splitter()
    splitter.feed(b"1")
    assert not splitter.clean
    splitter.feed(b"\n")
    assert not splitter.clean
    splitter.feed(b"x")
    assert splitter.clean
