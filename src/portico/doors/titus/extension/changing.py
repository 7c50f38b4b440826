"""Changes of a job's or task's own facts: status, processes, disruption budget, attributes.

Promises: an update that changes nothing makes no event and no version; only the descriptor's named part changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.doors.titus import errors
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.records import TitusJob, TitusTask
from portico.doors.titus.inbound.attributes import drop_reserved
from portico.doors.titus.inbound.descriptors import MOST_BYTES, convert_budget
from portico.wire.titus import jobs_pb2

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

MOST_ATTRIBUTES = 64 * 1024
"""Characters that all attributes of one task may have together."""


class Changing:
    """Carries out the plain updates of one server."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    async def update_status(self, command: commands.UpdateJobStatus) -> None:
        """Enable or disable a service job."""
        job = require_service(self._standing, command.job)
        require_accepted(job)
        if self._standing.views[job.id].enabled == command.enabled:
            return
        descriptor = read(job)
        descriptor.service.enabled = command.enabled
        await self._store(job, descriptor)

    async def update_processes(self, command: commands.UpdateProcesses) -> None:
        """Say which changes of the desired size are forbidden."""
        job = require_service(self._standing, command.job)
        require_accepted(job)
        descriptor = read(job)
        processes = descriptor.service.serviceJobProcesses
        processes.disableIncreaseDesired = command.disable_increase
        processes.disableDecreaseDesired = command.disable_decrease
        await self._store(job, descriptor)

    async def update_budget(self, command: commands.UpdateBudget) -> None:
        """Replace a job's disruption budget."""
        job = require_job(self._standing, command.job)
        descriptor = read(job)
        descriptor.disruptionBudget.CopyFrom(convert_budget(command.budget, descriptor, self._standing.settings))
        await self._store(job, descriptor)

    async def update_attributes(self, command: commands.UpdateJobAttributes) -> None:
        """Add or overwrite attributes of a job."""
        job = require_job(self._standing, command.job)
        descriptor = read(job)
        given = dict(command.attributes)
        drop_reserved(given)
        descriptor.attributes.update(given)
        await self._store(job, descriptor)

    async def delete_attributes(self, command: commands.DeleteJobAttributes) -> None:
        """Remove attributes of a job."""
        job = require_job(self._standing, command.job)
        descriptor = read(job)
        for key in command.keys:
            descriptor.attributes.pop(key, None)
        await self._store(job, descriptor)

    async def update_task_attributes(self, command: commands.UpdateTaskAttributes) -> None:
        """Add or overwrite attributes of a task."""
        task = require_task(self._standing, command.task)
        await self._store_task(task, {**task.attributes, **command.attributes})

    async def delete_task_attributes(self, command: commands.DeleteTaskAttributes) -> None:
        """Remove attributes of a task."""
        task = require_task(self._standing, command.task)
        gone = frozenset(command.keys)
        await self._store_task(task, {key: value for key, value in task.attributes.items() if key not in gone})

    async def _store(self, job: TitusJob, descriptor: jobs_pb2.JobDescriptor) -> None:
        if descriptor == read(job):
            return
        if descriptor.ByteSize() > MOST_BYTES:
            raise errors.invalid_argument(f"The job descriptor would be larger than {MOST_BYTES} bytes")
        with self._standing.plane.begin() as tx:
            store(self._standing, tx, job, descriptor)
        await self._standing.plane.committer.settled(tx.revision)

    async def _store_task(self, task: TitusTask, attributes: dict[str, str]) -> None:
        if attributes == task.attributes:
            return
        if sum(len(key) + len(value) for key, value in attributes.items()) > MOST_ATTRIBUTES:
            raise errors.invalid_argument(f"The task's attributes would hold more than {MOST_ATTRIBUTES} characters")
        with self._standing.plane.begin() as tx:
            self._standing.put_task(tx, msgspec.structs.replace(task, attributes=attributes))
        await self._standing.plane.committer.settled(tx.revision)


def require_job(standing: Standing, identity: str) -> TitusJob:
    """Give an active job; raises JobNotFound for one that is over too."""
    job = standing.jobs.get(identity)
    if job is None:
        raise errors.job_not_found(identity)
    if job.finished:
        raise errors.job_terminating(identity, finished=True)
    return job


def require_service(standing: Standing, identity: str) -> TitusJob:
    """Give an active service job; raises JobNotFound, NotServiceJob."""
    job = require_job(standing, identity)
    if not standing.views[identity].service:
        raise errors.not_service_job(identity)
    return job


def require_accepted(job: TitusJob) -> None:
    """Raise JobTerminating unless the job still pursues its goal."""
    if not job.accepted:
        raise errors.job_terminating(job.id, finished=job.finished)


def require_task(standing: Standing, identity: str) -> TitusTask:
    """Give a task that is not archived; raises TaskNotFound."""
    task = standing.tasks.get(identity)
    if task is None or task.archived:
        raise errors.task_not_found(identity)
    return task


def read(job: TitusJob) -> jobs_pb2.JobDescriptor:
    """Read a job's descriptor, for a change of it."""
    return jobs_pb2.JobDescriptor.FromString(job.descriptor)


def store(standing: Standing, tx: Transaction, job: TitusJob, descriptor: jobs_pb2.JobDescriptor) -> TitusJob:
    """Store a job with a changed descriptor."""
    return standing.put_job(tx, msgspec.structs.replace(job, descriptor=descriptor.SerializeToString()))
