"""Service Jobs: a number of Instances kept alive, replaced as they end, added and taken away as the size changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs.instances import add_instance, cancel
from portico.deciding.retry import next_delay
from portico.domain.identity import SECOND, Instant
from portico.domain.jobs import Instance, Job, JobState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

STEADY = 30 * SECOND
"""An Instance that ran this long is replaced without a pause, and its count of quick failures begins anew."""


class Services:
    """Keeps service Jobs at their size."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._quick_failures: dict[tuple[str, int], int] = {}

    def keep(self, tx: Transaction, job: Job) -> None:
        """Add the Instances a Job lacks, take away those it has too many."""
        plane = self._plane
        live = {
            instance.index: instance
            for identity in plane.job_instances[job.id]
            if not (instance := plane.state.instances[identity]).ended and not instance.cancel
        }
        wanted = job.size if job.state is JobState.ACTIVE and not job.retired else 0
        for index, instance in live.items():
            if index >= wanted:
                cancel(plane, tx, instance)
        for index in range(wanted):
            if index not in live:
                add_instance(plane, tx, job, index=index)

    def replace(self, tx: Transaction, job: Job, ended: Instance) -> None:
        """Put a new Instance in the place of one that ended, after a pause that grows with quick failures."""
        if job.state is not JobState.ACTIVE or job.retired or ended.index >= job.size:
            return
        key = (job.id, ended.index)
        steady = ended.started_at and ended.ended_at - ended.started_at >= STEADY
        quick = 0 if steady else self._quick_failures.get(key, 0) + 1
        self._quick_failures[key] = quick
        endless = msgspec.structs.replace(job.retry, limit=-1)
        pause = 0 if quick <= 1 else next_delay(endless, quick - 1) or 0
        add_instance(self._plane, tx, job, index=ended.index, due_at=Instant(tx.now + pause))
