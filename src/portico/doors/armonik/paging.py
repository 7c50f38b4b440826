"""All Calls or Results of a Session, page by page, however many there are.

Promises: pages are read off the loop, one at a time, each as it stands when it is read; what is there from beginning to
end is given exactly once, whatever comes or changes meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from portico.control.calls.queries import ListCalls, Listed, ListResults
from portico.control.calls.sheets import CALLS, RESULTS
from portico.domain.calls.values import Call, Result
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.filters import Clause
from portico.store.port import Operator
from portico.store.sheets import Field, SheetQuery, Test

PAGE = 1_000

_SESSION = Field("session")
_CREATED = Field("created_at")
_NUMBER = Field("number")


async def all_calls(control: Control, session: int, any_of: Sequence[Clause] = ()) -> AsyncGenerator[Sequence[Call]]:
    """Yield the Calls of a Session that meet a filter, the oldest first."""
    last: Call | None = None
    while True:
        listed: Listed = await control.ask(ListCalls(_page(CALLS.name, session, any_of, last), counted=False))
        if listed.calls:
            yield listed.calls
        if len(listed.calls) < PAGE:
            return
        last = listed.calls[-1]


async def all_results(
    control: Control, session: int, any_of: Sequence[Clause] = ()
) -> AsyncGenerator[Sequence[Result]]:
    """Yield the Results of a Session that meet a filter, the oldest first."""
    last: Result | None = None
    while True:
        listed: Listed = await control.ask(ListResults(_page(RESULTS.name, session, any_of, last), counted=False))
        if listed.results:
            yield listed.results
        if len(listed.results) < PAGE:
            return
        last = listed.results[-1]


def _page(sheet: str, session: int, any_of: Sequence[Clause], last: Call | Result | None) -> SheetQuery:
    """Ask for what comes after `last`, in the order of an index: by creation, then by number.

    The bound on the creation stands in `always` too, where the index is found by it.
    """
    always: tuple[Test, ...] = (Test(_SESSION, Operator.EQ, session),)
    clauses = tuple(any_of)
    if last is not None:
        at = last.created_at
        always = (*always, Test(_CREATED, Operator.GE, at))
        later = (Test(_CREATED, Operator.GT, at),)
        same = (Test(_CREATED, Operator.EQ, at), Test(_NUMBER, Operator.GT, last.number))
        clauses = tuple((*clause, *after) for clause in clauses or ((),) for after in (later, same))
    return SheetQuery(sheet, clauses, always, order=((_CREATED, True), (_NUMBER, True)), limit=PAGE)
