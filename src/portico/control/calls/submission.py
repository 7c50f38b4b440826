"""Submission: new Calls of a Session, all of them or none, by the thousand.

Promises: everything a Call names is there and may still come, or nothing is added; a Call whose needs are met is queued
at once, another one waits for exactly what is missing. The cost of a Call is some microseconds and no transaction, so
that a thousand of them are one step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

import msgspec

from portico.control.calls import results
from portico.control.calls.happenings import Change, Happening
from portico.control.calls.links import encode_links
from portico.control.calls.options import merge
from portico.control.calls.sheets import CALLS
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import CallDraft, CallOptions, Links, OptionsPatch, Session
from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.identity import Instant
from portico.store.sheets import Insert

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

MOST_PRIORITY = 100

_PENDING = int(CallState.PENDING)
_CREATED = int(ResultState.CREATED)
_COMPLETED = int(ResultState.COMPLETED)
_UNKNOWN = 0

_UNSET: tuple[None, ...] = (None,) * 11
"""What a new Call's row has after `submitted_at`."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def check(session: Session, merged: Collection[CallOptions], *, client: bool) -> None:
    """Raise Invalid when a Session's Calls may not have these options, then Conflict when it takes none from clients,
    or from workers."""
    for options in merged:
        if options.partition not in session.partitions:
            raise Invalid(f"Partition {options.partition!r} is not one of the session's", field="partition_id")
    for options in merged:
        if options.priority > MOST_PRIORITY:
            raise Invalid(f"Max priority is {MOST_PRIORITY}", field="priority")
    if not (session.client_submission if client else session.worker_submission):
        who = "Client" if client else "Worker"
        raise Conflict(f"Submission for the session is closed: {who} submission is closed")


def add(
    plane: Plane,
    tx: Transaction,
    session_number: int,
    calls: Sequence[tuple[int, CallDraft]],
    *,
    by: int,
    parents: tuple[str, ...],
    now: Instant,
    options: OptionsPatch | None = None,
) -> None:
    """Add Calls to a Session under numbers that were drawn. `by` is the Call whose worker submits them, 0 for a client;
    `options` lie between the Session's and each Call's.

    Raises as `SubmitCalls` says, before anything is changed but the number of stored options.
    """
    if not calls:
        return
    session = plane.calls.book.sessions.get(session_number)
    if session is None:
        raise NotFound(f"Session was not found: {plane.calls.session_text(session_number)}")
    Submission(plane, tx, session, by, parents, now).carry_out(calls, merge(session.defaults, options))


