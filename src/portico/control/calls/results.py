"""Results: promised, given their data, aborted, and emptied again; and the Calls that waited for them go on.

Promises: a Call becomes ready in the transaction in which the last thing it needed came, or, when very many did at
once, soon after (its row tells, also after a crash); a Result that will never come is ABORTED and whoever waits for it
fails, so that nobody waits for ever.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from portico.control.calls.happenings import Change, Happening
from portico.control.calls.sheets import RESULT_DATA, RESULTS
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import SMALL, Content, ResultDraft
from portico.domain.errors import Invalid, NotFound
from portico.domain.identity import Instant
from portico.store.sheets import Assign, Bulk, Cell, Erase, extend

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction
    from portico.domain.calls.frames import NewResult

    Draft = ResultDraft | NewResult

AT_ONCE = 500
"""Calls that one transaction takes on because of something that happened elsewhere."""

_CREATED = int(ResultState.CREATED)
_COMPLETED = int(ResultState.COMPLETED)
_FILLED = ("state", "completed_at", "completed_by", "size", "opaque", "large")


def create(
    plane: Plane,
    tx: Transaction,
    session: int,
    numbers: Sequence[int],
    drafts: Sequence[Draft],
    by: str = "",
) -> None:
    """Add Results to a Session under numbers that were drawn; `by` is the text of the Call that makes them.

    NotFound unless the Session is there; Invalid for a number that is taken, or data that are too large for a row.
    """
    if not drafts:
        return
    core = plane.calls
    found = core.book.sessions.get(session)
    if found is None or found.state is SessionState.DELETED:
        raise NotFound(f"Session was not found: {core.session_text(session)}")
    contents = [draft.content for draft in drafts]
    for content in contents:
        if content is not None:
            check_inline(content)
    states = array("B", [_CREATED if content is None else _COMPLETED for content in contents])
    _enter(plane, tx, session, numbers, states)
    for state in sorted(set(states)):
        chosen = [place for place, its in enumerate(states) if its == state]
        fill = _promised if state == _CREATED else _filled
        tx.write(fill(session, [numbers[place] for place in chosen], [drafts[place] for place in chosen], by, tx.now))
    data = [(number, content.inline) for number, content in zip(numbers, contents, strict=True) if content is not None]
    _keep_data(plane, tx, session, [(number, inline) for number, inline in data if inline is not None])
    _name_large(plane, tx, contents)
    _tell_new(plane, tx, session, numbers, states)


def _promised(session: int, numbers: Sequence[int], drafts: Sequence[Draft], by: str, now: Instant) -> Bulk:
    shared: dict[str, Cell] = {"session": session, "state": _CREATED, "created_by": by, "completed_by": ""}
    shared |= {"created_at": now, "size": 0}
    return extend(RESULTS, numbers, shared, _described(drafts))


def _filled(session: int, numbers: Sequence[int], drafts: Sequence[Draft], by: str, now: Instant) -> Bulk:
    shared: dict[str, Cell] = {"session": session, "state": _COMPLETED, "created_by": by, "completed_by": by}
    shared |= {"created_at": now, "completed_at": now}
    each = _described(drafts)
    contents = [draft.content for draft in drafts if draft.content is not None]
    each["size"] = [content.size for content in contents]
    each["large"] = [content.large or None for content in contents]
    return extend(RESULTS, numbers, shared, each)


def _described(drafts: Sequence[Draft]) -> dict[str, Sequence[Cell]]:
    return {
        "name": [draft.name for draft in drafts],
        "manual": [int(draft.manual_deletion) for draft in drafts],
    }


def _enter(plane: Plane, tx: Transaction, session: int, numbers: Sequence[int], states: array[int]) -> None:
    """Put new Results into the book, run of numbers by run of numbers."""
    book = plane.calls.book
    if any(book.result_state.many(numbers)):
        raise Invalid("a result's number is taken")
    starts = [0]
    if list(numbers) != list(range(numbers[0], numbers[0] + len(numbers))):
        starts += [at for at in range(1, len(numbers)) if numbers[at] != numbers[at - 1] + 1]
    for start, end in zip(starts, (*starts[1:], len(numbers)), strict=True):
        book.enter_results(tx, session, numbers[start], states[start:end])


def _keep_data(plane: Plane, tx: Transaction, session: int, data: Sequence[tuple[int, bytes]]) -> None:
    if data:
        contents = {"data": [content for _, content in data]}
        tx.write(extend(RESULT_DATA, [number for number, _ in data], {"session": session}, contents))
        tx.after(partial(plane.calls.data.remember, data))


def _name_large(plane: Plane, tx: Transaction, contents: Sequence[Content | None]) -> None:
    """Tell the object store that its objects have found a row."""
    names = [content.large for content in contents if content is not None and content.large]
    if names:
        tx.after(partial(plane.calls.objects.named, names))


def _tell_new(plane: Plane, tx: Transaction, session: int, numbers: Sequence[int], states: Sequence[int]) -> None:
    watching = plane.calls.watching
    if watching.any_results:
        told = [
            Happening(Change.NEW_RESULT, session, number, state)
            for number, state in zip(numbers, states, strict=True)
            if watching.hears_result(session, number)
        ]
        watching.tell(tx, told)


# ---- data --------------------------------------------------------------------------------------------------


def complete(
    plane: Plane, tx: Transaction, number: int, content: Content, by: str = "", opaque: bytes | None = None
) -> None:
    """Give a Result its data, whatever its state was, and let those go on who waited for it. `by` is the text of the
    Call that brought them; `opaque` the id under which they were imported."""
    core = plane.calls
    session = session_of(plane, number)
    check_inline(content)
    overwritten = core.book.result_state[number] != _CREATED
    core.book.turn_results(tx, (number,), ResultState.COMPLETED)
    values = (_COMPLETED, tx.now, by, content.size, opaque, content.large or None)
    tx.write(Assign(RESULTS.name, _FILLED, ((*values, number),)))
    if overwritten:
        tx.write(Erase(RESULT_DATA.name, (number,)))
        tx.after(lambda: core.data.forget((number,)))
    if content.inline is not None:
        _keep_data(plane, tx, session, [(number, content.inline)])
    _name_large(plane, tx, (content,))
    release(plane, tx, number)


def session_of(plane: Plane, number: int) -> int:
    """Give the Session of a Result; raises NotFound."""
    session = plane.calls.book.result_session[number]
    if not session:
        raise NotFound(f"Result was not found: {plane.calls.result_text(number)}")
    return session


def release(plane: Plane, tx: Transaction, number: int) -> None:
    """Let the Calls go on that waited for this Result and now for nothing any more."""
    book = plane.calls.book
    waiting = [call for call in book.take_waiting(tx, (number,)) if book.state[call] == CallState.PENDING]
    if not waiting:
        return
    complete_now = book.lack_one_less(tx, waiting)
    ready(plane, tx, complete_now[:AT_ONCE])
    if len(complete_now) > AT_ONCE:
        tx.after(partial(plane.calls.clearing.ready_later, complete_now[AT_ONCE:]))


def ready(plane: Plane, tx: Transaction, calls: Sequence[int]) -> None:
    """Move Calls that lack nothing from PENDING on: to the queue, or to where their paused Session's are."""
    book, queues = plane.calls.book, plane.calls.queues
    waiting = [call for call in calls if book.state[call] == CallState.PENDING]
    paused = {call for call in waiting if book.session_of(call).state is SessionState.PAUSED}
    queued = [call for call in waiting if call not in paused] if paused else waiting
    book.move_many(tx, [call for call in waiting if call in paused], CallState.PAUSED, submitted_at=tx.now)
    if queued:
        book.move_many(tx, queued, CallState.SUBMITTED, submitted_at=tx.now)
        queues.put_many(tx, queued)


