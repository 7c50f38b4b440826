"""Readers of single values: text, numbers, durations, sizes, paths, addresses, times.

Each gives a checked value or raises Rejected with what was expected. Must never repeat the text of a value that
may be a secret: only forms that are no secret are shown.
"""

from __future__ import annotations

import math
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portico.deciding import cron
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.resources import WHOLE, Ports, merge_ports
from portico.settings.durations import parse_duration
from portico.settings.problems import Rejected, nearest, one_of, printable
from portico.settings.reading import Place, Reader, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_UNITS = 10**12
_PORT_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})")
_WORD = re.compile(r"[A-Za-z0-9_+.-]{1,20}")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")


def any_text(place: Place) -> str:
    """Text that may be empty; from the environment, also what looks like a number."""
    if isinstance(place.value, str):
        text = place.value
    elif place.raw is not None:
        text = place.raw
    else:
        raise Rejected(f"got {kind_of(place.value)}", "a string")
    if "\0" in text:
        raise Rejected("a NUL character in it", "text without it")
    return text


def text(place: Place) -> str:
    """Text that is not empty."""
    found = any_text(place)
    if not found.strip():
        raise Rejected("an empty string", "some text")
    return found


def secret(place: Place) -> str:
    """A token that fits into a header; never shown."""
    found = text(place)
    if not found.isascii() or not found.isprintable() or " " in found:
        raise Rejected("a character in it that no header can carry", "printable ASCII characters without spaces")
    return found


def boolean(place: Place) -> bool:
    """True or false, nothing that merely resembles them."""
    if not isinstance(place.value, bool):
        raise Rejected(f"got {kind_of(place.value)}", "true or false")
    return place.value


def integer(low: int, high: int = 2**31 - 1) -> Reader[int]:
    """Make a reader of whole numbers within bounds."""
    expected = f"an integer from {low} to {high}"

    def read(place: Place) -> int:
        value = place.value
        if isinstance(value, bool) or not isinstance(value, int):
            raise Rejected(f"got {kind_of(value)}", expected)
        if not low <= value <= high:
            raise Rejected(_number_shown(value), expected)
        return value

    return read


port = integer(0, 65_535)


def fraction(place: Place) -> float:
    """A part of one, from 0 to 1."""
    value = place.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected(f"got {kind_of(value)}", "a number from 0 to 1")
    if not 0 <= value <= 1:
        raise Rejected(_number_shown(value), "a number from 0 to 1")
    return float(value)


def amount(place: Place) -> int:
    """An amount of a resource in whole units with a fraction; gives thousandths."""
    value = place.value
    expected = "a number of at least 0"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected(f"got {kind_of(value)}", expected)
    if not 0 <= value <= _MOST_UNITS or not math.isfinite(value):
        raise Rejected(_number_shown(value), expected + f" and at most {_MOST_UNITS}")
    thousandths = round(value * WHOLE)
    if value and not thousandths:
        raise Rejected(f"{value} is less than a thousandth", expected)
    return thousandths


def duration(place: Place) -> Micros:
    """A length of time such as `100ms`; gives microseconds."""
    expected = "a duration such as 100ms, 1s, 10m or 1h30m"
    if not isinstance(place.value, str):
        raise Rejected(f"got {kind_of(place.value)}", expected)
    try:
        return parse_duration(place.value)
    except Invalid as error:
        raise Rejected(str(error), expected) from error


def choice(options: Sequence[str]) -> Reader[str]:
    """Make a reader of one word out of a few."""

    def read(place: Place) -> str:
        found = any_text(place)
        if found not in options:
            raise Rejected(f"{found!r} is not known", nearest(found, options))
        return found

    return read


def some_of(options: Sequence[str]) -> Reader[tuple[str, ...]]:
    """Make a reader of a list of words out of a few; outside a file also `a,b`."""

    def read(place: Place) -> tuple[str, ...]:
        found = names(place)
        for name in found:
            if name not in options:
                raise Rejected(f"{name!r} is not known", nearest(name, options))
        return found

    return read


def names(place: Place) -> tuple[str, ...]:
    """A list of different words; outside a file also `a,b`."""
    expected = "an array of strings"
    value = place.value
    if place.from_words and isinstance(value, str):
        value = [word.strip() for word in value.split(",") if word.strip()]
    if not isinstance(value, list):
        raise Rejected(f"got {kind_of(value)}", expected)
    for item in value:
        if not isinstance(item, str) or not item or "\0" in item:
            raise Rejected("got " + (repr(item) if isinstance(item, str) else kind_of(item)) + " in it", expected)
        if value.count(item) > 1:
            raise Rejected(f"{item!r} is named twice", "different names")
    return tuple(value)


