"""CreateJob: a job is accepted, with its identity and who asked for it, and begins to make its tasks.

Promises: no two unfinished jobs of one group have the same sequence; a job whose creation was answered is durable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs.goals import create_job
from portico.domain.identity import Micros
from portico.domain.jobs import Job, Shrink
from portico.doors.titus import errors
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.records import DOOR, JOBS, JobStage, Status, TitusJob
from portico.doors.titus.extension.views import view_of
from portico.doors.titus.inbound import attributes, containers
from portico.doors.titus.inbound.identities import is_uuid
from portico.doors.titus.states import Reason
from portico.wire.titus import jobs_pb2

if TYPE_CHECKING:
    from portico.doors.titus.extension.standing import Standing
    from portico.doors.titus.extension.trees import Trees

ACCEPTED = "New Job created. Next tasks will be launched."


class Creating:
    """Carries out CreateJob."""

    def __init__(self, standing: Standing, trees: Trees) -> None:
        self._standing = standing
        self._trees = trees
        self._pending: set[str] = set()

    async def create(self, command: commands.CreateJob) -> TitusJob:
        """Accept a job."""
        standing = self._standing
        plane = standing.plane
        descriptor = jobs_pb2.JobDescriptor()
        descriptor.CopyFrom(command.descriptor)
        identity = self._identify(descriptor)
        attributes.name_caller(descriptor, command.caller)
        attributes.name_cell(descriptor, standing.site.cell, standing.site.stack)
        key = view_of(descriptor).sequence_key
        self._check_room(key)
        with plane.begin() as tx:
            job = standing.put_job(tx, self._draft(identity, descriptor))
            create_job(plane, tx, self._core_job(identity, descriptor))
            if key:
                self._pending.add(key)
                tx.after(lambda: self._pending.discard(key))
                tx.on_undo(lambda: self._pending.discard(key))
        await plane.committer.settled(tx.revision)
        return job

    def _identify(self, descriptor: jobs_pb2.JobDescriptor) -> str:
        """Give the job's id: a fresh one, or the one that a federation has given it."""
        federated = attributes.take_identity(descriptor)
        if not federated:
            return self._standing.plane.ids.fresh()
        if not is_uuid(federated):
            raise errors.invalid_argument(f"{attributes.FEDERATED_JOB_ID} must be UUID string, but is: {federated!r}")
        history = self._standing.plane.history
        if federated in self._standing.jobs or history.now(lambda reader: reader.get(JOBS.name, federated)):
            raise errors.already_exists(f"Job with id {federated} exists")
        return federated

    def _check_room(self, key: str) -> None:
        standing = self._standing
        most = standing.settings.max_active_jobs
        if len(standing.views) >= most:
            raise errors.too_many_jobs(len(standing.views), most)
        if not key:
            return
        if key in self._pending:
            raise errors.sequence_pending(key)
        holder = standing.sequences.get(key)
        if holder is not None:
            raise errors.same_sequence(key, holder)

    def _draft(self, identity: str, descriptor: jobs_pb2.JobDescriptor) -> TitusJob:
        now = self._standing.now()
        return TitusJob(
            id=identity,
            descriptor=descriptor.SerializeToString(),
            status=Status(JobStage.ACCEPTED, Reason.NORMAL, ACCEPTED, now),
            version=0,
            accepted_at=now,
        )

    def _core_job(self, identity: str, descriptor: jobs_pb2.JobDescriptor) -> Job:
        standing = self._standing
        tier = standing.groups.tier(descriptor.capacityGroup)
        plan = containers.plan(descriptor, identity, standing.settings, tier=tier)
        self._trees.learn(identity, plan.children)
        periods = standing.periods
        retry = msgspec.structs.replace(
            plan.retry,
            floor=max(periods.min_retry_interval, Micros(1)),
            steady=periods.steady,
        )
        return Job(
            id=identity,
            door=DOOR,
            pool=standing.groups.pool(descriptor.capacityGroup),
            mode=plan.mode,
            created_at=standing.plane.clock.now(),
            template=plan.template,
            retry=retry,
            size=plan.size,
            starting_limit=plan.starting_limit,
            shrink=Shrink.SPREAD,
        )
