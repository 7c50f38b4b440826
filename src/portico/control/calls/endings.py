"""How Calls end: completed, failed, cancelled, or failed and tried again as new Calls.

Promises: a Call ends once; whatever it leaves behind is settled in the same transaction (its promised Results are
ABORTED and whoever waits for them fails, or the next try takes them over); only a Call that COMPLETED may leave a
Result that it promised as CREATED, and that is logged, though not a thousand times over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from portico.control.calls import results
from portico.control.calls.happenings import Change, Happening
from portico.control.calls.links import encode_links
from portico.control.calls.sheets import CALLS
from portico.domain.calls.naming import RETRY, Kind
from portico.domain.calls.states import CALL_LIFE, CallState, SessionState
from portico.domain.calls.values import Links
from portico.store.sheets import Insert

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)

SAID_EVERY = 1_000
"""Of the Calls of a Session that complete without their outputs, the first is logged, and every so manieth."""

SESSIONS_COUNTED = 1_000

_HELD = frozenset({int(CallState.DISPATCHED), int(CallState.PROCESSING)})
_CANCELLING = int(CallState.CANCELLING)


class Unbrought:
    """How many Calls have completed without their outputs, for the Sessions in which one did most recently."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def count(self, session: int) -> int:
        """Count one more; gives how many there are."""
        count = self._counts.pop(session, 0) + 1
        self._counts[session] = count
        if len(self._counts) > SESSIONS_COUNTED:
            del self._counts[next(iter(self._counts))]
        return count


def complete(plane: Plane, tx: Transaction, number: int, **cells: Any) -> None:
    """End a Call that a worker has answered ok; what it brought is put in place before. `cells` are columns of it.

    Raises IllegalTransition for one that is being cancelled: that ends by `fail`.
    """
    book = plane.calls.book
    missing = results.promised(plane, number)
    if missing:
        count = plane.calls.agents.rounds.unbrought.count(book.session[number])
        if count == 1 or count % SAID_EVERY == 0:
            _say_missing(plane, number, missing, count)
    _end(plane, tx, number, CallState.COMPLETED, {"error": "", "ended_at": tx.now, **cells})


def _say_missing(plane: Plane, number: int, missing: Sequence[int], count: int) -> None:
    calls = plane.calls
    _log.warning(
        "task completed without its outputs",
        task=calls.book.text(number),
        missing=len(missing),
        results=[calls.result_text(result) for result in missing[:10]],
        session=calls.session_text(calls.book.session[number]),
        such_tasks=count,
    )


def fail(plane: Plane, tx: Transaction, number: int, to: CallState, error: str | None, **cells: Any) -> None:
    """End a Call without success: ERROR, TIMEOUT or CANCELLED. One that is being cancelled is CANCELLED in any case.

    `error` is what clients are told; "" or None is nothing, for that would be success.
    Its promised Results are ABORTED; who waits for those fails too, and so on, in slices where that is many.
    """
    book = plane.calls.book
    doomed = results.promised(plane, number)
    cells = {"error": error or None, "ended_at": tx.now, **cells}
    if book.state[number] == _CANCELLING:
        to = CallState.CANCELLED
        del cells["ended_at"]  # set when the cancelling began
    _end(plane, tx, number, to, cells)
    results.abort(plane, tx, doomed)


def _end(plane: Plane, tx: Transaction, number: int, to: CallState, cells: dict[str, Any]) -> None:
    before = CallState(plane.calls.book.state[number])
    way = _way(before, to, began=bool(cells.get("started_at")))
    plane.calls.book.move(tx, number, to, way, **cells)


def _way(before: CallState, to: CallState, *, began: bool) -> tuple[CallState, ...]:
    """Name the states that a Call passed between what is known of it and its end."""
    if before is CallState.DISPATCHED and began and to is not CallState.CANCELLED:
        return (CallState.PROCESSING,)
    if (before, to) in CALL_LIFE.edges:
        return ()
    for between in (CallState.PROCESSING, CallState.CANCELLING):
        if (before, between) in CALL_LIFE.edges and (between, to) in CALL_LIFE.edges:
            return (between,)
    return ()


def retry(plane: Plane, tx: Transaction, number: int, error: str, **cells: Any) -> int:
    """End a Call that met with an accident, and try it again as a new one while its options allow; ERROR otherwise.

    Gives the new Call's number, 0 when there is none. The next try has the text `<first>###<n>`, all that the failed
    one had, and its promised Results. One that is being cancelled is CANCELLED.
    """
    book = plane.calls.book
    options = book.options_of(number)
    links = book.links_of(number)
    if book.state[number] == _CANCELLING:
        fail(plane, tx, number, CallState.CANCELLED, error, **cells)
        return 0
    if len(links.retry_of) >= options.max_retries:
        fail(plane, tx, number, CallState.ERROR, error, **cells)
        return 0
    fresh = _clone(plane, tx, number, links)
    _end(plane, tx, number, CallState.RETRIED, {"error": error, "ended_at": tx.now, **cells})
    if book.state[fresh] == CallState.SUBMITTED:
        plane.calls.queues.put(tx, fresh)
    return fresh


def _clone(plane: Plane, tx: Transaction, number: int, links: Links) -> int:
    """Add the next try of a Call, and hand its promised Results over to it."""
    book = plane.calls.book
    session = book.session[number]
    former = book.text(number)
    initial = links.retry_of[0] if links.retry_of else former
    fresh = book.draw(Kind.CALL, 1)
    alias = f"{initial}{RETRY}{len(links.retry_of) + 1}"
    paused = book.sessions[session].state is SessionState.PAUSED
    state = CallState.PAUSED if paused else CallState.SUBMITTED
    encoded = encode_links(Links(links.outputs, links.dependencies, links.parents, (*links.retry_of, former)))
    payload, options = book.payload[number], book.options[number]
    row = (fresh, session, int(state), options, payload, encoded, alias, initial, former, tx.now, tx.now)
    tx.write(Insert(CALLS.name, ((*row, *(None,) * (len(CALLS.columns) + 1 - len(row))),)))
    book.admit(tx, session, (fresh,), (int(state),))
    book.name(tx, fresh, alias)
    book.links[fresh], book.payload[fresh], book.options[fresh] = encoded, payload, options
    watching = plane.calls.watching
    if watching.hears_call(session, fresh):
        new = Happening(
            Change.NEW_CALL,
            session,
            fresh,
            int(CallState.CREATING),
            alias,
            payload=payload,
            initial=initial,
            options=options,
            links=encoded,
        )
        watching.tell(tx, (new, Happening(Change.CALL_STATE, session, fresh, int(state), alias)))
    promised = results.promised(plane, number)
    results.own(plane, tx, session, promised, [fresh] * len(promised))
    return fresh


def cancel(plane: Plane, tx: Transaction, numbers: Sequence[int], *, abandon: bool = True) -> None:
    """Cancel active Calls: those that no agent has end at once, the others when their agents have let go of them.

    With `abandon`, the promised Results of those that end are ABORTED at once; else the caller sees to that.
    """
    book = plane.calls.book
    active = [number for number in numbers if book.is_live(number) and book.state[number] != _CANCELLING]
    held = [number for number in active if book.state[number] in _HELD]
    ending = [number for number in active if book.state[number] not in _HELD]
    doomed = [result for number in ending for result in results.promised(plane, number)] if abandon else []
    book.move_many(tx, ending, CallState.CANCELLED, ended_at=tx.now)
    book.move_many(tx, held, CallState.CANCELLING, ended_at=tx.now)
    for number in held:
        plane.calls.agents.withdraw(tx, number)
    if doomed:
        results.abort(plane, tx, doomed)
