"""job.v1 requests as commands and queries; what is wrong is refused with the text upstream's clients know."""

from __future__ import annotations

import uuid

from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import ListInstances
from portico.domain.errors import Invalid
from portico.domain.jobs import InstanceState
from portico.doors.jobv1.states import FROM_WIRE
from portico.wire.jobv1 import service_pb2 as pb

UNSET_PRIORITY = -1
_CANONICAL = 36
_PLAIN = 32


def schedule(request: pb.ScheduleJobRequest) -> ScheduleKind:
    """Read a ScheduleJob request; a priority of -1 is as good as none."""
    priority = request.priority if request.HasField("priority") and request.priority != UNSET_PRIORITY else None
    return ScheduleKind(request.kind, tuple(request.arguments), priority)


def lookup(query: pb.Query) -> ListInstances | None:
    """Read a query; None when no instance can ever match it."""
    states = _states(query.state)
    if states is None:
        return None
    return ListInstances(
        job=kind_id(query.kind) if query.kind else "",
        id=parse_uuid(query.uuid) if query.uuid else "",
        states=states,
    )


def cancel(query: pb.Query) -> CancelInstances | None:
    """Read a query as what to cancel; None when no instance can ever match it."""
    states = _states(query.state)
    if states is None:
        return None
    return CancelInstances(
        job=kind_id(query.kind) if query.kind else "",
        id=parse_uuid(query.uuid) if query.uuid else "",
        states=states,
    )


def _states(value: int) -> frozenset[InstanceState] | None:
    if value not in FROM_WIRE:
        raise Invalid(f"invalid job state value: {value}", "query.state")
    return FROM_WIRE[value] or (frozenset() if value == pb.JOB_STATE_UNSET else None)


def parse_uuid(text: str) -> str:
    """Read a UUID in any form that upstream's library accepts, and give its canonical form."""
    match len(text):
        case 36 | 32:
            core = text
        case 38 if text[0] == "{" and text[-1] == "}":
            core = text[1:-1]
        case 45 if text[:9].lower() == "urn:uuid:":
            core = text[9:]
        case 38 | 45:
            raise Invalid("invalid UUID format", "query.uuid")
        case length:
            raise Invalid(f"invalid UUID length: {length}", "query.uuid")
    dashed = len(core) == _CANONICAL
    if dashed and any(core[position] != "-" for position in (8, 13, 18, 23)):
        raise Invalid("invalid UUID format", "query.uuid")
    digits = core.replace("-", "") if dashed else core
    if len(digits) != _PLAIN or any(character not in "0123456789abcdefABCDEF" for character in digits):
        raise Invalid("invalid UUID format", "query.uuid")
    return str(uuid.UUID(hex=digits))
