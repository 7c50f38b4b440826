"""Capacity groups: each is a pool below the door's root.

Promises: a group, its pool and where its jobs' tasks wait are brought together in the transaction that changes the
group, or in small steps right after it and after a restart; the default group is always there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.jobs.disruption import change_pool
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.domain.nodes import Pool
from portico.domain.runs import Run
from portico.doors.titus import errors
from portico.doors.titus.extension.group_records import (
    DEFAULT,
    DEFAULT_GROUP,
    GROUPS,
    CapacityGroup,
    CreateGroup,
    DeleteGroup,
    FindGroup,
    GroupView,
    ListGroups,
    ReplaceGroup,
)
from portico.doors.titus.extension.records import DOOR

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

REGROUPING = "titus_regrouping"
AT_ONCE = 100
"""Runs, or jobs, that one step brings to another pool."""


class CapacityGroups:
    """The part of the door that knows groups."""

    tables: tuple[RecordTable[Any], ...] = (GROUPS,)

    def attach(self, standing: Standing) -> None:
        """Take one's place."""
        self._standing = standing
        self._plane = standing.plane
        self._groups: dict[str, CapacityGroup] = standing.plane.state.records[GROUPS.name]
        self._moving: dict[str, None] = {}
        standing.plane.timers.handle(REGROUPING, self._on_regrouping)
        standing.groups = self

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command and query."""
        return {
            CreateGroup: self.create,
            ReplaceGroup: self.replace,
            DeleteGroup: self.delete,
            ListGroups: self.all_views,
            FindGroup: self.find,
        }

    def start(self, tx: Transaction) -> None:
        """Make the default group when the data directory is new, and go on with what was being regrouped."""
        if DEFAULT_GROUP not in self._groups:
            tx.put(DEFAULT)
        self._regroup()

    async def run(self) -> None:
        """Nothing happens by itself; regrouping goes by timers."""

    # ---- what others ask ---------------------------------------------------------------------------------------

    def known(self, name: str) -> bool:
        """Tell whether there is such a group."""
        return name in self._groups

    def names(self) -> list[str]:
        """Name all groups, sorted."""
        return sorted(self._groups)

    def pool(self, group: str) -> str:
        """Name the pool in which a group's tasks wait: its own where it has one, else the default group's."""
        named = f"{self._standing.pool_root}/{group}"
        if group in self._groups or named in self._plane.state.pools:
            return named
        return f"{self._standing.pool_root}/{DEFAULT_GROUP}"

    def tier(self, group: str) -> str:
        """Name a group's tier as on the wire."""
        return self._or_default(group).tier

    def resource_pool(self, group: str) -> str:
        """Name a group's resource pool."""
        return self._or_default(group).pool_name

    def _or_default(self, group: str) -> CapacityGroup:
        return self._groups.get(group) or self._groups.get(DEFAULT_GROUP, DEFAULT)

    async def all_views(self, _query: ListGroups) -> list[GroupView]:
        """Give all groups."""
        revision = self._plane.committer.revision
        views = [self._view(self._groups[name]) for name in self.names()]
        await self._plane.committer.settled(revision)
        return views

    async def find(self, query: FindGroup) -> GroupView:
        """Give one group."""
        revision = self._plane.committer.revision
        view = self._view(self._require(query.name))
        await self._plane.committer.settled(revision)
        return view

    def _view(self, group: CapacityGroup) -> GroupView:
        held = self._plane.capacity.allocation.get(f"{self._standing.pool_root}/{group.id}", {})
        return GroupView(group, dict(held))

    def _require(self, name: str) -> CapacityGroup:
        group = self._groups.get(name)
        if group is None:
            raise errors.not_found(f"SLA not defined for {name}")
        return group

    # ---- what operators change ---------------------------------------------------------------------------------

    async def create(self, command: CreateGroup) -> None:
        """Add a group."""
        if command.group.id in self._groups:
            raise errors.already_exists(f"Capacity group {command.group.id} already exists")
        await self._put(command.group)

    async def replace(self, command: ReplaceGroup) -> None:
        """Change a group."""
        self._require(command.group.id)
        await self._put(command.group)

    async def delete(self, command: DeleteGroup) -> None:
        """Remove a group."""
        if command.name == DEFAULT_GROUP:
            raise errors.invalid_argument(f"The {DEFAULT_GROUP} capacity group cannot be removed")
        group = self._require(command.name)
        with self._plane.begin() as tx:
            tx.drop(group)
            pool = self._plane.state.pools.get(f"{self._standing.pool_root}/{group.id}")
            if pool is not None:
                tx.drop(pool)
        self._plane.scheduling.want()
        self._regroup()
        await self._plane.committer.settled(tx.revision)

    async def _put(self, group: CapacityGroup) -> None:
        path = f"{self._standing.pool_root}/{group.id}"
        with self._plane.begin() as tx:
            tx.put(group)
            pool = self._plane.state.pools.get(path) or Pool(id=path)
            tx.put(msgspec.structs.replace(pool, reservation=group.reservation, origin=DOOR))
        self._plane.scheduling.want()
        self._regroup()
        await self._plane.committer.settled(tx.revision)

    # ---- jobs whose group came or went -------------------------------------------------------------------------

    def _regroup(self) -> None:
        """Look for jobs that are not in the pool of their group."""
        jobs = self._plane.state.jobs
        for identity, view in self._standing.views.items():
            job = jobs.get(identity)
            if job is not None and job.pool != self.pool(view.capacity_group):
                self._moving[identity] = None
        if self._moving:
            self._plane.timers.set(self._plane.clock.now(), REGROUPING, "")

    def _on_regrouping(self, _: str) -> None:
        """Bring some Runs to the pool of their group; a job follows when all of its are there."""
        left = AT_ONCE
        with self._plane.begin() as tx:
            while self._moving and left > 0:
                left -= self._move_some(tx, next(iter(self._moving)), left)
        if self._moving:
            self._plane.timers.set(self._plane.clock.now(), REGROUPING, "")

    def _move_some(self, tx: Transaction, identity: str, most: int) -> int:
        """Take one step for one job; gives how much work it was."""
        job = self._plane.state.jobs.get(identity)
        view = self._standing.views.get(identity)
        if job is None or view is None or job.ended:
            del self._moving[identity]
            return 1
        pool = self.pool(view.capacity_group)
        misplaced = [run for run in self._runs_of(identity) if run.pool != pool]
        for run in misplaced[:most]:
            change_pool(self._plane, tx, run, pool)
        if len(misplaced) <= most:
            tx.put(msgspec.structs.replace(job, pool=pool))
            del self._moving[identity]
        return min(len(misplaced), most) + 1

    def _runs_of(self, job: str) -> list[Run]:
        state = self._plane.state
        attempts = (state.instances[identity].attempt for identity in self._plane.job_instances[job])
        return [state.runs[attempt] for attempt in attempts if attempt in state.runs]
