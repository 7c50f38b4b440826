"""Effects: what a worker did on the side, carried out together with the end of its Call.

Promises: Results first, then data, then Calls, in the transaction in which the Call completes; what is not allowed, or
uses a number that is taken or was never given out, raises, and then the caller gives up all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from portico.control.calls import results, submission
from portico.control.calls.columns import PAGE_BITS
from portico.control.calls.sheets import CALLS, RESULTS
from portico.domain.calls.naming import MOST, Kind
from portico.domain.calls.values import Content, OptionsPatch
from portico.domain.errors import Invalid, NotFound

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction
    from portico.domain.calls.frames import Effects, NewCall, NewResult

_OBJECT = re.compile("[0-9a-f]{64}")
"""The name of a large object."""


def carry_out(plane: Plane, tx: Transaction, call: int, effects: Effects) -> None:
    """Do what the worker of a Call did; raises PorticoError when that is not allowed."""
    session, text = plane.calls.book.session[call], plane.calls.book.text(call)
    if effects.results:
        _create(plane, tx, session, text, effects.results)
    for number, content in effects.data:
        if plane.calls.book.result_session[number] != session:
            raise NotFound(f"Result was not found: {plane.calls.result_text(number)}")
        _check_content(content)
        results.complete(plane, tx, number, content, text)
    if effects.calls:
        _submit(plane, tx, session, call, effects.calls)


def _create(plane: Plane, tx: Transaction, session: int, text: str, new: Sequence[NewResult]) -> None:
    _check_fresh(plane, Kind.RESULT, [result.number for result in new])
    for result in new:
        if result.content is not None:
            _check_content(result.content)
    ordered = sorted(new, key=attrgetter("number"))
    results.create(plane, tx, session, [result.number for result in ordered], ordered, text)


def _submit(plane: Plane, tx: Transaction, session: int, call: int, new: Sequence[NewCall]) -> None:
    book = plane.calls.book
    _check_fresh(plane, Kind.CALL, [child.number for child in new])
    for child in new:
        if child.options is not None:
            _check_patch(child.options)
    parents = (*book.links_of(call).parents, book.text(call))
    submission.add(plane, tx, session, [(child.number, child) for child in new], by=call, parents=parents, now=tx.now)


def _check_content(content: Content) -> None:
    """Raise Invalid for data that no store could hold under the name and size they are said to have."""
    if not 0 <= content.size < MOST or (content.large and not _OBJECT.fullmatch(content.large)):
        raise Invalid(f"no data of {content.size} bytes are called {content.large!r}")


def _check_patch(patch: OptionsPatch) -> None:
    """Raise Invalid for options that no row could hold."""
    for name in ("max_duration", "max_retries", "priority"):
        if not 0 <= getattr(patch, name) < MOST:
            raise Invalid(f"{getattr(patch, name)} is out of range", field=name)


def _check_fresh(plane: Plane, kind: Kind, numbers: Sequence[int]) -> None:
    """Raise Invalid unless numbers were given out to agents and mean nothing yet, here or in the store: a row under a
    number that is taken would be the end of the server. Of the newest numbers memory knows all there is to know."""
    calls = plane.calls
    states, sheet = (calls.book.state, CALLS) if kind is Kind.CALL else (calls.book.result_state, RESULTS)
    reach = calls.agents.reach[kind]
    if len(set(numbers)) < len(numbers):
        raise Invalid(f"a {kind.name.lower()} number is used twice")
    pairs = zip(numbers, states.many(numbers), strict=True)
    foreign = [number for number, state in pairs if state or not 0 < number < reach]
    known = max(calls.agents.began[kind], (states.gone + 1) << PAGE_BITS)
    doubtful = [] if foreign else [number for number in numbers if number < known]
    if doubtful:
        rows = plane.history.now(lambda reader: reader.rows_by_number(sheet.name, doubtful, ("session",)))
        foreign = [number for number in doubtful if rows and number == rows[0][0]]
    if foreign:
        raise Invalid(f"{kind.name.lower()} number {foreign[0]} is not the worker's to use")
