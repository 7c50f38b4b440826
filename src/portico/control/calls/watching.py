"""Watching Calls and Results: what has happened to them, told to those who asked, once it is durable.

Owns the open subscriptions. Promises: a subscription hears each change it asked for once, in order; one that falls too
far behind is told so and cut off; changes that nobody asked for cost a look into three dicts and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from portico.control.backlog import LIMIT, Backlog
from portico.control.calls.happenings import Change, Happening

if TYPE_CHECKING:
    from portico.control.transaction import Transaction

_OF_CALLS = frozenset({Change.NEW_CALL, Change.CALL_STATE})

_Places = dict[int, list["Subscription"]]


class Subscription(Backlog[Happening]):
    """What one watcher has asked for."""

    def __init__(self, places: _Places, limit: int = LIMIT) -> None:
        super().__init__(limit)
        self._places = places
        self._numbers: set[int] = set()

    def add(self, numbers: Iterable[int]) -> None:
        """Watch these numbers too."""
        if self.closed:
            return
        for number in set(numbers) - self._numbers:
            self._numbers.add(number)
            self._places.setdefault(number, []).append(self)

    def close(self) -> None:
        """Ask for nothing more; a waiting `take` ends."""
        if self.closed:
            return
        for number in self._numbers:
            listeners = self._places[number]
            listeners.remove(self)
            if not listeners:
                del self._places[number]
        super().close()


class Watching:
    """All subscriptions of one server."""

    def __init__(self) -> None:
        self._sessions: _Places = {}
        self._calls: _Places = {}
        self._results: _Places = {}

    def session(self, number: int) -> Subscription:
        """Watch all Calls and Results of a Session."""
        return self._open(self._sessions, (number,))

    def calls(self, numbers: Iterable[int]) -> Subscription:
        """Watch single Calls."""
        return self._open(self._calls, numbers)

    def results(self, numbers: Iterable[int]) -> Subscription:
        """Watch single Results."""
        return self._open(self._results, numbers)

    def _open(self, places: _Places, numbers: Iterable[int]) -> Subscription:
        subscription = Subscription(places)
        subscription.add(numbers)
        return subscription

    def hears_call(self, session: int, number: int) -> bool:
        """Tell whether anybody wants to hear of a Call."""
        return session in self._sessions or number in self._calls

    def hears_result(self, session: int, number: int) -> bool:
        """Tell whether anybody wants to hear of a Result."""
        return session in self._sessions or number in self._results

    @property
    def any_calls(self) -> bool:
        """Tell whether anybody wants to hear of any Call."""
        return bool(self._sessions or self._calls)

    @property
    def any_results(self) -> bool:
        """Tell whether anybody wants to hear of any Result."""
        return bool(self._sessions or self._results)

    def tell(self, tx: Transaction, happenings: Sequence[Happening]) -> None:
        """Hand these out once the transaction is durable."""
        if happenings:
            tx.after(lambda: self._deliver(happenings))

    def _deliver(self, happenings: Sequence[Happening]) -> None:
        for happening in happenings:
            places = self._calls if happening.change in _OF_CALLS else self._results
            for subscription in (
                *self._sessions.get(happening.session, ()),
                *places.get(happening.number, ()),
            ):
                subscription.offer(happening)

    def close_all(self) -> None:
        """End every subscription: the server stops."""
        for places in (self._sessions, self._calls, self._results):
            for listeners in list(places.values()):
                for subscription in list(listeners):
                    subscription.close()
