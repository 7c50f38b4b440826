"""The catalogue of kinds: Jobs that stand ready to be asked for Instances, as configured at start.

Promises: a kind keeps its registration time, its recurring Instance and its next firing over restarts, unless its
schedule changed; one that is no longer configured is retired, never deleted, and its history stays. A firing of a
schedule that was taken away never comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs import firing
from portico.control.jobs.instances import add_instance, cancel
from portico.deciding.commands import fill
from portico.domain.errors import Invalid, NotFound
from portico.domain.identity import Instant
from portico.domain.jobs import Instance, InstanceState, Job, JobMode

if TYPE_CHECKING:
    from portico.control.commands import ScheduleKind
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

KIND_PREFIX = "kind/"
MOST_ARGUMENTS = 1_000
LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes; the kernel takes no longer single argument."""
LONGEST_ARGUMENTS = 1 << 20


def kind_id(name: str) -> str:
    """Give the Job id of a kind."""
    return KIND_PREFIX + name


def kind_name(job: str) -> str:
    """Give the kind's name of a Job id."""
    return job.removeprefix(KIND_PREFIX)


def adopt(plane: Plane, tx: Transaction, wanted: Sequence[Job]) -> None:
    """Make the configured Jobs the ones that stand; retire those that are configured no more."""
    names = {job.id for job in wanted}
    for job in list(plane.state.jobs.values()):
        if job.id not in names and not job.retired and not job.requested:
            _retire(plane, tx, job)
    for job in wanted:
        _adopt(plane, tx, job)


def _adopt(plane: Plane, tx: Transaction, job: Job) -> None:
    old = plane.state.jobs.get(job.id)
    if old is None:
        tx.put(job)
        changed = True
    else:
        changed = old.schedule != job.schedule or old.retired
        kept = msgspec.structs.replace(
            job, created_at=old.created_at, fire_at=old.fire_at, recurring=old.recurring, state=old.state
        )
        if kept != old:
            tx.put(kept)
    job = plane.state.jobs[job.id]
    if job.mode is not JobMode.DEMAND:
        return
    if changed and (job.schedule.cron or job.schedule.at) and not _fired(old, job, tx.now):
        if not firing.arm(plane, tx, job).fire_at:
            _cancel_waiting(plane, tx, job)
    elif changed and job.fire_at:
        tx.put(msgspec.structs.replace(job, fire_at=Instant(0)))
        _cancel_waiting(plane, tx, job)
    else:
        firing.resume(plane, tx, job)


def _fired(old: Job | None, job: Job, now: Instant) -> bool:
    """Tell whether a single firing has been, and is not to be repeated because the kind comes back."""
    return old is not None and old.schedule == job.schedule and not job.schedule.cron and job.schedule.at <= now


def _retire(plane: Plane, tx: Transaction, job: Job) -> None:
    tx.put(msgspec.structs.replace(job, retired=True, fire_at=Instant(0)))
    _cancel_waiting(plane, tx, job)


def _cancel_waiting(plane: Plane, tx: Transaction, job: Job) -> None:
    """Cancel the Instance that waits for a firing which is not to come; one that has begun goes on to its end."""
    instance = plane.state.instances.get(job.recurring)
    if instance is not None and instance.state is InstanceState.WAITING:
        cancel(plane, tx, instance)


def schedule(plane: Plane, tx: Transaction, command: ScheduleKind) -> Instance:
    """Add an Instance of a kind; raises NotFound for an unknown kind, Invalid for arguments it cannot take."""
    job = plane.state.jobs.get(kind_id(command.kind))
    if job is None or job.retired or not command.kind:
        raise NotFound(f"registered job not found: {command.kind}")
    check_arguments(command.arguments)
    if not job.template.function:
        fill(job.template.spec.argv, command.arguments)
    return add_instance(plane, tx, job, arguments=command.arguments, priority=command.priority)


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse arguments that are too many, too long, or hold a NUL."""
    if len(arguments) > MOST_ARGUMENTS:
        raise Invalid(f"arguments: {len(arguments)} given, at most {MOST_ARGUMENTS} are taken", "arguments")
    total = 0
    for position, argument in enumerate(arguments):
        size = len(argument.encode())
        total += size
        if size > LONGEST_ARGUMENT:
            raise Invalid(
                f"arguments[{position}] has {size} bytes, at most {LONGEST_ARGUMENT} are taken",
                f"arguments[{position}]",
            )
        if "\0" in argument:
            raise Invalid(f"arguments[{position}] contains a NUL character", f"arguments[{position}]")
    if total > LONGEST_ARGUMENTS:
        raise Invalid(f"arguments have {total} bytes, at most {LONGEST_ARGUMENTS} are taken", "arguments")
