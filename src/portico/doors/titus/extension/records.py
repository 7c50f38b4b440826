"""The door's records: one row for each Titus job and task, committed together with the Job and the Run they stand for.

A TitusJob has the id of its Job, a TitusTask that of its Run. Instants are milliseconds since the epoch, as on the
wire. Promises: `version` strictly increases over all jobs and tasks of a server; a status history only grows.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.control.records import RecordTable
from portico.domain.lifecycle import LifeCycle
from portico.store.port import Column, Table

DOOR = "titus"
KEPT_STATUSES = 100
"""Statuses kept of one task's history beside the first: progress reports must not grow a row without bound."""


class JobStage(StrEnum):
    """A Titus job's state, named as on the wire."""

    ACCEPTED = "Accepted"
    KILL_INITIATED = "KillInitiated"
    FINISHED = "Finished"


_J = JobStage

TITUS_JOB_LIFE = LifeCycle(
    "titus job",
    _J.ACCEPTED,
    {
        (_J.ACCEPTED, _J.KILL_INITIATED): "KillJob",
        (_J.ACCEPTED, _J.FINISHED): "a batch job whose tasks are all over, or one that had none",
        (_J.KILL_INITIATED, _J.FINISHED): "its last task is over",
    },
)


class TaskStage(StrEnum):
    """A Titus task's state, named as on the wire."""

    ACCEPTED = "Accepted"
    LAUNCHED = "Launched"
    START_INITIATED = "StartInitiated"
    STARTED = "Started"
    KILL_INITIATED = "KillInitiated"
    FINISHED = "Finished"


_T = TaskStage

TITUS_TASK_LIFE = LifeCycle(
    "titus task",
    _T.ACCEPTED,
    {
        (_T.ACCEPTED, _T.ACCEPTED): "the backend knows it (podCreated)",
        (_T.ACCEPTED, _T.LAUNCHED): "a node was found",
        (_T.ACCEPTED, _T.START_INITIATED): "the container is being prepared; earlier news came late",
        (_T.ACCEPTED, _T.STARTED): "the container runs; earlier news came late",
        (_T.ACCEPTED, _T.KILL_INITIATED): "it is to end",
        (_T.ACCEPTED, _T.FINISHED): "it was ended before a node had it",
        (_T.LAUNCHED, _T.START_INITIATED): "the container is being prepared",
        (_T.LAUNCHED, _T.STARTED): "the container runs",
        (_T.LAUNCHED, _T.KILL_INITIATED): "it is to end",
        (_T.LAUNCHED, _T.FINISHED): "it ended",
        (_T.START_INITIATED, _T.START_INITIATED): "progress of the preparation",
        (_T.START_INITIATED, _T.STARTED): "the container runs",
        (_T.START_INITIATED, _T.KILL_INITIATED): "it is to end",
        (_T.START_INITIATED, _T.FINISHED): "it ended",
        (_T.STARTED, _T.KILL_INITIATED): "it is to end",
        (_T.STARTED, _T.FINISHED): "it ended",
        (_T.KILL_INITIATED, _T.KILL_INITIATED): "told again to end",
        (_T.KILL_INITIATED, _T.FINISHED): "it ended",
    },
)


class Status(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One state in a history; `state` is a JobStage or TaskStage value, `code` a reason code of the API."""

    state: str
    code: str
    message: str
    at: int


class TitusJob(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A job as its clients see it.

    `descriptor` is the JobDescriptor, serialized, after sanitising and with every later update applied (capacity,
    attributes, processes, budget). `history` holds the statuses before the present one. Pages are in order of
    `accepted_at`, then of the id.
    """

    id: str
    descriptor: bytes
    status: Status
    version: int
    accepted_at: int
    history: tuple[Status, ...] = ()
    finished_at: int = 0

    @property
    def finished(self) -> bool:
        """Tell whether the job is over."""
        return self.status.state == JobStage.FINISHED

    @property
    def accepted(self) -> bool:
        """Tell whether the job may still be changed."""
        return self.status.state == JobStage.ACCEPTED


class ContainerFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A further container of a task: its name, its Run, what it runs; `healthy` is None while nothing is known.

    `sidecar` tells that it is the platform sidecar of that name.
    """

    name: str
    run: str
    image: str
    sidecar: bool = False
    healthy: bool | None = None


class TitusTask(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A task as its clients see it.

    `index` is -1 for tasks of service jobs. `context` holds every key of the task context that does not follow from
    the other fields (`task.originalId`, the resubmit counts, `task.resubmitOf`, `task.index` do follow).
    `healthy` is its main container's health and `containers` are the further ones, in the job's order; with these,
    `image` is what the main one runs.
    `archived` tells that a later task has taken its place, or that its job is over: then it leaves memory.
    `stopped_as` is the code with which it was first told to end, and `given_up` tells that it did not, although it was
    told to often enough. `moved` is true only in the change that brought it to another job; `moved_from` names the job
    it came from last. `migrate_by` is when a task that must leave its node is moved at the latest, `migrate_since` when
    that was decided; 0 for one that may stay.
    """

    id: str
    job: str
    instance: str
    original: str
    status: Status
    version: int
    accepted_at: int
    index: int = -1
    resubmits: int = 0
    system_resubmits: int = 0
    eviction_resubmits: int = 0
    resubmit_of: str = ""
    history: tuple[Status, ...] = ()
    attributes: dict[str, str] = {}
    context: dict[str, str] = {}
    node: str = ""
    healthy: bool | None = None
    image: str = ""
    containers: tuple[ContainerFact, ...] = ()
    kill_attempts: int = 0
    stopped_as: str = ""
    given_up: bool = False
    moved: bool = False
    moved_from: str = ""
    migrate_by: int = 0
    migrate_since: int = 0
    archived: bool = False
    finished_at: int = 0

    @property
    def finished(self) -> bool:
        """Tell whether the task is over."""
        return self.status.state == TaskStage.FINISHED

    @property
    def ending(self) -> bool:
        """Tell whether the task is over or is to be."""
        return self.status.state in (TaskStage.FINISHED, TaskStage.KILL_INITIATED)


JOBS = RecordTable(
    TitusJob,
    Table(
        "titus_jobs",
        (Column("active", "integer"), Column("finished_at", "integer")),
        active="active",
        past=(("finished_at",),),
    ),
    lambda job: (int(not job.finished), job.finished_at),
    scope=lambda job: job.id,
    keep=lambda job: not job.finished,
)
TASKS = RecordTable(
    TitusTask,
    Table(
        "titus_tasks",
        (
            Column("active", "integer"),
            Column("job"),  # a task may be moved to another job
            Column("finished_at", "integer"),
            Column("accepted_at", "integer"),
        ),
        active="active",
        past=(("job", "accepted_at"), ("finished_at",)),
    ),
    lambda task: (int(not task.archived), task.job, task.finished_at, task.accepted_at),
    scope=lambda task: task.job,
    keep=lambda task: not task.archived,
)

TABLES = (JOBS, TASKS)
