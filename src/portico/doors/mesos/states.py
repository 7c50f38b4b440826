"""What a Run's state means as a TaskState, with the reason, source and message that go with it; total tables.

Pure. States, sources and reasons are the wire's names. Promises: every combination has an answer; a framework without
PARTITION_AWARE hears LOST where others hear exactly what became of a task.
"""

from __future__ import annotations

import signal
from enum import StrEnum

import msgspec

from portico.domain.runs import CheckResult, EndCause, Outcome, Run, RunState, StopReason

MASTER = "SOURCE_MASTER"
AGENT = "SOURCE_AGENT"
EXECUTOR = "SOURCE_EXECUTOR"

TERMINAL = frozenset(
    {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE"}
)
"""States after which nothing follows."""

PARTITIONED = frozenset({"TASK_DROPPED", "TASK_UNREACHABLE", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN"})
"""States that only PARTITION_AWARE frameworks hear of."""


class TaskKind(StrEnum):
    """What stands behind a task: a command of its own, one in a task group's built-in executor, or an executor."""

    COMMAND = "command"
    GROUPED = "grouped"
    HOSTED = "hosted"


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a status says of a task."""

    state: str
    source: str
    reason: str = ""
    message: str = ""
    healthy: bool | None = None
    checked: CheckResult | None = None


class View(msgspec.Struct, frozen=True):
    """From where a Run is looked at: what its task is, what its framework understands, and what befell what it is in.

    `agent_away` tells that its node is given up for lost, `executor` how its executor ended, if it did.
    """

    kind: TaskKind
    capabilities: frozenset[str] = frozenset()
    agent_away: bool = False
    executor: ExecutorEnd | None = None


class ExecutorEnd(msgspec.Struct, frozen=True):
    """Why an executor ended: the reason and message for the tasks that it leaves."""

    reason: str
    message: str


def visible(state: str, capabilities: frozenset[str]) -> str:
    """Give the state as a framework with these capabilities hears it."""
    return "TASK_LOST" if state in PARTITIONED and "PARTITION_AWARE" not in capabilities else state


def told(run: Run, view: View) -> Told:
    """Say what a Run's state means for its task."""
    if run.ended:
        said = _ended(run, view)
    elif run.state is RunState.UNREACHABLE:
        said = Told("TASK_UNREACHABLE", MASTER, "REASON_AGENT_REMOVED", "Agent is unreachable")
    elif run.state is RunState.RUNNING:
        said = _running(run, view)
    else:
        said = Told("TASK_STAGING", MASTER)
    state = visible(said.state, view.capabilities)
    return msgspec.structs.replace(said, state=state, checked=_checked(run) if said.source == EXECUTOR else None)


def _checked(run: Run) -> CheckResult | None:
    """Give what a task's check saw last: nothing of its kind before the first look."""
    if run.checked is not None or run.spec.status_check is None:
        return run.checked
    return CheckResult(run.spec.status_check.kind)


def check_changed(said: Told) -> Told:
    """Say the same because the result of the task's check is another one now."""
    return msgspec.structs.replace(said, reason="REASON_TASK_CHECK_STATUS_UPDATED")


def refused(reason: str, message: str, capabilities: frozenset[str]) -> Told:
    """Say that a task was never launched, for a reason that is not its own fault."""
    return Told(visible("TASK_DROPPED", capabilities), MASTER, reason, message)


def wrong(reason: str, message: str) -> Told:
    """Say that a task is wrong in itself, or that its framework may not launch it."""
    return Told("TASK_ERROR", MASTER, reason, message)


def unknown(capabilities: frozenset[str], *, unreachable: bool = False) -> Told:
    """Say what is known of a task that nobody knows, or whose agent is away."""
    state = "TASK_UNREACHABLE" if unreachable else "TASK_UNKNOWN"
    message = "Reconciliation: Task is unreachable" if unreachable else "Reconciliation: Task is unknown to the agent"
    return Told(visible(state, capabilities), MASTER, "REASON_RECONCILIATION", message)


FRAMEWORK_REMOVED = Told("TASK_KILLED", MASTER, "REASON_FRAMEWORK_REMOVED", "Framework removed")
UNREGISTERED = "REASON_EXECUTOR_UNREGISTERED"

STATE_OF_EXECUTOR_REASON = {
    "REASON_EXECUTOR_TERMINATED": "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION": "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_MEMORY": "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_DISK": "TASK_FAILED",
    "REASON_CONTAINER_LAUNCH_FAILED": "TASK_FAILED",
    "REASON_IO_SWITCHBOARD_EXITED": "TASK_FAILED",
    "REASON_EXECUTOR_REGISTRATION_TIMEOUT": "TASK_FAILED",
    "REASON_EXECUTOR_REREGISTRATION_TIMEOUT": "TASK_GONE",
    "REASON_CONTAINER_PREEMPTED": "TASK_GONE",
    "REASON_AGENT_RESTARTED": "TASK_DROPPED",
    "REASON_AGENT_REMOVED": "TASK_GONE",
}
"""What the tasks of an executor come to that ended for a reason."""

_BY_EXECUTOR_CAUSE = {
    EndCause.EXITED: "REASON_EXECUTOR_TERMINATED",
    EndCause.SIGNALLED: "REASON_EXECUTOR_TERMINATED",
    EndCause.OUT_OF_MEMORY: "REASON_CONTAINER_LIMITATION_MEMORY",
    EndCause.OUT_OF_DISK: "REASON_CONTAINER_LIMITATION_DISK",
    EndCause.UNHEALTHY: "REASON_EXECUTOR_TERMINATED",
    EndCause.SWITCHBOARD: "REASON_IO_SWITCHBOARD_EXITED",
    EndCause.FETCH_FAILED: "REASON_CONTAINER_LAUNCH_FAILED",
    EndCause.LAUNCH_FAILED: "REASON_CONTAINER_LAUNCH_FAILED",
    EndCause.STOPPED: "REASON_EXECUTOR_TERMINATED",
    EndCause.LOST: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
}
_BY_EXECUTOR_STOP = {
    StopReason.PREEMPTED: "REASON_CONTAINER_PREEMPTED",
    StopReason.DRAINED: "REASON_AGENT_REMOVED",
    StopReason.REPLACED: "REASON_AGENT_REMOVED",
    StopReason.UNKNOWN_RUN: "REASON_AGENT_REMOVED",
}
"""Stops that are not the executor's own affair."""


def executor_end(run: Run, *, registered: bool = True) -> ExecutorEnd:
    """Say for its tasks why an executor's Run ended; `registered` is off for one that was not heard of in time."""
    outcome = _outcome(run)
    reason = _BY_EXECUTOR_CAUSE[outcome.cause]
    if outcome.cause is EndCause.LOST and not run.started_at:
        reason = "REASON_AGENT_RESTARTED"
    elif run.stop is not None and run.state is RunState.KILLED:
        reason = _BY_EXECUTOR_STOP.get(run.stop.reason, reason)
        if run.stop.reason is StopReason.HUNG and not registered:
            return ExecutorEnd("REASON_EXECUTOR_REGISTRATION_TIMEOUT", "Executor did not register within its timeout")
    ending = describe(outcome)
    return ExecutorEnd(reason, "Executor terminated" if reason == _TERMINATED else ending)


_TERMINATED = "REASON_EXECUTOR_TERMINATED"


def wait_status(outcome: Outcome) -> int:
    """Give the status as wait(2) has it, -1 when it is not known."""
    if outcome.exit_code is not None:
        return outcome.exit_code << 8
    return outcome.signal if outcome.signal is not None else -1


_WORDS = {
    EndCause.OUT_OF_MEMORY: "Memory limit exceeded",
    EndCause.OUT_OF_DISK: "Disk usage exceeds quota",
    EndCause.SWITCHBOARD: "'IOSwitchboard' exited",
    EndCause.FETCH_FAILED: "Failed to launch container: Failed to fetch all URIs for container",
    EndCause.LAUNCH_FAILED: "Failed to launch container",
}


def describe(outcome: Outcome) -> str:
    """Say how a command ended."""
    if outcome.cause in _WORDS:
        return f"{_WORDS[outcome.cause]}: {outcome.message}"
    if outcome.cause is EndCause.LOST:
        return outcome.message or "Nothing is known of it any more"
    return _exit(outcome)


def _exit(outcome: Outcome) -> str:
    if outcome.exit_code is not None:
        return f"Command exited with status {outcome.exit_code}"
    if outcome.signal is not None:
        return f"Command terminated with signal {signal.strsignal(outcome.signal) or outcome.signal}"
    return outcome.message or "Command terminated"


def _running(run: Run, view: View) -> Told:
    killing = run.stop is not None and "TASK_KILLING_STATE" in view.capabilities
    return Told("TASK_KILLING" if killing else "TASK_RUNNING", EXECUTOR, healthy=run.healthy)


def _ended(run: Run, view: View) -> Told:
    match run.state:
        case RunState.SUCCEEDED:
            return Told("TASK_FINISHED", EXECUTOR, message=describe(_outcome(run)), healthy=run.healthy)
        case RunState.KILLED:
            return _killed(run, view)
        case RunState.LOST:
            return _lost(run, view)
        case _:
            return _failed(run, view)


_CAUSE_OF_FAILURE = {
    EndCause.EXITED: ("TASK_FAILED", EXECUTOR, ""),
    EndCause.SIGNALLED: ("TASK_FAILED", EXECUTOR, ""),
    EndCause.OUT_OF_MEMORY: ("TASK_FAILED", AGENT, "REASON_CONTAINER_LIMITATION_MEMORY"),
    EndCause.OUT_OF_DISK: ("TASK_FAILED", AGENT, "REASON_CONTAINER_LIMITATION_DISK"),
    EndCause.UNHEALTHY: ("TASK_KILLED", EXECUTOR, ""),
    EndCause.SWITCHBOARD: ("TASK_FAILED", AGENT, "REASON_IO_SWITCHBOARD_EXITED"),
    EndCause.FETCH_FAILED: ("TASK_FAILED", AGENT, "REASON_CONTAINER_LAUNCH_FAILED"),
    EndCause.LAUNCH_FAILED: ("TASK_FAILED", AGENT, "REASON_CONTAINER_LAUNCH_FAILED"),
    EndCause.STOPPED: ("TASK_KILLED", EXECUTOR, ""),
    EndCause.LOST: ("TASK_GONE", AGENT, "REASON_EXECUTOR_REREGISTRATION_TIMEOUT"),
}
"""A task whose health checks failed is killed like one that was asked to end."""


def _failed(run: Run, view: View) -> Told:
    outcome = _outcome(run)
    if view.executor is not None and view.kind is not TaskKind.COMMAND and outcome.cause not in _OWN_ENDS:
        return _orphaned(view.executor)
    state, source, reason = _CAUSE_OF_FAILURE[outcome.cause]
    if outcome.cause is EndCause.UNHEALTHY:
        if outcome.exit_code == 0:
            state = "TASK_FINISHED"
        return Told(state, source, reason, describe(outcome), healthy=False)
    return Told(state, source, reason, describe(outcome), run.healthy)


_OWN_ENDS = frozenset(EndCause) - {EndCause.FETCH_FAILED, EndCause.LAUNCH_FAILED, EndCause.STOPPED, EndCause.LOST}

_STOP = {
    StopReason.CANCELLED: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.TIMED_OUT: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.SCALED_DOWN: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.GANG_BROKEN: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.HUNG: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.SHUTDOWN: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.KILLED: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.STUCK: ("TASK_KILLED", EXECUTOR, ""),
    StopReason.OWNER_ENDED: ("TASK_KILLED", MASTER, "REASON_FRAMEWORK_REMOVED"),
    StopReason.PARENT_ENDED: ("TASK_FAILED", AGENT, _TERMINATED),
    StopReason.PREEMPTED: ("TASK_GONE", AGENT, "REASON_CONTAINER_PREEMPTED"),
    StopReason.EVICTED: ("TASK_GONE", AGENT, "REASON_CONTAINER_PREEMPTED"),
    StopReason.DRAINED: ("TASK_GONE", MASTER, "REASON_AGENT_REMOVED"),
    StopReason.REPLACED: ("TASK_GONE", MASTER, "REASON_AGENT_REMOVED"),
    StopReason.UNKNOWN_RUN: ("TASK_GONE", MASTER, "REASON_AGENT_REMOVED"),
}
"""What a stop means that a Run ended after; those without a reason are the executor's own words."""


def _killed(run: Run, view: View) -> Told:
    outcome = _outcome(run)
    why = run.stop.reason if run.stop is not None else StopReason.CANCELLED
    if why is StopReason.PARENT_ENDED and view.executor is not None:
        return _orphaned(view.executor)
    state, source, reason = _STOP[why]
    message = describe(outcome)
    if why is StopReason.PREEMPTED and run.stop is not None:
        return Told(state, source, reason, run.stop.message or outcome.message)
    if reason:
        return Told(state, source, reason, "Executor terminated" if reason == _TERMINATED else outcome.message)
    if not run.started_at:
        return Told(state, AGENT, UNREGISTERED, "Task was killed before it was delivered to its executor")
    if outcome.exit_code == 0 and view.kind is not TaskKind.HOSTED:
        state = "TASK_FINISHED"
    return Told(state, source, message=message, healthy=run.healthy)


def _lost(run: Run, view: View) -> Told:
    message = describe(_outcome(run))
    if view.agent_away:
        return Told("TASK_GONE", MASTER, "REASON_AGENT_REMOVED", message)
    if view.kind is not TaskKind.COMMAND and view.executor is not None:
        return _orphaned(view.executor)
    if not run.started_at:
        return Told("TASK_DROPPED", AGENT, "REASON_AGENT_RESTARTED", message)
    if view.kind is TaskKind.HOSTED:
        return Told("TASK_FAILED", AGENT, _TERMINATED, "Executor terminated")
    return Told("TASK_GONE", AGENT, "REASON_EXECUTOR_REREGISTRATION_TIMEOUT", message)


def _orphaned(executor: ExecutorEnd) -> Told:
    return Told(STATE_OF_EXECUTOR_REASON[executor.reason], AGENT, executor.reason, executor.message)


def _outcome(run: Run) -> Outcome:
    assert run.outcome is not None, "a Run that ended has an outcome"
    return run.outcome
