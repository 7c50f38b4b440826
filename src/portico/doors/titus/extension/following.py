"""The door's ear on the jobs core: what becomes of Runs, Instances and Jobs is written down as tasks and jobs.

Promises: a task's record changes in the transaction of its Run; a replaced task goes to the archive in the transaction
that makes its successor, and before it. Ends that are the system's fault, and evictions, do not use up retries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs.instances import Ending, Verdict
from portico.domain.identity import Micros
from portico.domain.jobs import Instance, Job, JobMode, JobState
from portico.domain.runs import Run
from portico.doors.titus import states
from portico.doors.titus.extension import context, stages
from portico.doors.titus.extension.records import TITUS_JOB_LIFE, JobStage, Status, TitusJob, TitusTask
from portico.doors.titus.states import Reason

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.past import Past
    from portico.doors.titus.extension.standing import Standing
    from portico.doors.titus.extension.trees import Trees
    from portico.doors.titus.extension.views import JobView


class Following:
    """One per server."""

    def __init__(self, standing: Standing, past: Past, trees: Trees) -> None:
        self._standing = standing
        self._past = past
        self._trees = trees
        self._contexts = context.Contexts(standing)

    # ---- Attempts ----------------------------------------------------------------------------------------------

    def prepare(self, tx: Transaction, job: Job, instance: Instance, run: Run) -> Sequence[Run]:
        """Make the task of an Attempt, and its Runs."""
        standing = self._standing
        previous = standing.tasks.get(standing.slot_tasks.get(instance.id, ""))
        if previous is not None:
            self._past.archive(tx, previous)
        task = self._new_task(job, instance, run, previous)
        tree, task = self._trees.make(job, run, task)
        standing.put_task(tx, task)
        return tree

    def _new_task(self, job: Job, instance: Instance, run: Run, previous: TitusTask | None) -> TitusTask:
        standing = self._standing
        now = standing.now()
        status, history = stages.accepted(now)
        view = standing.views[job.id]
        shared = self._contexts.fresh(view.capacity_group, view.network_mode, view.subnets, view.security_groups)
        task = TitusTask(
            id=run.id,
            job=job.id,
            instance=instance.id,
            original=run.id,
            status=status,
            history=history,
            version=0,
            accepted_at=now,
            index=instance.index if job.mode is JobMode.BATCH else -1,
            context=self._own_context(job.id, view, shared, previous),
        )
        return task if previous is None else _succeeding(task, previous)

    def _own_context(
        self, job: str, view: JobView, shared: dict[str, str], previous: TitusTask | None
    ) -> dict[str, str]:
        """Add the address and the volume: those of the task before, else the next that no task of the job has."""
        own: dict[str, str] = {}
        for key, offered in ((context.ADDRESS, view.addresses), (context.VOLUME, view.volumes)):
            if offered:
                inherited = "" if previous is None else previous.context.get(key, "")
                chosen = inherited or self._standing.allocations.first_free(job, key, offered)
                if chosen:
                    own[key] = chosen
        return {**shared, **own} if own else shared

    def on_run(self, tx: Transaction, old: Run | None, new: Run) -> None:
        """Take a task as far as its Run is."""
        if old is None:
            return
        standing = self._standing
        task = standing.tasks.get(new.id)
        if task is None or task.finished:
            return
        seen = stages.followed(task, new, standing.now())
        if new.node and new.node != seen.node:
            placed = self._contexts.placed(seen.context, new.node)
            seen = msgspec.structs.replace(seen, node=new.node, context=placed)
        if new.address and new.address != old.address:
            seen = msgspec.structs.replace(seen, context=context.addressed(seen.context, new.address))
        if new.healthy is not seen.healthy:
            seen = msgspec.structs.replace(seen, healthy=new.healthy)
        if seen is not task:
            standing.put_task(tx, seen)

    def judge(self, _tx: Transaction, _job: Job, instance: Instance, run: Run, ending: Ending) -> Ending:
        """Say what the end of an Attempt counts for; the task is finished already."""
        task = self._standing.tasks.get(run.id)
        if task is None or instance.cancel:
            return ending
        system = states.is_system_error(task.status.code, task.stopped_as)
        if system or task.stopped_as == Reason.EVICTED:
            return msgspec.structs.replace(ending, verdict=Verdict.FAILURE, counted=False, system=system)
        if task.stopped_as == Reason.RUNTIME_LIMIT:
            return msgspec.structs.replace(ending, verdict=Verdict.TIMED_OUT)
        if task.status.code != Reason.NORMAL and ending.verdict is Verdict.SUCCESS:
            return msgspec.structs.replace(ending, verdict=Verdict.FAILURE)
        return ending

    def on_pause(self, tx: Transaction, _job: Job, _instance: Instance, run_id: str, pause: Micros) -> None:
        """Note in a finished task's context when another will follow."""
        task = self._standing.tasks.get(run_id)
        if task is not None and task.finished:
            told = {**task.context, context.RETRY_DELAY: context.duration_text(pause // 1_000)}
            self._standing.put_task(tx, msgspec.structs.replace(task, context=told))

    # ---- slots and jobs ----------------------------------------------------------------------------------------

    def on_instance(self, _tx: Transaction, job: Job, instance: Instance) -> None:
        """Let the last task of a slot that is gone follow it; batch jobs show theirs until they are over."""
        last = self._standing.slot_tasks.get(instance.id)
        if last is not None and job.mode is JobMode.SERVICE and job.state is JobState.ACTIVE:
            self._past.archive_later((last,))

    def on_job(self, tx: Transaction, _old: Job, new: Job) -> None:
        """Take a job as far as its Job is."""
        job = self._standing.jobs.get(new.id)
        if job is None or job.finished:
            return
        if new.state is JobState.STOPPING and job.accepted:
            message = "" if new.stop is None else new.stop.message
            self._standing.put_job(tx, self._staged(job, JobStage.KILL_INITIATED, Reason.KILLED, message))
        elif new.state is JobState.FINISHED:
            message = "The job was killed" if not job.accepted else "All tasks of the job are over"
            finished = self._staged(job, JobStage.FINISHED, Reason.NORMAL, message)
            self._standing.put_job(tx, msgspec.structs.replace(finished, finished_at=finished.status.at))
            self._past.archive_later(self._standing.job_tasks[new.id])

    def _staged(self, job: TitusJob, stage: JobStage, code: Reason, message: str) -> TitusJob:
        reached = TITUS_JOB_LIFE.advance(JobStage(job.status.state), stage)
        status = Status(reached, code, message, max(self._standing.now(), job.status.at))
        return msgspec.structs.replace(job, status=status, history=(*job.history, job.status))


def _succeeding(task: TitusTask, previous: TitusTask) -> TitusTask:
    """Number a task as the one that comes after another in its slot."""
    evicted = previous.stopped_as == Reason.EVICTED
    system = not evicted and states.is_system_error(previous.status.code, previous.stopped_as)
    return msgspec.structs.replace(
        task,
        original=previous.original,
        resubmit_of=previous.id,
        resubmits=previous.resubmits + 1,
        system_resubmits=previous.system_resubmits + int(system),
        eviction_resubmits=previous.eviction_resubmits + int(evicted),
    )
