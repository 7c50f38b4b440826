"""Encodings that are kept, so that a record is written once for all who ask.

Owns a bounded memory: of jobs only what stands around the descriptor, which the record holds already; of tasks the
whole message. Promises: an encoding is of the very record asked for, never of an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portico.doors.titus.extension.records import TitusJob, TitusTask
from portico.doors.titus.outbound.fields import Projection
from portico.doors.titus.outbound.framing import ITEMS, head
from portico.doors.titus.outbound.jobs import Around, around, without_descriptor
from portico.doors.titus.outbound.tasks import LogPlaces, TaskWriter

MOST_JOBS = 40_000
"""Jobs of which that is kept, some 500 bytes each."""
MOST_TASK_BYTES = 32 << 20
_DESCRIPTOR = "jobDescriptor"


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A task and its message; thousands of these must not make the collector of garbage work."""

    task: TitusTask
    written: bytes


class Encodings:
    """Jobs and tasks, encoded; whole, or cut down to a projection."""

    def __init__(self) -> None:
        self._writer = TaskWriter()
        self._jobs: dict[str, Around] = {}
        self._tasks: dict[str, Kept] = {}
        self._task_bytes = 0

    def place(self, places: LogPlaces) -> None:
        """Learn where logs are served."""
        self._writer.places = places
        self._tasks.clear()
        self._task_bytes = 0

    # ---- whole messages ----------------------------------------------------------------------------------------

    def job(self, job: TitusJob) -> bytes:
        """Give a Job message."""
        written = self._around(job)
        return written.before + job.descriptor + written.after

    def task(self, task: TitusTask) -> bytes:
        """Give a Task message."""
        kept = self._tasks.get(task.id)
        if kept is not None and kept.task is task:
            return kept.written
        written = self._writer.write(task)
        if not task.archived:
            self._keep_task(task, written)
        return written

    # ---- parts of messages -------------------------------------------------------------------------------------

    def job_under(self, job: TitusJob, projection: Projection | None) -> bytes:
        """Give a Job message with the fields of a projection, all of them for None."""
        if projection is None:
            return self.job(job)
        if not projection.wants(_DESCRIPTOR):
            return projection.apply(without_descriptor(self._around(job)))
        return projection.apply(self.job(job))

    def task_under(self, task: TitusTask, projection: Projection | None) -> bytes:
        """Give a Task message with the fields of a projection, all of them for None."""
        whole = self.task(task)
        return whole if projection is None else projection.apply(whole)

    # ---- entries of lists --------------------------------------------------------------------------------------

    def listed_job(self, job: TitusJob, projection: Projection | None = None) -> Sequence[bytes]:
        """Give a job as an entry of a JobQueryResult, in pieces."""
        if projection is None:
            written = self._around(job)
            return written.listed, job.descriptor, written.after
        return _entry(self.job_under(job, projection))

    def listed_task(self, task: TitusTask, projection: Projection | None = None) -> Sequence[bytes]:
        """Give a task as an entry of a TaskQueryResult, in pieces."""
        return _entry(self.task_under(task, projection))

    # ---- memory ------------------------------------------------------------------------------------------------

    def _around(self, job: TitusJob) -> Around:
        kept = self._jobs.get(job.id)
        if kept is not None and kept.job is job:
            return kept
        written = around(job)
        if not job.finished:
            self._jobs[job.id] = written
            if len(self._jobs) > MOST_JOBS:
                del self._jobs[next(iter(self._jobs))]
        return written

    def _keep_task(self, task: TitusTask, written: bytes) -> None:
        old = self._tasks.pop(task.id, None)
        self._tasks[task.id] = Kept(task, written)
        self._task_bytes += len(written) - (len(old.written) if old is not None else 0)
        while self._task_bytes > MOST_TASK_BYTES:
            self._task_bytes -= len(self._tasks.pop(next(iter(self._tasks))).written)


def _entry(message: bytes) -> Sequence[bytes]:
    return head(ITEMS, len(message)), message
