"""One tree out of file, environment and command line, which remembers where each value came from.

Owns precedence: command line over environment over file. Promises that the place of every value can be named.
A later layer replaces the whole value at its key, tables included.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from portico.settings.positions import find_lines, nearest_line
from portico.settings.problems import Key, dotted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTS = frozenset({"nodes"})


class Origin(msgspec.Struct, frozen=True):
    """Where a value outside the file came from; `raw` is its text before it was read as TOML."""

    label: str
    key: Key
    raw: str | None = None


class Layers:
    """The merged tree while it is built and read."""

    def __init__(self, path: Path | None, text: str, file_tree: Mapping[str, Any], home: str | None) -> None:
        self.tree: dict[str, Any] = {}
        self.misplaced: list[Key] = []  # values for places inside what is no table, or beyond the end of an array
        self._path = path
        self._text = text
        self._home = home
        self._origins: dict[Key, Origin] = {}
        self._written: dict[Key, Key] = {}
        self._lines: dict[Key, int] | None = None
        for name, value in file_tree.items():
            for key, part, written in _assignments((name,), value):
                self._written[key] = written
                self._place(key, part)

    def overlay(self, key: Key, value: object, label: str, raw: str | None = None) -> None:
        """Put a value of a higher layer over the tree; `label` names its source in messages."""
        for final, part, _ in _assignments(key, value):
            for known in [known for known in self._origins if known[: len(final)] == final]:
                del self._origins[known]
            self._origins[final] = Origin(label, final, raw)
            self._place(final, part)

    def match_name(self, parent: Key, name: str) -> str | int:
        """Find the key meant by one level of an environment name: spelled so already, else lower case."""
        if parent and parent[-1] in _LISTS and name.isdecimal() and len(name) < 6:
            return int(name)
        node = self._find(parent)
        if isinstance(node, dict):
            for known in node:
                if _as_variable(known) == name.upper():
                    return str(known)
        return name.lower()

    def raw(self, key: Key) -> str | None:
        """Give the text of a value that came from the environment as such."""
        origin = self._origins.get(key)
        return None if origin is None else origin.raw

    def is_written(self, key: Key) -> bool:
        """Tell whether the value itself (not a table around it) came from the environment or command line."""
        return key in self._origins

    def folder(self, key: Key) -> Path:
        """Give the folder where a relative path at this key starts."""
        if self._path is None or self._origin(key) is not None:
            return Path.cwd()
        return self._path.absolute().parent

    def home(self) -> Path:
        """Give the user's home folder."""
        return Path(self._home) if self._home else Path.home()

    def place(self, key: Key) -> tuple[int, int, str]:
        """Name the place of a key, with its rank among all places: layer, line, text."""
        origin = self._origin(key)
        if origin is None and not self._in_file(key):
            beneath = (known for known in self._origins if known[: len(key)] == key)
            origin = next((self._origins[known] for known in beneath), None)
        if origin is not None:
            inner = dotted(key[len(origin.key) :])
            return 1, 0, origin.label + (f": {inner}" if inner else "")
        written = self._spelling(key)
        line = nearest_line(self._file_lines(), written)
        file = printable(str(self._path)) if self._path else "settings"
        return 0, line, f"{file}:{line}: {dotted(written)}"

    def _origin(self, key: Key) -> Origin | None:
        for length in range(len(key), 0, -1):
            if key[:length] in self._origins:
                return self._origins[key[:length]]
        return None

    def _in_file(self, key: Key) -> bool:
        return self._spelling(key) in self._file_lines()

    def _spelling(self, key: Key) -> Key:
        """Give the key as the file spells it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self._written:
                return self._written[key[:length]] + key[length:]
        return key

    def _file_lines(self) -> dict[Key, int]:
        if self._lines is None:
            self._lines = find_lines(self._text)
        return self._lines

    def _find(self, key: Key) -> object:
        node: Any = self.tree
        for part in key:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return None
        return node

    def _place(self, key: Key, value: object) -> None:
        node: Any = self.tree
        for part, following in pairwise(key):
            below: object = [] if isinstance(following, int) else {}
            node = _step(node, part, below)
        last = key[-1]
        if isinstance(node, list) and isinstance(last, int) and last <= len(node):
            node[last : last + 1] = [value]
        elif isinstance(node, dict):
            node[last] = value
        else:
            self.misplaced.append(key)


def _step(node: Any, part: str | int, below: object) -> object:
    """Go one level down, making it if it is missing; an array grows by one at most."""
    if isinstance(node, dict):
        return node.setdefault(part, below)
    if not isinstance(node, list) or not isinstance(part, int) or part > len(node):
        return None
    if part == len(node):
        node.append(below)
    return node[part]


def _assignments(key: Key, value: object) -> Iterator[tuple[Key, object, Key]]:
    """Bring the two keys with more than one spelling to one: (final key, value, key as written).

    `doors` may be the list itself, beside being the table of the doors; a timer's name may be quoted
    (`"mesos.heartbeat"`) or nested (`mesos.heartbeat`).
    """
    if key == ("doors",) and not isinstance(value, dict):
        yield ("doors", "enabled"), value, key
    elif key == ("timers",) and isinstance(value, dict):
        yield key, {}, key
        for name, inner in value.items():
            yield from _assignments(("timers", name), inner)
    elif len(key) == 2 and key[0] == "timers" and isinstance(value, dict):
        for name, inner in value.items():
            yield from _assignments((*key, name), inner)
    elif len(key) == 3 and key[0] == "timers":
        yield ("timers", f"{key[1]}.{key[2]}"), value, key
    else:
        yield key, value, key


def _as_variable(name: object) -> str:
    """Spell a key as environment variables do: upper case, anything but letters and digits an underscore."""
    return "".join(letter if letter.isalnum() else "_" for letter in str(name)).upper()
