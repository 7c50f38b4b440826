"""The door's records: one row each, committed together with the Runs they belong to.

Serialized messages (`info`, `status`) are kept as they are told to clients; beside them stand the few facts that
handlers decide by. Promises: a Task or Executor has the id of its Run; what ended stays ended.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.control.records import RecordTable
from portico.domain.identity import Instant, Micros
from portico.domain.lifecycle import LifeCycle
from portico.domain.reservations import LabelledPorts
from portico.domain.slices import Slices
from portico.store.port import Column, Table

MASTER = "master"


class Master(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who this master is, for as long as its data directory lives, and the numbers it has given away."""

    id: str
    master: str
    frameworks: int = 0
    agents: int = 0


class Agent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The Mesos name of a node; `id` is the node's. `removed_at` is when it was given up for lost."""

    id: str
    agent: str
    registered_at: Instant
    removed_at: Instant = Instant(0)


class FrameworkState(StrEnum):
    """Where a framework stands."""

    SUBSCRIBED = "subscribed"
    DISCONNECTED = "disconnected"
    REMOVED = "removed"


_F = FrameworkState

FRAMEWORK_LIFE = LifeCycle(
    "framework",
    _F.SUBSCRIBED,
    {
        (_F.SUBSCRIBED, _F.SUBSCRIBED): "it subscribed again: another connection takes over",
        (_F.SUBSCRIBED, _F.DISCONNECTED): "its event stream ended, or the server was started again",
        (_F.DISCONNECTED, _F.SUBSCRIBED): "it came back in time",
        (_F.DISCONNECTED, _F.REMOVED): "it did not come back within its failover timeout, or an operator removed it",
        (_F.SUBSCRIBED, _F.REMOVED): "it, or an operator, tore it down",
    },
)


class Framework(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A scheduler and its standing; `capabilities` are names of FrameworkInfo.Capability.Type.

    `deadline` is when a disconnected one is removed.
    """

    id: str
    info: bytes
    name: str
    user: str
    roles: tuple[str, ...]
    principal: str = ""
    capabilities: frozenset[str] = frozenset()
    failover_timeout: Micros = Micros(0)
    checkpoint: bool = False
    state: FrameworkState = FrameworkState.SUBSCRIBED
    registered_at: Instant
    reregistered_at: Instant = Instant(0)
    disconnected_at: Instant = Instant(0)
    deadline: Instant = Instant(0)
    removed_at: Instant = Instant(0)

    @property
    def removed(self) -> bool:
        """Tell whether it is gone for good."""
        return self.state is FrameworkState.REMOVED

    @property
    def partition_aware(self) -> bool:
        """Tell whether it wants to hear the exact states of tasks on agents that are away."""
        return "PARTITION_AWARE" in self.capabilities


class Pending(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A status update that its framework has not acknowledged; `status` is a TaskStatus with this uuid in it."""

    uuid: bytes
    status: bytes


class Executor(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An executor that is not built into a command task; its id is that of its Run.

    `default` is the built-in one of task groups. `registered` tells whether a custom one has subscribed,
    `deadline` when one that has not, or that was told to shut down, is destroyed.
    """

    id: str
    framework: str
    executor: str
    node: str
    info: bytes
    default: bool = False
    role: str = "*"
    slices: Slices = ()
    ports: LabelledPorts = ()
    registered: bool = False
    shut_down: bool = False
    created_at: Instant
    deadline: Instant = Instant(0)
    ended_at: Instant = Instant(0)
    reason: str = ""
    message: str = ""

    @property
    def ended(self) -> bool:
        """Tell whether its Run has ended."""
        return self.ended_at > 0


class Task(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A task; its id is that of its Run.

    `state` is the name of a TaskState, the newest one; `statuses` one TaskStatus without data for each state it has
    been in, the oldest first, of which the newest 100 are kept. `pending` are the updates still to be acknowledged, the
    first of them is the one under way. A task is over once it is terminal and nothing is pending. `seen` are uuids of
    updates that its executor sent last: one that comes again is dropped.
    """

    id: str
    framework: str
    task: str
    name: str
    node: str
    info: bytes
    role: str = "*"
    executor: str = ""
    command: bool = False
    slices: Slices = ()
    ports: LabelledPorts = ()
    state: str = "TASK_STAGING"
    statuses: tuple[bytes, ...] = ()
    pending: tuple[Pending, ...] = ()
    seen: tuple[bytes, ...] = ()
    terminal: bool = False
    over: bool = False
    killed: bool = False
    created_at: Instant
    ended_at: Instant = Instant(0)
    unreachable_at: Instant = Instant(0)


class MachineMode(StrEnum):
    """What maintenance does with a machine; a machine in no schedule is up."""

    DRAINING = "draining"
    DOWN = "down"


class Machine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A machine in the maintenance schedule; `id` is hostname and ip joined by a slash. Durations in nanoseconds as on
    the wire; `window` groups machines that were scheduled together, in order. `closed` are the nodes on it that an
    operator had closed before it went down: they stay closed when it comes up."""

    id: str
    hostname: str
    ip: str
    window: int
    start: int
    duration: int | None = None
    mode: MachineMode = MachineMode.DRAINING
    closed: tuple[str, ...] = ()


MASTERS = RecordTable(Master, Table("mesos_master"))
AGENTS = RecordTable(Agent, Table("mesos_agents"))
MACHINES = RecordTable(Machine, Table("mesos_machines"))
FRAMEWORKS = RecordTable(
    Framework,
    Table("mesos_frameworks", (Column("removed_at", "integer"),), (("removed_at",),)),
    lambda framework: (framework.removed_at,),
    scope=lambda framework: framework.id,
)
EXECUTORS = RecordTable(
    Executor,
    Table(
        "mesos_executors",
        (Column("active", "integer"), Column("framework", fixed=True), Column("ended_at", "integer")),
        active="active",
        past=(("framework", "ended_at"), ("ended_at",)),
    ),
    lambda executor: (int(not executor.ended), executor.framework, executor.ended_at),
    scope=lambda executor: executor.framework,
    keep=lambda executor: not executor.ended,
)
TASKS = RecordTable(
    Task,
    Table(
        "mesos_tasks",
        (Column("active", "integer"), Column("framework", fixed=True), Column("ended_at", "integer")),
        active="active",
        past=(("framework", "ended_at"), ("ended_at",)),
    ),
    lambda task: (int(not task.over), task.framework, task.ended_at),
    scope=lambda task: task.framework,
    keep=lambda task: not task.over,
)

TABLES = (MASTERS, AGENTS, MACHINES, FRAMEWORKS, EXECUTORS, TASKS)
