"""Values to texts: what a function gave back, as the results of its call.

A text that a result becomes can be given as an argument of the same type and means the same value. Results are
bounded by LIMIT; what cannot be written raises Invalid.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import PurePath

import msgspec

from portico.domain.errors import Invalid

LIMIT = 1 << 20
"""Bytes that all results of one call may take together, one counted extra for each text."""

_CONTAINERS = (dict, list, tuple, set, frozenset, msgspec.Struct)


def texts(value: object) -> tuple[str, ...]:
    """Give the results of a call: none for None, one for each element of a list or tuple, else one."""
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        if len(value) > LIMIT:
            raise Invalid(f"result too large: {len(value)} elements")
        written = tuple([text(element) for element in value])
    else:
        written = (text(value),)
    size = len(written)
    for one in written:
        size += len(one) if one.isascii() else _size(one)
    if size > LIMIT:
        raise Invalid(f"result too large: {size} bytes exceed {LIMIT}")
    return written


def text(value: object) -> str:  # noqa: PLR0911 — one return for each family of types
    """Write one value: containers and records as JSON, times as RFC 3339, durations in seconds."""
    match value:
        case Enum():
            return str(value.value) if isinstance(value, str | int) else value.name
        case str():
            return value
        case None | bool():
            return "null" if value is None else str(value).lower()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return _seconds(value)
        case bytes() | bytearray():
            return _decoded(bytes(value))
    if isinstance(value, _CONTAINERS) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return _json(value)
    return str(value)


def _size(one: str) -> int:
    try:
        return len(one.encode())
    except UnicodeEncodeError as error:
        raise Invalid(f"result is not text: {error}") from None


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"result is bytes that are not UTF-8: {error}") from None


def _seconds(value: timedelta) -> str:
    micros = value // timedelta(microseconds=1)
    whole, part = divmod(abs(micros), 1_000_000)
    fraction = f".{part:06d}".rstrip("0") if part else ""
    return f"{'-' if micros < 0 else ''}{whole}{fraction}s"


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=_inner, order=None).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Invalid(f"result has no JSON form: {error}") from None


def _inner(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not supported")
