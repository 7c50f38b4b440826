"""What schedulers ask for: one command for each Call."""

from __future__ import annotations

from collections.abc import Iterable

from portico.control.commands import Command
from portico.control.queries import Query
from portico.domain.identity import Micros
from portico.doors.mesos.extension.happenings import Outlet
from portico.doors.mesos.extension.records import Framework
from portico.wire.mesos import scheduler_pb2


class Subscribe(Command, frozen=True):
    """Register a framework, or take over one that `draft.id` names. Answered by the Framework.

    `authenticated` tells that the draft's principal is who the caller proved to be. What the framework has not
    acknowledged is said again from then on. Raises Forbidden with the text of the ERROR event that a framework which
    may not come back is told.
    """

    draft: Framework
    outlet: Outlet
    authenticated: bool = False


class Disconnected(Command, frozen=True):
    """An event stream ended; it counts only while `outlet` is the framework's newest."""

    framework: str
    outlet: Outlet


class Teardown(Command, frozen=True):
    """Remove a framework with everything that runs for it."""

    framework: str


class Accept(Command, frozen=True):
    """Use offers; `accept` is the message as it came."""

    framework: str
    offers: tuple[str, ...]
    accept: scheduler_pb2.Call.Accept
    refuse: Micros


class Decline(Command, frozen=True):
    """Give offers back and be spared the like for `refuse`."""

    framework: str
    offers: tuple[str, ...]
    refuse: Micros


class AnswerInverse(Command, frozen=True):
    """Answer requests to leave agents."""

    framework: str
    offers: tuple[str, ...]
    accepted: bool
    refuse: Micros


class Revive(Command, frozen=True):
    """Clear filters and ask for offers again; no roles mean all."""

    framework: str
    roles: tuple[str, ...] = ()


class Suppress(Command, frozen=True):
    """Ask for no more offers; no roles mean all."""

    framework: str
    roles: tuple[str, ...] = ()


class KillTask(Command, frozen=True):
    """End a task; `grace` None takes its own. One that nobody knows is reconciled."""

    framework: str
    task: str
    agent: str = ""
    grace: Micros | None = None


class ShutDown(Command, frozen=True):
    """End an executor and its tasks."""

    framework: str
    executor: str
    agent: str


class Acknowledge(Command, frozen=True):
    """Let go of an update, so that the next one of its task may come."""

    framework: str
    agent: str
    task: str
    uuid: bytes


class Reconcile(Command, frozen=True):
    """Tell the state of these tasks (id, agent or nothing), or of all; they are read as they are told."""

    framework: str
    tasks: Iterable[tuple[str, str]] | None


class SayToExecutor(Command, frozen=True):
    """Pass a message on, best effort."""

    framework: str
    executor: str
    agent: str
    data: bytes


class FindFramework(Query, frozen=True):
    """One framework that was not removed; None when there is none."""

    framework: str
