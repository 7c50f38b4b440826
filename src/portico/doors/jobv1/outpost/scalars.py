"""Texts to single values: one strict reader for each type that an argument may have.

A reader gives the value or raises Invalid saying what the text is not; it never guesses. Numbers and truth values
follow Go's strconv (the callers of `job.v1` print their arguments with Go), times RFC 3339, durations Go's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from pathlib import Path, PosixPath, PurePath, PurePosixPath
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec

from portico.domain.errors import Invalid

Reader = Callable[[str], object]
ValueT = TypeVar("ValueT")

_SHOWN = 60
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)", re.IGNORECASE)
_TRUE = frozenset({"1", "t", "true", "y", "yes", "on"})
_FALSE = frozenset({"0", "f", "false", "n", "no", "off"})
_SECONDS = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MICROS = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "\u00b5s": Fraction(1),  # the micro sign
    "\u03bcs": Fraction(1),  # the Greek letter
    "ms": Fraction(1_000),
    "s": Fraction(1_000_000),
    "m": Fraction(60_000_000),
    "h": Fraction(3_600_000_000),
}


def quoted(text: str) -> str:
    """Show a text in an error message, shortened."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}… ({len(text)} characters)"


def integer(text: str) -> int:
    """Read a decimal integer of any size up to Python's limit of digits."""
    try:
        if _INTEGER.fullmatch(text):
            return int(text)
    except ValueError:
        raise Invalid(f"{quoted(text)} has too many digits for an integer") from None
    raise Invalid(f"{quoted(text)} is not an integer")


def real(text: str) -> float:
    """Read a floating point number, infinities and NaN included."""
    if _FLOAT.fullmatch(text):
        return float(text)
    raise Invalid(f"{quoted(text)} is not a number")


def truth(text: str) -> bool:
    """Read a truth value: Go's ParseBool, and yes/no, y/n, on/off in any case."""
    word = text.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Invalid(f"{quoted(text)} is not true or false")


def octets(text: str) -> bytes:
    """Give the text's UTF-8 bytes."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{quoted(text)} has no UTF-8 form") from None


def duration(text: str) -> timedelta:
    """Read a Go duration such as `1h30m`, or plain seconds; rounded to microseconds."""
    try:
        return timedelta(microseconds=round(_micros(text)))
    except OverflowError:
        raise Invalid(f"{quoted(text)} is too long a duration") from None


def _micros(text: str) -> Fraction:
    if _SECONDS.fullmatch(text):
        return Fraction(Decimal(text)) * 1_000_000
    body = text[1:] if text[:1] in ("+", "-") else text
    position, total = 0, Fraction(0)
    while part := _DURATION_PART.match(body, position):
        total += Fraction(Decimal(part[1])) * _MICROS[part[2]]
        position = part.end()
    if not body or position != len(body):
        raise Invalid(f"{quoted(text)} is not a duration such as '1h30m', '10s' or a number of seconds")
    return -total if text[0] == "-" else total


def decimal(text: str) -> Decimal:
    """Read a decimal number exactly."""
    if _FLOAT.fullmatch(text):
        try:
            return Decimal(text)
        except InvalidOperation:
            raise Invalid(f"{quoted(text)} is too large a decimal number") from None
    raise Invalid(f"{quoted(text)} is not a decimal number")


def unique_id(text: str) -> UUID:
    """Read a UUID in any usual form."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(f"{quoted(text)} is not a UUID") from None


def _strict(kind: object, result: type[ValueT], expected: str) -> Callable[[str], ValueT]:
    def read(text: str) -> ValueT:
        try:
            value = msgspec.convert(text, kind)
        except (msgspec.ValidationError, UnicodeEncodeError):
            raise Invalid(f"{quoted(text)} is not {expected}") from None
        assert isinstance(value, result)
        return value

    return read


BY_TYPE: Mapping[object, Reader] = {
    str: str,
    int: integer,
    float: real,
    bool: truth,
    bytes: octets,
    datetime: _strict(
        Annotated[datetime, msgspec.Meta(tz=True)], datetime, "an RFC 3339 time such as '2026-12-01T03:00:00Z'"
    ),
    date: _strict(date, date, "a date such as '2026-12-01'"),
    time: _strict(time, time, "a time of day such as '03:00:00'"),
    timedelta: duration,
    Decimal: decimal,
    UUID: unique_id,
    Path: Path,
    PosixPath: Path,
    PurePath: PurePath,
    PurePosixPath: PurePosixPath,
}
"""The reader of each plain type."""


def member(enumeration: type[Enum]) -> Reader:
    """Give a reader of an enumeration's members: by name, else by the text of the value."""
    table: dict[str, Enum] = {str(one.value): one for one in reversed(enumeration)}
    table.update(enumeration.__members__)
    return choice(table)


def choice(table: Mapping[str, object]) -> Reader:
    """Give a reader that accepts the table's keys only."""
    expected = ", ".join(table)

    def read(text: str) -> object:
        try:
            return table[text]
        except KeyError:
            raise Invalid(f"{quoted(text)} is none of {expected}") from None

    return read
