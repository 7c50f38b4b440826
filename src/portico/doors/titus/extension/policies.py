"""Scaling policies of jobs: what is asked for, how far that is, and how long it is remembered.

Owns one row for each policy. Promises: a policy that was taken is looked at a moment later, and is then applied or says
why not; it lives no longer than its job; one that is over is still given by its id for a bounded time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.control.state import Grouped
from portico.domain.autoscaling import NEVER, Acted, ScalingPolicy, StepPolicy
from portico.domain.errors import Conflict, Exhausted
from portico.domain.identity import DAY, Instant, Micros
from portico.domain.lifecycle import LifeCycle
from portico.doors.titus import errors
from portico.doors.titus.extension.records import JOBS, TitusJob
from portico.store.port import Table

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

LOOK = "titus_policy"
MOST_OF_A_JOB = 50
MOST = 50_000
KEPT = Micros(DAY)
"""How long a policy that is over, or whose job never was, is remembered."""


class PolicyState(StrEnum):
    """How far a policy is, named as on the wire."""

    PENDING = "Pending"
    APPLIED = "Applied"
    DELETING = "Deleting"
    DELETED = "Deleted"
    ERROR = "Error"


_S = PolicyState

POLICY_LIFE = LifeCycle(
    "titus scaling policy",
    _S.PENDING,
    {
        (_S.PENDING, _S.PENDING): "replaced before it was looked at",
        (_S.PENDING, _S.APPLIED): "its job is there and can be scaled",
        (_S.PENDING, _S.ERROR): "its job cannot be scaled",
        (_S.PENDING, _S.DELETING): "deleted, or its job is over",
        (_S.APPLIED, _S.PENDING): "replaced",
        (_S.APPLIED, _S.DELETING): "deleted, or its job is over",
        (_S.ERROR, _S.PENDING): "replaced",
        (_S.ERROR, _S.DELETING): "deleted, or its job is over",
        (_S.DELETING, _S.DELETED): "it has no effect any more",
    },
)


class JobPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A policy of a job; `descriptor` is what its client wrote, serialized, and `policy` what that means here.

    `ended` is when it was deleted or found to be wrong, 0 before.
    """

    id: str
    job: str
    descriptor: bytes
    policy: ScalingPolicy
    created: Instant
    state: PolicyState = PolicyState.PENDING
    reason: str = ""
    ended: Instant = Instant(0)
    acted: Acted = NEVER

    @property
    def over(self) -> bool:
        """Tell whether it is deleted, or about to be."""
        return self.state in (PolicyState.DELETING, PolicyState.DELETED)


POLICIES = RecordTable(JobPolicy, Table("titus_scaling_policies"), scope=lambda policy: policy.job)


class SetPolicy(Command, frozen=True):
    """Give a job a policy. Answered by the policy's id, before the job is looked at."""

    job: str
    descriptor: bytes
    policy: ScalingPolicy


class UpdatePolicy(Command, frozen=True):
    """Replace what a policy says. Raises NOT_FOUND, and Conflict for one that is deleted."""

    id: str
    descriptor: bytes
    policy: ScalingPolicy


class DeletePolicy(Command, frozen=True):
    """End a policy; one that is ending already is left. Raises NOT_FOUND."""

    id: str


class FindPolicies(Query, frozen=True):
    """The policy of an id in any state, else those of a job, else all that are not deleted; in order of creation."""

    id: str = ""
    job: str = ""


