"""Timestamps and durations of the wire, as microseconds.

Promises: what is outside the range that protobuf defines is Invalid and names the field.
"""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from portico.domain.errors import Invalid
from portico.domain.identity import Instant, Micros

_FIRST_SECOND = -62_135_596_800  # the year 1
_LAST_SECOND = 253_402_300_799  # the end of the year 9999
_MOST_SECONDS = 315_576_000_000  # 10,000 years
_NANOS = 1_000_000_000


def read_instant(stamp: Timestamp, place: str, *, up: bool = False) -> Instant:
    """Read a point in time; parts of a microsecond are rounded down, or up."""
    seconds, nanos = stamp.seconds, stamp.nanos
    if not (_FIRST_SECOND <= seconds <= _LAST_SECOND and 0 <= nanos < _NANOS):
        raise Invalid(f"{seconds} s and {nanos} ns are not a time between the years 1 and 9999", place)
    return Instant(seconds * 1_000_000 + _micros(nanos, up=up))


def read_duration(duration: Duration, place: str, *, up: bool = False) -> Micros:
    """Read a length of time; parts of a microsecond are rounded down, or up."""
    seconds, nanos = duration.seconds, duration.nanos
    mixed = (seconds > 0 > nanos) or (seconds < 0 < nanos)
    if mixed or abs(seconds) > _MOST_SECONDS or abs(nanos) >= _NANOS:
        raise Invalid(f"{seconds} s and {nanos} ns are not a duration of at most 10,000 years", place)
    return Micros(seconds * 1_000_000 + _micros(nanos, up=up))


def _micros(nanos: int, *, up: bool) -> int:
    return -(-nanos // 1000) if up else nanos // 1000
