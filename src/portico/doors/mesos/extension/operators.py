"""What operators change of how the cluster is shared out: quotas, weights, reservations, volumes.

A quota is the reservation of a role's pool, a weight its share. Promises: what is answered is durable; offers that a
change takes the ground from are rescinded; nothing that is in use is given away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.cluster import pools, reservations
from portico.domain.errors import Invalid
from portico.domain.nodes import Pool
from portico.domain.reservations import parse
from portico.domain.slices import sums
from portico.domain.volumes import volume_id
from portico.doors.mesos.extension.operator_commands import (
    CreateVolumes,
    DestroyVolumes,
    RemoveQuota,
    ReserveResources,
    SetQuota,
    UnreserveResources,
    UpdateWeights,
)
from portico.doors.mesos.extension.plans import Create, Destroy, Reserve, Unreserve
from portico.doors.mesos.extension.relabelling import wish
from portico.doors.mesos.extension.standing import DOOR, Standing
from portico.doors.mesos.inbound import operators as inbound
from portico.doors.mesos.inbound.names import check_role

if TYPE_CHECKING:
    from portico.domain.nodes import Node


class Operators:
    """The operators of one master."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    # ---- quotas and weights ------------------------------------------------------------------------------------

    async def set_quota(self, command: SetQuota) -> None:
        """Set a guarantee; raises Invalid, Conflict."""
        standing = self._standing
        existing = quotas(standing)
        wish = inbound.quota(command.request, existing, command.principal, hierarchical=standing.hierarchical)
        inbound.check_capacity(wish, self._capacity(), [pool.reservation for pool in existing.values()])
        await self._change(wish.role, reservation=wish.guarantee)

    async def remove_quota(self, command: RemoveQuota) -> None:
        """Take a guarantee back; raises Invalid."""
        standing = self._standing
        role = inbound.quota_removal(
            command.role, quotas(standing), known_roles(standing), hierarchical=standing.hierarchical
        )
        await self._change(role, reservation={})

    async def update_weights(self, command: UpdateWeights) -> None:
        """Set weights; raises Invalid."""
        standing = self._standing
        wanted = inbound.weights(command.weights, hierarchical=standing.hierarchical)
        with standing.plane.begin() as tx:
            for weight in wanted:
                pools.set_weight(standing.plane, tx, standing.pool_of(weight.role), weight.weight, origin=DOOR)
        await standing.plane.committer.settled(tx.revision)

    async def _change(self, role: str, *, reservation: dict[str, int]) -> None:
        plane = self._standing.plane
        with plane.begin() as tx:
            pools.set_quota(plane, tx, self._standing.pool_of(role), reservation, origin=DOOR)
        await plane.committer.settled(tx.revision)

    def _capacity(self) -> dict[str, int]:
        """Sum what agents that are there have and nobody has reserved for ever."""
        total: dict[str, int] = {}
        for node in self._standing.plane.state.nodes.values():
            agent = self._standing.agents.get(node.id)
            if agent is None or agent.removed_at:
                continue
            for kind, amount in sums(piece for piece in node.capacity if not _static(piece.label.reservation)).items():
                total[kind] = total.get(kind, 0) + amount
        return total

    # ---- reservations and volumes --------------------------------------------------------------------------------

    async def reserve(self, command: ReserveResources) -> None:
        """Reserve; raises Invalid, Conflict."""
        node = self._node(command.call.agent_id.value)
        for resource in command.call.resources:
            check_role(resource.role, "resources.role", hierarchical=self._standing.hierarchical)
        await self._relabel(node, inbound.reserve(command.call, node.id, command.principal))

    async def unreserve(self, command: UnreserveResources) -> None:
        """Give back; raises Invalid, Conflict."""
        node = self._node(command.call.agent_id.value)
        await self._relabel(node, inbound.unreserve(command.call, node.id))

    async def create(self, command: CreateVolumes) -> None:
        """Make volumes; raises Invalid, Conflict."""
        node = self._node(command.call.agent_id.value)
        await self._relabel(node, inbound.create(command.call, command.principal))

    async def destroy(self, command: DestroyVolumes) -> None:
        """Remove volumes; raises Invalid, Conflict."""
        node = self._node(command.call.agent_id.value)
        await self._relabel(node, inbound.destroy(command.call))

    def _node(self, agent: str) -> Node:
        identity = self._standing.nodes_by_agent.get(agent, "")
        node = self._standing.plane.state.nodes.get(identity)
        if node is None or self._standing.agents[identity].removed_at:
            raise Invalid(f"No agent found with specified ID '{agent}'", "agent_id")
        return node

    async def _relabel(self, node: Node, operation: Reserve | Unreserve | Create | Destroy) -> None:
        """Carry out on a node what offers that are in the way give way to."""
        plane = self._standing.plane
        with plane.begin() as tx:
            match operation:
                case Reserve(held=held):
                    reservations.reserve(plane, tx, node.id, held.slices, held.ports)
                case Unreserve(held=held):
                    reservations.unreserve(plane, tx, node.id, held.slices, held.ports)
                case Create(volumes=plans):
                    reservations.create_volumes(plane, tx, node.id, [wish(plan) for plan in plans])
                case Destroy(volumes=plans):
                    named = [volume_id(node.id, plan.role, plan.persistence) for plan in plans]
                    reservations.destroy_volumes(plane, tx, node.id, named)
        await plane.committer.settled(tx.revision)


def _static(reservation: str) -> bool:
    found = parse(reservation)
    return found is not None and not found.dynamic


def quotas(standing: Standing) -> dict[str, Pool]:
    """Give the pools with a guarantee, by role."""
    return {role: pool for role, pool in pools_by_role(standing).items() if pool.reservation}


def pools_by_role(standing: Standing) -> dict[str, Pool]:
    """Give the pools below the door's root, by the role that each is for."""
    prefix = f"{standing.pool_root}/"
    return {
        path.removeprefix(prefix): pool for path, pool in standing.plane.state.pools.items() if path.startswith(prefix)
    }


def known_roles(standing: Standing) -> set[str]:
    """Name the roles that have a rule or a framework."""
    named = {role for framework in standing.frameworks.values() if not framework.removed for role in framework.roles}
    return named | set(pools_by_role(standing))
