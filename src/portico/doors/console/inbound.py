"""HTTP requests as commands and queries; what is wrong is refused naming the parameter or the key."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import KIND_PREFIX, kind_id
from portico.control.queries import ListFiles, ListInstances, ListRuns, ReadFile, RecentSessions
from portico.domain.errors import Invalid
from portico.domain.events import Selector
from portico.domain.identity import Micros, Revision
from portico.domain.jobs import InstanceState
from portico.domain.runs import RunState

MOST_LISTED = 100_000
DEFAULT_LISTED = 1_000
_PRIORITIES = range(-(2**31), 2**31)

S = TypeVar("S", bound=StrEnum)
B = TypeVar("B", bound=msgspec.Struct)


class ScheduleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a schedule request."""

    arguments: tuple[str, ...] = ()
    priority: int | None = None


class CancelBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a cancel request; at least one criterion, or `all`."""

    kind: str = ""
    id: str = ""
    state: str = ""
    all: bool = False


class StopBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a stop request."""

    grace_seconds: float | None = None


class DrainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a drain request."""

    drain: bool = True


class ShutdownBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a shutdown request."""

    stop_runs: bool = False


class BackupBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a backup request: an absolute path on the server's machine."""

    target: str


async def body(request: Request, kind: type[B]) -> B:
    """Read a JSON body; an empty one means all defaults."""
    data = await request.body()
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise Invalid(f"body: {error}", "body") from error


def schedule(name: str, said: ScheduleBody) -> ScheduleKind:
    """Read a schedule request."""
    if said.priority is not None and said.priority not in _PRIORITIES:
        raise Invalid(f"priority: {said.priority} is out of range; expected a 32-bit integer", "priority")
    return ScheduleKind(name, said.arguments, said.priority)


def cancel(said: CancelBody) -> CancelInstances:
    """Read a cancel request."""
    if not (said.kind or said.id or said.state or said.all):
        raise Invalid("say which instances: kind, id or state, or all", "body")
    states = frozenset({_state(InstanceState, said.state, "state")}) if said.state else frozenset()
    return CancelInstances(job=kind_id(said.kind) if said.kind else "", id=said.id, states=states)


def list_instances(request: Request) -> ListInstances:
    """Read a list request; the workers of fleets are Runs, not instances of a kind, and are not listed."""
    kind = request.query_params.get("kind", "")
    return ListInstances(
        job=kind_id(kind) if kind else "",
        jobs=KIND_PREFIX,
        states=_states(request, InstanceState),
        newest=_newest(request),
    )


def list_runs(request: Request) -> ListRuns:
    """Read a list request."""
    params = request.query_params
    return ListRuns(
        instance=params.get("instance", ""),
        node=params.get("node", ""),
        states=_states(request, RunState),
        active_only=params.get("active", "") in {"1", "true"},
        newest=_newest(request),
    )


def recent_sessions(request: Request) -> RecentSessions:
    """Read a list request."""
    return RecentSessions(_newest(request))


def list_files(request: Request) -> ListFiles:
    """Read a listing request."""
    return ListFiles(request.path_params["id"], request.query_params.get("path", ""))


def read_file(request: Request) -> ReadFile:
    """Read a file request."""
    return ReadFile(
        request.path_params["id"],
        request.query_params.get("path", "stdout"),
        number(request, "offset", 0, -1),
        number(request, "length", 65536, 0),
    )


def selector(request: Request) -> tuple[Selector, Revision | None]:
    """Read what a watcher wants, and from where on."""
    params = request.query_params
    tables = frozenset(params.getlist("table"))
    after = Revision(number(request, "after", 0, 0)) if "after" in params else None
    return Selector(tables, params.get("id", ""), params.get("scope", "")), after


def grace(said: StopBody) -> Micros | None:
    """Read a grace period."""
    if said.grace_seconds is None:
        return None
    if not 0 <= said.grace_seconds <= 86_400:
        raise Invalid("grace_seconds: expected 0 to 86400", "grace_seconds")
    return Micros(round(said.grace_seconds * 1_000_000))


def number(request: Request, name: str, default: int, least: int) -> int:
    """Read a whole number from the query."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise Invalid(f"{name}: {text!r} is not a whole number", name) from None
    if value < least or value >= 1 << 62:
        raise Invalid(f"{name}: {value} is out of range; expected at least {least}", name)
    return value


def _newest(request: Request) -> int:
    newest = number(request, "newest", DEFAULT_LISTED, 1)
    if newest > MOST_LISTED:
        raise Invalid(f"newest: {newest} is out of range; expected at most {MOST_LISTED}", "newest")
    return newest


def _states(request: Request, kind: type[S]) -> frozenset[S]:
    return frozenset(_state(kind, text, "state") for text in request.query_params.getlist("state"))


def _state(kind: type[S], text: str, field: str) -> S:
    try:
        return kind(text.lower())
    except ValueError:
        known: list[Any] = [state.value for state in kind]
        raise Invalid(f"{field}: {text!r} is not a state; expected one of {', '.join(known)}", field) from None
