"""Asking: how each query about Sessions, Calls and Results is answered, always from durable state.

Promises: an answer shows everything that was committed before the question; a Session that is being deleted, and all of
it, is not there any more; rows are read and decoded in threads; totals that the tallies know cost no look at rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from portico.control.calls import sessions, totals
from portico.control.calls.decoding import (
    CALL_FIELDS,
    OPTIONS_OF_CALL,
    OPTIONS_OF_SESSION,
    RESULT_FIELDS,
    SESSION_FIELDS,
    OptionsOf,
    call_from,
    result_from,
    session_from,
)
from portico.control.calls.options import read_options
from portico.control.calls.queries import (
    CountByState,
    FindCalls,
    FindResults,
    GetCall,
    GetResult,
    GetSession,
    ListCalls,
    Listed,
    ListPartitions,
    ListResults,
    ListSessions,
    ReadContent,
    TallyCalls,
)
from portico.control.calls.sheets import CALLS, RESULT_DATA, RESULTS
from portico.domain.calls.naming import RETRY, Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import Call, CallOptions, Partition, Result, Session
from portico.domain.errors import Exhausted, NotFound
from portico.store.port import Operator, Reader
from portico.store.sheets import Cell, Field, SheetQuery, Test

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.control.extensions import Handler
    from portico.control.plane import Plane
    from portico.control.queries import Query

IDS_AT_ONCE = 5_000
"""Ids of one statement."""

MOST_ROWS = 200_000
"""In one page: about as many as an answer can hold."""

_NUMBER = Field("number")
_ALIAS = Field("alias")
_SESSION = Field("session")
_STATE = Field("state")

_Found = TypeVar("_Found")


def handlers(plane: Plane) -> dict[type[Command | Query], Handler]:
    """Give what answers each query."""
    return {
        GetSession: lambda query: get_session(plane, query),
        GetCall: lambda query: get_call(plane, query),
        GetResult: lambda query: get_result(plane, query),
        FindCalls: lambda query: find_calls(plane, query),
        FindResults: lambda query: find_results(plane, query),
        ListSessions: lambda query: list_sessions(plane, query),
        ListCalls: lambda query: list_calls(plane, query),
        ListResults: lambda query: list_results(plane, query),
        TallyCalls: lambda query: tally_calls(plane, query),
        CountByState: lambda query: count_by_state(plane, query),
        ReadContent: lambda query: read_content(plane, query),
        ListPartitions: lambda _: list_partitions(plane),
    }


async def _read(plane: Plane, read: Callable[[Reader], _Found]) -> _Found:
    """Read rows that are as new as what was committed before."""
    await plane.committer.settled(plane.committer.revision)
    return await plane.history.later(read)


# ---- single ones -----------------------------------------------------------------------------------------------


async def get_session(plane: Plane, query: GetSession) -> Session:
    """Give one Session; raises NotFound."""
    session = sessions.find(plane, query.id)
    await plane.committer.settled(plane.committer.revision)
    return session


async def get_call(plane: Plane, query: GetCall) -> Call:
    """Give one Call; raises NotFound."""
    found = await find_calls(plane, FindCalls((query.id,)))
    if not found:
        raise NotFound(f"Task was not found: {query.id}")
    return found[0]


async def get_result(plane: Plane, query: GetResult) -> Result:
    """Give one Result; raises NotFound."""
    found = await find_results(plane, FindResults((query.id,)))
    if not found:
        raise NotFound(f"Result was not found: {query.id}")
    return found[0]


async def find_calls(plane: Plane, query: FindCalls) -> list[Call]:
    """Give the Calls of these ids that exist, in order."""
    tests = _tests_of_calls(plane, query.ids)
    calls = await _read(plane, lambda reader: [call for test in tests for call in _calls(plane, reader, test)])
    return _in_order(query.ids, {call.id: call for call in calls})


async def known_calls(plane: Plane, ids: Sequence[str]) -> set[str]:
    """Tell which of these ids name Calls."""
    return {call.id for call in await find_calls(plane, FindCalls(tuple(ids)))}


def _tests_of_calls(plane: Plane, ids: Sequence[str]) -> list[Test]:
    naming = plane.calls.naming
    numbers = [naming.number(Kind.CALL, text) for text in ids]
    return [
        *_any_of(_NUMBER, [number for number in numbers if number]),
        *_any_of(_ALIAS, [text for text in ids if RETRY in text]),
    ]


def _any_of(field: Field, values: Sequence[str | int]) -> list[Test]:
    distinct = list(dict.fromkeys(values))
    parts = (distinct[start : start + IDS_AT_ONCE] for start in range(0, len(distinct), IDS_AT_ONCE))
    return [Test(field, any_of=tuple(part)) for part in parts]


async def find_results(plane: Plane, query: FindResults) -> list[Result]:
    """Give the Results of these ids that exist, in order."""
    naming = plane.calls.naming
    numbers = [naming.number(Kind.RESULT, text) for text in query.ids]
    tests = _any_of(_NUMBER, [number for number in numbers if number])
    found = await _read(plane, lambda reader: [result for test in tests for result in _results(plane, reader, test)])
    by_number = {result.number: result for result in found}
    return [by_number[number] for number in dict.fromkeys(numbers) if number in by_number]


def _in_order(ids: Sequence[str], found: dict[str, _Found]) -> list[_Found]:
    return [found[text] for text in dict.fromkeys(ids) if text in found]


def _calls(plane: Plane, reader: Reader, test: Test) -> list[Call]:
    return _decode_calls(
        plane, reader, reader.rows(_visible(plane, SheetQuery(CALLS.name, always=(test,))), CALL_FIELDS)
    )


def _results(plane: Plane, reader: Reader, test: Test) -> list[Result]:
    rows = reader.rows(_visible(plane, SheetQuery(RESULTS.name, always=(test,))), RESULT_FIELDS)
    return [result_from(row, plane.calls.naming) for row in rows]


def _visible(plane: Plane, query: SheetQuery, field: Field = _SESSION) -> SheetQuery:
    """Leave out what belongs to Sessions that are being deleted."""
    hidden = [number for number, clearing in list(plane.calls.book.clearing.items()) if clearing == sessions.DELETING]
    if not hidden:
        return query
    tests = tuple(Test(field, Operator.NE, number) for number in hidden)
    return SheetQuery(query.sheet, query.any_of, (*query.always, *tests), query.order, query.limit, query.offset)


# ---- lists -----------------------------------------------------------------------------------------------------


async def list_sessions(plane: Plane, query: ListSessions) -> Listed:
    """Give a page of Sessions."""
    wanted = _visible(plane, query.query, _NUMBER)

    def read(reader: Reader, total: int) -> Listed:
        rows = _page(reader, wanted, SESSION_FIELDS, total)
        options = _options(plane, reader, rows, OPTIONS_OF_SESSION)
        found = tuple(session_from(row, options) for row in rows)
        return Listed(_total(reader, wanted, total, len(found), counted=query.counted), sessions=found)

    return await _read_list(plane, query, totals.of_sessions, read)


async def list_calls(plane: Plane, query: ListCalls) -> Listed:
    """Give a page of Calls."""
    wanted = _visible(plane, query.query)

    def read(reader: Reader, total: int) -> Listed:
        rows = _page(reader, wanted, CALL_FIELDS, total)
        found = tuple(_decode_calls(plane, reader, rows))
        return Listed(_total(reader, wanted, total, len(found), counted=query.counted), calls=found)

    return await _read_list(plane, query, totals.of_calls, read)


async def list_results(plane: Plane, query: ListResults) -> Listed:
    """Give a page of Results."""
    wanted = _visible(plane, query.query)

    def read(reader: Reader, total: int) -> Listed:
        rows = _page(reader, wanted, RESULT_FIELDS, total)
        found = tuple(result_from(row, plane.calls.naming) for row in rows)
        return Listed(_total(reader, wanted, total, len(found), counted=query.counted), results=found)

    return await _read_list(plane, query, totals.of_results, read)


async def _read_list(
    plane: Plane,
    query: ListSessions | ListCalls | ListResults,
    count: Callable[[Plane, SheetQuery], int],
    read: Callable[[Reader, int], Listed],
) -> Listed:
    """Read a page and what belongs to it in one snapshot; `read` is told the total if the tallies know it, else -1."""
    await plane.committer.settled(plane.committer.revision)
    total = count(plane, query.query) if query.counted else -1

    def look(reader: Reader) -> Listed:
        with reader.snapshot():
            return read(reader, total)

    return await plane.history.later(look)


def _page(reader: Reader, query: SheetQuery, fields: Sequence[Field], total: int) -> list[tuple[Cell, ...]]:
    """Give the rows of a page; raises Exhausted for one that would not fit into an answer.

    The rows before a page are passed one by one, so one that is known to lie beyond the middle is reached from the end.
    """
    if query.limit == 0:
        return []
    shown = min(query.limit, total - query.offset)
    backwards = total // 2 < query.offset and 0 < shown <= MOST_ROWS
    if backwards:
        rows = reader.rows(_reversed(query, shown, total - query.offset - shown), fields)[::-1]
    else:
        rows = reader.rows(msgspec.structs.replace(query, limit=_within(query.limit)), fields)
    if len(rows) > MOST_ROWS:
        raise Exhausted(f"a page of more than {MOST_ROWS} rows is not given; ask for a smaller one")
    return rows


def _reversed(query: SheetQuery, limit: int, offset: int) -> SheetQuery:
    order = query.order or ((_NUMBER, True),)
    opposite = tuple((field, not ascending) for field, ascending in order)
    return msgspec.structs.replace(query, order=opposite, limit=limit, offset=offset)


def _within(limit: int) -> int:
    return MOST_ROWS + 1 if limit < 0 else min(limit, MOST_ROWS + 1)


def _total(reader: Reader, query: SheetQuery, known: int, shown: int, *, counted: bool) -> int:
    """Give the number of all rows chosen: from the tallies, from the page if that shows the end, or by counting."""
    if not counted:
        return shown
    if known >= 0:
        return known
    if shown < query.limit and (shown or not query.offset):
        return query.offset + shown
    return reader.count_rows(query)


def _decode_calls(plane: Plane, reader: Reader, rows: Sequence[Sequence[Cell]]) -> list[Call]:
    options = _options(plane, reader, rows, OPTIONS_OF_CALL)
    return [call_from(row, options, plane.calls.naming) for row in rows]


def _options(plane: Plane, reader: Reader, rows: Sequence[Sequence[Any]], column: int) -> OptionsOf:
    """Give the options of rows: those that are in memory, and the others read at once."""
    known: dict[int, CallOptions] = {}
    missing: list[int] = []
    for number in {row[column] for row in rows}:
        options = plane.calls.options.known(number)
        if options is None:
            missing.append(number)
        else:
            known[number] = options
    if missing:
        known.update(read_options(reader, missing))
    return known.__getitem__


# ---- counts ----------------------------------------------------------------------------------------------------


async def tally_calls(plane: Plane, query: TallyCalls) -> tuple[int, list[tuple[Cell, ...]]]:
    """Give distinct combinations of fields with their counts, and how many combinations there are."""
    wanted = _visible(plane, query.query)

    def read(reader: Reader) -> tuple[int, list[tuple[Cell, ...]]]:
        with reader.snapshot():
            rows = reader.tally(wanted, query.fields) if wanted.limit else []
            if 0 <= wanted.limit <= len(rows) or (wanted.offset and not rows):
                return reader.count_distinct(wanted, query.fields), rows
            return wanted.offset + len(rows), rows

    return await _read(plane, read)


async def count_by_state(plane: Plane, query: CountByState) -> dict[CallState, int]:
    """Give how many Calls are in each state."""
    chosen = query.query
    if chosen is None:
        numbers = [plane.calls.naming.number(Kind.SESSION, text) for text in query.sessions]
        counts: dict[CallState, int] | None = totals.by_state(plane, numbers if query.sessions else None)
    else:
        counts = totals.by_state_of(plane, chosen)
    if chosen is None or counts is not None:
        await plane.committer.settled(plane.committer.revision)
        return counts or {}
    wanted = _visible(plane, chosen)
    rows: list[tuple[Any, ...]] = await _read(plane, lambda reader: reader.tally(wanted, (_STATE,)))
    return {CallState(state): count for state, count in rows}


# ---- data ------------------------------------------------------------------------------------------------------


async def read_content(plane: Plane, query: ReadContent) -> bytes:
    """Give bytes of a Result's data; raises NotFound."""
    session = sessions.find(plane, query.session)
    number = plane.calls.naming.number(Kind.RESULT, query.result)
    if plane.calls.book.result_session[number] != session.number:
        raise NotFound(f"Result was not found: {query.result}")

    def read(reader: Reader) -> tuple[Cell, Cell]:
        rows = reader.rows_by_number(RESULTS.name, (number,), ("state", "large"))
        if not rows or rows[0][1] != ResultState.COMPLETED:
            return None, None
        data = reader.rows_by_number(RESULT_DATA.name, (number,), ("data",)) if not rows[0][2] else []
        return rows[0][2], data[0][1] if data else b""

    large, data = await _read(plane, read)
    if isinstance(large, str) and large:
        return await plane.calls.objects.read(large, query.offset, query.length)
    if not isinstance(data, bytes):
        raise NotFound(f"Result data was not found: {query.result}")
    return data[query.offset :] if query.length < 0 else data[query.offset : query.offset + query.length]


async def list_partitions(plane: Plane) -> tuple[Partition, ...]:
    """Give all partitions, sorted by id."""
    return tuple(sorted(plane.calls.partitions.values(), key=lambda partition: partition.id))
