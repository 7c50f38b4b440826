"""Where each key of a TOML text stands.

Owns the map from a key (table names, keys, positions in arrays) to its line. Relies on the text being valid
TOML, which the standard library has checked before: this scan only finds the way, it judges nothing.
"""

from __future__ import annotations

import bisect
import re
import tomllib

from portico.settings.problems import Key

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + _QUOTED.pattern,
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def find_lines(text: str) -> dict[Key, int]:
    """Map each key to the line (from 1) where it is written first; what lies too deep to scan is left out."""
    scan = _Scan(text)
    try:
        scan.document()
    except RecursionError:
        return scan.lines
    return scan.lines


def nearest_line(lines: dict[Key, int], key: Key) -> int:
    """Give the line of a key, else of the innermost table around it that is written, else 1."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return 1


class _Scan:
    """One walk through a text; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self._text = text
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._counts: dict[Key, int] = {}

    def document(self) -> None:
        table: Key = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Key:
        start = self._at
        repeated = self._text.startswith("[[", start)
        self._at += 2 if repeated else 1
        names = self._names()
        self._at += 2 if repeated else 1
        table: Key = ()
        for position, name in enumerate(names):
            table = (*table, name)
            self._note(table, start)
            if repeated and position == len(names) - 1:
                self._counts[table] = self._counts.get(table, 0) + 1
            if table in self._counts:
                table = (*table, self._counts[table] - 1)
                self._note(table, start)
        if not repeated:
            self.lines[table] = self._line(start)  # its own header, rather than that of a table inside it
        return table

    def _pair(self, table: Key) -> None:
        start = self._at
        key = table
        for name in self._names():
            key = (*key, name)
            self._note(key, start)
        self._at += 1  # the equals sign
        self._skip(_SPACES)
        self._value(key)

    def _names(self) -> list[str]:
        """Read `a.b."c d"`; stands after it and its trailing spaces."""
        names: list[str] = []
        while True:
            self._skip(_SPACES)
            quoted = _QUOTED.match(self._text, self._at)
            if quoted:
                names.append(next(iter(tomllib.loads(f"{quoted.group()} = 0"))))
                self._at = quoted.end()
            else:
                names.append(self._skip(_BARE))
            self._skip(_SPACES)
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _value(self, key: Key) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._array(key)
        elif opening == "{":
            self._inline_table(key)
        elif opening in "\"'":
            self._skip(_STRING)
        else:
            self._skip(_SCALAR)

    def _array(self, key: Key) -> None:
        self._at += 1
        position = 0
        self._skip(_BLANK)
        while self._text[self._at] != "]":
            self._note((*key, position), self._at)
            self._value((*key, position))
            position += 1
            self._skip_separator()
        self._at += 1

    def _inline_table(self, key: Key) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._text[self._at] != "}":
            self._pair(key)
            self._skip_separator()
        self._at += 1

    def _skip_separator(self) -> None:
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
        self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, "the text was not valid TOML"
        self._at = match.end()
        return match.group()

    def _note(self, key: Key, at: int) -> None:
        self.lines.setdefault(key, self._line(at))

    def _line(self, at: int) -> int:
        return bisect.bisect_left(self._ends, at) + 1
