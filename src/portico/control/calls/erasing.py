"""Erasing a Session: its rows, its columns, its data and its files, slice by slice, itself last.

Promises: whatever is left after a crash is found by the Session's row, which goes last; a step erases
some hundred rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.calls.book import LIVE
from portico.control.calls.happenings import Change, Happening
from portico.control.calls.objects import remove_unnamed
from portico.control.calls.results import AT_ONCE
from portico.control.calls.scanning import scan
from portico.control.calls.sheets import CALLS, OPTIONS, RESULT_DATA, RESULTS, SESSIONS
from portico.domain.calls.states import ResultState
from portico.store.sheets import Erase, EraseWhere, Field, SheetQuery, Test

if TYPE_CHECKING:
    from portico.control.plane import Plane

_EVERY = range(1, max(ResultState) + 1)


async def erase_session(plane: Plane, number: int) -> bool:
    """Erase the next slice of a Session that is DELETED and whose Calls were cancelled; tells whether more may be left.

    As long as an agent has one of its Calls, only data go; when the last of them has ended, the book asks again.
    """
    if await _erase_results(plane, number):
        return True
    tally = plane.calls.book.tallies[number]
    if any(tally[state] for state in LIVE):
        return False
    return (
        await _erase_rows(plane, CALLS.name, number)
        or await _erase_rows(plane, OPTIONS.name, number)
        or await _erase_itself(plane, number)
    )


async def _erase_results(plane: Plane, number: int) -> bool:
    book = plane.calls.book
    span = book.result_spans.get(number)
    if span is None:
        return False
    found = scan(book.result_session, book.result_state, number, _EVERY, span, after=span.first - 1, limit=AT_ONCE)
    if found.after:
        span.first = found.after + 1
    if not found.numbers:
        return bool(found.after)
    numbers = found.numbers
    await plane.committer.settled(plane.committer.revision)
    rows = await plane.history.later(lambda reader: reader.rows_by_number(RESULTS.name, numbers, ("large",)))
    with plane.begin() as tx:
        tx.write(Erase(RESULT_DATA.name, numbers))
        tx.write(Erase(RESULTS.name, numbers))
        watching = plane.calls.watching
        gone = int(ResultState.DELETED)
        told = [result for result in numbers if watching.hears_result(number, result)]
        watching.tell(tx, [Happening(Change.RESULT_STATE, number, result, gone) for result in told])
    book.drop_results(numbers)
    plane.calls.data.forget(numbers)
    await plane.committer.settled(tx.revision)
    await remove_unnamed(plane, [str(large) for _, large in rows if large])
    return True


async def _erase_rows(plane: Plane, sheet: str, number: int) -> bool:
    """Erase rows of a sheet that are a Session's; tells whether there were any."""
    one = SheetQuery(sheet, always=(Test(Field("session"), value=number),), limit=1)
    if not await plane.history.later(lambda reader: reader.rows(one, (Field("number"),))):
        return False
    with plane.begin() as tx:
        tx.write(EraseWhere(sheet, "session", number, AT_ONCE))
    await plane.committer.settled(tx.revision)
    return True


async def _erase_itself(plane: Plane, number: int) -> bool:
    with plane.begin() as tx:
        tx.write(Erase(SESSIONS.name, (number,)))
    await plane.committer.settled(tx.revision)
    plane.calls.book.drop_session(number)
    return False
