"""Evictions: tasks taken away on purpose, as far as budgets and the system's quota allow.

Owns what was spent. Promises: a task is evicted and both quotas are taken from in one transaction, or nothing happens;
what was spent outlives a restart; an eviction that must be is counted like any other, though nothing can refuse it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.jobs.disruption import Disruptions, returned_at
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.domain.disruption import NOTHING_SPENT, UNLIMITED, Bucket, Budget, Quota, RelocationLimit
from portico.doors.titus import errors
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension.eviction_commands import FindQuota, Level, Target, TargetQuota, TerminateTask
from portico.doors.titus.extension.eviction_records import SPENT, SYSTEM, TOKENS, SpentQuota, SystemTokens
from portico.doors.titus.extension.groups import CapacityGroups
from portico.doors.titus.extension.quota_watching import QuotaWatch, Terminated
from portico.doors.titus.extension.records import DOOR, JOBS, TaskStage, TitusJob, TitusTask
from portico.doors.titus.inbound.budgets import budget_of

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

SWEEP = 60.0
"""Seconds between looks for what was spent so long ago that it does not count."""
SWEPT_AT_ONCE = 200
NO_LIMITS = "No limits"


class Evicting:
    """The part of the door that evicts; `bucket` is the system's quota, None for no limit."""

    tables: tuple[RecordTable[Any], ...] = (SPENT, TOKENS)

    def __init__(self, groups: CapacityGroups, bucket: Bucket | None = None) -> None:
        self._groups = groups
        self._bucket = bucket
        self._exempt = tuple(re.compile(pattern) for pattern in bucket.exempt) if bucket is not None else ()
        self._budgets: dict[str, tuple[bytes, Budget]] = {}
        self._shared: dict[Budget, Budget] = {}

    def attach(self, standing: Standing) -> None:
        """Take one's place: count what is up, and follow jobs."""
        plane = standing.plane
        self._standing = standing
        self._plane = plane
        self._disruptions = Disruptions(plane, DOOR)
        self.spent: dict[str, SpentQuota] = plane.state.records[SPENT.name]
        self._tokens: dict[str, SystemTokens] = plane.state.records[TOKENS.name]
        plane.state.index(JOBS.name, self._on_job)
        self.watch = QuotaWatch(standing, self, self._groups)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command and query."""
        return {TerminateTask: self.terminate, FindQuota: self.find_quota}

    def start(self, tx: Transaction) -> None:
        """Begin to fill the system's bucket when the data directory is new."""
        if self._bucket is not None:
            tx.put(SystemTokens(SYSTEM, self._disruptions.fill(self._bucket, self._system().tokens)))

    async def run(self) -> None:
        """Tell watchers of quotas and forget what does not count any more, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.watch.run())
            group.create_task(self._sweep())

    # ---- evicting ----------------------------------------------------------------------------------------------

    async def terminate(self, command: TerminateTask) -> None:
        """Evict a task."""
        with self._plane.begin() as tx:
            self.evict(tx, command.task, command.reason)
        await self._plane.committer.settled(tx.revision)

    def evict(self, tx: Transaction, identity: str, reason: str, *, forced: bool = False) -> None:
        """Evict a task in the caller's transaction; `forced` asks no quota. Raises TitusError."""
        try:
            task = self._evictable(identity)
            if not forced:
                self._require_quota(task)
        except TitusError as error:
            self.watch.tell(Terminated(identity, reason, error.code.value, str(error)))
            raise
        self._take(tx, task)
        instance = self._plane.state.instances[task.instance]
        self._disruptions.evict(tx, instance, reason or "evicted")
        tx.after(lambda: self.watch.tell(Terminated(identity, reason)))

    def allows(self, job: str) -> bool:
        """Tell whether tasks of an active job may be evicted now, but for what each of them has behind it."""
        quota = self._disruptions.quota(job, self.budget(job), self._spent(job).spent)
        return not quota.missing and not self.system_quota(job).missing

    def _evictable(self, identity: str) -> TitusTask:
        task = self._standing.tasks.get(identity)
        if task is None:
            raise TitusError(Code.EVICTION_TASK_NOT_FOUND, f"Task not found: {identity}")
        if task.status.state == TaskStage.ACCEPTED:
            raise TitusError(Code.TASK_NOT_SCHEDULED_YET, f"Task not scheduled yet: {identity}")
        if task.ending or task.instance not in self._plane.state.instances:
            raise TitusError(Code.TASK_ALREADY_STOPPED, f"Task already stopped: {identity}")
        return task

    def _require_quota(self, task: TitusTask) -> None:
        for owner, quota in (("job", self.quota_of(task.job, task)), ("system", self.system_quota(task.job))):
            if quota.missing:
                listed = ", ".join(f"{part.name}={part.message}" for part in quota.missing)
                text = f"No {owner} quota: jobId={task.job}, restrictions=MissingQuotas[{listed}]"
                raise TitusError(Code.NO_QUOTA, text)

    def _take(self, tx: Transaction, task: TitusTask) -> None:
        before = self._spent(task.job)
        after = SpentQuota(task.job, self._disruptions.spend(self.budget(task.job), before.spent))
        if after.spent.slots:
            tx.put(after)
        elif task.job in self.spent:
            tx.drop(before)
        if self._bucket is not None:
            tx.put(SystemTokens(SYSTEM, self._disruptions.take_token(self._bucket, self._system().tokens)))

    # ---- quotas ------------------------------------------------------------------------------------------------

    def budget(self, job: str) -> Budget:
        """Give an active job's disruption budget."""
        descriptor = self._standing.jobs[job].descriptor
        known = self._budgets.get(job)
        if known is None or known[0] is not descriptor:
            read = budget_of(descriptor)
            known = self._budgets[job] = (descriptor, self._shared.setdefault(read, read))
        return known[1]

    def quota_of(self, job: str, task: TitusTask | None = None) -> Quota:
        """Say how many of an active job's tasks may be evicted now, or how many when it is to be this one."""
        budget = self.budget(job)
        movable = UNLIMITED
        if isinstance(budget.policy, RelocationLimit):
            movable = self._movable(job, budget.policy.most, task)
        return self._disruptions.quota(job, budget, self._spent(job).spent, movable)

    def system_quota(self, job: str = "") -> Quota:
        """Say how many tasks may be evicted over all jobs, or of this job."""
        if self._bucket is None:
            return Quota()
        application = self._standing.views[job].application if job else ""
        exempt = any(pattern.fullmatch(application) for pattern in self._exempt)
        return self._disruptions.shared_quota(self._bucket, self._system().tokens, exempt=exempt)

    async def find_quota(self, query: FindQuota) -> TargetQuota:
        """Answer a query for one quota."""
        revision = self._plane.committer.revision
        found = self.quota_for(query.target)
        await self._plane.committer.settled(revision)
        return found

    def quota_for(self, target: Target) -> TargetQuota:
        """Say what is left of one quota; raises TitusError."""
        standing = self._standing
        match target.level:
            case Level.JOB:
                if target.id not in standing.jobs or standing.jobs[target.id].finished:
                    raise errors.job_not_found(target.id)
                quota = self.quota_of(target.id)
            case Level.TASK:
                task = standing.tasks.get(target.id)
                if task is None or task.job not in standing.jobs:
                    raise TitusError(Code.EVICTION_TASK_NOT_FOUND, f"Task not found: {target.id}")
                quota = self.quota_of(task.job, task)
            case Level.SYSTEM:
                quota = self.system_quota()
            case Level.CAPACITY_GROUP:
                if not self._groups.known(target.id):
                    raise TitusError(Code.CAPACITY_GROUP_NOT_FOUND, f"Capacity group not found: {target.id}")
                quota = Quota()
            case Level.TIER:
                quota = Quota()
        return TargetQuota(target, max(0, quota.amount), quota.message if quota.restrictions else NO_LIMITS)

    def _movable(self, job: str, most: int, task: TitusTask | None) -> int:
        if task is not None:
            return int(task.eviction_resubmits < most)
        tasks = (self._standing.tasks[identity] for identity in self._standing.job_tasks[job])
        return sum(not task.ending and task.eviction_resubmits < most for task in tasks)

    # ---- within ------------------------------------------------------------------------------------------------

    def _spent(self, job: str) -> SpentQuota:
        return self.spent.get(job) or SpentQuota(job, NOTHING_SPENT)

    def _system(self) -> SystemTokens:
        return self._tokens.get(SYSTEM) or SystemTokens(SYSTEM)

    def _on_job(self, old: TitusJob | None, new: TitusJob | None) -> None:
        if old is not None and (new is None or new.finished):
            self._budgets.pop(old.id, None)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            self.sweep()

    def sweep(self) -> None:
        """Forget what was spent by jobs that are over, or so long ago that it does not count any more."""
        now = self._plane.clock.now()
        live = self._standing.jobs
        idle = [kept for kept in self.spent.values() if kept.id not in live or returned_at(kept.spent) <= now]
        if idle:
            with self._plane.begin() as tx:
                for kept in idle[:SWEPT_AT_ONCE]:
                    tx.drop(kept)
        self._shared = {budget: budget for _, budget in self._budgets.values()}
