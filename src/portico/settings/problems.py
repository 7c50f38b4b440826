"""What can be wrong with a configuration, and how it is said: one line for each problem.

Owns the form of the lines (`FILE:LINE: KEY: what is wrong; expected …`). Must never lose a problem because
another one was found first.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING

import msgspec

from portico.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Key = tuple[str | int, ...]
"""The way to a value: table names, keys and positions in arrays."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


class SettingsError(Invalid):
    """The configuration cannot be used; `problems` holds one line each, and the text is these lines."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Rejected(Exception):
    """One value is refused: what is wrong with it, and what was expected instead."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected


class Problem(msgspec.Struct, frozen=True):
    """A refused value and its place."""

    key: Key
    what: str
    expected: str


def dotted(key: Key) -> str:
    """Write a key as it stands in a file: `pools."/batch".limit`, `nodes[0].cpus`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if _BARE_KEY.match(part) else json.dumps(part, ensure_ascii=not part.isprintable())
            text += f".{bare}" if text else bare
    return text


def printable(text: str) -> str:
    """Give text that stays on its line."""
    return text if text.isprintable() else ascii(text)[1:-1]


def nearest(name: str, known: Collection[str]) -> str:
    """Say which of the known names was probably meant, or list them."""
    close = difflib.get_close_matches(name, known, n=1)
    return close[0] if close else one_of(known)


def one_of(names: Iterable[str]) -> str:
    """List the choices."""
    return "one of " + ", ".join(names)
