"""Reading a tree of values with all its problems, not only the first.

A reader is a function from a Place to a checked value; it raises Rejected for a value it cannot take. `Place.read`
notes the refusal and goes on with a default, so that the rest is looked at too. A Table knows which keys were
asked for, and names the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from portico.settings.problems import Key, Problem, Rejected, nearest

if TYPE_CHECKING:
    from types import TracebackType

    from portico.settings.layers import Layers

T = TypeVar("T")
_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
}


class Place(msgspec.Struct, frozen=True):
    """One value of the tree, its key, and the list that takes its problems."""

    value: object
    key: Key
    layers: Layers
    problems: list[Problem]

    def read(self, reader: Reader[T], default: T) -> T:
        """Read the value; a refusal becomes a problem, and `default` stands in."""
        try:
            return reader(self)
        except Rejected as refusal:
            self.reject(refusal.what, refusal.expected)
            return default

    def reject(self, what: str, expected: str) -> None:
        """Note a problem here."""
        self.problems.append(Problem(self.key, what, expected))

    def inner(self, name: str | int, value: object) -> Place:
        """Give the place of a value inside this one."""
        return Place(value, (*self.key, name), self.layers, self.problems)

    @property
    def raw(self) -> str | None:
        """The text of the value if it came from the environment as such."""
        return self.layers.raw(self.key)

    @property
    def from_words(self) -> bool:
        """Whether the value is a word of the environment or command line, where lists are written with commas."""
        return isinstance(self.value, str) and self.layers.is_written(self.key)


Reader = Callable[[Place], T]


class Table:
    """A table with known keys; on leaving it, keys that nobody asked for are problems."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._values = table_of(place)
        self._asked: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        for name, value in self._values.items():
            if name not in self._asked:
                self.place.inner(name, value).reject("unknown key", nearest(name, sorted(self._asked)))

    def take(self, name: str, reader: Reader[T], default: T) -> T:
        """Read a key; `default` if it is missing or wrong."""
        self._asked.add(name)
        if name not in self._values:
            return default
        return self.place.inner(name, self._values[name]).read(reader, default)

    def require(self, name: str, reader: Reader[T], stand_in: T, expected: str) -> T:
        """Read a key that must be there."""
        if name not in self._values:
            self.place.reject(f"{name} is missing", expected)
        return self.take(name, reader, stand_in)


def table_of(place: Place) -> dict[str, object]:
    """Take the value as a table."""
    if not isinstance(place.value, dict):
        raise Rejected(f"got {kind_of(place.value)}", "a table")
    return place.value


def entries(place: Place) -> Iterator[tuple[str, Place]]:
    """Give the entries of a table whose keys the user chooses."""
    for name, value in table_of(place).items():
        yield name, place.inner(name, value)


def table_reader(reader: Reader[T]) -> Reader[dict[str, T]]:
    """Make a reader of tables with free keys; wrong entries are left out."""

    def read(place: Place) -> dict[str, T]:
        found: dict[str, T] = {}
        for name, entry in entries(place):
            value = entry.read(_optional(reader), None)
            if value is not None:
                found[name] = value
        return found

    return read


def list_reader(reader: Reader[T], what: str) -> Reader[tuple[T, ...]]:
    """Make a reader of arrays; wrong items are left out."""

    def read(place: Place) -> tuple[T, ...]:
        if not isinstance(place.value, list):
            raise Rejected(f"got {kind_of(place.value)}", f"an array of {what}")
        items = (place.inner(at, item).read(_optional(reader), None) for at, item in enumerate(place.value))
        return tuple(item for item in items if item is not None)

    return read


def _optional(reader: Reader[T]) -> Reader[T | None]:
    return reader


def kind_of(value: object) -> str:
    """Name the type of a TOML value."""
    return _KINDS.get(type(value), "a date or time")
