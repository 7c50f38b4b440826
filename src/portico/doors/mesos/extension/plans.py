"""What a framework asks for in an ACCEPT, read off the wire and checked as far as that needs no state.

Plain values made by `inbound`, carried out by `accepting`. A `problem` is why a task, or a whole group, is TASK_ERROR.
"""

from __future__ import annotations

import msgspec

from portico.domain.identity import Micros
from portico.domain.reservations import LabelledPorts
from portico.domain.runs import RunSpec
from portico.domain.slices import Slices


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """Resources of one request: labelled Slices, and port ranges under their reservations."""

    slices: Slices = ()
    ports: LabelledPorts = ()


class ExecutorPlan(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An executor to start unless it runs already; `info` is the ExecutorInfo with its framework id in it."""

    executor: str
    info: bytes
    held: Held
    spec: RunSpec
    default: bool = False
    grace: Micros = Micros(5_000_000)


class TaskPlan(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A task to start; `info` is the TaskInfo with the role of its offer in it."""

    task: str
    name: str
    agent: str
    info: bytes
    held: Held
    spec: RunSpec
    grace: Micros = Micros(3_000_000)
    labels: dict[str, str] = {}
    executor: ExecutorPlan | None = None
    revocable: bool = False
    problem: str = ""


class Launch(msgspec.Struct, frozen=True, tag=True):
    """Start these tasks, each for itself."""

    tasks: tuple[TaskPlan, ...]


class LaunchGroup(msgspec.Struct, frozen=True, tag=True):
    """Start all of these tasks in one executor, or none."""

    executor: ExecutorPlan
    tasks: tuple[TaskPlan, ...]
    problem: str = ""


class Reserve(msgspec.Struct, frozen=True, tag=True):
    """Set resources aside; they carry the reservation they are to have."""

    held: Held


class Unreserve(msgspec.Struct, frozen=True, tag=True):
    """Give reserved resources back to all."""

    held: Held


class VolumePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """A persistent volume: the reserved disk it is made of, its id within the role, and the Resource that names it."""

    persistence: str
    role: str
    reservation: str
    size: int
    source: str
    target: str
    info: bytes
    principal: str = ""
    shared: bool = False


class Create(msgspec.Struct, frozen=True, tag=True):
    """Make persistent volumes."""

    volumes: tuple[VolumePlan, ...]


class Destroy(msgspec.Struct, frozen=True, tag=True):
    """Remove persistent volumes and what they hold."""

    volumes: tuple[VolumePlan, ...]


class Dropped(msgspec.Struct, frozen=True, tag=True):
    """An operation that is wrong in itself: left out, said in the log only, as the API does it."""

    kind: str
    problem: str


Operation = Launch | LaunchGroup | Reserve | Unreserve | Create | Destroy | Dropped
