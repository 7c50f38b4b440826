"""Microseconds, as timestamps and durations of the wire; None stays None, which a message takes for unset."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

MICROS = 1_000_000


def stamp(instant: int | None) -> Timestamp | None:
    """Write a point in time."""
    if instant is None:
        return None
    return Timestamp(seconds=instant // MICROS, nanos=instant % MICROS * 1000)


def span(micros: int | None) -> Duration | None:
    """Write a length of time."""
    if micros is None:
        return None
    seconds, rest = divmod(abs(micros), MICROS)
    if micros < 0:
        return Duration(seconds=-seconds, nanos=-rest * 1000)
    return Duration(seconds=seconds, nanos=rest * 1000)


def between(start: int | None, end: int | None) -> Duration | None:
    """Write the time from one instant to another; none while either is unknown."""
    return None if start is None or end is None else span(end - start)
