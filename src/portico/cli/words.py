"""Values in the words that people read: times, durations, amounts, states.

Promises that whatever a job put into a name or a message stays one line and moves no cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out"})
"""States in which an instance has ended."""

RUN_ENDED = frozenset({"succeeded", "failed", "killed", "lost"})
"""States in which a Run has ended."""

_BEFORE = frozenset({"waiting", "pending"})
"""States of an instance that is still to begin, or to begin again: its times are those of the try before."""

SUCCEEDED = "succeeded"

_COLOURS = {
    "waiting": "yellow",
    "pending": "yellow",
    "admitted": "yellow",
    "placed": "yellow",
    "launching": "yellow",
    "running": "cyan",
    "unreachable": "magenta",
    "succeeded": "green",
    "failed": "red",
    "timed_out": "red",
    "lost": "red",
    "cancelled": "magenta",
    "killed": "magenta",
    "draining": "yellow",
    "absent": "red",
    "paused": "yellow",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SIZES = ("B", "KB", "MB", "GB", "TB")


def colour(state: str) -> str:
    """Give a state's colour."""
    return _COLOURS.get(state, "")


def printable(text: str) -> str:
    """Write control characters as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def moment(text: str | None) -> datetime | None:
    """Read a time of the server."""
    return None if text is None else datetime.fromisoformat(text)


def duration(seconds: float) -> str:
    """Write a duration in its one or two largest units: "4 ms", "2.5 s", "12 s", "3 m 20 s", "2 h 5 m", "3 d 4 h"."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _pair(whole, _MINUTE, "m", 1, "s")
    if whole < _DAY:
        return _pair(whole, _HOUR, "h", _MINUTE, "m")
    return _pair(whole, _DAY, "d", _HOUR, "h")


def _pair(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = whole % large // small
    return f"{whole // large} {large_name}" + (f" {rest} {small_name}" if rest else "")


def ago(text: str | None, now: datetime) -> str:
    """Write how long ago something was, or how soon it will be; a day and more as a local date."""
    at = moment(text)
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    if abs(seconds) >= _DAY:
        return local(text)
    if seconds < 0:
        return f"in {_short(-seconds)}"
    return f"{_short(seconds)} ago"


def _short(seconds: float) -> str:
    """Write a duration in its largest unit."""
    whole = int(seconds)
    for size, name in ((_HOUR, "h"), (_MINUTE, "m")):
        if whole >= size:
            return f"{whole // size} {name}"
    return f"{whole} s"


def local(text: str | None) -> str:
    """Write a time in the local zone, to the second."""
    at = moment(text)
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def elapsed(record: Mapping[str, object], now: datetime) -> str:
    """Write how long an instance or Run has been running, or ran; nothing before it began, or while it waits again."""
    start, end = record.get("started_at"), record.get("ended_at")
    begun = moment(start if isinstance(start, str) else None)
    if begun is None or record.get("state") in _BEFORE:
        return ""
    until = moment(end if isinstance(end, str) else None) or now
    return duration((until - begun).total_seconds())


def present() -> datetime:
    """Give the time by which ages are counted."""
    return datetime.now(UTC)


def amounts(quantity: Mapping[str, float]) -> str:
    """Write amounts of resources, leaving out what is 0: "cpus 0.5, mem 128"."""
    return ", ".join(f"{printable(kind)} {amount:g}" for kind, amount in sorted(quantity.items()) if amount)


def size(count: int) -> str:
    """Write a number of bytes in a unit that keeps it short."""
    value = float(count)
    for unit in _SIZES:
        if value < 1000 or unit == _SIZES[-1]:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("the last unit takes every value")


def counts(numbers: Mapping[str, int]) -> str:
    """Write counts by state: "2 running, 1 waiting"."""
    return ", ".join(f"{number} {state}" for state, number in numbers.items() if number) or "none"


def command(values: list[str]) -> str:
    """Write a command for a list: of one that a shell is given, what the shell is given."""
    match values:
        case ["sh" | "/bin/sh", "-c", script]:
            return printable(script)
        case _:
            return arguments(values)


def arguments(values: list[str]) -> str:
    """Write arguments as one would type them."""
    import shlex  # noqa: PLC0415 — only lists need it

    return printable(shlex.join(values))
