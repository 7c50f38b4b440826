"""Columns of the cluster matrix that are not plain numbers: attribute values and sparse counts per node.

Owns their layout. Promises: memory follows what is in use, never what was ever seen.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from portico.domain.errors import Conflict

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ABSENT = -1

Key = TypeVar("Key", bound=Hashable)


class AttributeColumn:
    """One attribute of all nodes as small integers; a code is reused when no node has its value any more."""

    def __init__(self, rows: int) -> None:
        self.codes: NDArray[np.int32] = np.full(rows, ABSENT, dtype=np.int32)
        self._code_of: dict[str, int] = {}
        self._values: list[str] = []
        self._uses: list[int] = []
        self._spare: list[int] = []

    @property
    def code_count(self) -> int:
        """One more than the largest code that can occur."""
        return len(self._values)

    def grow(self, rows: int) -> None:
        """Make room for more nodes."""
        self.codes = np.concatenate([self.codes, np.full(rows - len(self.codes), ABSENT, dtype=np.int32)])

    def put(self, row: int, value: str | None) -> None:
        """Set, change or (None) clear the value of a node."""
        before = int(self.codes[row])
        self.codes[row] = ABSENT if value is None else self._take(value)
        if before != ABSENT:
            self._drop(before)

    def find(self, value: str) -> int | None:
        """The code of a value that some node has, else None."""
        return self._code_of.get(value)

    def _take(self, value: str) -> int:
        code = self._code_of.get(value)
        if code is not None:
            self._uses[code] += 1
        elif self._spare:
            code = self._spare.pop()
            self._code_of[value] = code
            self._values[code] = value
            self._uses[code] = 1
        else:
            code = len(self._values)
            self._code_of[value] = code
            self._values.append(value)
            self._uses.append(1)
        return code

    def _drop(self, code: int) -> None:
        self._uses[code] -= 1
        if self._uses[code] == 0:
            del self._code_of[self._values[code]]
            self._spare.append(code)


class SparseCounts(Generic[Key]):
    """How many of each key every node has; zeros take no space."""

    def __init__(self) -> None:
        self._rows_of: dict[Key, dict[int, int]] = {}

    def __len__(self) -> int:
        return len(self._rows_of)

    def add(self, key: Key, row: int) -> None:
        """Count one more on a node."""
        rows = self._rows_of.setdefault(key, {})
        rows[row] = rows.get(row, 0) + 1

    def remove(self, key: Key, row: int) -> None:
        """Count one less on a node; raises Conflict where there is none."""
        rows = self._rows_of.get(key, {})
        count = rows.get(row, 0)
        if count > 1:
            rows[row] = count - 1
            return
        if count == 0:
            raise Conflict(f"nothing of {key} is counted there")
        del rows[row]
        if not rows:
            del self._rows_of[key]

    def column(self, key: Key, rows: int) -> Ints:
        """A fresh dense column of one key."""
        dense = np.zeros(rows, dtype=np.int64)
        counted = self._rows_of.get(key)
        if counted:
            where = np.fromiter(counted.keys(), dtype=np.int64, count=len(counted))
            dense[where] = np.fromiter(counted.values(), dtype=np.int64, count=len(counted))
        return dense
