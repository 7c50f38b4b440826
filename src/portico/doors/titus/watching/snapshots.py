"""What a stream begins with: every job and task of one moment that fits.

Promises: the moment is one revision, and what is shown is durable; it is judged and written a slice at a time, from
records that no longer change. Streams that begin at the same moment share its records.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from weakref import ref

from portico.doors.titus.extension.matching import Filter
from portico.doors.titus.extension.records import TitusJob, TitusTask
from portico.doors.titus.outbound import events
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.watching.groups import Wanted

if TYPE_CHECKING:
    from portico.doors.titus.extension.standing import Standing

STEP = 0.004
"""Seconds of writing before others get their turn."""
SLICE = 10_000
"""Tasks sorted before others get their turn."""

TasksByJob = Mapping[str, Sequence[TitusTask]]


class Moment:
    """Jobs and tasks as they are at its making: those of the jobs named, or all of them."""

    def __init__(self, standing: Standing, named: frozenset[str] = frozenset()) -> None:
        self.revision = standing.plane.committer.revision
        if named:
            self.jobs = [standing.jobs[job] for job in sorted(named) if job in standing.jobs]
            self._tasks = [standing.tasks[task] for job in self.jobs for task in standing.job_tasks[job.id]]
        else:
            self.jobs = list(standing.jobs.values())
            self._tasks = list(standing.tasks.values())
        self._by_job: dict[str, list[TitusTask]] = {}
        self._sorting = asyncio.Lock()

    async def tasks_by_job(self) -> TasksByJob:
        """Sort the active tasks by their jobs, once."""
        async with self._sorting:
            tasks, self._tasks = self._tasks, []
            for start in range(0, len(tasks), SLICE):
                for task in tasks[start : start + SLICE]:
                    if not task.archived:
                        self._by_job.setdefault(task.job, []).append(task)
                await asyncio.sleep(0)
        return self._by_job


class Moments:
    """Gives the present moment, the same one to all who ask before anything changes."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._last: ref[Moment] | None = None

    def now(self, named: frozenset[str]) -> Moment:
        """Give the moment with the jobs named, or with all of them."""
        if named:
            return Moment(self._standing, named)
        last = None if self._last is None else self._last()
        if last is None or last.revision != self._standing.plane.committer.revision:
            last = Moment(self._standing)
            self._last = ref(last)
        return last


class Snapshot:
    """What one stream shows of a moment."""

    def __init__(self, standing: Standing, moment: Moment, wanted: Wanted) -> None:
        self._standing = standing
        self._moment = moment
        self._wanted = wanted
        self._filter = Filter(wanted.criteria)

    async def messages(self, encodings: Encodings) -> AsyncIterator[bytes]:
        """Yield an update of each job with those of its tasks behind it, then the end of the snapshot."""
        await self._standing.plane.committer.settled(self._moment.revision)
        by_job = await self._moment.tasks_by_job()
        clock = asyncio.get_running_loop().time
        until = clock() + STEP
        for job in self._moment.jobs:
            for message in self._of_job(job, by_job.get(job.id, ()), encodings):
                yield message
            if clock() > until:
                await asyncio.sleep(0)
                until = clock() + STEP
        yield events.SNAPSHOT_END

    def _of_job(self, job: TitusJob, tasks: Iterable[TitusTask], encodings: Encodings) -> Iterator[bytes]:
        if job.finished:
            return
        view = self._standing.view(job)
        now = self._standing.now()
        if self._filter.job(job, view, tasks):
            yield events.job_update(encodings.job_under(job, self._wanted.job_fields), now)
        for task in tasks:
            if self._filter.task(task, job, view):
                yield events.task_update(encodings.task_under(task, self._wanted.task_fields), now)
