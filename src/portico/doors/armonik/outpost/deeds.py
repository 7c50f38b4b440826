"""What a worker does while it runs a task: kept here, and told only if it answers ok.

Pure bookkeeping. Promises that later data of a Result replace the earlier, and that the whole fits into a frame.
"""

from __future__ import annotations

import msgspec

from portico.domain.calls.frames import Effects, NewCall, NewResult
from portico.domain.calls.values import SMALL, Content
from portico.domain.errors import Exhausted

MOST_CREATED = 200_000
"""Results and Calls that one task may create: more would not fit into one report."""
MOST_BYTES = 20 << 20
"""What its Results and Calls may weigh when they are told, their data apart."""
MOST_INLINE = 4 << 20
"""Bytes of data that go along with one task's end; more are stored as large objects."""

_RESULT_BYTES = 64
_encode = msgspec.msgpack.Encoder().encode


class Deeds:
    """The doings of one running task."""

    __slots__ = ("_calls", "_data", "_inline", "_results", "_weight", "brought")

    def __init__(self) -> None:
        self._results: list[NewResult] = []
        self._calls: list[NewCall] = []
        self._data: dict[int, Content] = {}
        self._inline = 0
        self._weight = 0
        self.brought: dict[int, str] = {}
        """Results whose data lie in the task's folder: number and file name."""

    def room_for(self, count: int) -> None:
        """Raise Exhausted when so many more Results or Calls are too many."""
        if len(self._results) + len(self._calls) + count > MOST_CREATED:
            raise Exhausted(f"a task may create at most {MOST_CREATED} results and tasks")

    def goes_along(self, size: int) -> bool:
        """Tell whether data of this size are told with the end, and count them if so."""
        if size > SMALL or self._inline + size > MOST_INLINE:
            return False
        self._inline += size
        return True

    def create_results(self, results: list[NewResult]) -> None:
        """Keep new Results; Exhausted when all is too much."""
        self._weigh(sum(_RESULT_BYTES + 4 * len(result.name) for result in results))
        self._results += results

    def bring(self, numbers: list[int], names: list[str]) -> None:
        """Keep that files in the folder are data of Results."""
        self.brought.update(zip(numbers, names, strict=True))

    def put(self, number: int, content: Content) -> None:
        """Keep a Result's data."""
        self._data[number] = content

    def submit(self, calls: list[NewCall]) -> None:
        """Keep new Calls; Exhausted when all is too much."""
        self._weigh(len(_encode(calls)))
        self._calls += calls

    def _weigh(self, count: int) -> None:
        if self._weight + count > MOST_BYTES:
            raise Exhausted(f"what a task creates may take {MOST_BYTES} bytes to tell, and would take more")
        self._weight += count

    def effects(self) -> Effects | None:
        """Give all of it; None when it is nothing."""
        if not self._results and not self._data and not self._calls:
            return None
        return Effects(tuple(self._results), tuple(self._data.items()), tuple(self._calls))
