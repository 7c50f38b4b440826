"""The Runs of one task: its own, with what only it knows in its environment, and those of its further containers.

Promises: the same job and the same id give the same Runs. A job's containers are not read off its descriptor each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.domain.jobs import Job
from portico.domain.resources import add
from portico.domain.runs import Run
from portico.doors.titus.extension.containers import noted
from portico.doors.titus.extension.records import JOBS
from portico.doors.titus.inbound import containers
from portico.doors.titus.inbound.mounts import shared_with
from portico.wire.titus import jobs_pb2

if TYPE_CHECKING:
    from portico.doors.titus.extension.records import TitusJob, TitusTask
    from portico.doors.titus.extension.standing import Standing
    from portico.doors.titus.inbound.containers import ChildPlan

MOST_PLANS = 5_000
"""Jobs whose further containers are remembered: those that made tasks last."""


class Trees:
    """Makes the Runs of tasks."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._children: dict[str, tuple[ChildPlan, ...]] = {}
        standing.plane.state.index(JOBS.name, self._on_job)

    def learn(self, job: str, children: tuple[ChildPlan, ...]) -> None:
        """Remember the further containers of a job's tasks."""
        self._children[job] = children
        if len(self._children) > MOST_PLANS:
            del self._children[next(iter(self._children))]

    def make(self, job: Job, run: Run, task: TitusTask) -> tuple[Sequence[Run], TitusTask]:
        """Give a task's Runs, its own first, and the task with its further containers noted."""
        own = variables(task)
        first = _with_variables(run, own)
        children = self._plans(job.id)
        if not children:
            return (first,), task
        ids = self._standing.plane.ids
        further = [_child(ids.fresh(), first, child, own) for child in children]
        whole = first.amounts
        for one in further:
            whole = add(whole, one.amounts)
        tree = (msgspec.structs.replace(first, tree_amounts=whole), *further)
        return tree, noted(task, first.spec, zip(children, further, strict=True))

    def _plans(self, job: str) -> tuple[ChildPlan, ...]:
        found = self._children.pop(job, None)
        if found is None:
            record = self._standing.jobs[job]
            descriptor = jobs_pb2.JobDescriptor.FromString(record.descriptor)
            found = containers.plan(descriptor, job, self._standing.settings).children
        self.learn(job, found)
        return found

    def _on_job(self, old: TitusJob | None, new: TitusJob | None) -> None:
        if old is not None and (new is None or new.finished):
            self._children.pop(old.id, None)


def variables(task: TitusTask) -> dict[str, str]:
    """Give the environment variables that only one task has."""
    own = {
        "TITUS_TASK_ID": task.id,
        "TITUS_TASK_INSTANCE_ID": task.id,
        "NETFLIX_INSTANCE_ID": task.id,
        "TITUS_TASK_ORIGINAL_ID": task.original,
    }
    if task.index >= 0:
        own["TITUS_TASK_INDEX"] = str(task.index)
    return own


def _with_variables(run: Run, own: dict[str, str]) -> Run:
    spec = msgspec.structs.replace(run.spec, environment={**run.spec.environment, **own})
    return msgspec.structs.replace(run, spec=spec)


def _child(identity: str, parent: Run, plan: ChildPlan, own: dict[str, str]) -> Run:
    spec = shared_with(plan.spec, parent.id)
    spec = msgspec.structs.replace(spec, environment={**spec.environment, **own})
    return Run(
        id=identity,
        door=parent.door,
        pool=parent.pool,
        spec=spec,
        amounts=plan.amounts,
        created_at=parent.created_at,
        job=parent.job,
        parent=parent.id,
        priority=parent.priority,
        labels=plan.labels,
        grace=parent.grace,
        absence=parent.absence,
    )
