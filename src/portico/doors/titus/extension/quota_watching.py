"""Streams of evictions: every quota that changes and every task that was, or was not, evicted.

Owns the listeners and what they were told last. Promises: with nobody listening nothing is computed; a listener hears
of durable changes only; one that does not keep up is cut off; quotas are looked at in small steps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING

import msgspec

from portico.doors.titus import errors
from portico.doors.titus.extension.eviction_commands import Level, Target, TargetQuota
from portico.doors.titus.extension.eviction_records import SPENT
from portico.doors.titus.extension.group_records import TIERS
from portico.doors.titus.extension.records import JOBS, TASKS

if TYPE_CHECKING:
    from portico.doors.titus.extension.evicting import Evicting
    from portico.doors.titus.extension.eviction_records import SpentQuota
    from portico.doors.titus.extension.groups import CapacityGroups
    from portico.doors.titus.extension.records import TitusJob, TitusTask
    from portico.doors.titus.extension.standing import Standing

EVERY = 0.5
"""Seconds between looks at the quotas that may have changed."""
TIMED_EVERY = 10
"""Looks between those at quotas that the passing of time changes."""
AT_ONCE = 100
MOST_WAITING = 10_000


class Terminated(msgspec.Struct, frozen=True):
    """A task was evicted or, with a code, could not be."""

    task: str
    reason: str
    code: str = ""
    message: str = ""


Told = Terminated | TargetQuota


class Listener:
    """One stream's queue."""

    def __init__(self) -> None:
        self._waiting: deque[Told] = deque()
        self._wake = asyncio.Event()
        self._overrun = False

    def offer(self, told: Told) -> None:
        """Let something wait for the stream."""
        if len(self._waiting) >= MOST_WAITING:
            self._overrun = True
        else:
            self._waiting.append(told)
        self._wake.set()

    async def take(self) -> Told:
        """Wait for the next; raises TitusError when this stream is too slow."""
        while not self._waiting and not self._overrun:
            self._wake.clear()
            await self._wake.wait()
        if self._overrun:
            raise errors.too_slow()
        return self._waiting.popleft()


class QuotaWatch:
    """Tells listeners what changes."""

    def __init__(self, standing: Standing, evicting: Evicting, groups: CapacityGroups) -> None:
        self._standing = standing
        self._groups = groups
        self._evicting = evicting
        self._listeners: dict[Listener, None] = {}
        self._told: dict[Target, int] = {}
        self._dirty: dict[str, None] = {}
        state = standing.plane.state
        state.index(JOBS.name, self._on_job)
        state.index(TASKS.name, self._on_task)
        state.index(SPENT.name, self._on_spent)

    def tell(self, told: Told) -> None:
        """Say something to everybody who listens."""
        for listener in self._listeners:
            listener.offer(told)

    async def listen(self, *, snapshot: bool) -> AsyncGenerator[Told | None, None]:
        """Yield what happens from now on, after all quotas there are and None if a snapshot is wanted."""
        listener = Listener()
        self._listeners[listener] = None
        try:
            targets = list(self._targets())
            for start in range(0, len(targets), AT_ONCE):
                for found in await self._look(targets[start : start + AT_ONCE]):
                    if snapshot:
                        yield found
                await asyncio.sleep(0)
            if snapshot:
                yield None
            while True:
                yield await listener.take()
        finally:
            del self._listeners[listener]
            if not self._listeners:
                self._told.clear()
                self._dirty.clear()

    async def run(self) -> None:
        """Look at quotas that may have changed, until cancelled."""
        looks = 0
        while True:
            await asyncio.sleep(EVERY)
            looks += 1
            await self.look(timed=looks % TIMED_EVERY == 0)

    async def look(self, *, timed: bool = False) -> None:
        """Tell once what has changed; with `timed` also of what the passing of time has changed."""
        if not self._listeners:
            return
        jobs = dict.fromkeys(self._dirty)
        self._dirty.clear()
        await self._tell_changes([Target(Level.SYSTEM)])
        looked_at = list(jobs)
        if timed:
            looked_at += [job for job in self._standing.jobs if job not in jobs]
        for start in range(0, len(looked_at), AT_ONCE):
            part = looked_at[start : start + AT_ONCE]
            await self._tell_changes(
                [Target(Level.JOB, job) for job in part if job in jobs or self._changes_by_itself(job)]
            )
            await asyncio.sleep(0)

    async def _tell_changes(self, targets: list[Target]) -> None:
        before = {target: self._told.get(target) for target in targets}
        for found in await self._look(targets):
            if before[found.target] != found.amount:
                self.tell(found)

    async def _look(self, targets: list[Target]) -> list[TargetQuota]:
        """Find quotas of what is still there, and remember them once they are durable."""
        found = [self._evicting.quota_for(target) for target in targets if self._exists(target)]
        committer = self._standing.plane.committer
        await committer.settled(committer.revision)
        self._told.update((quota.target, quota.amount) for quota in found)
        return found

    def _targets(self) -> Iterator[Target]:
        yield Target(Level.SYSTEM)
        for tier in TIERS:
            yield Target(Level.TIER, tier)
        for group in self._groups.names():
            yield Target(Level.CAPACITY_GROUP, group)
        for job in list(self._standing.jobs):
            yield Target(Level.JOB, job)

    def _exists(self, target: Target) -> bool:
        if target.level is Level.JOB:
            job = self._standing.jobs.get(target.id)
            return job is not None and not job.finished
        return target.level is not Level.CAPACITY_GROUP or self._groups.known(target.id)

    def _changes_by_itself(self, job: str) -> bool:
        found = self._standing.jobs.get(job)
        return found is not None and not found.finished and self._evicting.budget(job).changes_by_itself

    def _on_job(self, old: TitusJob | None, new: TitusJob | None) -> None:
        if self._listeners and new is not None and not new.finished:
            self._dirty[new.id] = None
        elif old is not None and (new is None or new.finished):
            self._told.pop(Target(Level.JOB, old.id), None)

    def _on_task(self, old: TitusTask | None, new: TitusTask | None) -> None:
        if self._listeners:
            self._dirty.update((task.job, None) for task in (old, new) if task is not None)

    def _on_spent(self, old: SpentQuota | None, new: SpentQuota | None) -> None:
        if self._listeners:
            self._dirty.update((spent.id, None) for spent in (old, new) if spent is not None)