# ---- ends --------------------------------------------------------------------------------------------------


def abort(plane: Plane, tx: Transaction, numbers: Sequence[int]) -> None:
    """Give up Results that are CREATED; who waits for them fails, and so on, in slices beyond AT_ONCE."""
    book = plane.calls.book
    room = AT_ONCE
    falling = list(numbers)
    while falling:
        book.turn_results(tx, falling, ResultState.ABORTED)
        row = (int(ResultState.ABORTED), tx.now)
        tx.write(Assign(RESULTS.name, ("state", "completed_at"), [(*row, number) for number in falling]))
        doomed = book.take_waiting(tx, falling)
        now_failing, later = doomed[:room], doomed[room:]
        room -= len(now_failing)
        if later:
            tx.after(partial(plane.calls.clearing.fail_later, later))
        falling = fail_waiting(plane, tx, now_failing)


def fail_waiting(plane: Plane, tx: Transaction, calls: Sequence[int]) -> list[int]:
    """End Calls that are PENDING and lack what will never come; gives the Results that they owned, now doomed."""
    book = plane.calls.book
    ending = [call for call in calls if book.state[call] == CallState.PENDING]
    by_reason: dict[str, list[int]] = {}
    for call in ending:
        by_reason.setdefault(_reason(plane, call), []).append(call)
    doomed = [result for call in ending for result in promised(plane, call)]
    for reason, group in by_reason.items():
        book.move_many(tx, group, CallState.ERROR, ended_at=tx.now, error=reason)
    return doomed


