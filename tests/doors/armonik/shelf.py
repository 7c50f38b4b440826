"""A few Calls and Sessions that differ in everything lists can ask for: as values, and as rows of a store."""

from __future__ import annotations

import msgspec

from portico.control.calls.sheets import CALL_SHEETS, CALLS, OPTIONS, SESSIONS
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.states import CallState, SessionState
from portico.domain.calls.values import Call, CallOptions, Links, Session
from portico.domain.identity import Revision
from portico.store.memory import MemoryStore
from portico.store.port import Batch
from portico.store.sheets import BulkChange, Insert

NAMING = Naming("0123456789abcdef")
START = 1_800_000_000_000_000
TEXTS = ("", "a", "b", "ab", "A", "é")


def session_text(number):
    return NAMING.text(Kind.SESSION, number)


def call_text(number):
    return NAMING.text(Kind.CALL, number)


def result_text(number):
    return NAMING.text(Kind.RESULT, number)


def options(number):
    return CallOptions(
        max_duration=number % 3 * 1_000_000,
        max_retries=number % 4,
        priority=number % 5,
        partition=TEXTS[number % 2 + 1],
        application_name=TEXTS[number % 6],
        application_version=TEXTS[number % 5],
        application_namespace=TEXTS[number % 4],
        application_service=TEXTS[number % 3],
        engine=TEXTS[number % 2],
        options={} if number % 3 == 0 else {"k": TEXTS[number % 4], "a": "b"},
    )


def call(number):
    """Make a Call; every third is a later try, every fourth has not begun."""
    retry = number % 3 == 2
    begun = number % 4 != 0
    ended = begun and number % 2 == 0
    first = call_text(number - 1)
    return Call(
        number=number,
        id=f"{first}###1" if retry else call_text(number),
        session=number % 2 + 1,
        state=list(CallState)[number % len(CallState)],
        options=options(number),
        payload=number + 70_000,
        links=Links((number, number + 1), (number + 2,) * (number % 3), (session_text(1),), (first,) if retry else ()),
        initial=first if retry else call_text(number),
        created_by=first if retry else "",
        created_at=START + number,
        pod=f"pod{number % 2}" if begun else "",
        host=f"host{number % 3}" if begun else "",
        submitted_at=START + 10 if number % 5 else None,
        received_at=START + 20 + number if begun else None,
        acquired_at=START + 25 if begun else None,
        fetched_at=START + 30 if begun else None,
        started_at=START + 40 + number if begun else None,
        processed_at=START + 50 if ended else None,
        ended_at=START + 60 if ended else None,
        pod_ttl=START + 40 if begun else None,
        error=None if not ended else TEXTS[number % 3],
    )


def session(number):
    over = number % 2 == 0
    return Session(
        number=number,
        state=list(SessionState)[number % len(SessionState)],
        client_submission=number % 2 == 0,
        worker_submission=number % 3 == 0,
        partitions=TEXTS[1 : 1 + number % 3],
        defaults=options(number),
        created_at=START + number,
        cancelled_at=START + 5 if over else None,
        closed_at=START + 6 if over else None,
        purged_at=START + 7 if number % 3 else None,
        deleted_at=START + 8 if number % 4 else None,
        duration=number * 1_000 if over else None,
    )


CALL_VALUES = [call(number) for number in range(1, 25)]
SESSION_VALUES = [session(number) for number in range(1, 13)]


def _call_row(one):
    facts = msgspec.structs.asdict(one)
    facts |= {
        "options": one.number,
        "links": b"",
        "alias": one.id if "###" in one.id else None,
        "initial": one.initial if "###" in one.id else None,
        "pod": one.pod or (None if one.number % 8 else ""),
        "host": one.host or None,
        "created_by": one.created_by or None,
        "lease": 0,
    }
    return row(CALLS, facts)


def _session_row(one):
    facts = msgspec.structs.asdict(one)
    facts |= {"options": one.number, "partitions": msgspec.json.encode(one.partitions).decode(), "clearing": 0}
    return row(SESSIONS, facts)


def _options_row(number):
    facts = msgspec.structs.asdict(options(number))
    facts |= {"number": number, "session": 1, "options": msgspec.json.encode(facts["options"]).decode()}
    return row(OPTIONS, facts)


def row(sheet, facts):
    cells = [facts["number"], *(facts[column.name] for column in sheet.columns)]
    return tuple(int(cell) if isinstance(cell, int) else cell for cell in cells)


def full_store():
    """Give a store with all of them."""
    store = MemoryStore((), CALL_SHEETS)
    inserts = [
        Insert(OPTIONS.name, [_options_row(number) for number in range(1, 25)]),
        Insert(SESSIONS.name, [_session_row(one) for one in SESSION_VALUES]),
        Insert(CALLS.name, [_call_row(one) for one in CALL_VALUES]),
    ]
    store.write(Batch([BulkChange(Revision(index + 1), insert) for index, insert in enumerate(inserts)]))
    return store
