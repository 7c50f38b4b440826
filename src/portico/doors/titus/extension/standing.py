"""What the handlers of the door share: the plane, the records in memory with their indexes, and the jobs' views.

Owns the order of versions. Promises: nothing here survives a restart that is not rebuilt from rows; every change of a
job or a task gets a version above all earlier ones.

A job leaves `jobs` when its end is durable; tasks of it that are still in `tasks` then are over and about to follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from portico.control.state import Grouped
from portico.domain.errors import Compacted
from portico.domain.identity import MINUTE, SECOND, Micros, Revision
from portico.doors.titus.extension.allocations import Allocations
from portico.doors.titus.extension.records import JOBS, TASKS, TitusJob, TitusTask
from portico.doors.titus.extension.views import JobView, read_view

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.control.extensions import Handler
    from portico.control.plane import Plane
    from portico.control.queries import Query
    from portico.control.records import RecordTable
    from portico.control.transaction import Transaction
    from portico.doors.titus.inbound.limits import Limits

DEFAULT_GROUP = "DEFAULT"
LOOK_BACK = 2_000
"""Newest events read at a start."""
MOST_OVER = 1_000
"""Views of finished jobs that are kept for those who still tell of them."""


class Periods(msgspec.Struct, frozen=True):
    """The door's timers, in microseconds; the defaults are upstream's.

    `start_batch` and `start_service` bound StartInitiated; the configuration names them together.
    """

    launched: Micros = Micros(5 * MINUTE)
    start_batch: Micros = Micros(12 * MINUTE)
    start_service: Micros = Micros(5 * MINUTE)
    kill_initiated: Micros = Micros(10 * MINUTE)
    kill_attempts: int = 2
    min_retry_interval: Micros = Micros(SECOND)
    steady: Micros = Micros(5 * MINUTE)
    """A task that had been Started for so long is followed by another without a pause."""
    keep: Micros = Micros(0)
    """How long finished jobs and archived tasks are kept; 0 keeps them for ever, as upstream does."""


class Site(msgspec.Struct, frozen=True):
    """Where this cell is: the names that jobs and task contexts carry, where there are any."""

    cell: str = ""
    stack: str = ""
    region: str = "local"


class Groups(Protocol):
    """What is known of capacity groups."""

    def pool(self, group: str) -> str:
        """Name the pool in which a group's tasks wait."""
        ...

    def tier(self, group: str) -> str:
        """Name a group's tier as on the wire."""
        ...

    def resource_pool(self, group: str) -> str:
        """Name a group's resource pool."""
        ...


class Part(Protocol):
    """A further piece of the door's part in control, named at composition."""

    @property
    def tables(self) -> tuple[RecordTable[Any], ...]:
        """The record types it keeps."""
        ...

    def attach(self, standing: Standing) -> None:
        """Take one's place: build indexes, name timers; records are loaded, nothing runs yet."""
        ...

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each of its commands and queries."""
        ...

    def start(self, tx: Transaction) -> None:
        """Pick up what was under way, in the plane's first transaction."""
        ...

    async def run(self) -> None:
        """Do what must be done all the time, until cancelled; may return."""
        ...


class PlainGroups:
    """Groups that are pools and nothing else; one that is no pool shares the default one."""

    def __init__(self, plane: Plane, root: str) -> None:
        self._plane = plane
        self._root = root

    def pool(self, group: str) -> str:
        """Name the group's pool where it stands, else the default one."""
        named = f"{self._root}/{group}"
        return named if named in self._plane.state.pools else f"{self._root}/{DEFAULT_GROUP}"

    def tier(self, _group: str) -> str:
        """Every group is Flex."""
        return "Flex"

    def resource_pool(self, _group: str) -> str:
        """There is one."""
        return "elastic"


