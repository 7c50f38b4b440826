"""What clients of the API may ask for: one command for each mutating RPC.

Every command raises TitusError with the code of its reason; its effect is durable when it is answered. Ids have been
checked to be UUIDs; descriptors are sanitised and valid.
"""

from __future__ import annotations

from portico.control.commands import Command
from portico.doors.titus.callers import Caller
from portico.wire.titus import jobs_pb2


class CreateJob(Command, frozen=True):
    """Accept a job. Answered by its TitusJob.

    Raises InvalidSequenceId when an unfinished job has the same group sequence, JobCreateLimited while one with it is
    just being created or too many jobs are active.
    """

    descriptor: jobs_pb2.JobDescriptor
    caller: Caller


class UpdateCapacity(Command, frozen=True):
    """Set the given parts of a service job's capacity; None leaves one as it is, as far as the others allow it.

    An update that changes nothing does nothing. Raises NotServiceJob, UnexpectedJobState, an invalid argument for a
    wrong order, InvalidDesiredCapacity for a direction that is disabled, InvalidMaxCapacity above the number of
    addresses or volumes.
    """

    job: str
    minimum: int | None
    maximum: int | None
    desired: int | None
    caller: Caller


class UpdateJobStatus(Command, frozen=True):
    """Enable or disable a service job; the same value does nothing."""

    job: str
    enabled: bool
    caller: Caller


class UpdateProcesses(Command, frozen=True):
    """Replace both flags that forbid changes of a service job's desired size."""

    job: str
    disable_increase: bool
    disable_decrease: bool
    caller: Caller


class UpdateBudget(Command, frozen=True):
    """Replace a job's disruption budget; an empty one stands for the default."""

    job: str
    budget: jobs_pb2.JobDisruptionBudget
    caller: Caller


class UpdateJobAttributes(Command, frozen=True):
    """Add or overwrite attributes of a job in any state."""

    job: str
    attributes: dict[str, str]
    caller: Caller


class DeleteJobAttributes(Command, frozen=True):
    """Remove attributes of a job; keys that it does not have are ignored."""

    job: str
    keys: tuple[str, ...]
    caller: Caller


class KillJob(Command, frozen=True):
    """End a job: its tasks are killed in slices, and it is over with the last of them. Raises JobTerminating."""

    job: str
    caller: Caller


class KillTask(Command, frozen=True):
    """End a task. It is replaced by its job's policy, or with `shrink` its service job wants one less.

    Raises TaskTerminating, NotServiceJob for `shrink`, TerminateAndShrinkNotAllowed when `prevent_minimum` is set and
    the job is at its least size.
    """

    task: str
    shrink: bool
    prevent_minimum: bool
    caller: Caller


class UpdateTaskAttributes(Command, frozen=True):
    """Add or overwrite attributes of a task."""

    task: str
    attributes: dict[str, str]
    caller: Caller


class DeleteTaskAttributes(Command, frozen=True):
    """Remove attributes of a task; keys that it does not have are ignored."""

    task: str
    keys: tuple[str, ...]
    caller: Caller


class MoveTask(Command, frozen=True):
    """Give a running task of a service job to another one that is made of the same things.

    The checks come in the order in which the API names them; see `moving`.
    """

    source: str
    target: str
    task: str
    caller: Caller
