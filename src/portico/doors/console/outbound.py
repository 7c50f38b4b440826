"""Records as JSON objects; every object of a list has at least id, door, state and created_at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from portico.control.jobs.catalogue import kind_name
from portico.control.queries import NodeView, PoolView, SessionView
from portico.domain.events import Event
from portico.domain.frames import FileFact
from portico.domain.jobs import Instance, Job
from portico.domain.nodes import Node, Pool
from portico.domain.resources import WHOLE, Amounts
from portico.domain.runs import Run

_MICROS = 1_000_000


def moment(instant: int) -> str | None:
    """Write an instant as RFC 3339 in UTC, or nothing for none."""
    if not instant:
        return None
    return datetime.fromtimestamp(instant / _MICROS, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def amounts(quantity: Amounts) -> dict[str, float]:
    """Write a quantity in whole units."""
    return {kind: amount / WHOLE for kind, amount in quantity.items()}


def instance(record: Instance) -> dict[str, Any]:
    """Write an Instance."""
    return {
        "id": record.id,
        "door": record.door,
        "state": record.state.value,
        "created_at": moment(record.created_at),
        "kind": kind_name(record.job),
        "arguments": list(record.arguments),
        "priority": record.priority,
        "attempts": record.attempts,
        "run": record.attempt or record.worker or None,
        "results": list(record.results),
        "error": record.error,
        "due_at": moment(record.due_at),
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "generation": record.generation,
    }


def kind(record: Job) -> dict[str, Any]:
    """Write a kind."""
    template = record.template
    return {
        "id": kind_name(record.id),
        "door": record.door,
        "state": record.state.value,
        "created_at": moment(record.created_at),
        "description": record.description,
        "runs": "function" if template.function else "command",
        "command": list(template.spec.argv),
        "cron_spec": record.schedule.cron or None,
        "schedule_at": moment(record.schedule.at),
        "next_at": moment(record.fire_at),
        "priority": template.priority,
        "retries": record.retry.limit,
        "timeout_seconds": template.timeout / _MICROS,
        "concurrency": record.concurrency,
        "pool": record.pool,
        "resources": amounts(template.amounts),
    }


def run(record: Run) -> dict[str, Any]:
    """Write a Run."""
    outcome = record.outcome
    return {
        "id": record.id,
        "door": record.door,
        "state": record.state.value,
        "created_at": moment(record.created_at),
        "job": record.job,
        "instance": record.instance or None,
        "pool": record.pool,
        "node": record.node or None,
        "command": list(record.spec.argv),
        "resources": amounts(record.amounts),
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "healthy": record.healthy,
        "stop": record.stop.reason.value if record.stop is not None else None,
        "cause": outcome.cause.value if outcome is not None else None,
        "exit_code": outcome.exit_code if outcome is not None else None,
        "signal": outcome.signal if outcome is not None else None,
        "message": outcome.message if outcome is not None else None,
    }


def node(view: NodeView) -> dict[str, Any]:
    """Write a node with its load."""
    return {
        "id": view.id,
        "door": "portico",
        "state": view.state,
        "created_at": moment(view.registered_at),
        "connected": view.connected,
        "capacity": amounts(view.capacity),
        "free": amounts(view.free),
        "runs": view.runs,
        "attributes": view.attributes,
        "warnings": list(view.warnings),
    }


def pool(view: PoolView) -> dict[str, Any]:
    """Write a pool with its use."""
    return {
        "id": view.id,
        "door": "portico",
        "state": "active",
        "created_at": None,
        "reservation": amounts(view.reservation),
        "limit": amounts(view.limit),
        "share": amounts(view.share),
        "entitlement": amounts(view.entitlement),
        "allocation": amounts(view.allocation),
        "demand": amounts(view.demand),
    }


def session(view: SessionView) -> dict[str, Any]:
    """Write a Session of the calls core; only one door has them."""
    return {
        "id": view.id,
        "door": "armonik",
        "state": view.state,
        "created_at": moment(view.created_at),
        "partitions": list(view.partitions),
        "tasks": view.calls,
    }


def file(fact: FileFact) -> dict[str, Any]:
    """Write an entry of a sandbox."""
    return {
        "path": fact.path,
        "size": fact.size,
        "mode": f"{fact.mode:o}",
        "modified_at": moment(fact.modified),
        "directory": fact.directory,
    }


def event(change: Event, door: str | None) -> dict[str, Any]:
    """Write an event; `record` is what the object is since then, null when it is gone; `door` is whose table it is in,
    where that is one door's."""
    record = change.record
    written: dict[str, Any] | None = None
    match record:
        case Instance():
            written = instance(record)
        case Run():
            written = run(record)
        case Job():
            written = kind(record)
        case Node():
            written = {"id": record.id, "state": record.state.value, "drain": record.drain}
        case Pool():
            written = {"id": record.id, "limit": amounts(record.limit), "reservation": amounts(record.reservation)}
        case msgspec.Struct():
            written = {"id": change.id}  # a door's own; that it is there is all that can be said of it here
    return {
        "revision": change.revision,
        "at": moment(change.at),
        "table": change.table,
        "id": change.id,
        "door": written.get("door", door) if written else door,
        "state": written.get("state") if written else None,
        "created_at": written.get("created_at") if written else None,
        "record": written,
    }
