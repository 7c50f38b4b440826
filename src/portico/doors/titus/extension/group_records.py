"""Capacity groups: the rows, and what clients may ask for.

Amounts are integer thousandths. Promises: a group's name is one part of a pool's path.
"""

from __future__ import annotations

import msgspec

from portico.control.commands import Command
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.domain.nodes import Pool
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, WHOLE
from portico.store.port import Table

FLEX = "Flex"
CRITICAL = "Critical"
TIERS = (FLEX, CRITICAL)

RESERVED_POOL = "reserved"
ELASTIC_POOL = "elastic"

DEFAULT_GROUP = "DEFAULT"


class CapacityGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who shares what: `count` times an instance's size, guaranteed to a group of the Critical tier.

    `resource_pool` is the name that tasks carry; when empty it follows from the tier. `before` is the pool that stood
    at the group's path before it, None when there was none; clients neither set nor see it.
    """

    id: str
    tier: str = FLEX
    cpus: int = WHOLE
    mem: int = 512 * WHOLE
    disk: int = 10_000 * WHOLE
    network: int = 128 * WHOLE
    gpus: int = 0
    count: int = 1
    scheduler: str = ""
    resource_pool: str = ""
    before: Pool | None = None

    @property
    def pool_name(self) -> str:
        """Name the resource pool."""
        return self.resource_pool or (RESERVED_POOL if self.tier == CRITICAL else ELASTIC_POOL)

    @property
    def reservation(self) -> dict[str, int]:
        """Give what is guaranteed; nothing to a Flex group, which lives on what is left."""
        if self.tier != CRITICAL:
            return {}
        sizes = {CPUS: self.cpus, MEM: self.mem, DISK: self.disk, NETWORK: self.network, GPUS: self.gpus}
        return {kind: size * self.count for kind, size in sizes.items() if size * self.count}


DEFAULT = CapacityGroup(id=DEFAULT_GROUP)
"""The group of jobs that name none, or one that is not known; until someone says otherwise."""

GROUPS = RecordTable(CapacityGroup, Table("titus_capacity_groups"))


class CreateGroup(Command, frozen=True):
    """Add a capacity group; raises ALREADY_EXISTS."""

    group: CapacityGroup


class ReplaceGroup(Command, frozen=True):
    """Change a capacity group; raises NOT_FOUND."""

    group: CapacityGroup


class DeleteGroup(Command, frozen=True):
    """Remove a capacity group; its jobs share the default one from then on. Raises NOT_FOUND, INVALID_ARGUMENT."""

    name: str


class ListGroups(Query, frozen=True):
    """All capacity groups, by name. Answered by GroupViews."""


class FindGroup(Query, frozen=True):
    """One capacity group. Answered by a GroupView; raises NOT_FOUND."""

    name: str


class GroupView(msgspec.Struct, frozen=True):
    """A capacity group, and what its tasks hold now by kind."""

    group: CapacityGroup
    usage: dict[str, int]
