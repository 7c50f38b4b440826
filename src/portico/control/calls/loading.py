"""Loading: the book as the rows tell it, at the start of the server.

Promises: nothing that happened in memory only is missed afterwards: who waits for what, what was to go on and did not
get to, and what was to fail, is worked out anew from states and links.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from portico.control.calls.book import LIVE
from portico.control.calls.decoding import OPTIONS_OF_SESSION, SESSION_FIELDS, session_from
from portico.control.calls.links import decode_links
from portico.control.calls.options import read_options
from portico.control.calls.scanning import every
from portico.control.calls.sheets import CALLS, RESULTS, SESSIONS
from portico.domain.calls.states import CallState, ResultState
from portico.store.port import Operator
from portico.store.sheets import Field, SheetQuery, Test

if TYPE_CHECKING:
    from portico.control.plane import Plane

PAGE = 50_000

_CREATED = int(ResultState.CREATED)
_COMPLETED = int(ResultState.COMPLETED)
_RESULT = tuple(Field(name) for name in ("number", "session", "state", "owner"))
_CALL = tuple(Field(name) for name in ("number", "session", "state", "options", "payload", "links", "alias"))
_CREATED_AT = Field("created_at")


def load(plane: Plane) -> None:
    """Read Sessions, Results, and the Calls that are not final."""
    _load_sessions(plane)
    for rows in _results(plane):
        _take_results(plane, rows)
    for state in sorted(LIVE):
        for rows in _calls(plane, state):
            _take_calls(plane, rows)
    _load_tallies(plane)
    _sort_out_waiting(plane)


def queued(plane: Plane) -> list[int]:
    """Give the Calls that wait for an agent, the oldest first."""
    book = plane.calls.book
    return list(every(book.state, (CallState.SUBMITTED,)))


def _load_sessions(plane: Plane) -> None:
    rows = _rows(plane, SheetQuery(SESSIONS.name), (*SESSION_FIELDS, Field("clearing")))
    numbers = {row[OPTIONS_OF_SESSION] for row in rows}
    options = plane.history.now(lambda reader: read_options(reader, numbers))
    for *cells, clearing in rows:
        plane.calls.book.keep_session(session_from(cells, options.__getitem__), clearing or 0)


def _rows(plane: Plane, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    return plane.history.now(lambda reader: reader.rows(query, fields))


def _results(plane: Plane) -> Iterator[list[tuple[Any, ...]]]:
    """Yield all Results in order of number, some at a time."""
    last = 0
    while True:
        above = (Test(Field("number"), Operator.GT, last),)
        rows = _rows(plane, SheetQuery(RESULTS.name, always=above, limit=PAGE), _RESULT)
        yield rows
        if len(rows) < PAGE:
            return
        last = rows[-1][0]


def _take_results(plane: Plane, rows: Sequence[tuple[Any, ...]]) -> None:
    """Take Results in, at once where numbers of one Session follow each other."""
    book = plane.calls.book
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and rows[end][0] == rows[end - 1][0] + 1 and rows[end][1] == rows[start][1]:
            continue
        group = rows[start:end]
        first, session = group[0][0], group[0][1]
        book.take_in_results(session, first, array("B", map(itemgetter(2), group)))
        book.result_owner.fill(first, array("Q", [row[3] or 0 for row in group]))
        start = end


def _calls(plane: Plane, state: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the Calls in a state in order of creation, some at a time: along the index, so that none is sorted."""
    since, seen = 0, 0
    while True:
        tests = (Test(Field("state"), value=state), Test(_CREATED_AT, Operator.GE, since))
        query = SheetQuery(CALLS.name, always=tests, order=((_CREATED_AT, True),), limit=PAGE, offset=seen)
        rows = _rows(plane, query, (*_CALL, _CREATED_AT))
        yield rows
        if len(rows) < PAGE:
            return
        newest = rows[-1][-1]
        again = sum(row[-1] == newest for row in rows)
        since, seen = newest, again + (seen if newest == since else 0)


def _take_calls(plane: Plane, rows: Sequence[tuple[Any, ...]]) -> None:
    """Take Calls in, at once where those of one Session come together."""
    book = plane.calls.book
    for _, members in groupby(rows, itemgetter(1)):
        numbers, sessions, states, options, payloads, links, aliases, _ = zip(*members, strict=True)
        book.take_in(sessions[0], numbers, states)
        book.describe(numbers, options, payloads, links)
        for number, alias in zip(numbers, aliases, strict=True):
            if alias:
                book.call_by(number, alias)


def _load_tallies(plane: Plane) -> None:
    """Count Calls by Session and state, the final ones too."""
    book = plane.calls.book
    fields = (Field("session"), Field("state"))
    rows: list[tuple[Any, ...]] = plane.history.now(lambda reader: reader.tally(SheetQuery(CALLS.name), fields))
    for session, state, count in rows:
        book.set_tally(session, state, count)


def _sort_out_waiting(plane: Plane) -> None:
    """See what each waiting Call still lacks; move on, or fail, those with which a crash has come in between."""
    book = plane.calls.book
    for number in list(every(book.state, (CallState.PENDING,))):
        needs = dict.fromkeys((book.payload[number], *decode_links(book.links[number]).dependencies))
        lacking = [need for need in needs if book.result_state[need] != _COMPLETED]
        if any(book.result_state[need] != _CREATED for need in lacking):
            plane.calls.clearing.fail_later((number,))
            continue
        book.missing[number] = len(lacking)
        for need in lacking:
            book.wait_for(need, number)
        if not lacking:
            plane.calls.clearing.ready_later((number,))
