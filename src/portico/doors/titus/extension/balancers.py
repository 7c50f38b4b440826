"""Load balancers of jobs: which ones a job's tasks belong to.

Owns one row for each job that has some. Portico has no balancer to tell, so that what is kept is shown and nothing
more. Promises: only accepted service jobs get balancers, at most 30; a job's row goes with the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.doors.titus import errors
from portico.doors.titus.extension.records import JOBS, TitusJob
from portico.store.port import Table

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

MOST_OF_A_JOB = 30
LONGEST_ID = 1_024
FORGET = "titus_balancers"


class JobBalancers(msgspec.Struct, frozen=True):
    """The balancers of one job, whose id this is, in the order in which they were added."""

    id: str
    balancers: tuple[str, ...]


BALANCERS = RecordTable(JobBalancers, Table("titus_balancers"), scope=lambda record: record.id)


class AddBalancer(Command, frozen=True):
    """Give a job a balancer; one that it has already is left. Every refusal is an invalid argument."""

    job: str
    balancer: str


class RemoveBalancer(Command, frozen=True):
    """Take a balancer from a job, whether or not there are such."""

    job: str
    balancer: str


class FindBalancers(Query, frozen=True):
    """The balancers of one job, of all jobs when it names none. Answered by JobBalancers in order of job."""

    job: str = ""


class Balancers:
    """The part of the door that keeps them."""

    tables: tuple[RecordTable[Any], ...] = (BALANCERS,)

    def attach(self, standing: Standing) -> None:
        """Take one's place."""
        self._standing = standing
        self._records: dict[str, JobBalancers] = standing.plane.state.records[BALANCERS.name]
        standing.plane.timers.handle(FORGET, self._forget)
        standing.plane.state.index(JOBS.name, self._on_job)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command and query."""
        return {AddBalancer: self._add, RemoveBalancer: self._remove, FindBalancers: self._find}

    def start(self, tx: Transaction) -> None:
        """Let go of rows whose job is over."""
        for record in [record for job, record in self._records.items() if job not in self._standing.jobs]:
            tx.drop(record)

    async def run(self) -> None:
        """Nothing happens by itself."""

    async def _add(self, command: AddBalancer) -> None:
        job = self._standing.jobs.get(command.job)
        if job is None:
            raise errors.invalid_argument(f"Job with id {command.job} does not exist")
        if not job.accepted:
            raise errors.invalid_argument(f"Job {command.job} is not in state Accepted")
        if not self._standing.view(job).service:
            raise errors.invalid_argument(f"Job {command.job} is not a service job")
        if not command.balancer.strip() or len(command.balancer) > LONGEST_ID:
            raise errors.invalid_argument(f"loadBalancerId must have 1 to {LONGEST_ID} characters")
        present = self._records.get(command.job, JobBalancers(command.job, ()))
        if command.balancer in present.balancers:
            return
        if len(present.balancers) >= MOST_OF_A_JOB:
            raise errors.invalid_argument(f"Job {command.job} has the most load balancers allowed, {MOST_OF_A_JOB}")
        with self._standing.plane.begin() as tx:
            tx.put(JobBalancers(command.job, (*present.balancers, command.balancer)))
        await self._standing.plane.committer.settled(tx.revision)

    async def _remove(self, command: RemoveBalancer) -> None:
        present = self._records.get(command.job)
        if present is None or command.balancer not in present.balancers:
            return
        left = tuple(balancer for balancer in present.balancers if balancer != command.balancer)
        with self._standing.plane.begin() as tx:
            if left:
                tx.put(JobBalancers(command.job, left))
            else:
                tx.drop(present)
        await self._standing.plane.committer.settled(tx.revision)

    async def _find(self, query: FindBalancers) -> list[JobBalancers]:
        committer = self._standing.plane.committer
        revision = committer.revision
        records = self._records
        if query.job:
            found = [records[query.job]] if query.job in records else []
        else:
            found = [records[job] for job in sorted(records)]
        await committer.settled(revision)
        return found

    def _on_job(self, old: TitusJob | None, new: TitusJob | None) -> None:
        gone = old if new is None else new
        if gone is not None and (new is None or new.finished) and gone.id in self._records:
            plane = self._standing.plane
            plane.timers.set(plane.clock.now(), FORGET, gone.id)

    def _forget(self, job: str) -> None:
        record, present = self._records.get(job), self._standing.jobs.get(job)
        if record is None or (present is not None and not present.finished):
            return
        with self._standing.plane.begin() as tx:
            tx.drop(record)
