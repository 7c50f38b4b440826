"""The one reader of changes: each is judged and written once for every group, then handed to its watchers.

Owns the door's watch on the plane. Promises: what is told is durable; a watcher hears once of each later change that it
wants, in order; that a task has ended is told before it is archived. A slow watcher delays nobody.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.control.watching import Watcher
from portico.domain.errors import Exhausted
from portico.domain.events import Event, Selector
from portico.doors.titus.extension.records import JOBS, TASKS, TitusJob, TitusTask
from portico.doors.titus.extension.views import JobView, read_view
from portico.doors.titus.outbound import events
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.watching.groups import Group, Groups, Wanted
from portico.doors.titus.watching.subscriptions import Subscription
from portico.wire.titus import base_pb2

if TYPE_CHECKING:
    from portico.doors.titus.extension.standing import Standing

TABLES = frozenset({JOBS.name, TASKS.name})
STEP = 0.004
"""Seconds of telling before others get their turn."""
SLICE = 10_000
"""Tasks looked at in one go when following begins."""

_log = structlog.get_logger(__name__)


class Asked(msgspec.Struct, frozen=True):
    """A keep-alive request in its place among the changes; of one watcher there is one at most."""

    subscription: Subscription
    request: base_pb2.KeepAliveRequest


class _Over(msgspec.Struct, frozen=True):
    """A job that is over, and the revision of its end."""

    job: TitusJob
    revision: int


class Follower:
    """Follows the plane from the first watcher on."""

    def __init__(self, standing: Standing, encodings: Encodings) -> None:
        self._standing = standing
        self._encodings = encodings
        self._groups = Groups()
        self._watcher: Watcher | None = None
        self._start: list[TitusTask] = []
        self._wanted = asyncio.Event()
        self._ended: set[str] = set()
        """Tasks whose end has been told and which are not archived yet."""
        self._jobs: dict[str, TitusJob] = {}
        """Active jobs as they are at the change that is being told, which memory may be ahead of."""
        self._over: _Over | None = None
        """The job that was over last: more may be told of its tasks."""

    # ---- who listens -------------------------------------------------------------------------------------------

    def join(self, wanted: Wanted, subscription: Subscription) -> None:
        """Tell a watcher of every later change; its snapshot must be taken before anything is awaited."""
        self._groups.join(wanted, subscription)
        if self._watcher is None:
            plane = self._standing.plane
            self._watcher = plane.hub.open(Selector(TABLES))
            self._start = list(self._standing.tasks.values())
            self._jobs = dict(self._standing.jobs)
            self._wanted.set()

    def leave(self, wanted: Wanted, subscription: Subscription) -> None:
        """Tell a watcher no more."""
        self._groups.leave(wanted, subscription)

    def ask(self, subscription: Subscription, request: base_pb2.KeepAliveRequest) -> None:
        """Answer a request behind everything that is durable now, or the latest one when more come before that."""
        if subscription.asked:
            subscription.latest = request
        else:
            subscription.asked = True
            self._line_up(subscription, request)

    def _line_up(self, subscription: Subscription, request: base_pb2.KeepAliveRequest) -> None:
        if self._watcher is not None:
            plane = self._standing.plane
            asked = Asked(subscription, request)
            self._watcher.offer(Event(plane.hub.released, plane.clock.now(), "", "", "", asked))

    # ---- following ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow until cancelled, or until the plane ends."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            watcher = self._watcher
            assert watcher is not None
            try:
                await self._follow(watcher)
            except Exhausted as error:
                _log.warning("titus watchers cannot be told more", reason=str(error))
                self._let_go(error)
            else:
                self._let_go(None)
            finally:
                self._standing.plane.hub.close(watcher)

    async def _follow(self, watcher: Watcher) -> None:
        await self._begin()
        clock = asyncio.get_running_loop().time
        while batch := await watcher.take():
            until = clock() + STEP
            for event in batch:
                self._tell(event)
                if clock() > until:
                    await asyncio.sleep(0)
                    until = clock() + STEP

    async def _begin(self) -> None:
        """Find out which tasks have ended but are not archived yet."""
        tasks, self._start = self._start, []
        self._ended.clear()
        for start in range(0, len(tasks), SLICE):
            for task in tasks[start : start + SLICE]:
                if task.finished and not task.archived:
                    self._ended.add(task.id)
            await asyncio.sleep(0)

    def _let_go(self, error: Exception | None) -> None:
        """End every stream; who comes next begins anew."""
        self._watcher = None
        for group in self._groups:
            for subscription in list(group.subscriptions):
                if error is None:
                    subscription.finish()
                else:
                    subscription.fail(error)
                self._groups.leave(group.wanted, subscription)

    # ---- telling -----------------------------------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        record = event.record
        match record:
            case TitusJob():
                self._tell_job(event.revision, record)
            case TitusTask():
                self._tell_task(event.revision, record)
            case Asked():
                self._answer(record)

    def _answer(self, asked: Asked) -> None:
        """Answer a request, and let the latest of those that came meanwhile stand behind what happened meanwhile."""
        subscription = asked.subscription
        subscription.answer(events.keep_alive(asked.request, self._standing.now()))
        latest, subscription.latest = subscription.latest, None
        subscription.asked = latest is not None and not subscription.over
        if latest is not None and subscription.asked:
            self._line_up(subscription, latest)

    def _tell_job(self, revision: int, job: TitusJob) -> None:
        """Tell a change of a job; one that is over is archived with it."""
        if job.finished:
            self._jobs.pop(job.id, None)
            self._over = _Over(job, revision)
        else:
            self._jobs[job.id] = job
        groups = self._groups.of(job.id)
        if not groups:
            return
        standing = self._standing
        view = self._view(job)
        now = standing.now()
        written = _Once()
        for group in groups:
            tasks = (standing.tasks[task] for task in standing.job_tasks[job.id]) if group.filter.asks_for_tasks else ()
            if not group.filter.job(job, view, tasks):
                continue
            under = group.wanted.job_fields
            if under not in written:
                body = self._encodings.job_under(job, under)
                archived = events.job_update(body, now, archived=True) if job.finished else b""
                written[under] = (events.job_update(body, now), archived)
            plain, archived = written[under]
            self._hand_out(group, revision, plain, archived, over=job.finished)

    def _tell_task(self, revision: int, task: TitusTask) -> None:
        """Tell a change of a task; its end first, when that and the archiving were one change."""
        told = task.id in self._ended
        if task.archived:
            self._ended.discard(task.id)
        elif task.finished:
            self._ended.add(task.id)
        groups = self._groups.of(task.job)
        if not groups:
            return
        job, over_at = self._job_of(task)
        if job is None:
            return
        view = self._view(job)
        now = self._standing.now()
        written = _Once()
        for group in groups:
            if not group.filter.task(task, job, view):
                continue
            under = group.wanted.task_fields
            if under not in written:
                body = self._encodings.task_under(task, under)
                plain = b"" if told and task.archived else events.task_update(body, now, moved=task.moved)
                written[under] = (plain, events.task_update(body, now, archived=True) if task.archived else b"")
            self._hand_out(group, over_at or revision, *written[under], over=False)

    def _hand_out(self, group: Group, revision: int, plain: bytes, archived: bytes, *, over: bool) -> None:
        """Hand a change to those of a group whose snapshot was taken before a revision."""
        for subscription in list(group.subscriptions):
            if revision <= subscription.since:
                continue
            if plain:
                subscription.send(plain)
            if subscription.until_over and over:
                subscription.finish()
            elif archived and subscription.archived:
                subscription.send(archived)
            if subscription.over:
                self._groups.leave(group.wanted, subscription)

    def _job_of(self, task: TitusTask) -> tuple[TitusJob | None, int]:
        """Find the job of a task and, when it is over, the revision of its end: later snapshots lack its tasks.

        Such a job has left memory and is read once for all of its tasks.
        """
        job = self._jobs.get(task.job)
        if job is not None:
            return job, 0
        if self._over is None or self._over.job.id != task.job:
            row = self._standing.plane.history.now(lambda reader: reader.get(JOBS.name, task.job))
            if row is None:
                return None, 0
            self._over = _Over(JOBS.load(row), row.revision)
        return self._over.job, self._over.revision

    def _view(self, job: TitusJob) -> JobView:
        """Give the view of a job as it is at the change that is being told."""
        present = self._standing.jobs.get(job.id)
        if present is None or present.descriptor is job.descriptor:
            return self._standing.view(job)
        return read_view(job.descriptor)


class _Once(dict[object, tuple[bytes, bytes]]):
    """The messages made of one change: the plain one and that of the archiving, by projection."""
