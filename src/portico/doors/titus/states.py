"""What a Run's life means in the words of the API: total tables of stages and reason codes.

Source of the codes: the API's task states. Promises: every core state, stop reason and cause of an end has its word.
"""

from __future__ import annotations

from enum import StrEnum

from portico.domain.runs import EndCause, Fault, Run, RunState, StopReason
from portico.doors.titus.extension.records import TaskStage


class Reason(StrEnum):
    """Reason codes of job and task statuses, as on the wire."""

    NORMAL = "normal"
    FAILED = "failed"
    KILLED = "killed"
    EVICTED = "evicted"
    SCALED_DOWN = "scaledDown"
    STUCK_IN_STATE = "stuckInState"
    STUCK_IN_KILLING = "stuckInKillingState"
    RUNTIME_LIMIT = "runtimeLimitExceeded"
    LOST = "lost"
    INVALID_REQUEST = "invalidRequest"
    CRASHED = "crashed"
    TRANSIENT_SYSTEM_ERROR = "transientSystemError"
    LOCAL_SYSTEM_ERROR = "localSystemError"
    UNKNOWN_SYSTEM_ERROR = "unknownSystemError"
    UNKNOWN = "unknown"
    POD_CREATED = "podCreated"
    POD_SCHEDULED = "podScheduled"
    FILLED_IN = "filledIn"
    INCONSISTENT = "inconsistent"


SYSTEM_ERRORS = frozenset(
    {
        Reason.STUCK_IN_STATE,
        Reason.CRASHED,
        Reason.TRANSIENT_SYSTEM_ERROR,
        Reason.LOCAL_SYSTEM_ERROR,
        Reason.UNKNOWN_SYSTEM_ERROR,
    }
)
"""Codes of ends that nobody asked for and the job did not cause: such tasks are tried again for ever."""

STAGES = {
    RunState.WAITING: TaskStage.ACCEPTED,
    RunState.ADMITTED: TaskStage.ACCEPTED,
    RunState.PLACED: TaskStage.LAUNCHED,
    RunState.LAUNCHING: TaskStage.LAUNCHED,
    RunState.RUNNING: TaskStage.STARTED,
    RunState.UNREACHABLE: TaskStage.STARTED,
    RunState.SUCCEEDED: TaskStage.FINISHED,
    RunState.FAILED: TaskStage.FINISHED,
    RunState.KILLED: TaskStage.FINISHED,
    RunState.LOST: TaskStage.FINISHED,
}

STOPPED_AS = {
    StopReason.CANCELLED: Reason.KILLED,
    StopReason.TIMED_OUT: Reason.RUNTIME_LIMIT,
    StopReason.SCALED_DOWN: Reason.SCALED_DOWN,
    StopReason.OWNER_ENDED: Reason.KILLED,
    StopReason.PARENT_ENDED: Reason.KILLED,
    StopReason.GANG_BROKEN: Reason.KILLED,
    StopReason.PREEMPTED: Reason.EVICTED,
    StopReason.DRAINED: Reason.EVICTED,
    StopReason.HUNG: Reason.FAILED,
    StopReason.REPLACED: Reason.KILLED,
    StopReason.KILLED: Reason.KILLED,
    StopReason.EVICTED: Reason.EVICTED,
    StopReason.STUCK: Reason.STUCK_IN_STATE,
    StopReason.UNKNOWN_RUN: Reason.KILLED,
    StopReason.SHUTDOWN: Reason.KILLED,
}
"""Why a task is being killed."""

ENDED_AS = {
    EndCause.EXITED: Reason.FAILED,
    EndCause.SIGNALLED: Reason.FAILED,
    EndCause.OUT_OF_MEMORY: Reason.FAILED,
    EndCause.OUT_OF_DISK: Reason.FAILED,
    EndCause.UNHEALTHY: Reason.FAILED,
    EndCause.SWITCHBOARD: Reason.FAILED,
    EndCause.FETCH_FAILED: Reason.FAILED,
    EndCause.LAUNCH_FAILED: Reason.FAILED,
    EndCause.STOPPED: Reason.KILLED,
    EndCause.LOST: Reason.LOST,
}
"""Why a task is over that nobody told to end, unless it succeeded or could not be started by a fault of FAULTS."""

FAULTS = {
    Fault.REQUEST: Reason.INVALID_REQUEST,
    Fault.NODE: Reason.LOCAL_SYSTEM_ERROR,
}
"""Why a task could not be started: what it asks for cannot be, or its node failed it, which is tried again for ever."""


def stage_of(run: Run) -> TaskStage:
    """Name the stage in which a Run's task is."""
    stage = STAGES[run.state]
    if stage is TaskStage.FINISHED:
        return stage
    if run.stop is not None:
        return TaskStage.KILL_INITIATED
    if run.started_at:
        return TaskStage.STARTED
    if stage is TaskStage.ACCEPTED:
        return stage
    return TaskStage.START_INITIATED if run.preparing_at else TaskStage.LAUNCHED


def final_code(run: Run, stopped_as: str) -> Reason:
    """Give the code of an ended Run's last status; `stopped_as` is the code with which it was killed, if it was.

    Whoever was told to end counts as killed however it ended; one that was stuck counts as a system's error.
    """
    if stopped_as:
        return Reason.TRANSIENT_SYSTEM_ERROR if stopped_as == Reason.STUCK_IN_STATE else Reason.KILLED
    if run.state is RunState.SUCCEEDED:
        return Reason.NORMAL
    if run.stop is not None:
        return Reason.KILLED
    assert run.outcome is not None
    if run.outcome.fault is not None:
        return FAULTS[run.outcome.fault]
    return ENDED_AS[run.outcome.cause]


def is_system_error(code: str, stopped_as: str) -> bool:
    """Tell whether an end is the system's fault, by its last status or by the one with which it was killed."""
    return code in SYSTEM_ERRORS or stopped_as in SYSTEM_ERRORS
