from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.jobv1.outpost.results import LIMIT, texts


@dataclass
class Point:
    x: int


class Order(msgspec.Struct):
    folder: Path


class Pair(NamedTuple):
    left: int
    right: int


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 10


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ()),
        ("", ("",)),
        ("a", ("a",)),
        (5, ("5",)),
        (1.5, ("1.5",)),
        (True, ("true",)),
        (Decimal("1.50"), ("1.50",)),
        (b"abc", ("abc",)),
        (Path("/x"), ("/x",)),
        (datetime(2026, 12, 1, tzinfo=UTC), ("2026-12-01T00:00:00+00:00",)),
        (timedelta(hours=1, microseconds=500), ("3600.0005s",)),
        (timedelta(seconds=-1.5), ("-1.5s",)),
        (Colour.RED, ("RED",)),
        (Level.HIGH, ("10",)),
        ((), ()),
        (["a", 1, None, [1, 2], {"b": Path("/x")}], ("a", "1", "null", "[1,2]", '{"b":"/x"}')),
        (Pair(1, 2), ("1", "2")),
        ({"a": [1]}, ('{"a":[1]}',)),
        ({7}, ("[7]",)),
        (Point(1), ('{"x":1}',)),
        (Order(Path("/x")), ('{"folder":"/x"}',)),
    ],
)
def test_writes(value: object, written: tuple[str, ...]) -> None:
    assert texts(value) == written


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x" * LIMIT, "result too large: 1048577 bytes exceed 1048576"),
        ("é" * (LIMIT // 2), "result too large: 1048577 bytes exceed 1048576"),
        ([""] * (LIMIT + 1), "result too large: 1048577 elements"),
        (["x" * 600_000, "y" * 600_000], "result too large"),
        ("\ud800", "result is not text"),
        (b"\xff", "result is bytes that are not UTF-8"),
        ({"a": object()}, "result has no JSON form: object is not supported"),
    ],
)
def test_refuses(value: object, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        texts(value)


@given(st.lists(st.text()) | st.tuples(st.integers(), st.text()) | st.dictionaries(st.text(), st.floats()))
def test_gives_texts_that_can_be_sent(value: object) -> None:
    written = texts(value)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(written), type=tuple[str, ...]) == written
