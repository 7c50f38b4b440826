"""Capacity: how many tasks a service job wants, and between which bounds.

Promises: min <= desired <= max holds for every stored capacity; an update that changes nothing makes no event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.jobs.goals import resize
from portico.domain.jobs import JobState
from portico.doors.titus import errors
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.changing import read, require_accepted, require_service, store
from portico.doors.titus.extension.records import TitusJob
from portico.doors.titus.extension.views import Capacity, JobView
from portico.doors.titus.inbound.attributes import name_caller
from portico.doors.titus.inbound.validation.sizes import in_words, largest_service, of_capacity

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.callers import Caller
    from portico.doors.titus.extension.standing import Standing


class Capacities:
    """Carries out updates of capacities."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    async def update(self, command: commands.UpdateCapacity) -> None:
        """Set the given parts of a service job's capacity; the checks come in upstream's order."""
        standing = self._standing
        job = require_service(standing, command.job)
        require_accepted(job)
        view = standing.views[job.id]
        wanted = updated(view.capacity, command)
        if wanted == view.capacity:
            return
        self._check(job.id, view, wanted)
        with standing.plane.begin() as tx:
            set_capacity(standing, tx, job, wanted, command.caller)
        await standing.plane.committer.settled(tx.revision)

    def _check(self, job: str, view: JobView, wanted: Capacity) -> None:
        present = view.capacity
        most = largest_service(view.application, self._standing.settings)
        violations = tuple(of_capacity(wanted.minimum, wanted.desired, wanted.maximum, most))
        if violations:
            raise errors.broken_capacity(in_words(present.minimum, present.desired, present.maximum), violations)
        rises, falls = wanted.desired > present.desired, wanted.desired < present.desired
        if (view.disable_increase and rises) or (view.disable_decrease and falls):
            raise errors.invalid_desired(
                job, wanted.desired, no_increase=view.disable_increase, no_decrease=view.disable_decrease
            )
        for offered, what in ((view.addresses, "IP allocations"), (view.volumes, "EBS volumes")):
            if offered and wanted.maximum > len(offered):
                raise errors.invalid_maximum(job, wanted.maximum, len(offered), what)


def updated(present: Capacity, command: commands.UpdateCapacity) -> Capacity:
    """Give a capacity after an update; a desired size that is not given follows the bounds that are."""
    minimum = present.minimum if command.minimum is None else command.minimum
    maximum = present.maximum if command.maximum is None else command.maximum
    desired = present.desired if command.desired is None else command.desired
    if command.desired is None:
        if command.minimum is not None and command.minimum > present.desired:
            desired = command.minimum
        if command.maximum is not None and command.maximum < present.desired:
            desired = command.maximum
    return Capacity(minimum, desired, maximum)


def set_capacity(
    standing: Standing, tx: Transaction, job: TitusJob, wanted: Capacity, caller: Caller | None = None
) -> TitusJob:
    """Store a capacity and let the job grow or shrink to it; a caller is noted as the one who asked for it."""
    descriptor = read(job)
    capacity = descriptor.service.capacity
    capacity.min, capacity.desired, capacity.max = wanted.minimum, wanted.desired, wanted.maximum
    if caller is not None:
        name_caller(descriptor, caller)
    stored = store(standing, tx, job, descriptor)
    core = standing.plane.state.jobs[job.id]
    if core.state is JobState.ACTIVE:
        resize(standing.plane, tx, core, wanted.desired)
    return stored
