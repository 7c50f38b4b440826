"""KillJob and KillTask: ends that a caller asks for.

Promises: who asked, and why, stands in the status; a task killed with `shrink` takes its slot along, and its job wants
one less in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.jobs.goals import stop_attempt, stop_job
from portico.domain.runs import StopReason
from portico.doors.titus import errors
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.capacities import set_capacity
from portico.doors.titus.extension.changing import require_task
from portico.doors.titus.extension.records import TitusTask
from portico.doors.titus.extension.views import Capacity

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.callers import Caller
    from portico.doors.titus.extension.standing import Standing


class Killing:
    """Carries out kills."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    async def kill_job(self, command: commands.KillJob) -> None:
        """End a job."""
        standing = self._standing
        job = standing.jobs.get(command.job)
        if job is None:
            raise errors.job_not_found(command.job)
        if not job.accepted:
            raise errors.job_terminating(job.id, finished=job.finished)
        with standing.plane.begin() as tx:
            core = standing.plane.state.jobs[job.id]
            stop_job(standing.plane, tx, core, StopReason.KILLED, who_and_why(command.caller))
        await standing.plane.committer.settled(tx.revision)

    async def kill_task(self, command: commands.KillTask) -> None:
        """End a task; the checks come in upstream's order."""
        standing = self._standing
        task = require_task(standing, command.task)
        if task.ending:
            raise errors.task_terminating(task.id, finished=task.finished)
        if command.shrink:
            self._check_shrink(task, prevent_minimum=command.prevent_minimum)
        flag = "true" if command.shrink else "false"
        message = f"{who_and_why(command.caller)}(shrink={flag})"
        with standing.plane.begin() as tx:
            if command.shrink:
                self._shrink(tx, task, message)
            else:
                end_task(standing, tx, task, StopReason.KILLED, message)
        await standing.plane.committer.settled(tx.revision)

    def _check_shrink(self, task: TitusTask, *, prevent_minimum: bool) -> None:
        view = self._standing.views[task.job]
        if not view.service:
            raise errors.not_service_job(task.job)
        capacity = view.capacity
        if prevent_minimum and capacity.desired <= capacity.minimum:
            raise errors.shrink_not_allowed(task.job, task.id, capacity.minimum, capacity.desired, capacity.maximum)

    def _shrink(self, tx: Transaction, task: TitusTask, message: str) -> None:
        standing = self._standing
        present = standing.views[task.job].capacity
        desired = max(0, present.desired - 1)
        end_task(standing, tx, task, StopReason.SCALED_DOWN, message, for_good=True)
        wanted = Capacity(min(present.minimum, desired), desired, present.maximum)
        if wanted != present:
            set_capacity(standing, tx, standing.jobs[task.job], wanted)


def end_task(
    standing: Standing,
    tx: Transaction,
    task: TitusTask,
    reason: StopReason,
    message: str,
    *,
    for_good: bool = False,
) -> None:
    """End a live task; unless `for_good`, its job's policy says whether another follows."""
    instance = standing.plane.state.instances[task.instance]
    stop_attempt(standing.plane, tx, instance, reason, message, for_good=for_good)


def who_and_why(caller: Caller) -> str:
    """Write who asked for something, and why."""
    return f"{caller.id or '<no_caller>'} {caller.reason or '<no_reason>'}"
