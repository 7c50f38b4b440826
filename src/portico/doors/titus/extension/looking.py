"""Queries: jobs and tasks by id and by filter, active ones from memory and the rest from the archive.

Owns the order of the lists. Promises: an answer is of durable state; entries that stay are met exactly once by whoever
follows the cursors, whatever comes and goes meanwhile; no scan holds the loop for longer than a few milliseconds.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from portico.control.extensions import Handler
from portico.control.queries import Query
from portico.doors.titus import errors
from portico.doors.titus.extension.archive import Archive
from portico.doors.titus.extension.matching import Filter, fits_archived
from portico.doors.titus.extension.ordering import Ordered, key_of
from portico.doors.titus.extension.records import JOBS, TASKS, TitusJob, TitusTask
from portico.doors.titus.inbound.criteria import Criteria
from portico.doors.titus.inbound.identities import job_id, task_id
from portico.doors.titus.inbound.pages import Key, Page
from portico.doors.titus.outbound.pages import Found, pagination, span

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.doors.titus.extension.standing import Standing

T = TypeVar("T", TitusJob, TitusTask)

Fitting: TypeAlias = Callable[[Sequence[Key]], list[T]]
"""Gives those of some places whose entries are still there and fit."""

STEP = 0.004
"""Seconds that a scan goes on before others get their turn."""
GLANCE = 128
"""Entries between two looks at the clock; one only where each is asked for all of its tasks."""


class FindJob(Query, frozen=True):
    """One job, active or archived. Raises JOB_NOT_FOUND, and an invalid argument for an id that is no UUID."""

    id: str


class FindTask(Query, frozen=True):
    """One task, active or archived. Raises TASK_NOT_FOUND, and an invalid argument for an id that is no UUID."""

    id: str


class FindJobs(Query, frozen=True):
    """A page of the active jobs that fit; answered by Found[TitusJob]."""

    criteria: Criteria
    page: Page


class FindTasks(Query, frozen=True):
    """A page of the active tasks that fit, archived ones with them where the criteria say so; Found[TitusTask]."""

    criteria: Criteria
    page: Page


class Looking:
    """Answers the door's queries."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._plane = standing.plane
        self._archive = Archive(standing.plane)
        self.jobs = Ordered(lambda job: not job.finished)
        self.tasks = Ordered(lambda task: not task.archived)
        standing.plane.state.index(JOBS.name, self.jobs)
        standing.plane.state.index(TASKS.name, self.tasks)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what answers each query."""
        return {
            FindJob: self.find_job,
            FindTask: self.find_task,
            FindJobs: self.find_jobs,
            FindTasks: self.find_tasks,
        }

    # ---- one ---------------------------------------------------------------------------------------------------

    async def find_job(self, query: FindJob) -> TitusJob:
        """Give a job."""
        revision = self._plane.committer.revision
        job = self._standing.jobs.get(query.id)
        if job is None:
            job = self._archive.job(job_id(query.id))
            if job is None:
                raise errors.job_id_not_found(query.id)
        await self._plane.committer.settled(revision)
        return job

    async def find_task(self, query: FindTask) -> TitusTask:
        """Give a task."""
        revision = self._plane.committer.revision
        task = self._standing.tasks.get(query.id)
        if task is None:
            task = self._archive.task(task_id(query.id))
            if task is None:
                raise errors.task_id_not_found(query.id)
        await self._plane.committer.settled(revision)
        return task

    # ---- jobs --------------------------------------------------------------------------------------------------

    async def find_jobs(self, query: FindJobs) -> Found[TitusJob]:
        """Give a page of active jobs."""
        wanted = Filter(query.criteria)
        if wanted.all_jobs:
            found = _page_of_all(self.jobs, query.page, self._standing.jobs)
        else:
            glance = 1 if wanted.asks_for_tasks else GLANCE
            found = _page(query.page, await _scan(self._job_keys(query.criteria), self._fitting_jobs(wanted), glance))
        await self._settled()
        return found

    def _fitting_jobs(self, wanted: Filter) -> Fitting[TitusJob]:
        jobs, views = self._standing.jobs, self._standing.views

        def fitting(keys: Sequence[Key]) -> list[TitusJob]:
            found = []
            for _, identity in keys:
                view = views.get(identity)  # which active jobs alone have
                if view is not None:
                    job = jobs[identity]
                    if wanted.job(job, view, self._tasks_of(identity) if wanted.asks_for_tasks else ()):
                        found.append(job)
            return found

        return fitting

    def _tasks_of(self, job: str) -> Iterable[TitusTask]:
        tasks = self._standing.tasks
        return [tasks[identity] for identity in self._standing.job_tasks.groups.get(job, ())]

    def _job_keys(self, criteria: Criteria) -> Sequence[Key]:
        """Give the places of all jobs that may fit, in order."""
        standing = self._standing
        named = criteria.job_ids
        if not named and criteria.task_ids:
            named = frozenset(standing.tasks[task].job for task in criteria.task_ids if task in standing.tasks)
        elif not named:
            return list(self.jobs)
        return sorted(key_of(standing.jobs[job]) for job in named if job in standing.jobs)

    # ---- tasks -------------------------------------------------------------------------------------------------

    async def find_tasks(self, query: FindTasks) -> Found[TitusTask]:
        """Give a page of active tasks, or of those and the archived ones of the jobs that are named."""
        criteria = query.criteria
        wanted = Filter(criteria)
        archived = bool(criteria.archive and criteria.job_ids)
        if wanted.all_tasks:
            found = _page_of_all(self.tasks, query.page, self._standing.tasks)
            await self._settled()
            return found
        tasks = await _scan(self._task_keys(criteria), self._fitting_tasks(wanted))
        if archived:
            tasks += self._left_behind(criteria)
        await self._settled()
        if archived:
            merged = {task.id: task for task in tasks}
            merged |= {task.id: task for task in await self._archive.tasks(criteria.job_ids, criteria)}
            tasks = sorted(merged.values(), key=key_of)
        return _page(query.page, tasks)

    def _fitting_tasks(self, wanted: Filter) -> Fitting[TitusTask]:
        standing = self._standing
        jobs, tasks = standing.jobs, standing.tasks

        def fitting(keys: Sequence[Key]) -> list[TitusTask]:
            found = []
            for _, identity in keys:
                task = tasks.get(identity)
                job = jobs.get(task.job) if task is not None and not task.archived else None
                if task is not None and job is not None and wanted.task(task, job, standing.view(job)):
                    found.append(task)
            return found

        return fitting

    def _left_behind(self, criteria: Criteria) -> list[TitusTask]:
        """Give those tasks of named jobs that fit as archived ones do: their job is over, they are about to follow."""
        standing = self._standing
        over = (job for job in criteria.job_ids if job not in standing.jobs)
        tasks = (standing.tasks[task] for job in over for task in standing.job_tasks[job])
        return [task for task in tasks if fits_archived(criteria, task)]

    def _task_keys(self, criteria: Criteria) -> Sequence[Key]:
        """Give the places of all tasks that may fit, in order."""
        standing = self._standing
        if criteria.task_ids:
            named: Iterable[str] = (task for task in criteria.task_ids if task in standing.tasks)
        elif criteria.job_ids:
            named = (task for job in criteria.job_ids for task in standing.job_tasks[job])
        else:
            return list(self.tasks)
        return sorted(key_of(standing.tasks[task]) for task in named)

    async def _settled(self) -> None:
        """Wait until all that was seen is durable."""
        await self._plane.committer.settled(self._plane.committer.revision)


async def _scan(keys: Sequence[Key], fitting: Fitting[T], glance: int = GLANCE) -> list[T]:
    """Collect what fits, giving way to others now and then."""
    clock = asyncio.get_running_loop().time
    until = clock() + STEP
    found: list[T] = []
    for start in range(0, len(keys), glance):
        found += fitting(keys[start : start + glance])
        if clock() > until:
            await asyncio.sleep(0)
            until = clock() + STEP
    return found


def _page_of_all(order: Ordered, page: Page, records: Mapping[str, T]) -> Found[T]:
    """Take a page of everything, without looking at the rest."""
    covered = span(page, len(order), order.place)
    last = order.at(covered.last) if covered.total else None
    items = [records[identity] for _, identity in order.between(covered.start, covered.end)]
    return Found(items, pagination(page, covered, last))


def _page(page: Page, records: Sequence[T]) -> Found[T]:
    """Take a page of what was found, which is in order."""
    covered = span(page, len(records), lambda key: bisect_right(records, key, key=key_of))
    last = key_of(records[covered.last]) if covered.total else None
    return Found(records[covered.start : covered.end], pagination(page, covered, last))