class Standing:
    """The door's view of one plane."""

    def __init__(self, plane: Plane, pool_root: str, periods: Periods, settings: Limits, site: Site) -> None:
        self.plane = plane
        self.pool_root = pool_root
        self.periods = periods
        self.settings = settings
        self.site = site
        self.groups: Groups = PlainGroups(plane, pool_root)
        records = plane.state.records
        self.jobs: dict[str, TitusJob] = records[JOBS.name]
        self.tasks: dict[str, TitusTask] = records[TASKS.name]
        self.views: dict[str, JobView] = {}
        self.job_tasks = Grouped(_job_of)
        self.allocations = Allocations()
        self.slot_tasks: dict[str, str] = {}
        """The newest task of each slot, by the slot's Instance."""
        self.sequences: dict[str, str] = {}
        """The unfinished job that holds each group sequence."""
        self._over: dict[str, JobView] = {}
        self._version = 0
        plane.state.index(JOBS.name, self._on_job)
        plane.state.index(TASKS.name, self.job_tasks)
        plane.state.index(TASKS.name, self.allocations)
        plane.state.index(TASKS.name, self._on_task)
        self._resume_versions()

    # ---- time and order ----------------------------------------------------------------------------------------

    def now(self) -> int:
        """Give the present in milliseconds."""
        return self.plane.clock.now() // 1_000

    def next_version(self) -> int:
        """Give a version above all earlier ones: the present in milliseconds, or the next number."""
        self._version = max(self._version + 1, self.now())
        return self._version

    def _resume_versions(self) -> None:
        """Go on above the newest versions given, which may be ahead of the clock after a burst."""
        last = self.plane.committer.revision
        try:
            events = self.plane.history.now(lambda reader: reader.events(Revision(max(0, last - LOOK_BACK)), LOOK_BACK))
        except Compacted:
            return  # the log is shorter than that: nothing was changed for long
        for event in events:
            if event.body is not None and event.table in {JOBS.name, TASKS.name}:
                table = JOBS if event.table == JOBS.name else TASKS
                self._version = max(self._version, table.decode(event.body).version)

    # ---- records -----------------------------------------------------------------------------------------------

    def put_job(self, tx: Transaction, job: TitusJob) -> TitusJob:
        """Store a changed job under a new version."""
        stored = msgspec.structs.replace(job, version=self.next_version())
        tx.put(stored)
        return stored

    def put_task(self, tx: Transaction, task: TitusTask, *, moved: bool = False) -> TitusTask:
        """Store a changed task under a new version."""
        stored = msgspec.structs.replace(task, version=self.next_version(), moved=moved)
        tx.put(stored)
        return stored

    def view(self, job: TitusJob) -> JobView:
        """Give the view of a job in any state, one read from the archive too."""
        known = self.views.get(job.id)
        if known is not None:
            return known
        found = self._over.get(job.id)
        if found is None:
            found = read_view(job.descriptor)
            self._keep_over(job.id, found)
        return found

    def _keep_over(self, job: str, view: JobView) -> None:
        self._over[job] = view
        if len(self._over) > MOST_OVER:
            del self._over[next(iter(self._over))]

    # ---- indexes -----------------------------------------------------------------------------------------------

    def _on_job(self, old: TitusJob | None, new: TitusJob | None) -> None:
        if new is not None and not new.finished:
            self._version = max(self._version, new.version)
            if old is None or old.descriptor is not new.descriptor or new.id not in self.views:
                view = self.views[new.id] = read_view(new.descriptor)
                if view.sequence:
                    self.sequences[view.sequence_key] = new.id
            return
        view_of_old = None if old is None else self.views.pop(old.id, None)
        if old is None or view_of_old is None:
            return
        if self.sequences.get(view_of_old.sequence_key) == old.id:
            del self.sequences[view_of_old.sequence_key]
        if new is not None:
            self._keep_over(old.id, view_of_old)

    def _on_task(self, old: TitusTask | None, new: TitusTask | None) -> None:
        if new is None or new.archived:
            task = new or old
            if task is not None and self.slot_tasks.get(task.instance) == task.id:
                del self.slot_tasks[task.instance]
        elif old is None or old.archived:
            self.slot_tasks[new.instance] = new.id
        if old is None and new is not None:
            self._version = max(self._version, new.version)


def _job_of(task: TitusTask) -> str:
    return "" if task.archived else task.job