def _reason(plane: Plane, call: int) -> str:
    book = plane.calls.book
    for result in (book.payload[call], *book.links_of(call).dependencies):
        if book.result_state[result] not in {_CREATED, _COMPLETED}:
            return f"Result {plane.calls.result_text(result)}, which this task depends on, was aborted"
    return "A result which this task depends on was aborted"


def promised(plane: Plane, call: int) -> list[int]:
    """Give the Results that an active Call owns and has not brought."""
    book = plane.calls.book
    return [
        result
        for result in dict.fromkeys(book.links_of(call).outputs)
        if book.result_owner[result] == call and book.result_state[result] == _CREATED
    ]


def empty(plane: Plane, tx: Transaction, numbers: Sequence[int]) -> None:
    """Let go of the data of Results, whatever their state but DELETED; who still waits for one fails."""
    book = plane.calls.book
    gone = [number for number in numbers if book.result_state[number] not in {0, ResultState.DELETED}]
    if not gone:
        return
    book.turn_results(tx, gone, ResultState.DELETED)
    row = (int(ResultState.DELETED), None, None)
    tx.write(Assign(RESULTS.name, ("state", "opaque", "large"), [(*row, number) for number in gone]))
    tx.write(Erase(RESULT_DATA.name, gone))
    tx.after(lambda: plane.calls.data.forget(gone))
    doomed = book.take_waiting(tx, gone)
    if doomed:
        abort(plane, tx, fail_waiting(plane, tx, doomed[:AT_ONCE]))
    if len(doomed) > AT_ONCE:
        tx.after(partial(plane.calls.clearing.fail_later, doomed[AT_ONCE:]))


# ---- owners ------------------------------------------------------------------------------------------------


def own(plane: Plane, tx: Transaction, session: int, numbers: Sequence[int], owners: Sequence[int]) -> None:
    """Give Results to Calls: to each the one at its place."""
    if not numbers:
        return
    book, watching = plane.calls.book, plane.calls.watching
    if watching.any_results:
        told = [
            Happening(
                Change.RESULT_OWNER,
                session,
                number,
                book.result_state[number],
                owner=book.text(owner),
                before=book.text(book.result_owner[number]) if book.result_owner[number] else "",
            )
            for number, owner in zip(numbers, owners, strict=True)
            if watching.hears_result(session, number)
        ]
        watching.tell(tx, told)
    book.own(tx, numbers, owners)
    tx.write(Assign(RESULTS.name, ("owner",), list(zip(owners, numbers, strict=True))))


def check_inline(content: Content) -> None:
    """Raise Invalid unless inline data are small and as long as they say, and large ones have a name."""
    if content.inline is None:
        if not content.large:
            raise Invalid("a content has data or names them")
    elif len(content.inline) != content.size or content.size > SMALL:
        raise Invalid(f"{len(content.inline)} bytes cannot lie in a row as {content.size}")
