"""Timestamps and durations, there and back."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.times import read_duration, read_instant
from portico.doors.armonik.outbound.times import between, span, stamp

FIRST = -62_135_596_800_000_000
LAST = 253_402_300_799_999_999


@given(st.integers(FIRST, LAST))
def test_an_instant_comes_back(instant):
    assert read_instant(stamp(instant), "x") == instant


@given(st.integers(-(10**17), 10**17))
def test_a_duration_comes_back(micros):
    written = span(micros)
    assert read_duration(written, "x") == micros
    assert written.ToMicroseconds() == micros


def test_none_stays_none():
    assert stamp(None) is None
    assert span(None) is None
    assert between(None, 5) is None
    assert between(5, None) is None
    assert between(5, 1_000_007) == Duration(seconds=1, nanos=2_000)


@pytest.mark.parametrize("read", [read_instant, read_duration])
def test_parts_of_a_microsecond_are_rounded(read):
    message = {read_instant: Timestamp, read_duration: Duration}[read](seconds=3, nanos=1_001)
    assert read(message, "x") == 3_000_001
    assert read(message, "x", up=True) == 3_000_002


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (read_instant, Timestamp(seconds=253_402_300_800)),
        (read_instant, Timestamp(seconds=-62_135_596_801)),
        (read_instant, Timestamp(nanos=-1)),
        (read_instant, Timestamp(nanos=1_000_000_000)),
        (read_duration, Duration(seconds=315_576_000_001)),
        (read_duration, Duration(seconds=-315_576_000_001)),
        (read_duration, Duration(seconds=1, nanos=-1)),
        (read_duration, Duration(seconds=-1, nanos=1)),
        (read_duration, Duration(nanos=1_000_000_000)),
    ],
)
def test_what_protobuf_does_not_define_is_refused(read, message):
    with pytest.raises(Invalid) as caught:
        read(message, "where")
    assert caught.value.field == "where"
