"""Maintenance: schedules, machines that go down, and machines that come up again.

A machine is every node that its hostname or ip names. Promises: what is planned for a machine stands in its nodes, so
that offers and inverse offers tell it; from the answer to START_MAINTENANCE on nothing new is put on a machine, and
what is there is stopped in bounded steps, also after a restart; its agents stay removed until it is up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster import nodes, runs
from portico.domain.identity import Instant, Micros
from portico.domain.nodes import Node, Unavailability
from portico.domain.runs import StopOrder, StopReason
from portico.doors.mesos.extension.happenings import Failed
from portico.doors.mesos.extension.operator_commands import StartMaintenance, StopMaintenance, UpdateSchedule
from portico.doors.mesos.extension.records import Machine, MachineMode
from portico.doors.mesos.inbound import maintenance as inbound

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.standing import Standing

CLEARING = "mesos_clearing"
PLANNING = "mesos_planning"
SLICE = 200
"""Runs that one step stops."""


def machine_of(standing: Standing, node: str) -> Machine | None:
    """Give the machine in the schedule that a node is on, if any."""
    names = {node.lower(), standing.hostname_of(node).lower()}
    address = standing.place.address
    for machine in standing.machines.values():
        if (not machine.hostname or machine.hostname in names) and (not machine.ip or machine.ip == address):
            return machine
    return None


def is_down(standing: Standing, node: str) -> bool:
    """Tell whether a node is on a machine that is down."""
    machine = machine_of(standing, node)
    return machine is not None and machine.mode is MachineMode.DOWN


class Maintenance:
    """The schedule of one master."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        standing.plane.timers.handle(CLEARING, self._on_clearing)
        standing.plane.timers.handle(PLANNING, self._on_planning)
        standing.plane.state.index("nodes", self._on_node)

    def start(self, tx: Transaction) -> None:
        """Go on clearing the machines that are down."""
        for node in self._standing.plane.state.nodes:
            if is_down(self._standing, node):
                self._standing.plane.timers.set(tx.now, CLEARING, node)

    # ---- what operators ask ------------------------------------------------------------------------------------

    async def schedule(self, command: UpdateSchedule) -> None:
        """Replace the schedule; raises Invalid."""
        standing = self._standing
        planned = inbound.schedule(command.schedule, standing.machines.values())
        kept = {machine.id for machine in planned}
        with standing.plane.begin() as tx:
            for machine in [machine for machine in standing.machines.values() if machine.id not in kept]:
                tx.drop(machine)
            for machine in planned:
                tx.put(machine)
            self._plan(tx)
        await standing.plane.committer.settled(tx.revision)

    async def down(self, command: StartMaintenance) -> None:
        """Take machines down; raises Invalid."""
        standing = self._standing
        falling = inbound.start(command.machines, standing.machines.values())
        with standing.plane.begin() as tx:
            present = self._on(falling)
            for machine in falling:
                closed = tuple(node.id for node in present.get(machine.id, ()) if node.drain)
                tx.put(msgspec.structs.replace(machine, closed=closed))
            for node in itertools.chain.from_iterable(present.values()):
                nodes.drain(standing.plane, tx, node, wanted=True)
                self._remove_agent(tx, node)
                standing.plane.timers.set(tx.now, CLEARING, node.id)
        await standing.plane.committer.settled(tx.revision)

    async def up(self, command: StopMaintenance) -> None:
        """Bring machines up; raises Invalid."""
        standing = self._standing
        rising = [
            standing.machines[identity] for identity in inbound.stop(command.machines, standing.machines.values())
        ]
        with standing.plane.begin() as tx:
            present = self._on(rising)
            for machine in rising:
                tx.drop(machine)
            self._plan(tx)
            for machine in rising:
                for node in present.get(machine.id, ()):
                    self._rise(tx, machine, node)
        standing.plane.offers.want(everywhere=True)
        await standing.plane.committer.settled(tx.revision)

    # ---- within ------------------------------------------------------------------------------------------------

    def _on(self, machines: Iterable[Machine]) -> dict[str, list[Node]]:
        """Give the nodes on machines of the schedule, by machine."""
        named = {machine.id for machine in machines}
        found: dict[str, list[Node]] = {}
        for node in self._standing.plane.state.nodes.values():
            machine = machine_of(self._standing, node.id)
            if machine is not None and machine.id in named:
                found.setdefault(machine.id, []).append(node)
        return found

    def _rise(self, tx: Transaction, machine: Machine, node: Node) -> None:
        """Bring a node up with its machine, unless another of its machines is down; what was closed stays closed."""
        standing = self._standing
        if is_down(standing, node.id):
            return
        if node.id not in machine.closed:
            nodes.drain(standing.plane, tx, standing.plane.state.nodes[node.id], wanted=False)
        self._restore_agent(tx, node)

    def _plan(self, tx: Transaction) -> None:
        """Note in every node when its machine will be away."""
        for node in list(self._standing.plane.state.nodes.values()):
            machine = machine_of(self._standing, node.id)
            planned = _unavailability(machine) if machine is not None else None
            nodes.plan_unavailability(self._standing.plane, tx, node, planned)

    def _remove_agent(self, tx: Transaction, node: Node) -> None:
        standing = self._standing
        agent = standing.agents.get(node.id)
        if agent is None or agent.removed_at:
            return
        tx.put(msgspec.structs.replace(agent, removed_at=tx.now))
        tx.after(lambda: self._tell_all(Failed(agent.agent)))

    def _tell_all(self, failed: Failed) -> None:
        for framework in list(self._standing.outlets):
            self._standing.tell(framework, failed)

    def _restore_agent(self, tx: Transaction, node: Node) -> None:
        agent = self._standing.agents.get(node.id)
        if agent is not None and agent.removed_at and not node.absent_at:
            tx.put(msgspec.structs.replace(agent, removed_at=Instant(0), registered_at=tx.now))

    def _on_node(self, _old: Node | None, new: Node | None) -> None:
        """Look again at a node that registered: its agent knows nothing of any plan."""
        plane = self._standing.plane
        if new is not None and plane.started and self._standing.machines and not self._as_planned(new):
            plane.timers.set(plane.clock.now(), PLANNING, new.id)

    def _as_planned(self, node: Node) -> bool:
        machine = machine_of(self._standing, node.id)
        if machine is None:
            return node.unavailability is None
        closed = node.drain or machine.mode is not MachineMode.DOWN
        return closed and node.unavailability == _unavailability(machine)

    def _on_planning(self, identity: str) -> None:
        """Note in a node what is planned for its machine, and close it when that is down."""
        standing = self._standing
        node = standing.plane.state.nodes.get(identity)
        if node is None or self._as_planned(node):
            return
        with standing.plane.begin() as tx:
            machine = machine_of(standing, identity)
            planned = _unavailability(machine) if machine is not None else None
            nodes.plan_unavailability(standing.plane, tx, node, planned)
            if machine is not None and machine.mode is MachineMode.DOWN and not node.drain:
                tx.put(msgspec.structs.replace(machine, closed=tuple(one for one in machine.closed if one != identity)))
                nodes.drain(standing.plane, tx, standing.plane.state.nodes[identity], wanted=True)
                self._remove_agent(tx, node)
                standing.plane.timers.set(tx.now, CLEARING, identity)

    def _on_clearing(self, identity: str) -> None:
        """Stop some of what is on a node that is down; the rest in the next step."""
        plane = self._standing.plane
        if not is_down(self._standing, identity):
            return
        present = [plane.state.runs[run] for run in plane.node_runs[identity]]
        present = [run for run in present if run.stop is None]
        with plane.begin() as tx:
            for run in present[:SLICE]:
                order = StopOrder(StopReason.DRAINED, tx.now, run.grace, "its machine is down for maintenance")
                runs.order_stop(plane, tx, run, order)
        if len(present) > SLICE:
            plane.timers.set(plane.clock.now(), CLEARING, identity)


def _unavailability(machine: Machine) -> Unavailability:
    duration = Micros(machine.duration // 1000) if machine.duration is not None else None
    return Unavailability(Instant(machine.start // 1000), duration)
