"""Results, written: a thousand in about two milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Result
from portico.doors.armonik.outbound.times import MICROS
from portico.doors.armonik.states import RESULT_STATUSES
from portico.wire.armonik.results_pb2 import ListResultsResponse, ResultRaw


def result_raw(result: Result, naming: Naming) -> ResultRaw:
    """Write a result as it stands."""
    raw = ResultRaw()
    _fill(raw, result, naming.text(Kind.SESSION, result.session), naming)
    return raw


def result_raws(results: Sequence[Result], naming: Naming) -> bytes:
    """Write (part of) a reply whose first field is a list of results, as it is in every reply that has one."""
    reply = ListResultsResponse()
    add = reply.results.add
    sessions: dict[int, str] = {}
    for result in results:
        session = sessions.get(result.session)
        if session is None:
            session = sessions[result.session] = naming.text(Kind.SESSION, result.session)
        _fill(add(), result, session, naming)
    return reply.SerializeToString()


def _fill(raw: ResultRaw, result: Result, session: str, naming: Naming) -> None:
    """Set the fields one by one, which takes half as long as to give them all to the class."""
    raw.session_id = session
    raw.name = result.name
    raw.owner_task_id = result.owner
    raw.status = RESULT_STATUSES[result.state]
    stamp = raw.created_at
    stamp.seconds, micros = divmod(result.created_at, MICROS)
    stamp.nanos = micros * 1000
    if result.completed_at is not None:
        stamp = raw.completed_at
        stamp.seconds, micros = divmod(result.completed_at, MICROS)
        stamp.nanos = micros * 1000
    raw.result_id = naming.text(Kind.RESULT, result.number)
    raw.size = result.size
    raw.created_by = result.created_by
    raw.opaque_id = result.opaque
    raw.manual_deletion = result.manual_deletion
