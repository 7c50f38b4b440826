"""The order in which jobs and tasks are listed: by the time they were accepted, then by id.

Owns one sorted index of keys. Promises: a change costs the logarithm of the number of entries, and so does finding the
place of a key; entries that are over are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sortedcontainers import SortedList  # type: ignore[import-untyped]

from portico.doors.titus.inbound.pages import Key


def key_of(record: Any) -> Key:
    """Give the place of a job or task."""
    return record.accepted_at, record.id


class Ordered:
    """The keys of those records for which `listed` holds; an index of the state."""

    def __init__(self, listed: Callable[[Any], bool]) -> None:
        self._listed = listed
        self._keys: SortedList = SortedList()

    def __call__(self, old: Any, new: Any) -> None:
        """Follow a change."""
        before = key_of(old) if old is not None and self._listed(old) else None
        after = key_of(new) if new is not None and self._listed(new) else None
        if before == after:
            return
        if before is not None:
            self._keys.remove(before)
        if after is not None:
            self._keys.add(after)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def place(self, key: Key) -> int:
        """Count the entries up to and including a key."""
        place: int = self._keys.bisect_right(key)
        return place

    def between(self, start: int, end: int) -> list[Key]:
        """Give the keys at the places [start, end)."""
        return list(self._keys.islice(start, end))

    def at(self, place: int) -> Key:
        """Give the key at a place."""
        key: Key = self._keys[place]
        return key
