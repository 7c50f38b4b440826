"""The older service's filters of tasks and sessions, read.

Promises: whatever is wrong is Invalid and names its place; a status that nothing is ever in is taken, and matches
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec

from portico.domain.calls.states import CallState, SessionState
from portico.domain.errors import Invalid
from portico.doors.armonik.states import CALL_STATES, SESSION_STATES
from portico.wire.armonik.session_status_pb2 import SessionStatus
from portico.wire.armonik.submitter_pb2 import SessionFilter, TaskFilter
from portico.wire.armonik.task_status_pb2 import TaskStatus

S = TypeVar("S", CallState, SessionState)


class TaskChoice(msgspec.Struct, frozen=True):
    """Tasks of these sessions, or these tasks, that are in one of these states."""

    sessions: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    states: frozenset[CallState] = frozenset(CallState)


class SessionChoice(msgspec.Struct, frozen=True):
    """These sessions (None: all) that are in one of these states."""

    sessions: tuple[str, ...] | None = None
    states: frozenset[SessionState] = frozenset(SessionState)


def read_task_choice(message: TaskFilter, place: str = "") -> TaskChoice:
    """Read a filter of tasks, which must name sessions or tasks."""
    member = message.WhichOneof("ids")
    if member is None:
        raise Invalid("names neither sessions nor tasks", _under(place, "ids"))
    ids = tuple(dict.fromkeys(getattr(message, member).ids))
    if not ids:
        raise Invalid("is empty", _under(place, f"{member}.ids"))
    states = _states(message, CALL_STATES, TaskStatus.values(), place)
    return TaskChoice(sessions=ids, states=states) if member == "session" else TaskChoice(tasks=ids, states=states)


def read_session_choice(message: SessionFilter) -> SessionChoice:
    """Read a filter of sessions."""
    named = tuple(dict.fromkeys(message.sessions))
    return SessionChoice(named or None, _states(message, SESSION_STATES, SessionStatus.values(), ""))


def names_final(message: TaskFilter, final: Collection[CallState]) -> bool:
    """Tell whether a filter asks for tasks that have ended."""
    return any(CALL_STATES[status] in final for status in message.included.statuses if status in CALL_STATES)


def _states(message: Any, table: Mapping[int, S], known: Collection[int], place: str) -> frozenset[S]:
    every = frozenset(table.values())
    member = message.WhichOneof("statuses")
    if member is None:
        return every
    statuses = getattr(message, member).statuses
    for index, status in enumerate(statuses):
        if status not in known:
            raise Invalid(f"{status} is not a status", _under(place, f"{member}.statuses[{index}]"))
    named = frozenset(table[status] for status in statuses if status in table)
    return named if member == "included" else every - named


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
