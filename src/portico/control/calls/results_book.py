"""The book's part on Results: thirteen bytes for each, kept as long as its Session is there, and who waits for which.

Owns the columns of Results, the spans of numbers that a Session's Calls and Results lie in, and the lists of Calls that
wait for a Result. Promises: what a transaction that is given up has changed is changed back.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

import msgspec

from portico.control.calls.columns import Column, count_by_page
from portico.control.calls.happenings import Change, Happening
from portico.domain.calls.states import RESULT_LIFE, ResultState
from portico.domain.errors import IllegalTransition

if TYPE_CHECKING:
    from portico.control.calls.core import CallsCore
    from portico.control.transaction import Transaction


RESULT_STATES = max(ResultState) + 1


class Span(msgspec.Struct):
    """The first and the last number that a Session has of something; 0 is none."""

    first: int = 0
    last: int = 0

    def reach(self, first: int, last: int) -> None:
        """Grow to hold these numbers too."""
        self.first = min(self.first, first) if self.first else first
        self.last = max(self.last, last)


class ResultBook:
    """Results by number."""

    def __init__(self, core: CallsCore) -> None:
        self._core = core
        self.result_state = Column("B")
        self.result_session = Column("I")
        self.result_owner = Column("Q")
        self.waiting: dict[int, list[int]] = {}
        self.call_spans: dict[int, Span] = {}
        self.result_spans: dict[int, Span] = {}
        self.result_tallies: dict[int, list[int]] = {}
        self.all_results = [0] * RESULT_STATES
        self._results_on: Counter[int] = Counter()

    # ---- new Results -------------------------------------------------------------------------------------------

    def enter_results(self, tx: Transaction, session: int, first: int, states: array[int]) -> None:
        """Count new Results of a Session as there, under numbers that follow each other from `first` on."""
        self.take_in_results(session, first, states)
        tx.on_undo(partial(self.drop_results, range(first, first + len(states))))

    def take_in_results(self, session: int, first: int, states: array[int]) -> None:
        """Count Results as there."""
        count = len(states)
        self.result_state.fill(first, states)
        self.result_session.fill_one(first, count, session)
        self._count_on_pages(range(first, first + count), 1)
        self._tally(session, Counter(states), 1)
        self.result_spans.setdefault(session, Span()).reach(first, first + count - 1)

    def drop_results(self, numbers: Sequence[int]) -> None:
        """Forget Results whose rows go; a page of which nothing is left goes as a whole."""
        for number in numbers:
            self._tally(self.result_session[number], {self.result_state[number]: 1}, -1)
            self.result_state[number] = 0
            self.result_session[number] = 0
            self.result_owner[number] = 0
            self.waiting.pop(number, None)
        self._count_on_pages(numbers, -1)

    def _tally(self, session: int, states: Mapping[int, int], sign: int) -> None:
        tally = self.result_tallies.setdefault(session, [0] * RESULT_STATES)
        for state, count in states.items():
            tally[state] += sign * count
            self.all_results[state] += sign * count

    def _count_on_pages(self, numbers: Sequence[int], sign: int) -> None:
        for page, count in count_by_page(numbers).items():
            self._results_on[page] += sign * count
            if not self._results_on[page]:
                del self._results_on[page]
                for column in (self.result_state, self.result_session, self.result_owner):
                    column.drop(page)

    def reach_call(self, session: int, first: int, last: int) -> None:
        """Hear of a Session's Calls of these numbers."""
        self.call_spans.setdefault(session, Span()).reach(first, last)

    # ---- states and owners of Results --------------------------------------------------------------------------

    def turn_results(self, tx: Transaction, numbers: Sequence[int], to: ResultState) -> None:
        """Take Results to another state, in memory, and tell those who watch; raises IllegalTransition."""
        states = self.result_state
        befores = states.many(numbers)
        for before in set(befores):
            if not before:
                raise IllegalTransition(f"result {numbers[befores.index(before)]} is not there")
            RESULT_LIFE.advance(ResultState(before), to)
        value = int(to)
        self._set_results(numbers, befores, repeat(value, len(numbers)))
        tx.on_undo(partial(self._set_results, numbers, (value,) * len(numbers), befores))
        watching = self._core.watching
        if watching.any_results:
            mine = zip(numbers, map(self.result_session.__getitem__, numbers), strict=True)
            watching.tell(
                tx,
                [
                    Happening(Change.RESULT_STATE, session, number, value)
                    for number, session in mine
                    if watching.hears_result(session, number)
                ],
            )

    def _set_results(self, numbers: Sequence[int], befores: Sequence[int], afters: Iterable[int]) -> None:
        states, mine, tallies, overall = self.result_state, self.result_session, self.result_tallies, self.all_results
        for number, before, after in zip(numbers, befores, afters, strict=True):
            states[number] = after
            tally = tallies[mine[number]]
            tally[before] -= 1
            tally[after] += 1
            overall[before] -= 1
            overall[after] += 1

    def own(self, tx: Transaction, numbers: Sequence[int], owners: Sequence[int]) -> None:
        """Give Results to Calls, in memory."""
        column = self.result_owner
        befores = column.many(numbers)
        column.put_many(numbers, owners)
        tx.on_undo(partial(column.put_many, numbers, befores))

    # ---- who waits ---------------------------------------------------------------------------------------------

    def await_results(self, tx: Transaction, call: int, results: Sequence[int]) -> None:
        """Note that a Call waits for Results."""
        for result in results:
            self.wait_for(result, call)
        tx.on_undo(partial(self._await_no_more, call, results))

    def wait_for(self, result: int, call: int) -> None:
        """Note that a Call waits for a Result."""
        self.waiting.setdefault(result, []).append(call)

    def _await_no_more(self, call: int, results: Sequence[int]) -> None:
        for result in results:
            calls = self.waiting.get(result, [])
            if call in calls:
                calls.remove(call)
            if not calls:
                self.waiting.pop(result, None)

    def take_waiting(self, tx: Transaction, results: Sequence[int]) -> list[int]:
        """Give the Calls that wait for these Results, each once, and note that nobody does any more."""
        taken = {result: self.waiting.pop(result) for result in results if result in self.waiting}
        if not taken:
            return []
        tx.on_undo(partial(self.waiting.update, taken))
        return list(dict.fromkeys(call for calls in taken.values() for call in calls))
