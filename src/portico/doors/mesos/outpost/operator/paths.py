"""The paths of files as the API knows them: sandboxes by their place in an agent's work directory, and the log. Pure.

A sandbox has three names: `/slaves/A/frameworks/F/executors/E/runs/C` (C may be `latest`), the same below the work
directory, and its real folder. What is nested is below `containers/NAME` of that, or of its Run. Promises: a path that
climbs is refused, whatever it would come to.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from portico.domain.errors import Invalid, NotFound
from portico.doors.mesos.outpost.operator.lookup import name_of
from portico.doors.mesos.outpost.operator.naming import nested_run
from portico.doors.mesos.outpost.words import AgentState
from portico.wire.mesos import mesos_pb2 as pb

LOG = "/slave/log"
LATEST = "latest"
CONTAINERS = "containers"
_SHAPE = ("slaves", "frameworks", "executors", "runs")
_LENGTH = 2 * len(_SHAPE)


class InSandbox(msgspec.Struct, frozen=True):
    """A place in the sandbox of a Run; an empty path is the sandbox itself."""

    run: str
    path: str = ""


class InLog(msgspec.Struct, frozen=True):
    """The agent's own log."""


def locate(text: str, state: AgentState, directory: Path) -> InSandbox | InLog:
    """Find what a path names; `directory` is the node's. Raises Invalid for a path that climbs, NotFound."""
    if text.rstrip("/") == LOG:
        return InLog()
    parts = _parts(text)
    own = directory.parts[1:]
    if text.startswith("/") and parts[: len(own)] == own:
        parts = parts[len(own) :]
    if len(parts) >= 2 and parts[0] == "sandboxes":
        return _inside(parts[1], parts[2:], state)
    if len(parts) < _LENGTH or parts[:_LENGTH:2] != _SHAPE:
        raise NotFound(f"'{text}' does not exist")
    agent, framework, executor, run = parts[1:_LENGTH:2]
    if agent != state.agent:
        raise NotFound(f"'{text}' does not exist: this agent is '{state.agent}'")
    known = _runs(state, framework, executor)
    if run == LATEST:
        run = next(iter(known), "")
    if run not in known:
        raise NotFound(f"'{text}' does not exist")
    return _inside(run, parts[_LENGTH:], state)


def directory_of(run: str, framework: str, executor: str, state: AgentState, directory: Path) -> str:
    """Give the path that clients are told of the sandbox of an executor's Run."""
    return f"{directory}/slaves/{state.agent}/frameworks/{framework}/executors/{executor}/runs/{run}"


def _parts(text: str) -> tuple[str, ...]:
    if "\0" in text:
        raise Invalid("a path must not contain null bytes", "path")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if ".." in parts:
        raise Invalid(f"'{text}' must not lead out of its directory", "path")
    return parts


def _inside(run: str, parts: tuple[str, ...], state: AgentState) -> InSandbox:
    """Follow the containers that a path names, as far as they are containers."""
    named = {(fact.parent, name_of(fact)): fact.run for fact in state.containers if fact.parent}
    while len(parts) >= 2 and parts[0] == CONTAINERS:
        run = named.get((run, parts[1])) or nested_run(run, parts[1])
        parts = parts[2:]
    return InSandbox(run, "/".join(parts))


def _runs(state: AgentState, framework: str, executor: str) -> list[str]:
    """List the Runs that were containers of an executor, the newest first."""
    live = [
        fact
        for fact in state.containers
        if (fact.framework, fact.executor) == (framework, executor) and not fact.parent
    ]
    newest = [fact.run for fact in sorted(live, key=lambda fact: fact.started_at, reverse=True)]
    entries = [
        entry.run
        for entry in state.executors
        if entry.framework == framework and pb.ExecutorInfo.FromString(entry.info).executor_id.value == executor
    ]
    return list(dict.fromkeys([*newest, *entries, *_ended_commands(state, framework, executor)]))


def _ended_commands(state: AgentState, framework: str, executor: str) -> Iterable[str]:
    """Give the containers of tasks that were executors of their own, as their statuses tell."""
    for entry in state.tasks:
        task = pb.Task.FromString(entry.task)
        if task.framework_id.value != framework or executor != task.task_id.value:
            continue
        for status in reversed(task.statuses):
            container = status.container_status.container_id
            if container.value and not container.HasField("parent"):
                yield container.value
