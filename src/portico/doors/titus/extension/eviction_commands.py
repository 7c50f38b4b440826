"""What clients may ask about evictions and relocations."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.control.commands import Command
from portico.control.queries import Query


class TerminateTask(Command, frozen=True):
    """Evict a task, if its job's budget and the system's quota both allow it; neither is taken from otherwise.

    Raises EvictionTaskNotFound, TaskNotScheduledYet, TaskAlreadyStopped, NoQuota.
    """

    task: str
    reason: str


class Level(StrEnum):
    """What a quota is asked of."""

    SYSTEM = "system"
    TIER = "tier"
    CAPACITY_GROUP = "capacityGroup"
    JOB = "jobId"
    TASK = "taskId"


class Target(msgspec.Struct, frozen=True):
    """One thing with a quota; `id` is empty for the system, and the tier's name for a tier."""

    level: Level
    id: str = ""


class FindQuota(Query, frozen=True):
    """How many tasks of something may be evicted now. Answered by a TargetQuota.

    Raises JobNotFound, EvictionTaskNotFound, CapacityGroupNotFound.
    """

    target: Target


class TargetQuota(msgspec.Struct, frozen=True):
    """What something has left, and what limits it."""

    target: Target
    amount: int
    message: str


class RelocationFilter(msgspec.Struct, frozen=True):
    """Which plans and results are meant: all that is said must fit, what is empty says nothing."""

    jobs: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    application: str = ""
    capacity_group: str = ""


class FindRelocations(Query, frozen=True):
    """The plans there are now, by the time of decision. Answered by Relocations."""

    wanted: RelocationFilter = RelocationFilter()


class FindRelocationResults(Query, frozen=True):
    """What became of the latest plans, by time. Answered by RelocationResults."""

    wanted: RelocationFilter = RelocationFilter()


class FindRelocationResult(Query, frozen=True):
    """What became of one task's plan. Answered by a RelocationResult; raises NOT_FOUND."""

    task: str
