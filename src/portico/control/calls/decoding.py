"""Rows of the sheets as Sessions, Calls and Results.

Owns which fields are read for each, in which order, and how cells become values. Made for threads: touches no state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from portico.control.calls.links import decode_links
from portico.domain.calls.naming import OWN_DATA, Kind, Naming
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import Call, CallOptions, Result, Session
from portico.store.sheets import Cell, Field

SESSION_FIELDS = tuple(
    Field(name)
    for name in (
        "number",
        "state",
        "client_submission",
        "worker_submission",
        "partitions",
        "options",
        "created_at",
        "cancelled_at",
        "closed_at",
        "purged_at",
        "deleted_at",
        "duration",
    )
)
OPTIONS_OF_SESSION = 5

CALL_FIELDS = tuple(
    Field(name)
    for name in (
        "number",
        "session",
        "state",
        "options",
        "payload",
        "links",
        "alias",
        "initial",
        "created_by",
        "created_at",
        "pod",
        "host",
        "submitted_at",
        "received_at",
        "acquired_at",
        "fetched_at",
        "started_at",
        "processed_at",
        "ended_at",
        "pod_ttl",
        "error",
    )
)
OPTIONS_OF_CALL = 3

RESULT_FIELDS = (
    *(
        Field(name)
        for name in (
            "number",
            "session",
            "name",
            "state",
            "owner",
            "created_by",
            "completed_by",
            "created_at",
            "completed_at",
            "size",
            "opaque",
            "large",
            "manual",
        )
    ),
    Field("alias", link="owner"),
)

OptionsOf = Callable[[int], CallOptions]

_decode_list = msgspec.json.Decoder(tuple[str, ...]).decode


def session_from(cells: Sequence[Any], options: OptionsOf) -> Session:
    """Read a Session from its cells."""
    number, state, client, worker, partitions, defaults, *times = cells
    return Session(
        number, SessionState(state), bool(client), bool(worker), _decode_list(partitions), options(defaults), *times
    )


def call_from(cells: Sequence[Any], options: OptionsOf, naming: Naming) -> Call:
    """Read a Call from its cells."""
    number, session, state, option, payload, links, alias, initial, created_by, created_at, pod, host, *rest = cells
    text = alias or naming.text(Kind.CALL, number)
    return Call(
        number,
        text,
        session,
        CallState(state),
        options(option),
        payload,
        decode_links(links),
        initial or text,
        created_by or "",
        created_at,
        pod or "",
        host or "",
        *rest,
    )


def result_from(cells: Sequence[Any], naming: Naming) -> Result:
    """Read a Result from its cells, the alias of its owner last."""
    number, session, name, state, owner, created_by, completed_by, created, completed, size, opaque, large, *rest = (
        cells
    )
    manual, alias = rest
    return Result(
        number,
        session,
        name,
        ResultState(state),
        alias or (naming.text(Kind.CALL, owner) if owner else ""),
        created_by or "",
        completed_by or "",
        created,
        completed,
        size,
        opaque_of(naming, number, state, opaque, large),
        bool(manual),
    )


def opaque_of(naming: Naming, number: int, state: int, opaque: Cell, large: Cell) -> bytes:
    """Give the opaque id of a Result: what was imported under, the object's name, or where inline data lie."""
    if state != ResultState.COMPLETED:
        return b""
    if isinstance(opaque, bytes):
        return opaque
    return str(large).encode() if large else f"{OWN_DATA}{naming.text(Kind.RESULT, number)}".encode()
