"""MoveTask: a task of a service job goes to another one that runs the same things.

Promises: the task keeps running and keeps its id; the number of wanted tasks of both jobs together stays; all of it is
one transaction. The checks come in the API's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs.slots import move_instance
from portico.doors.titus import errors
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.capacities import set_capacity
from portico.doors.titus.extension.changing import read, require_task
from portico.doors.titus.extension.compatibility import difference
from portico.doors.titus.extension.records import JobStage, TaskStage, TitusJob, TitusTask
from portico.doors.titus.extension.views import Capacity

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing


class Moving:
    """Carries out MoveTask."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    async def move(self, command: commands.MoveTask) -> None:
        """Move a task."""
        standing = self._standing
        task, source, target = self._check(command)
        with standing.plane.begin() as tx:
            self._move(tx, task, source, target)
        await standing.plane.committer.settled(tx.revision)

    def _check(self, command: commands.MoveTask) -> tuple[TitusTask, TitusJob, TitusJob]:
        standing = self._standing
        task = require_task(standing, command.task)
        source = standing.jobs.get(task.job)
        if source is None or source.finished:
            raise errors.task_not_found(task.id)
        if not standing.views[source.id].service:
            raise errors.not_service_job(source.id)
        if source.id != command.source:
            raise errors.task_job_mismatch(task.id, command.source)
        if source.id == command.target:
            raise errors.same_jobs(source.id)
        target = standing.jobs.get(command.target)
        if target is None or target.finished:
            raise errors.job_not_found(command.target)
        if not standing.views[target.id].service:
            raise errors.not_service_job(target.id)
        differs = difference(read(source), read(target))
        if differs:
            raise errors.jobs_not_compatible(source.id, target.id, differs)
        self._check_states(task, source, target)
        return task, source, target

    def _check_states(self, task: TitusTask, source: TitusJob, target: TitusJob) -> None:
        standing = self._standing
        for job in (source, target):
            if not job.accepted:
                raise errors.unexpected_job_state(job.id, JobStage.ACCEPTED, job.status.state)
        given, taken = standing.views[source.id].capacity, standing.views[target.id].capacity
        if given.desired <= given.minimum:
            raise errors.below_minimum(source.id, 1, given.minimum, given.desired, given.maximum)
        if taken.desired >= taken.maximum:
            raise errors.above_maximum(target.id, 1, taken.minimum, taken.desired, taken.maximum)
        instance = standing.plane.state.instances.get(task.instance)
        if instance is None or instance.ended or instance.cancel:
            raise errors.unexpected_task_state(task.id, TaskStage.STARTED, task.status.state)

    def _move(self, tx: Transaction, task: TitusTask, source: TitusJob, target: TitusJob) -> None:
        standing = self._standing
        state = standing.plane.state
        move_instance(standing.plane, tx, state.instances[task.instance], state.jobs[target.id])
        moved = msgspec.structs.replace(standing.tasks[task.id], job=target.id, moved_from=source.id)
        standing.put_task(tx, moved, moved=True)
        for job, change in ((source, -1), (target, 1)):
            present = standing.views[job.id].capacity
            wanted = Capacity(present.minimum, present.desired + change, present.maximum)
            set_capacity(standing, tx, standing.jobs[job.id], wanted)
