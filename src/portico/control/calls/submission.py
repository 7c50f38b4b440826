"""Submission: new Calls of a Session, all of them or none, by the thousand.

Promises: everything a Call names is there and may still come, or nothing is added; a Call whose needs are met is queued
at once, another one waits for exactly what is missing. The cost of a Call is some microseconds and no transaction, so
that a thousand of them are one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, compress, repeat
from typing import TYPE_CHECKING

import msgspec

from portico.control.calls import results
from portico.control.calls.columns import stretch
from portico.control.calls.happenings import Change, Happening
from portico.control.calls.links import encode_siblings
from portico.control.calls.options import merge
from portico.control.calls.sheets import CALLS
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import CallDraft, CallOptions, OptionsPatch, Session
from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.identity import Instant
from portico.store.sheets import Cell, extend

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction
    from portico.domain.calls.frames import NewCall

MOST_PRIORITY = 100

_PENDING = int(CallState.PENDING)
_CREATED = int(ResultState.CREATED)
_COMPLETED = int(ResultState.COMPLETED)
_UNKNOWN = 0

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def add(
    plane: Plane,
    tx: Transaction,
    session_number: int,
    calls: Sequence[tuple[int, CallDraft | NewCall]],
    *,
    by: int,
    parents: tuple[str, ...],
    now: Instant,
) -> None:
    """Add Calls to a Session under numbers that were drawn. `by` is the Call whose worker submits them, 0 for a client.

    Raises as `SubmitCalls` says, before anything is changed but the number of stored options.
    """
    if calls:
        submission = Submission(plane, session_number, by, parents, None)
        drafts = [draft for _, draft in calls]
        submission.take(
            [number for number, _ in calls],
            [draft.payload for draft in drafts],
            [draft.outputs for draft in drafts],
            [draft.dependencies for draft in drafts],
            [draft.options for draft in drafts],
        )
        submission.commit(tx, now)


class Submission:
    """One addition of Calls: taken in slice by slice, which looks at no state, then committed in one step."""

    def __init__(
        self, plane: Plane, session: int, by: int, parents: tuple[str, ...], options: OptionsPatch | None
    ) -> None:
        """Begin; `options` lie between the Session's and each Call's."""
        self._plane = plane
        self._number = session
        self._by = by
        self._parents = parents
        self._options = options
        self._numbers: list[int] = []
        self._sets: list[bytes] = []
        self._patches: dict[bytes, OptionsPatch | None] = {}
        self._payloads: list[int] = []
        self._needs: list[int] = []
        self._needing: list[int] = []
        self._owners: dict[int, int] = {}
        self._links: list[bytes] = []

    def take(
        self,
        numbers: Sequence[int],
        payloads: Sequence[int],
        outputs: Sequence[tuple[int, ...]],
        needs: Sequence[tuple[int, ...]],
        options: Sequence[OptionsPatch | None],
    ) -> None:
        """Take in some more Calls: one of each for every Call."""
        self._numbers += numbers
        self._payloads += payloads
        self._owners.update(zip(chain.from_iterable(outputs), _repeated(numbers, outputs), strict=True))
        self._needs += chain.from_iterable(needs)
        self._needing += _repeated(numbers, needs)
        self._links += encode_siblings(outputs, needs, self._parents)
        self.take_options(options)

    def take_options(self, options: Sequence[OptionsPatch | None]) -> None:
        """Take in the options of some more Calls."""
        for patch in options:
            key = b"" if patch is None else _encode(patch)
            self._patches[key] = patch
            self._sets.append(key)

    def check(self) -> None:
        """Raise what is wrong with the Session or the options, if anything is; needs and outputs are not looked at."""
        self._merged(self._session())

    def commit(self, tx: Transaction, now: Instant) -> None:
        """Check everything, then change everything."""
        whole = stretch(self._numbers) or self._numbers
        session = self._session()
        merged = self._merged(session)
        missing = self._look_at_needs()
        owners = self._look_at_outputs()
        sets = self._plane.calls.options
        numbers = {key: sets.number(tx, session.number, options) for key, options in merged.items()}
        options = [*numbers.values()] * len(whole) if len(numbers) == 1 else [numbers[key] for key in self._sets]
        paused = session.state is SessionState.PAUSED
        ready = int(CallState.PAUSED if paused else CallState.SUBMITTED)
        states = [ready] * len(whole)
        if missing:
            states = [_PENDING if number in missing else ready for number in self._numbers]
        self._insert(tx, whole, states, options, now)
        self._tell_new(tx, options)
        results.own(self._plane, tx, session.number, list(owners), list(owners.values()))
        for number, lacking in missing.items():
            self._plane.calls.book.lack(tx, number, lacking)
        self._tell_states(tx, states)
        if not paused:
            queued = [number for number in self._numbers if number not in missing] if missing else whole
            self._plane.calls.queues.put_many(tx, queued)

    # ---- checks ------------------------------------------------------------------------------------------------

    def _session(self) -> Session:
        session = self._plane.calls.book.sessions.get(self._number)
        if session is None or session.state is SessionState.DELETED:
            raise NotFound(f"Session was not found: {self._plane.calls.session_text(self._number)}")
        return session

    def _merged(self, session: Session) -> dict[bytes, CallOptions]:
        """Merge each distinct patch; raise Invalid for options that a Session's Calls may not have, then Conflict when
        it takes none from clients, or from workers."""
        defaults = merge(session.defaults, self._options)
        merged = {key: merge(defaults, patch) for key, patch in self._patches.items()}
        for options in merged.values():
            if options.partition not in session.partitions:
                raise Invalid(f"Partition {options.partition!r} is not one of the session's", field="partition_id")
        for options in merged.values():
            if options.priority > MOST_PRIORITY:
                raise Invalid(f"Max priority is {MOST_PRIORITY}", field="priority")
        if not (session.worker_submission if self._by else session.client_submission):
            who = "Worker" if self._by else "Client"
            raise Conflict(f"Submission for the session is closed: {who} submission is closed")
        return merged

    def _look_at_needs(self) -> dict[int, list[int]]:
        """Give what each Call lacks that must wait."""
        book, count = self._plane.calls.book, len(self._payloads) + len(self._needs)
        needs = [*self._payloads, *self._needs]
        states = book.result_state.many(needs)
        mine = book.result_session.many(needs)
        missing: dict[int, dict[int, None]] = {}
        if mine == [self._number] * count and states == [_COMPLETED] * count:
            return {}
        for call, need, state, session in zip((*self._numbers, *self._needing), needs, states, mine, strict=True):
            found = state if session == self._number else _UNKNOWN
            if found == _CREATED:
                missing.setdefault(call, {})[need] = None
            elif found != _COMPLETED:
                self._refuse(need, found)
        return {call: list(lacking) for call, lacking in missing.items()}

    def _refuse(self, need: int, state: int) -> None:
        text = self._plane.calls.result_text(need)
        if state == _UNKNOWN:
            raise NotFound(f"Result was not found: {text}")
        raise Conflict(f"Result status is invalid: {text} is {ResultState(state)}")

    def _look_at_outputs(self) -> dict[int, int]:
        """Give whose each Result becomes: one that nobody owns, or that the submitting Call does; of several Calls that
        name one, the last has it."""
        book, by, outputs = self._plane.calls.book, self._by, list(self._owners)
        mine = book.result_session.many(outputs)
        if mine != [self._number] * len(outputs):
            self._refuse(next(out for out, session in zip(outputs, mine, strict=True) if session != self._number), 0)
        befores = book.result_owner.many(outputs)
        if not any(befores):
            return self._owners
        return dict(compress(self._owners.items(), [before in {0, by} for before in befores]))

    # ---- changes -----------------------------------------------------------------------------------------------

    def _insert(
        self, tx: Transaction, numbers: Sequence[int], states: list[int], options: list[int], now: Instant
    ) -> None:
        book, session = self._plane.calls.book, self._number
        if any(book.state.many(numbers)) or (not isinstance(numbers, range) and len(set(numbers)) < len(numbers)):
            raise Invalid("a task's number is taken")
        by = book.text(self._by) if self._by else ""
        shared: dict[str, Cell] = {"session": session, "created_by": by, "created_at": now}
        each: dict[str, Sequence[Cell]] = {
            "state": states,
            "options": options,
            "payload": self._payloads,
            "links": self._links,
        }
        if _PENDING in states:
            each["submitted_at"] = [None if state == _PENDING else now for state in states]
        else:
            shared["submitted_at"] = now
        tx.write(extend(CALLS, numbers, shared, each))
        book.admit(tx, session, numbers, states)
        book.describe(numbers, options, self._payloads, self._links)

    def _tell_new(self, tx: Transaction, options: list[int]) -> None:
        watching, text = self._plane.calls.watching, self._plane.calls.book.text
        if not watching.any_calls:
            return
        new, session, creating = Change.NEW_CALL, self._number, int(CallState.CREATING)
        cells = zip(self._numbers, options, self._payloads, self._links, strict=True)
        told = [
            Happening(new, session, number, creating, name, payload=payload, initial=name, options=option, links=links)
            for number, option, payload, links in cells
            if watching.hears_call(session, number) and (name := text(number))
        ]
        watching.tell(tx, told)

    def _tell_states(self, tx: Transaction, states: list[int]) -> None:
        watching, text = self._plane.calls.watching, self._plane.calls.book.text
        if not watching.any_calls:
            return
        session = self._number
        told = [
            Happening(Change.CALL_STATE, session, number, state, text(number))
            for number, state in zip(self._numbers, states, strict=True)
            if watching.hears_call(session, number)
        ]
        watching.tell(tx, told)


def _repeated(numbers: Sequence[int], groups: Sequence[tuple[int, ...]]) -> Iterable[int]:
    """Give each number as often as its group has members."""
    return chain.from_iterable(map(repeat, numbers, map(len, groups)))
