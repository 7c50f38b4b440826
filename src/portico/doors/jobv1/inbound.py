"""job.v1 requests as commands and queries; what is wrong is refused with the text upstream's clients know."""

from __future__ import annotations

import re

from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import KIND_PREFIX, kind_id
from portico.control.queries import ListInstances, PageInstances
from portico.domain.errors import Invalid
from portico.domain.jobs import InstanceState
from portico.doors.jobv1.states import FROM_WIRE
from portico.wire.jobv1 import service_pb2 as pb

UNSET_PRIORITY = -1
_CANONICAL = 36
_DASHED = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN = re.compile(rb"[0-9a-fA-F]{32}")


def schedule(request: pb.ScheduleJobRequest) -> ScheduleKind:
    """Read a ScheduleJob request; a priority of -1 is as good as none."""
    priority = request.priority if request.HasField("priority") and request.priority != UNSET_PRIORITY else None
    return ScheduleKind(request.kind, tuple(request.arguments), priority)


def lookup(query: pb.Query) -> ListInstances | PageInstances | None:
    """Read a query: one instance, or all that match page by page; None when no instance can ever match it."""
    states = _states(query.state)
    if states is None:
        return None
    job = kind_id(query.kind) if query.kind else ""
    if query.uuid:
        return ListInstances(job=job, jobs=KIND_PREFIX, id=parse_uuid(query.uuid), states=states)
    return PageInstances(job=job, jobs=KIND_PREFIX, states=states)


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
    """Read a UUID in any form that upstream's library accepts, and give its canonical form.

    Lengths are in bytes; of the 38 bytes of a wrapped one only the middle 36 are looked at.
    """
    raw = text.encode()
    match len(raw):
        case 36 | 32:
            core = raw
        case 38:
            core = raw[1:-1]
        case 45 if raw[:9].lower() == b"urn:uuid:":
            core = raw[9:]
        case 45:
            raise Invalid("invalid UUID format", "query.uuid")
        case length:
            raise Invalid(f"invalid UUID length: {length}", "query.uuid")
    pattern = _DASHED if len(core) == _CANONICAL else _PLAIN
    if pattern.fullmatch(core) is None:
        raise Invalid("invalid UUID format", "query.uuid")
    digits = core.lower().replace(b"-", b"").decode()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
