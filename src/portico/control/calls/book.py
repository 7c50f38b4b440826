"""The book: what control keeps in memory of Sessions, Calls and Results, and the one place that changes their states.

Owns the columns, the tallies, and the lists of who waits for which Result. Promises: no state changes but along an
edge of its life cycle; columns, tallies and rows change together or, when the transaction is given up, not at all; a
Call costs some two hundred bytes until it is final, and nothing once all Calls of its page are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from portico.control.calls.columns import PAGE_BITS, Column, count_by_page
from portico.control.calls.happenings import Change, Happening
from portico.control.calls.links import LinkPages
from portico.control.calls.results_book import RESULT_STATES, ResultBook
from portico.control.calls.sheets import CALLS
from portico.domain.calls.naming import RETRY, Kind
from portico.domain.calls.states import CALL_LIFE, CallState
from portico.domain.calls.values import CallOptions, Links, Session
from portico.domain.errors import IllegalTransition
from portico.store.sheets import Assign

if TYPE_CHECKING:
    from portico.control.calls.core import CallsCore
    from portico.control.transaction import Transaction

STATES = max(CallState) + 1
FINAL = frozenset(int(state) for state in CALL_LIFE.final)
LIVE = frozenset(int(state) for state in CallState) - FINAL

_SUBMITTED = int(CallState.SUBMITTED)


class Book(ResultBook):
    """Sessions, active Calls, and Results by number; see `ResultBook` for the latter."""

    def __init__(self, core: CallsCore) -> None:
        super().__init__(core)
        self.state = Column("B")
        self.session = Column("I")
        self.options = Column("I")
        self.payload = Column("Q")
        self.missing = Column("I")
        self.links = LinkPages()
        self.sessions: dict[int, Session] = {}
        self.clearing: dict[int, int] = {}
        self.tallies: dict[int, list[int]] = {}
        self.all_calls = [0] * STATES
        self.all_sessions: Counter[int] = Counter()
        self.aliases: dict[int, str] = {}
        self._by_alias: dict[str, int] = {}
        self._live: Counter[int] = Counter()
        self._newest = 0
        self._emptied: set[int] = set()

    # ---- looking -----------------------------------------------------------------------------------------------

    def draw(self, kind: Kind, count: int) -> int:
        """Take numbers that nobody else will have; gives the first of `count`."""
        return self._core.numbering.draw(kind, count)

    def options_of(self, number: int) -> CallOptions:
        """Give the options of an active Call."""
        return self._core.options.of(self.options[number])

    def session_of(self, number: int) -> Session:
        """Give the Session of an active Call."""
        return self.sessions[self.session[number]]

    def links_of(self, number: int) -> Links:
        """Give the links of an active Call."""
        return self.links.of(number)

    def text(self, number: int) -> str:
        """Give the text of a Call: of a final one only if it is no retry."""
        return self.aliases.get(number) or self._core.naming.text(Kind.CALL, number)

    def is_live(self, number: int) -> bool:
        """Tell whether a Call is active."""
        return self.state[number] in LIVE

    def find(self, text: str) -> int:
        """Give the number of an active Call by its text; 0 when it is final or unknown."""
        number = self._by_alias.get(text, 0) if RETRY in text else self._core.naming.number(Kind.CALL, text)
        return number if self.state[number] in LIVE else 0

    # ---- Sessions ----------------------------------------------------------------------------------------------

    def put_session(self, tx: Transaction, session: Session, clearing: int) -> None:
        """Have a Session as it stands now, and what is still to be done about it."""
        number = session.number
        before, clearing_before = self.sessions.get(number), self.clearing.get(number, 0)
        self.keep_session(session, clearing)
        if before is None:
            tx.on_undo(partial(self.drop_session, number))
        else:
            tx.on_undo(partial(self.keep_session, before, clearing_before))

    def keep_session(self, session: Session, clearing: int) -> None:
        """Have a Session in memory."""
        before = self.sessions.get(session.number)
        if before is not None:
            self.all_sessions[before.state] -= 1
        self.all_sessions[session.state] += 1
        self.sessions[session.number] = session
        self.tallies.setdefault(session.number, [0] * STATES)
        self.result_tallies.setdefault(session.number, [0] * RESULT_STATES)
        self.clearing.pop(session.number, None)
        if clearing:
            self.clearing[session.number] = clearing

    def drop_session(self, number: int) -> None:
        """Forget a Session, and what Calls it had."""
        self.all_sessions[self.sessions[number].state] -= 1
        for state, count in enumerate(self.tallies[number]):
            self.all_calls[state] -= count
        by_session: tuple[dict[int, Any], ...] = (
            self.sessions,
            self.clearing,
            self.tallies,
            self.result_tallies,
            self.call_spans,
            self.result_spans,
        )
        for kept in by_session:
            kept.pop(number, None)

    def set_tally(self, session: int, state: int, count: int) -> None:
        """Have a Session's Calls in a state counted as rows are."""
        tally = self.tallies.get(session)
        if tally is not None:
            self.all_calls[state] += count - tally[state]
            tally[state] = count

    # ---- new Calls ---------------------------------------------------------------------------------------------

    def admit(self, tx: Transaction, session: int, numbers: Sequence[int], states: Sequence[int]) -> None:
        """Count new Calls of a Session as there, in these states; the other columns are `submission`'s to fill."""
        self.take_in(session, numbers, states)
        tx.on_undo(partial(self._withdraw, session, numbers, states))

    def describe(
        self, numbers: Sequence[int], options: Sequence[int], payloads: Sequence[int], links: Sequence[bytes]
    ) -> None:
        """Fill the columns of Calls that were just admitted; an admission that is undone makes them meaningless."""
        self.options.put_many(numbers, options)
        self.payload.put_many(numbers, payloads)
        self.links.put_many(numbers, links)

    def take_in(self, session: int, numbers: Sequence[int], states: Sequence[int]) -> None:
        """Count Calls as there."""
        self.state.put_many(numbers, states)
        self.session.put_many(numbers, (session,) * len(numbers))
        self._count(session, Counter(states), 1)
        for page, count in count_by_page(numbers).items():
            self._live[page] += count
            self._newest = max(self._newest, page)
        self._drop_emptied()
        self.reach_call(session, min(numbers), max(numbers))

    def _withdraw(self, session: int, numbers: Sequence[int], states: Sequence[int]) -> None:
        for number in numbers:
            self.state[number] = 0
            del self.links[number]
        self._count(session, Counter(states), -1)
        self._live.subtract(count_by_page(numbers))

    def name(self, tx: Transaction, number: int, alias: str) -> None:
        """Give a Call a text that is not made from its number."""
        self.call_by(number, alias)
        tx.on_undo(partial(self._unname, number))

    def call_by(self, number: int, alias: str) -> None:
        """Know a Call by a text that is not made from its number."""
        self.aliases[number] = alias
        self._by_alias[alias] = number

    def _unname(self, number: int) -> None:
        alias = self.aliases.pop(number, None)
        if alias is not None:
            self._by_alias.pop(alias, None)

    # ---- states of Calls ---------------------------------------------------------------------------------------

    def move(
        self, tx: Transaction, number: int, to: CallState, via: tuple[CallState, ...] = (), /, **cells: Any
    ) -> None:
        """Take an active Call to another state, writing these further columns of its row; one write, however many
        states lie between (`via`), each of which watchers are told. Raises IllegalTransition."""
        before = self._live_state(number)
        at = before
        for step in (*via, to):
            at = CALL_LIFE.advance(at, step)
        tx.write(Assign(CALLS.name, ("state", *cells), ((int(to), *cells.values(), number),)))
        session = self.session[number]
        if self._core.watching.hears_call(session, number):
            told = [self._happening(session, number, step, cells) for step in (*via, to)]
            self._core.watching.tell(tx, told)
        self._turn(tx, (number,), (int(before),), int(to))

    def move_many(self, tx: Transaction, numbers: Sequence[int], to: CallState, **cells: Any) -> None:
        """Take active Calls to another state, with the same values for these further columns."""
        if not numbers:
            return
        states = self.state
        befores = states.many(numbers)
        for before in set(befores):
            CALL_LIFE.advance(_known(before, numbers[befores.index(before)]), to)
        values = (int(to), *cells.values())
        tx.write(Assign(CALLS.name, ("state", *cells), [(*values, number) for number in numbers]))
        watching = self._core.watching
        if watching.any_calls:
            mine = zip(numbers, map(self.session.__getitem__, numbers), strict=True)
            watching.tell(
                tx,
                [
                    self._happening(session, number, to, cells)
                    for number, session in mine
                    if watching.hears_call(session, number)
                ],
            )
        self._turn(tx, numbers, befores, int(to))

    def _live_state(self, number: int) -> CallState:
        return _known(self.state[number], number)

    def _happening(self, session: int, number: int, to: CallState, cells: dict[str, Any]) -> Happening:
        pod, host = cells.get("pod") or "", cells.get("host") or ""
        return Happening(Change.CALL_STATE, session, number, int(to), self.text(number), pod=pod, host=host)

    def _turn(self, tx: Transaction, numbers: Sequence[int], befores: Sequence[int], to: int) -> None:
        """Change columns and tallies, and see to it that a transaction given up changes them back."""
        self._set(numbers, befores, repeat(to, len(numbers)))
        tx.on_undo(partial(self._set, numbers, (to,) * len(numbers), befores))
        if to in FINAL:
            self._live.subtract(number >> PAGE_BITS for number in numbers)
            tx.on_undo(partial(self._live.update, [number >> PAGE_BITS for number in numbers]))
            awaited = {self.session[number] for number in numbers} & self.clearing.keys() if self.clearing else ()
            tx.after(partial(self._let_go, numbers, awaited))
        if _SUBMITTED in befores:
            left = [number for number, before in zip(numbers, befores, strict=True) if before == _SUBMITTED]
            self._core.queues.left(tx, left)

    def _set(self, numbers: Sequence[int], befores: Sequence[int], afters: Any) -> None:
        states, mine, tallies, overall = self.state, self.session, self.tallies, self.all_calls
        for number, before, after in zip(numbers, befores, afters, strict=True):
            states[number] = after
            tally = tallies.get(mine[number])
            if tally is not None:
                tally[before] -= 1
                tally[after] += 1
                overall[before] -= 1
                overall[after] += 1

    def _count(self, session: int, states: Counter[int], sign: int) -> None:
        tally = self.tallies.setdefault(session, [0] * STATES)
        for state, count in states.items():
            tally[state] += sign * count
            self.all_calls[state] += sign * count

    # ---- what Calls lack ---------------------------------------------------------------------------------------

    def lack(self, tx: Transaction, call: int, results: Sequence[int]) -> None:
        """Have a Call that was just admitted wait for Results."""
        self.missing[call] = len(results)
        self.await_results(tx, call, results)

    def lack_one_less(self, tx: Transaction, calls: Sequence[int]) -> list[int]:
        """Count one thing that has come for each of these Calls; gives those that lack nothing any more."""
        before = [self.missing[call] for call in calls]
        self._lack(calls, [count - 1 for count in before])
        tx.on_undo(partial(self._lack, calls, before))
        return [call for call, count in zip(calls, before, strict=True) if count == 1]

    def _lack(self, calls: Sequence[int], counts: Sequence[int]) -> None:
        for call, count in zip(calls, counts, strict=True):
            self.missing[call] = count

    # ---- letting go --------------------------------------------------------------------------------------------

    def _let_go(self, numbers: Sequence[int], awaited: Iterable[int]) -> None:
        """Forget what only active Calls need; a page on which no Call is active any more goes as a whole. The Sessions
        `awaited` may have waited for the last of their Calls to end."""
        for number in numbers:
            del self.links[number]
            if number in self.aliases:
                self._unname(number)
            page = number >> PAGE_BITS
            if not self._live[page]:
                self._emptied.add(page)
        self._drop_emptied()
        for session in awaited:
            self._core.clearing.look_again(session)

    def _drop_emptied(self) -> None:
        """Drop pages; the newest one stays, since new Calls come to it."""
        for page in [page for page in self._emptied if page < self._newest]:
            self._emptied.discard(page)
            if self._live[page]:
                continue
            del self._live[page]
            for column in (
                self.state,
                self.session,
                self.options,
                self.payload,
                self.missing,
                self._core.queues.queued,
            ):
                column.drop(page)
            self.links.drop(page)


def _known(state: int, number: int) -> CallState:
    if state not in LIVE:
        raise IllegalTransition(f"call {number} is not active")
    return CallState(state)