class Policies:
    """The part of the door that keeps them."""

    tables: tuple[RecordTable[Any], ...] = (POLICIES,)

    def __init__(self, kept: Micros = KEPT) -> None:
        self._kept = kept

    def attach(self, standing: Standing) -> None:
        """Take one's place."""
        self._standing = standing
        self._plane = standing.plane
        self.records: dict[str, JobPolicy] = standing.plane.state.records[POLICIES.name]
        self._of_job = Grouped(lambda policy: policy.job)
        self._plane.timers.handle(LOOK, self._look)
        self._plane.state.index(POLICIES.name, self._of_job)
        self._plane.state.index(JOBS.name, self._on_job)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command and query."""
        return {SetPolicy: self._set, UpdatePolicy: self._update, DeletePolicy: self._delete, FindPolicies: self._find}

    def start(self, tx: Transaction) -> None:
        """Look at all policies again: their jobs may be over."""
        for identity in self.records:
            self._plane.timers.set(tx.now, LOOK, identity)

    async def run(self) -> None:
        """Nothing happens by itself."""

    def of(self, job: str) -> list[JobPolicy]:
        """Give the policies of a job, in any state."""
        return [self.records[identity] for identity in self._of_job[job]]

    def applied(self) -> dict[str, list[JobPolicy]]:
        """Give the policies that are in force, by job."""
        found: dict[str, list[JobPolicy]] = {}
        for policy in self.records.values():
            if policy.state is PolicyState.APPLIED:
                found.setdefault(policy.job, []).append(policy)
        return found

    # ---- what clients ask --------------------------------------------------------------------------------------

    async def _set(self, command: SetPolicy) -> str:
        live = sum(not policy.over for policy in self.of(command.job))
        if live >= MOST_OF_A_JOB or len(self.records) >= MOST:
            raise Exhausted(f"at most {MOST_OF_A_JOB} scaling policies of a job and {MOST} of all are kept")
        plane = self._plane
        with plane.begin() as tx:
            made = JobPolicy(
                id=plane.ids.fresh(),
                job=command.job,
                descriptor=command.descriptor,
                policy=command.policy,
                created=tx.now,
            )
            tx.put(made)
            plane.timers.set(tx.now, LOOK, made.id)
        await plane.committer.settled(tx.revision)
        return made.id

    async def _update(self, command: UpdatePolicy) -> None:
        present = self._require(command.id)
        if present.over:
            raise Conflict(f"Scaling policy {command.id} is {present.state.value}")
        with self._plane.begin() as tx:
            changed = msgspec.structs.replace(present, descriptor=command.descriptor, policy=command.policy)
            self._advance(tx, changed, PolicyState.PENDING)
        await self._plane.committer.settled(tx.revision)

    async def _delete(self, command: DeletePolicy) -> None:
        present = self._require(command.id)
        if not present.over:
            with self._plane.begin() as tx:
                self._advance(tx, present, PolicyState.DELETING)
        await self._plane.committer.settled(self._plane.committer.revision)

    async def _find(self, query: FindPolicies) -> list[JobPolicy]:
        committer = self._plane.committer
        revision = committer.revision
        if query.id:
            found = [self.records[query.id]] if query.id in self.records else []
        else:
            some = self.of(query.job) if query.job else list(self.records.values())
            found = sorted(
                (policy for policy in some if policy.state is not PolicyState.DELETED),
                key=lambda policy: (policy.created, policy.id),
            )
        await committer.settled(revision)
        return found

    def _require(self, identity: str) -> JobPolicy:
        policy = self.records.get(identity)
        if policy is None:
            raise errors.not_found(f"Scaling policy {identity[:80]} does not exist")
        return policy

    # ---- what follows ------------------------------------------------------------------------------------------

    def _advance(self, tx: Transaction, policy: JobPolicy, state: PolicyState, reason: str = "") -> None:
        """Bring a policy to a state, and look at it again at once, or when it may be forgotten."""
        over = state in (PolicyState.DELETED, PolicyState.ERROR)
        ended = tx.now if over else Instant(0)
        state = POLICY_LIFE.advance(policy.state, state)
        tx.put(msgspec.structs.replace(policy, state=state, reason=reason, ended=ended))
        if state is not PolicyState.APPLIED:
            self._plane.timers.set(Instant(tx.now + self._kept) if over else tx.now, LOOK, policy.id)

    def _look(self, identity: str) -> None:
        """Take the next step with a policy, if one is due."""
        policy = self.records.get(identity)
        if policy is None:
            return
        plane = self._plane
        gone = self._unscalable(policy.job)
        with plane.begin() as tx:
            if policy.state is PolicyState.DELETING:
                self._advance(tx, policy, PolicyState.DELETED, policy.reason)
            elif policy.ended:
                if tx.now >= policy.ended + self._kept:
                    tx.drop(policy)
                else:
                    plane.timers.set(Instant(policy.ended + self._kept), LOOK, identity)
            elif policy.state is PolicyState.PENDING:
                self._advance(tx, policy, PolicyState.ERROR if gone else PolicyState.APPLIED, gone or _idle(policy))
            elif gone:
                self._advance(tx, policy, PolicyState.DELETING, gone)

    def _unscalable(self, identity: str) -> str:
        """Say why a job cannot be scaled; nothing when it can."""
        job = self._standing.jobs.get(identity)
        if job is None or job.finished:
            return f"Job with id {identity} does not exist"
        if not self._standing.view(job).service:
            return f"Job {identity} is not a service job"
        return "" if job.accepted else f"Job {identity} is not in state Accepted"

    def _on_job(self, old: TitusJob | None, new: TitusJob | None) -> None:
        job = new or old
        if job is not None and (new is None or not new.accepted):
            for identity in self._of_job[job.id]:
                self._plane.timers.set(self._plane.clock.now(), LOOK, identity)


def _idle(policy: JobPolicy) -> str:
    """Say of a policy in force that nothing is measured for it; nothing when something is."""
    found = policy.policy
    measure = found.alarm.measure if isinstance(found, StepPolicy) else found.measure
    return "" if measure else "its metric is none that is measured here: it has no effect"
