"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.settings import parse_duration


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0s", 0),
        ("100ms", 100_000),
        ("1s", 1_000_000),
        ("10m", 600_000_000),
        ("1h", 3_600_000_000),
        ("1h30m", 5_400_000_000),
        ("1.5h", 5_400_000_000),
        ("0.001ms", 1),
        ("7d", 604_800_000_000),
        ("1d1h1m1s1ms", 90_061_001_000),
        ("30m1h", 5_400_000_000),
    ],
)
def test_a_duration_is_read_as_microseconds(text: str, micros: int) -> None:
    assert parse_duration(text) == micros


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a duration"),
        ("10", "is not a duration"),
        ("-1s", "is not a duration"),
        ("1 s", "is not a duration"),
        ("1S", "is not a duration"),
        ("1us", "is not a duration"),
        ("1h 30m", "is not a duration"),
        (".5s", "is not a duration"),
        ("1.s", "is not a duration"),
        ("1s\n", "is not a duration"),
        ("٣s", "is not a duration"),
        ("0.0001ms", "finer than a microsecond"),
        ("36501d", "longer than 100 years"),
    ],
)
def test_anything_else_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse_duration(text)


@given(st.integers(0, 99), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_parts_add_up(days: int, hours: int, minutes: int, seconds: int, millis: int) -> None:
    text = f"{days}d{hours}h{minutes}m{seconds}s{millis}ms"
    assert parse_duration(text) == ((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + millis) * 1000
