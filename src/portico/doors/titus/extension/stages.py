"""A task's way through its stages: what each change of its Run adds to its record.

Pure functions over records. Promises: a stage never goes back, a status that says nothing new is not added, the
instants of a history never fall; progress reports beyond KEPT_STATUSES push out the oldest but the first.
"""

from __future__ import annotations

import msgspec

from portico.domain.runs import Run
from portico.doors.titus import states
from portico.doors.titus.extension.records import KEPT_STATUSES, TITUS_TASK_LIFE, Status, TaskStage, TitusTask
from portico.doors.titus.states import Reason

_POD_CREATED = "The task waits for a node"
_SCHEDULED = "A node was found for the task"
_REPEATED = frozenset({TaskStage.ACCEPTED, TaskStage.START_INITIATED, TaskStage.KILL_INITIATED})


def accepted(at: int) -> tuple[Status, tuple[Status, ...]]:
    """Give a new task's status and history: it was accepted, and the backend has it."""
    first = Status(TaskStage.ACCEPTED, Reason.NORMAL, "Task accepted", at)
    return Status(TaskStage.ACCEPTED, Reason.POD_CREATED, _POD_CREATED, at), (first,)


def advanced(task: TitusTask, stage: TaskStage, code: str, message: str, at: int) -> TitusTask:
    """Give the task with another status, or the task itself when that would be going back or saying nothing new."""
    present = task.status
    was = TaskStage(present.state)
    if (was, stage) not in TITUS_TASK_LIFE.edges:
        return task
    if was is stage and (stage not in _REPEATED or (present.code == code and present.message == message)):
        return task
    history = (*task.history, present)
    if len(history) > KEPT_STATUSES:
        history = (history[0], *history[2:])
    status = Status(stage, code, message, max(at, present.at))
    return msgspec.structs.replace(
        task,
        status=status,
        history=history,
        finished_at=status.at if stage is TaskStage.FINISHED else 0,
    )


def followed(task: TitusTask, run: Run, now: int) -> TitusTask:
    """Give the task as its Run's present state makes it; milliseconds."""
    stage = states.stage_of(run)
    match stage:
        case TaskStage.ACCEPTED:
            return task
        case TaskStage.LAUNCHED:
            return advanced(task, stage, Reason.POD_SCHEDULED, _SCHEDULED, run.placed_at // 1_000)
        case TaskStage.START_INITIATED:
            # The node's clock tells when; one that is fast must not put off the timer of this stage.
            at = min(run.preparing_at // 1_000, now)
            return advanced(task, stage, Reason.NORMAL, "The container is being prepared", at)
        case TaskStage.STARTED:
            return advanced(task, stage, Reason.NORMAL, "The container runs", run.started_at // 1_000)
        case TaskStage.KILL_INITIATED:
            return _kill_initiated(task, run, now)
        case TaskStage.FINISHED:
            return _finished(task, run, now)


def _kill_initiated(task: TitusTask, run: Run, now: int) -> TitusTask:
    assert run.stop is not None
    if task.stopped_as:
        return task
    code = states.STOPPED_AS[run.stop.reason]
    message = run.stop.message or f"stopped: {run.stop.reason.value}"
    told = advanced(task, TaskStage.KILL_INITIATED, code, message, now)
    return told if told is task else msgspec.structs.replace(told, stopped_as=code, kill_attempts=1)


def _finished(task: TitusTask, run: Run, now: int) -> TitusTask:
    if run.stop is not None:
        task = _kill_initiated(task, run, now)
    outcome = run.outcome
    assert outcome is not None
    code = Reason.STUCK_IN_KILLING if task.given_up else states.final_code(run, task.stopped_as)
    message = outcome.message or f"ended: {outcome.cause.value}"
    return advanced(task, TaskStage.FINISHED, code, message, run.ended_at // 1_000 or now)


def retold_to_end(task: TitusTask, now: int) -> TitusTask:
    """Give the task as told once more to end."""
    attempt = task.kill_attempts + 1
    told = advanced(
        task, TaskStage.KILL_INITIATED, task.status.code, f"still there after being killed, attempt {attempt}", now
    )
    return msgspec.structs.replace(told, kill_attempts=attempt)


def given_up(task: TitusTask) -> TitusTask:
    """Give the task as one that did not end although it was told to often enough."""
    return msgspec.structs.replace(task, given_up=True)
