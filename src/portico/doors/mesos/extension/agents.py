"""Nodes as agents: their ids, and when a silent one counts as removed.

Promises: a node has one agent id for ever; every framework is told of a removed agent once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.identity import Instant
from portico.domain.nodes import Node
from portico.doors.mesos.extension import maintenance
from portico.doors.mesos.extension.happenings import Failed

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.standing import Standing

LOST = "mesos_agent_lost"
_NEW = "mesos_agent_new"


class Agents:
    """Follows the nodes."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        standing.plane.timers.handle(LOST, self._on_lost)
        standing.plane.timers.handle(_NEW, self._on_new)
        standing.plane.state.index("nodes", self._on_node)

    def start(self, tx: Transaction) -> None:
        """Give agent ids to the nodes that have none."""
        for node in self._standing.plane.state.nodes.values():
            if node.id not in self._standing.agents:
                self._standing.number_agent(tx, node)

    def _on_node(self, _old: Node | None, new: Node | None) -> None:
        plane = self._standing.plane
        if new is None:
            return
        if new.absent_at:
            plane.timers.set(Instant(new.absent_at + self._standing.periods.agent_lost), LOST, new.id)
        else:
            plane.timers.set(plane.clock.now(), _NEW, new.id)

    def _on_new(self, identity: str) -> None:
        """Note a node that registered: for the first time, or after it had been given up."""
        plane = self._standing.plane
        node = plane.state.nodes.get(identity)
        if node is None or node.absent_at or not plane.started:
            return
        agent = self._standing.agents.get(identity)
        if agent is None:
            with plane.begin() as tx:
                self._standing.number_agent(tx, node)
            plane.offers.want()
        elif agent.removed_at and not maintenance.is_down(self._standing, identity):
            with plane.begin() as tx:
                tx.put(msgspec.structs.replace(agent, removed_at=Instant(0), registered_at=node.registered_at))

    def _on_lost(self, identity: str) -> None:
        """Give up a node that has been silent for too long."""
        plane = self._standing.plane
        node = plane.state.nodes.get(identity)
        agent = self._standing.agents.get(identity)
        if node is None or agent is None or agent.removed_at or not node.absent_at:
            return
        if identity in plane.gateway.sessions:
            return
        if node.absent_at + self._standing.periods.agent_lost > plane.clock.now():
            return
        with plane.begin() as tx:
            tx.put(msgspec.structs.replace(agent, removed_at=tx.now))
            for framework in list(self._standing.outlets):
                tx.after(lambda framework=framework: self._standing.tell(framework, Failed(agent.agent)))  # type: ignore[misc]