def origins(place: Place) -> tuple[str, ...]:
    """A list of origins of web pages, written as browsers send them."""
    found = names(place)
    for name in found:
        if not _ORIGIN.fullmatch(name):
            raise Rejected(
                f"{name!r} is not an origin", "SCHEME://HOST or SCHEME://HOST:PORT in lower case, without a path"
            )
    return found


def path(place: Place) -> Path:
    """A path; a relative one starts at the file's folder, `~` is the home folder."""
    return absolute(text(place), place)


def check_readable(place: Place, file: Path) -> None:
    """Note a problem at this place unless the file can be read; a pipe is not waited for."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.read(opened, 0)
        finally:
            os.close(opened)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        place.reject(f"cannot read {printable(str(file))}: {why}", "a file in PEM format that the server may read")


def paths(place: Place) -> tuple[Path, ...]:
    """A list of paths."""
    return tuple(absolute(name, place) for name in names(place))


def absolute(name: str, place: Place) -> Path:
    """Say where a path written at this place leads."""
    if name == "~" or name.startswith("~/"):
        return place.layers.home() / name[2:]
    return place.layers.folder(place.key) / name


def pool_path(place: Place) -> str:
    """The path of a pool: starts with a slash, has no empty part, and no slash at its end."""
    found = any_text(place)
    check_pool_path(found)
    return found


def check_pool_path(found: str) -> None:
    """Raise Rejected unless this is the path of a pool."""
    if not found.startswith("/"):
        raise Rejected(f"{found!r} does not start with a slash", "a pool path such as /batch")
    if found != "/" and "" in found[1:].split("/"):
        raise Rejected(f"{found!r} has an empty part", "a pool path such as /batch/nightly")


def port_ranges(place: Place) -> Ports:
    """Port ranges such as `31000-32000,33000`; gives them sorted and joined."""
    expected = "port ranges such as 31000-32000"
    ranges: list[tuple[int, int]] = []
    for part in any_text(place).split(","):
        match = _PORT_RANGE.fullmatch(part.strip())
        if not match:
            raise Rejected(f"{part!r} is not a range", expected)
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if not 1 <= first <= last <= 65_535:
            raise Rejected(f"{part!r} is not within 1 to 65535, in order", expected)
        ranges.append((first, last))
    return merge_ports(ranges)


def address(place: Place) -> str:
    """HOST:PORT."""
    found = any_text(place)
    match = _ADDRESS.fullmatch(found)
    if not match or not 1 <= int(match.group(2)) <= 65_535:
        raise Rejected(f"{found!r} is not an address", "HOST:PORT")
    return found


def available(words: Sequence[str], later: Sequence[str]) -> Reader[str]:
    """Make a reader of one of a few words, which tells of `later` ones, schemes too, that this version lacks them."""
    expected = one_of(words) if len(words) > 1 else words[0]

    def read(place: Place) -> str:
        found = any_text(place)
        if found in words:
            return found
        scheme = found.partition("://")[0]
        if scheme in later:
            raise Rejected(f"{scheme!r} is not available in this version", expected)
        # An address may hold a password: only what cannot be a part of one is shown.
        known = repr(scheme) if _WORD.fullmatch(scheme) else "this"
        raise Rejected(f"{known} is not known", expected)

    return read


def instant(place: Place) -> Instant:
    """A TOML date and time; without an offset it is of the server's own zone.

    The epoch itself is told a microsecond later, because 0 says that there is none.
    """
    expected = "a date and time such as 2026-12-01T03:00:00Z"
    if not isinstance(place.value, datetime):
        raise Rejected(f"got {kind_of(place.value)}", expected)
    try:
        seconds = place.value.replace(microsecond=0).timestamp()
    except (OverflowError, ValueError, OSError) as error:
        raise Rejected(f"{place.value} is out of range", expected) from error
    return Instant(int(seconds) * SECOND + place.value.microsecond or 1)


def cron_text(place: Place) -> str:
    """A cron line of the `job.v1` dialect."""
    found = any_text(place)
    try:
        cron.parse(found, "UTC")
    except Invalid as error:
        raise Rejected(str(error), "five cron fields such as 0 3 * * *, or a descriptor such as @daily") from error
    return found


def variable_name(name: str) -> None:
    """Raise Rejected unless this can name an environment variable."""
    if not name or "=" in name or "\0" in name:
        raise Rejected(f"{name!r} cannot name a variable", "a name without = and NUL")


def _number_shown(value: float) -> str:
    return f"{value} is out of range" if abs(value) < 10**18 or value != value else "the number is out of range"  # noqa: PLR0124 — NaN
