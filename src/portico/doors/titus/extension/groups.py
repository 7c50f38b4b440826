"""Capacity groups: each is a pool below the door's root.

Promises: a group, its pool and where its jobs' tasks wait are brought together in the transaction that changes the
group, or in small steps right after it and after a restart; the default group is always there. Of a pool that was there
before its group only the reservation changes, and comes back when the group goes.
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
from portico.domain.jobs import Instance
from portico.domain.nodes import Pool
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
"""Slots whose Runs, or jobs, one step brings to another pool."""
LOOKED_AT = 1_000
"""Jobs of which one step finds out whether they are in the pool of their group."""


class CapacityGroups:
    """The part of the door that knows groups."""

    tables: tuple[RecordTable[Any], ...] = (GROUPS,)

    def attach(self, standing: Standing) -> None:
        """Take one's place."""
        self._standing = standing
        self._plane = standing.plane
        self._groups: dict[str, CapacityGroup] = standing.plane.state.records[GROUPS.name]
        self._unseen: list[str] = []
        """Jobs that are yet to be looked at."""
        self._moving: dict[str, list[str] | None] = {}
        """The slots of each job that are yet to be looked at; None for all."""
        standing.plane.timers.handle(REGROUPING, self._on_regrouping)
        standing.plane.state.index("instances", self._on_instance)
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
            self._give_back(tx, group)
        self._plane.scheduling.want()
        self._regroup()
        await self._plane.committer.settled(tx.revision)

    async def _put(self, group: CapacityGroup) -> None:
        path = f"{self._standing.pool_root}/{group.id}"
        present = self._plane.state.pools.get(path)
        known = self._groups.get(group.id)
        before = None if known is None else known.before
        if before is None and present is not None and present.origin != DOOR:
            before = present
        with self._plane.begin() as tx:
            tx.put(msgspec.structs.replace(group, before=before))
            tx.put(msgspec.structs.replace(present or Pool(id=path), reservation=group.reservation, origin=DOOR))
        self._plane.scheduling.want()
        self._regroup()
        await self._plane.committer.settled(tx.revision)

    def _give_back(self, tx: Transaction, group: CapacityGroup) -> None:
        """Take a group's reservation from its pool; one that was made for the group goes."""
        pool = self._plane.state.pools.get(f"{self._standing.pool_root}/{group.id}")
        if pool is None:
            return
        if group.before is not None:
            given = msgspec.structs.replace(pool, reservation=group.before.reservation, origin=group.before.origin)
            tx.put(given)
        elif (bare := msgspec.structs.replace(pool, reservation={})) != Pool(id=pool.id, origin=pool.origin):
            tx.put(bare)
        else:
            tx.drop(pool)

    # ---- jobs whose group came or went -------------------------------------------------------------------------

    def _regroup(self) -> None:
        """Look at all jobs again, also at those that are under way to what was the pool of their group."""
        self._unseen = list(self._standing.views)
        self._moving = dict.fromkeys(self._moving)
        self._go_on()

    def _go_on(self) -> None:
        if self._unseen or self._moving:
            self._plane.timers.set(self._plane.clock.now(), REGROUPING, "")

    def _on_regrouping(self, _: str) -> None:
        """Bring some Runs to the pool of their group; a job follows when all of its are there."""
        self._look()
        left = AT_ONCE
        if self._moving:
            with self._plane.begin() as tx:
                while self._moving and left > 0:
                    left -= self._move_some(tx, next(iter(self._moving)), left)
        self._go_on()

    def _look(self) -> None:
        """Find some of the jobs that are not in the pool of their group."""
        jobs = self._plane.state.jobs
        some = self._unseen[-LOOKED_AT:]
        del self._unseen[-LOOKED_AT:]
        for identity in some:
            job, view = jobs.get(identity), self._standing.views.get(identity)
            if job is not None and view is not None and job.pool != self.pool(view.capacity_group):
                self._moving.setdefault(identity, None)

    def _on_instance(self, old: Instance | None, new: Instance | None) -> None:
        """Look at a slot again whose Attempt may have been made for the pool that its job leaves."""
        if not self._moving or new is None:
            return
        slots = self._moving.get(new.job)
        if slots is not None and (old is None or (old.job, old.attempt) != (new.job, new.attempt)):
            slots.append(new.id)

    def _move_some(self, tx: Transaction, identity: str, most: int) -> int:
        """Take one step for one job; gives how much work it was."""
        state = self._plane.state
        job = state.jobs.get(identity)
        view = self._standing.views.get(identity)
        if job is None or view is None or job.ended:
            del self._moving[identity]
            return 1
        pool = self.pool(view.capacity_group)
        slots = self._moving[identity]
        if slots is None:
            slots = self._moving[identity] = self._plane.job_instances[identity]
        some = slots[-most:]
        del slots[-most:]
        for slot in some:
            instance = state.instances.get(slot)
            run = None if instance is None or instance.job != identity else state.runs.get(instance.attempt)
            if run is not None and run.pool != pool:
                change_pool(self._plane, tx, run, pool)
        if not slots:
            tx.put(msgspec.structs.replace(job, pool=pool))
            del self._moving[identity]
        return len(some) + 1
