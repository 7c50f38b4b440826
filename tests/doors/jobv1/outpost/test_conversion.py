from __future__ import annotations

import enum
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import portico
from portico.domain.errors import Invalid
from portico.doors.jobv1.outpost.conversion import Binder, compile_binder, reader, type_text
from portico.doors.jobv1.outpost.results import text


class Colour(enum.Enum):
    RED = 1
    GREEN = "grass"


class Level(enum.IntEnum):
    LOW = 0
    HIGH = 10


class Tone(enum.StrEnum):
    DARK = "dark"


@dataclass
class Point:
    x: int
    y: int = 0


class Order(msgspec.Struct):
    item: str
    folder: Path


class Names(typing.TypedDict):
    first: str


class Pair(typing.NamedTuple):
    left: int
    right: int


Serial = typing.NewType("Serial", int)


class Opaque:
    pass


@dataclass
class Holder:
    inner: Opaque


@pytest.mark.parametrize(
    ("hint", "given_text", "value"),
    [
        (int, "-42", -42),
        (int, "+007", 7),
        (Serial, "5", 5),
        (float, "1e+06", 1e6),
        (float, "-Inf", float("-inf")),
        (float, "5", 5.0),
        (bool, "T", True),
        (bool, "1", True),
        (bool, "Yes", True),
        (bool, "False", False),
        (bool, "no", False),
        (bool, "0", False),
        (str, "?", "?"),
        (typing.Any, "any", "any"),
        (bytes, "é", b"\xc3\xa9"),
        (datetime, "2026-12-01T03:00:00Z", datetime(2026, 12, 1, 3, tzinfo=UTC)),
        (date, "2026-12-01", date(2026, 12, 1)),
        (time, "03:30:00", time(3, 30)),
        (timedelta, "1h30m", timedelta(minutes=90)),
        (timedelta, "-1.5h", timedelta(hours=-1.5)),
        (timedelta, "2m3.5s", timedelta(seconds=123.5)),
        (timedelta, "1500us", timedelta(milliseconds=1.5)),
        (timedelta, "7µs", timedelta(microseconds=7)),
        (timedelta, "90", timedelta(seconds=90)),
        (timedelta, "0", timedelta()),
        (Path, "/tmp/x", Path("/tmp/x")),
        (Decimal, "0.10", Decimal("0.10")),
        (UUID, "{12345678123456781234567812345678}", UUID("12345678123456781234567812345678")),
        (Colour, "RED", Colour.RED),
        (Colour, "grass", Colour.GREEN),
        (Level, "HIGH", Level.HIGH),
        (Level, "0", Level.LOW),
        (Tone, "dark", Tone.DARK),
        (typing.Literal["fast", 3, True], "fast", "fast"),
        (typing.Literal["fast", 3, True], "3", 3),
        (typing.Literal["fast", 3, True], "true", True),
        (int | None, "", None),
        (typing.Optional[int], "null", None),  # noqa: UP045
        (int | None, "5", 5),
        (str | int, "5", 5),
        (str | int, "five", "five"),
        (str | None, "x", "x"),
        (list[int] | bool, "[1]", [1]),
        (list[int], "[1, 2]", [1, 2]),
        (list, '["a"]', ["a"]),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (set[int], "[1, 1]", {1}),
        (dict[str, float], '{"a": 1.5}', {"a": 1.5}),
        (Mapping[str, int], '{"a": 1}', {"a": 1}),
        (Sequence[int], "[1]", [1]),
        (Point, '{"x": 1}', Point(1, 0)),
        (list[Point], '[{"x": 1, "y": 2}]', [Point(1, 2)]),
        (Order, '{"item": "a", "folder": "/b"}', Order("a", Path("/b"))),
        (Names, '{"first": "a"}', {"first": "a"}),
        (Pair, "[1, 2]", Pair(1, 2)),
    ],
)
def test_reads(hint: object, given_text: str, value: object) -> None:
    got = reader(hint)(given_text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("hint", "given_text", "message"),
    [
        (int, "x", "'x' is not an integer"),
        (int, "1_0", "'1_0' is not an integer"),
        (int, " 1", "' 1' is not an integer"),
        (int, "1.0", "'1.0' is not an integer"),
        (int, "9" * 5000, "has too many digits"),
        (float, "1_0", "'1_0' is not a number"),
        (bool, "maybe", "'maybe' is not true or false"),
        (datetime, "2026-12-01T03:00:00", "is not an RFC 3339 time"),
        (datetime, "soon", "is not an RFC 3339 time"),
        (date, "2026-13-01", "is not a date"),
        (timedelta, "1h30", "is not a duration"),
        (timedelta, "", "is not a duration"),
        (timedelta, "-", "is not a duration"),
        (timedelta, "99999999999999h", "is too long a duration"),
        (Decimal, "x", "is not a decimal number"),
        (UUID, "x", "is not a UUID"),
        (Colour, "BLUE", "'BLUE' is none of"),
        (typing.Literal["a", "b"], "c", "'c' is none of"),
        (int | bool, "x", "'x' is not an integer, and 'x' is not true or false"),
        (list[int], '["a"]', r"is not JSON for list\[int\]: Expected `int`, got `str`"),
        (Point, "{}", "is not JSON for Point: .*missing required field `x`"),
        (Holder, '{"inner": 1}', "a Opaque cannot be made from JSON"),
        (str | int, "\ud800", None),
        (bytes, "\ud800", "has no UTF-8 form"),
        (list[str], "[" * 100_000, "is not JSON"),
        (int, "x" * 1000, r"… \(1000 characters\) is not an integer"),
    ],
)
def test_refuses(hint: object, given_text: str, message: str | None) -> None:
    if message is None:
        assert reader(hint)(given_text) == given_text
        return
    with pytest.raises(Invalid, match=message):
        reader(hint)(given_text)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))