class Submission:
    """One addition of Calls."""

    def __init__(
        self, plane: Plane, tx: Transaction, session: Session, by: int, parents: tuple[str, ...], now: Instant
    ) -> None:
        self._plane = plane
        self._tx = tx
        self._session = session
        self._by = by
        self._parents = parents
        self._now = now
        self._owners: dict[int, int] = {}
        self._missing: dict[int, list[int]] = {}

    def carry_out(self, calls: Sequence[tuple[int, CallDraft]], defaults: CallOptions) -> None:
        """Check everything, then change everything."""
        options = self._options([draft.options for _, draft in calls], defaults)
        states = self._look_at_needs(calls)
        self._look_at_outputs(calls)
        rows = self._rows(calls, options, states)
        self._enter(rows)

    # ---- checks ------------------------------------------------------------------------------------------------

    def _options(self, patches: Sequence[OptionsPatch | None], defaults: CallOptions) -> list[int]:
        """Give the numbers of the merged options; equal patches are merged once."""
        keys = [b"" if patch is None else _encode(patch) for patch in patches]
        distinct = dict(zip(keys, patches, strict=True))
        merged = {key: merge(defaults, patch) for key, patch in distinct.items()}
        check(self._session, merged.values(), client=self._by == 0)
        sets, session = self._plane.calls.options, self._session.number
        numbers = {key: sets.number(self._tx, session, options) for key, options in merged.items()}
        return [numbers[key] for key in keys]

    def _look_at_needs(self, calls: Sequence[tuple[int, CallDraft]]) -> list[int]:
        """Give the state in which each Call begins; note what those lack that must wait."""
        book, session = self._plane.calls.book, self._session.number
        ready = int(CallState.PAUSED if self._session.state is SessionState.PAUSED else CallState.SUBMITTED)
        needs = [draft.payload for _, draft in calls]
        needs += [need for _, draft in calls for need in draft.dependencies]
        found = book.result_state.many(needs)
        if book.result_session.many(needs) != [session] * len(needs) or found != [_COMPLETED] * len(needs):
            self._note_missing(calls)
        missing = self._missing
        return [_PENDING if number in missing else ready for number, _ in calls] if missing else [ready] * len(calls)

    def _note_missing(self, calls: Sequence[tuple[int, CallDraft]]) -> None:
        book, session = self._plane.calls.book, self._session.number
        state, owner = book.result_state, book.result_session
        for number, draft in calls:
            for need in dict.fromkeys((draft.payload, *draft.dependencies)):
                found = state[need] if owner[need] == session else _UNKNOWN
                if found == _COMPLETED:
                    continue
                if found != _CREATED:
                    self._refuse(need, found)
                self._missing.setdefault(number, []).append(need)

    def _refuse(self, need: int, state: int) -> None:
        text = self._plane.calls.result_text(need)
        if state == _UNKNOWN:
            raise NotFound(f"Result was not found: {text}")
        raise Conflict(f"Result status is invalid: {text} is {ResultState(state)}")

    def _look_at_outputs(self, calls: Sequence[tuple[int, CallDraft]]) -> None:
        """Note whose each Result becomes: one that nobody owns, or that the submitting Call does; of several Calls
        that name one, the last has it."""
        book, session, by = self._plane.calls.book, self._session.number, self._by
        outputs = [output for _, draft in calls for output in draft.outputs]
        takers = [number for number, draft in calls for _ in draft.outputs]
        mine = book.result_session.many(outputs)
        if mine != [session] * len(outputs):
            self._refuse(
                next(output for output, owner in zip(outputs, mine, strict=True) if owner != session), _UNKNOWN
            )
        befores = book.result_owner.many(outputs)
        if any(befores):
            free = [before in {0, by} for before in befores]
            self._owners = dict(zip(compress(outputs, free), compress(takers, free), strict=True))
        else:
            self._owners = dict(zip(outputs, takers, strict=True))

    # ---- changes -----------------------------------------------------------------------------------------------

    def _rows(
        self, calls: Sequence[tuple[int, CallDraft]], options: Sequence[int], states: Sequence[int]
    ) -> list[tuple[Any, ...]]:
        session, now, parents = self._session.number, self._now, self._parents
        by = self._plane.calls.book.text(self._by) if self._by else ""
        return [
            (
                number,
                session,
                state,
                option,
                draft.payload,
                encode_links(Links(draft.outputs, draft.dependencies, parents)),
                None,
                None,
                by,
                now,
                None if state == _PENDING else now,
                *_UNSET,
            )
            for (number, draft), option, state in zip(calls, options, states, strict=True)
        ]

    def _enter(self, rows: list[tuple[Any, ...]]) -> None:
        plane, tx, session = self._plane, self._tx, self._session.number
        book, queues = plane.calls.book, plane.calls.queues
        numbers, _, states, options, payloads, links, *_ = zip(*rows, strict=True)
        if any(book.state.many(numbers)) or len(set(numbers)) < len(numbers):
            raise Invalid("a task's number is taken")
        tx.write(Insert(CALLS.name, rows))
        book.admit(tx, session, numbers, states)
        book.describe(numbers, options, payloads, links)
        self._tell_new(rows)
        results.own(plane, tx, session, list(self._owners.items()))
        for number, missing in self._missing.items():
            book.missing[number] = len(missing)
            book.await_results(tx, number, missing)
        self._tell_states(rows)
        if self._session.state is not SessionState.PAUSED:
            waiting = self._missing
            queues.put_many(tx, [number for number in numbers if number not in waiting])

    def _heard(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        watching, session = self._plane.calls.watching, self._session.number
        if not watching.any_calls:
            return []
        return [row for row in rows if watching.hears_call(session, row[0])]

    def _tell_new(self, rows: list[tuple[Any, ...]]) -> None:
        book, told = self._plane.calls.book, []
        for number, session, _, options, payload, links, *_ in self._heard(rows):
            text = book.text(number)
            creating = int(CallState.CREATING)
            told.append(
                Happening(
                    Change.NEW_CALL,
                    session,
                    number,
                    creating,
                    text,
                    payload=payload,
                    initial=text,
                    options=options,
                    links=links,
                )
            )
        self._plane.calls.watching.tell(self._tx, told)

    def _tell_states(self, rows: list[tuple[Any, ...]]) -> None:
        book = self._plane.calls.book
        told = [
            Happening(Change.CALL_STATE, session, number, state, book.text(number))
            for number, session, state, *_ in self._heard(rows)
        ]
        self._plane.calls.watching.tell(self._tx, told)
