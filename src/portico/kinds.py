"""Kinds written as Python functions: the mark `@portico.kind`, and what such a function may use.

Owns what user code imports from Portico. Promises that marking changes nothing about the function, which stays
directly callable, and that wrong options are refused where they are written. Must never load the server.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, TypeVar, overload

import msgspec

MARK = "__portico_kind__"
"""Name of the attribute that holds a marked function's Kind."""

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])

_ENDLESS = -1
_DURATION = re.compile(r"(?:[0-9]{1,18}(?:\.[0-9]{1,18})?(?:ms|s|m|h|d))+")


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a kind. Durations are texts such as `1h30m`; `schedule_at` is RFC 3339, empty for none."""

    name: str
    description: str = ""
    cron_spec: str = ""
    schedule_at: str = ""
    priority: int = 5
    retries: int = 0
    backoff: str = "0s"
    timeout: str = "0s"
    concurrency: int = 0
    resources: dict[str, float] = {}
    pool: str = "/jobv1"


class Permanent(Exception):
    """Raised by user code: the call has failed, and trying again would not help."""


class Context(msgspec.Struct, frozen=True):
    """Which call runs: given to a parameter annotated `portico.Context`. The lease differs for each attempt."""

    call: str
    kind: str
    lease: int

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """Give a logger that names this call in each line."""
        return _CallLog(logging.getLogger(f"portico.kind.{self.kind}"), {"call": self.call})


class _CallLog(logging.LoggerAdapter[logging.Logger]):
    """Puts the call's id in front of each message."""

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[str, MutableMapping[str, Any]]:
        call = self.extra["call"] if self.extra else ""
        return f"[{call}] {msg}", kwargs


@overload
def kind(name: FunctionT, /) -> FunctionT: ...


@overload
def kind(
    name: str | None = None,
    *,
    description: str = "",
    cron_spec: str = "",
    schedule_at: datetime | str | None = None,
    priority: int = 5,
    retries: int = 0,
    backoff: str = "0s",
    timeout: str = "0s",
    concurrency: int = 0,
    resources: Mapping[str, float] | None = None,
    pool: str = "/jobv1",
) -> Callable[[FunctionT], FunctionT]: ...


def kind(  # noqa: PLR0913 — the options of a kind are many, all by keyword
    name: FunctionT | str | None = None,
    *,
    description: str = "",
    cron_spec: str = "",
    schedule_at: datetime | str | None = None,
    priority: int = 5,
    retries: int = 0,
    backoff: str = "0s",
    timeout: str = "0s",
    concurrency: int = 0,
    resources: Mapping[str, float] | None = None,
    pool: str = "/jobv1",
) -> FunctionT | Callable[[FunctionT], FunctionT]:
    """Mark a function as a kind of `job.v1`; with or without parentheses, named after the function by default.

    `retries` counts the tries after the first, -1 is endless; `concurrency` 0 is unlimited; a lower `priority`
    goes first. Wrong options raise TypeError or ValueError naming the option.
    """
    if name is not None and not isinstance(name, str):
        return _mark(name, Kind(name=_name_of(name)))
    options = Kind(
        name=_checked_name(name) if name is not None else "",
        description=_text("description", description),
        cron_spec=_text("cron_spec", cron_spec).strip(),
        schedule_at=_time(schedule_at),
        priority=_whole("priority", priority, None),
        retries=_whole("retries", retries, _ENDLESS),
        backoff=_duration("backoff", backoff),
        timeout=_duration("timeout", timeout),
        concurrency=_whole("concurrency", concurrency, 0),
        resources=_amounts(resources),
        pool=_path(pool),
    )

    def mark(function: FunctionT) -> FunctionT:
        return _mark(function, msgspec.structs.replace(options, name=options.name or _name_of(function)))

    return mark


def _mark(function: FunctionT, options: Kind) -> FunctionT:
    setattr(function, MARK, options)
    return function


def _name_of(function: object) -> str:
    name = getattr(function, "__name__", None)
    if isinstance(function, type | staticmethod | classmethod) or not callable(function) or not isinstance(name, str):
        raise TypeError(f"@portico.kind marks plain functions, not {function!r}")
    return _checked_name(name)


def _checked_name(name: str) -> str:
    if not name or name != name.strip() or not name.isprintable():
        raise ValueError(f"name: {name!r} is not a kind's name: printable and without outer spaces was expected")
    return name


def _text(option: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{option}: {value!r} is not a text")
    return value


def _whole(option: str, value: object, least: int | None) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{option}: {value!r} is not a whole number")
    if least is not None and value < least:
        raise ValueError(f"{option}: {value} is below {least}")
    return value


def _duration(option: str, value: object) -> str:
    text = _text(option, value)
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{option}: {text!r} is not a duration such as '100ms', '10s' or '1h30m'")
    return text


def _time(value: object) -> str:
    if value is None or value == "":
        return ""
    instant = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError(f"schedule_at: {value!r} is not a time with its zone, such as '2026-12-01T03:00:00Z'")
    return instant.isoformat()


def _amounts(value: object) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"resources: {value!r} is not a mapping such as {{'cpus': 0.5}}")
    for name, amount in value.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"resources: {name!r} is not the name of a resource")
        if not isinstance(amount, int | float) or isinstance(amount, bool):
            raise TypeError(f"resources: {name} = {amount!r} is not a number")
        if not math.isfinite(amount) or amount < 0:
            raise ValueError(f"resources: {name} = {amount!r} is not an amount")
    return dict(value)


def _path(value: object) -> str:
    text = _text("pool", value)
    if not text.startswith("/"):
        raise ValueError(f"pool: {text!r} does not start with '/'")
    return text
