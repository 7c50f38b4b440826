"""Jobs, Instances and Attempts: goals that outlive processes.

A Job wants Instances; an Instance is carried out by Attempts, each of which is a Run (a command) or a Call (a function
in a worker). Promises: an Instance that ended reopens only as a new generation, with its id and attempt count kept.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.lifecycle import LifeCycle
from portico.domain.runs import AbsencePolicy, RunSpec, StopOrder

ENDLESS = -1


class JobState(StrEnum):
    """Whether a Job still pursues its goal."""

    ACTIVE = "active"
    STOPPING = "stopping"
    FINISHED = "finished"


JOB_LIFE = LifeCycle(
    "job",
    JobState.ACTIVE,
    {
        (JobState.ACTIVE, JobState.STOPPING): "someone ended it; its Attempts are being stopped",
        (JobState.ACTIVE, JobState.FINISHED): "its goal is reached",
        (JobState.STOPPING, JobState.FINISHED): "its last Attempt is over",
    },
)


class JobMode(StrEnum):
    """What a Job wants."""

    DEMAND = "demand"
    """Instances are added one by one, each with arguments of its own; the Job itself does not finish."""
    BATCH = "batch"
    """`size` Instances, each to succeed once."""
    SERVICE = "service"
    """`size` Instances, each of which is tried again whenever an Attempt ends, until its slot is taken away."""


class Shrink(StrEnum):
    """Which Instances of a service Job go first when it becomes smaller, and which index a new one gets."""

    INDEX = "index"
    """Those beyond the size go; indexes are 0 to size - 1, and a new Instance takes the lowest free one."""
    SPREAD = "spread"
    """Those that serve least go, from where the Job has most; indexes only count up."""


class InstanceState(StrEnum):
    """Where an Instance stands."""

    WAITING = "waiting"
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


_S = InstanceState

INSTANCE_LIFE = LifeCycle(
    "instance",
    _S.WAITING,
    {
        (_S.WAITING, _S.PENDING): "it is due and its Job has a free slot: an Attempt exists",
        (_S.WAITING, _S.CANCELLED): "cancelled before an Attempt",
        (_S.PENDING, _S.RUNNING): "the Attempt has begun",
        (_S.PENDING, _S.WAITING): "the Attempt ended before or after it began, and another is owed",
        (_S.PENDING, _S.SUCCEEDED): "the Attempt began and succeeded within one report",
        (_S.PENDING, _S.FAILED): "the Attempt failed and none is owed",
        (_S.PENDING, _S.CANCELLED): "cancelled",
        (_S.PENDING, _S.TIMED_OUT): "the Attempt ran too long and none is owed",
        (_S.RUNNING, _S.WAITING): "the Attempt ended and another is owed",
        (_S.RUNNING, _S.SUCCEEDED): "the Attempt succeeded",
        (_S.RUNNING, _S.FAILED): "the Attempt failed and none is owed",
        (_S.RUNNING, _S.CANCELLED): "cancelled; its Attempt is over",
        (_S.RUNNING, _S.TIMED_OUT): "the Attempt ran too long and none is owed",
    },
)


class Retry(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often and how soon to try again: `limit` further Attempts (-1 endless; service Jobs always are), the n-th
    after min(delay * factor ** (n - 1), ceiling), and no sooner than `floor`.

    An Attempt that ran for `steady` or longer (0 = never) is followed without a pause, and the pauses begin anew.
    Without `on_timeout` one that ran too long is not tried again. Failures that do not count are tried for ever, after
    pauses that double from `system_delay` to `system_ceiling`.
    """

    limit: int = 0
    delay: Micros = Micros(0)
    factor: int = 1
    ceiling: Micros = Micros(3600 * SECOND)
    floor: Micros = Micros(0)
    steady: Micros = Micros(0)
    on_timeout: bool = True
    system_delay: Micros = Micros(SECOND)
    system_ceiling: Micros = Micros(30 * SECOND)


class Template(msgspec.Struct, frozen=True, omit_defaults=True):
    """What each Attempt of a Job is made of; durations in microseconds, `timeout` 0 = none.

    `function` set means that Attempts are Calls to that function in workers of `fleet`; then `spec` is not used.
    In `spec.argv` of a Job on demand {0}, {1}, … stand for the Instance's arguments; where none is named they are
    appended. {{0}} stands for {0}.
    `hard` and `soft` are encoded constraints, as Runs have them.
    """

    spec: RunSpec = RunSpec()
    amounts: dict[str, int] = {}
    port_count: int = 0
    priority: int = 0
    timeout: Micros = Micros(0)
    grace: Micros = Micros(5 * SECOND)
    absence: AbsencePolicy = AbsencePolicy()
    strategy: str = "pack"
    labels: dict[str, str] = {}
    hard: tuple[bytes, ...] = ()
    soft: tuple[bytes, ...] = ()
    preemptible: bool = False
    function: str = ""
    fleet: str = ""


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a Job fires by itself: a cron line, or once at an instant; both empty means never.

    `catch_up` makes one firing of all that were missed while the server was down; else they are skipped.
    """

    cron: str = ""
    zone: str = "UTC"
    at: Instant = Instant(0)
    catch_up: bool = False


class Job(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A goal. Lower `template.priority` goes first; `concurrency` 0 means no bound on simultaneous Attempts, and
    `starting_limit` 0 none on those that have not begun.

    `fire_at` is the next firing of its schedule, stored once; `recurring` is the Instance that every firing reopens.
    `size` is how many Instances it wants, `spawned` how many it has made so far, `stop` how and why it was ended.
    A `requested` Job was made by a caller; all others come from the configuration and are retired when they leave it.
    """

    id: str
    door: str
    pool: str
    mode: JobMode
    created_at: Instant
    state: JobState = JobState.ACTIVE
    description: str = ""
    template: Template = Template()
    retry: Retry = Retry()
    size: int = 0
    concurrency: int = 0
    schedule: Schedule = Schedule()
    fire_at: Instant = Instant(0)
    recurring: str = ""
    retired: bool = False
    requested: bool = False
    starting_limit: int = 0
    spawned: int = 0
    shrink: Shrink = Shrink.INDEX
    stop: StopOrder | None = None
    ended_at: Instant = Instant(0)

    @property
    def ended(self) -> bool:
        """Tell whether the Job has come to its end."""
        return self.state in JOB_LIFE.final


class Instance(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A slot of a Job and the story of its Attempts.

    `attempts` counts every start in all generations, `tries` those of this generation; `attempt` is the id of the
    present or last Run, empty for Calls and between Attempts. `lease` numbers the leases given out, so that late
    answers are known. Of the tries, `forgiven` ones do not count against the limit, and pauses count from the
    `rested` ones on; `system_failures` is how many of the last ones in a row were forgiven.
    """

    id: str
    job: str
    door: str
    created_at: Instant
    scheduled_at: Instant
    due_at: Instant
    state: InstanceState = InstanceState.WAITING
    index: int = 0
    generation: int = 0
    arguments: tuple[str, ...] = ()
    priority: int = 0
    attempt: str = ""
    attempts: int = 0
    tries: int = 0
    forgiven: int = 0
    rested: int = 0
    system_failures: int = 0
    lease: int = 0
    worker: str = ""
    cancel: bool = False
    recurring: bool = False
    results: tuple[str, ...] = ()
    error: str | None = None
    started_at: Instant = Instant(0)
    ended_at: Instant = Instant(0)
    deadline: Instant = Instant(0)

    @property
    def ended(self) -> bool:
        """Tell whether this generation is over."""
        return self.state in INSTANCE_LIFE.final