ROUND_TRIPS = {
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    str: st.text(),
    bytes: st.text().map(str.encode),
    datetime: st.datetimes(timezones=OFFSETS).filter(lambda at: 1 < at.year < 9999),
    date: st.dates(),
    time: st.times(),
    timedelta: st.timedeltas(),
    Path: st.text("abc/.", min_size=1).map(Path),
    Decimal: st.decimals(allow_nan=False),
    UUID: st.uuids(),
    Colour: st.sampled_from(Colour),
    Level: st.sampled_from(Level),
    Tone: st.sampled_from(Tone),
    list[int]: st.lists(st.integers(-(2**63), 2**63)),
    dict[str, list[bool]]: st.dictionaries(st.text(), st.lists(st.booleans())),
    Point: st.builds(Point, st.integers(0, 9), st.integers(0, 9)),
    int | None: st.none() | st.integers(),
}


@pytest.mark.parametrize("hint", ROUND_TRIPS, ids=type_text)
def test_a_result_can_be_an_argument_of_the_same_type(hint: object) -> None:
    read = reader(hint)

    @given(ROUND_TRIPS[hint])
    def holds(value: object) -> None:
        assert read(text(value)) == value

    holds()


@given(st.text(), st.sampled_from(list(ROUND_TRIPS)))
def test_any_text_is_read_or_refused(given_text: str, hint: object) -> None:
    try:
        reader(hint)(given_text)
    except Invalid as error:
        refusal = str(error)
    else:
        refusal = ""
    assert len(refusal) < 1000


def binder(function: Callable[..., object]) -> Binder:
    return compile_binder("k", function)


def bound(function: Callable[..., object], *texts: str) -> tuple[object, ...]:
    return binder(function).bind(texts, CONTEXT)


CONTEXT = portico.Context("call", "k", 1)


def test_missing_trailing_arguments_have_their_defaults() -> None:
    def function(left: int, right: int = 5, word=None): ...

    assert bound(function, "1") == (1, 5, None)
    assert bound(function, "1", "2", "3") == (1, 2, "3")


@pytest.mark.parametrize(
    ("given_texts", "message"),
    [
        ((), "kind k takes 2 arguments (a: int, b: str), 0 given"),
        (("1", "2", "3"), "kind k takes 2 arguments (a: int, b: str), 3 given"),
        (("x", "2"), "argument 1 (a: int): 'x' is not an integer"),
    ],
)
def test_what_does_not_fit_is_named(given_texts: tuple[str, ...], message: str) -> None:
    def function(a: int, b: str): ...

    with pytest.raises(Invalid) as caught:
        bound(function, *given_texts)
    assert str(caught.value) == message


def test_counts_are_told_as_people_count() -> None:
    def none(): ...

    def one(a: int): ...

    def some(a: int, *more: int): ...

    for function, texts, message in (
        (none, ("x",), "kind k takes 0 arguments, 1 given"),
        (one, (), "kind k takes 1 argument (a: int), 0 given"),
        (some, (), "kind k takes at least 1 argument (a: int, *more: int), 0 given"),
    ):
        with pytest.raises(Invalid) as caught:
            bound(function, *texts)
        assert str(caught.value) == message


def test_further_arguments_go_to_the_star() -> None:
    def function(a: int, *more: float, **options: str): ...

    assert bound(function, "1", "2", "3") == (1, 2.0, 3.0)
    assert bound(function, "1") == (1,)
    with pytest.raises(Invalid, match=r"argument 3 \(\*more: float\): 'x' is not a number"):
        bound(function, "1", "2", "x")


def test_a_context_is_injected_for_its_placeholder_or_without_one() -> None:
    def first(context: portico.Context, a: int): ...

    def last(a: int = 3, context: portico.Context | None = None): ...

    assert bound(first, "?", "1") == bound(first, "1") == (CONTEXT, 1)
    assert bound(last, "1", "?") == bound(last, "1") == (1, CONTEXT)
    assert bound(last) == (3, CONTEXT)
    with pytest.raises(Invalid, match=r"takes 1 argument \(a: int\), 2 given"):
        bound(first, "1", "2")


def test_a_context_may_be_a_keyword() -> None:
    def function(a: int, *, context: portico.Context, other: int = 1): ...

    made = binder(function)
    assert made.bind(("1",), CONTEXT) == (1,)
    assert made.keywords(CONTEXT) == {"context": CONTEXT}


def keyword_only(*, a: int): ...
def opaque(a: Opaque): ...
def generator():
    yield 1


def unresolved(a: "NoSuchName"): ...  # noqa: F821, UP037


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (keyword_only, "parameter a can be given by keyword only and has no default"),
        (opaque, "parameter a: a Opaque cannot be made from a text"),
        (generator, "it is a generator"),
        (unresolved, "its annotations cannot be resolved: name 'NoSuchName' is not defined"),
    ],
)
def test_signatures_that_texts_cannot_fill_are_refused(function: Callable[..., object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        binder(function)


def test_types_are_shown_as_written() -> None:
    assert [type_text(hint) for hint in (int, list[int], int | None, typing.Optional[str], typing.Any)] == [  # noqa: UP045
        "int",
        "list[int]",
        "int | None",
        "str | None",
        "str",
    ]
