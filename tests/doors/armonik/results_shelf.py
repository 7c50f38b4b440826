"""A few Results that differ in everything lists can ask for: as values, and as rows beside those of `shelf`."""

from __future__ import annotations

import msgspec
from doors.armonik.shelf import CALL_VALUES, START, TEXTS, full_store, row

from portico.control.calls.sheets import RESULTS
from portico.domain.calls.states import ResultState
from portico.domain.calls.values import Result
from portico.domain.identity import Revision
from portico.store.port import Batch
from portico.store.sheets import BulkChange, Insert

_CALLS = {call.number: call.id for call in CALL_VALUES}
_OWNERS = [number for number in _CALLS if number != 2]
"""Not the later try whose number filters are asked for as a text: nobody is ever shown that text."""


def _owner(number):
    return _OWNERS[number % len(_OWNERS)] if number % 3 else None


def result(number):
    """Make a Result; every third has no owner, every second no data."""
    done = number % 2 == 0
    return Result(
        number=number,
        session=number % 2 + 1,
        name=TEXTS[number % 6],
        state=list(ResultState)[number % len(ResultState)],
        owner=_CALLS.get(_owner(number), ""),
        created_by=_CALLS[1] if number % 4 == 0 else "",
        completed_by="",
        created_at=START + number,
        completed_at=START + 10 + number if done else None,
        size=number % 6 if done else 0,
        opaque=b"o" if done else b"",
        manual_deletion=number % 5 == 0,
    )


RESULT_VALUES = [result(number) for number in range(1, 31)]


def _row(one):
    facts = msgspec.structs.asdict(one)
    facts |= {
        "owner": _owner(one.number),
        "created_by": one.created_by or (None if one.number % 8 else ""),
        "large": None,
        "manual": int(one.manual_deletion),
    }
    return row(RESULTS, facts)


def store_with_results():
    """Give a store with all of them, and with what they belong to."""
    store = full_store()
    revision = Revision(store.reader().last_revision() + 1)
    store.write(Batch([BulkChange(revision, Insert(RESULTS.name, [_row(one) for one in RESULT_VALUES]))]))
    return store
