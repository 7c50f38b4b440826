"""What is on the cluster, as the messages of the master's operator API; made of one moment, off the loop.

Lists of tasks are put together from serialized parts, everything else is small. Promises: GET_STATE and SUBSCRIBED tell
exactly what the calls for its parts tell at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable

from portico.domain.identity import Instant
from portico.domain.nodes import Node
from portico.domain.reservations import label_ports
from portico.domain.runs import Run, RunState
from portico.doors.mesos import resources
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.extension.records import Agent, Framework, FrameworkState, Task
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.outbound import agents, fields, offers, residents
from portico.doors.mesos.outbound.residents import ResidentWriter
from portico.doors.mesos.outbound.task_printer import TaskPrinter
from portico.doors.mesos.outbound.task_writer import TaskWriter
from portico.doors.mesos.outbound.totals import Totals
from portico.wire.mesos import master_pb2
from portico.wire.mesos import mesos_pb2 as pb

Response = master_pb2.Response


def _numbers(message: type) -> dict[str, int]:
    return {field.name: field.number for field in message.DESCRIPTOR.fields}  # type: ignore[attr-defined]


_TASKS = _numbers(Response.GetTasks)
_STATE = _numbers(Response.GetState)


class View:
    """One moment as messages; without `totals` nobody is told to have anything."""

    def __init__(self, snapshot: Snapshot, totals: Totals | None = None) -> None:
        self.snapshot = snapshot
        self.totals = totals or Totals()

    # ---- parts -------------------------------------------------------------------------------------------------

    def state(self) -> list[bytes]:
        """Write a GetState, serialized, in pieces that only have to be joined."""
        return [
            *fields.around(_STATE["get_tasks"], self.tasks()),
            fields.part(_STATE["get_executors"], self.executors().SerializeToString()),
            fields.part(_STATE["get_frameworks"], self.frameworks().SerializeToString()),
            fields.part(_STATE["get_agents"], self.agents().SerializeToString()),
        ]

    def state_text(self) -> bytes:
        """Write a GetState as JSON."""
        parts = (self.tasks_text(), *(jsonpb.encode(part()) for part in (self.executors, self.frameworks, self.agents)))
        return b'{"get_tasks":%b,"get_executors":%b,"get_frameworks":%b,"get_agents":%b}' % parts

    def tasks(self) -> list[bytes]:
        """Write a GetTasks, serialized, in pieces that only have to be joined."""
        writer, residing = TaskWriter(self.snapshot.agents, self.snapshot.executors), ResidentWriter(self.snapshot)
        groups = self._grouped(writer.write, residing.write)
        return [piece for name, every in groups.items() for piece in fields.pieces(_TASKS[name], every)]

    def tasks_text(self) -> bytes:
        """Write a GetTasks as JSON."""
        printer, residing = TaskPrinter(self.snapshot.agents, self.snapshot.executors), ResidentWriter(self.snapshot)
        groups = self._grouped(printer.print, lambda run: jsonpb.encode_serialized(pb.Task, residing.write(run)))
        lists = (b'"%b":[%b]' % (name.encode(), b",".join(every)) for name, every in groups.items() if every)
        return b"{%b}" % b",".join(lists)

    def _grouped(self, write: Callable[[Task], bytes], write_run: Callable[[Run], bytes]) -> dict[str, list[bytes]]:
        """Write all tasks, by the list that each stands in."""
        snapshot = self.snapshot
        groups: dict[str, list[bytes]] = {name: [] for name in _TASKS}
        for task in snapshot.tasks:
            groups[self._group(task)].append(write(task))
        if snapshot.past.tasks:
            live = {task.id for task in snapshot.tasks}
            groups["completed_tasks"] += [write(task) for task in snapshot.past.tasks if task.id not in live]
        placed = residents.residents(snapshot.runs)
        for run in placed:
            group = "unreachable_tasks" if run.state is RunState.UNREACHABLE else "tasks"
            groups[group].append(write_run(run))
        running = {run.id for run in placed}
        groups["completed_tasks"] += [
            write_run(run) for run in snapshot.past.runs if run.node and run.id not in running
        ]
        return groups

    def _group(self, task: Task) -> str:
        if task.over:
            return "completed_tasks"
        if task.framework not in self.snapshot.frameworks:
            return "orphan_tasks"
        return "unreachable_tasks" if task.unreachable_at and not task.terminal else "tasks"

    def executors(self) -> master_pb2.Response.GetExecutors:
        """Write the executors that run; those built into command tasks are not told."""
        snapshot = self.snapshot
        message = Response.GetExecutors()
        for executor in snapshot.executors.values():
            if executor.ended:
                continue
            known = executor.framework in snapshot.frameworks
            entry = (message.executors if known else message.orphan_executors).add()
            entry.executor_info.ParseFromString(executor.info)
            agent = snapshot.agents.get(executor.node)
            entry.agent_id.value = agent.agent if agent is not None else ""
        return message

    def frameworks(self) -> master_pb2.Response.GetFrameworks:
        """Write all frameworks, Portico's other doors behind them."""
        message = Response.GetFrameworks()
        offered, asked = offers.offers(self.snapshot), offers.inverse_offers(self.snapshot)
        for framework in self.snapshot.frameworks.values():
            entry = (message.completed_frameworks if framework.removed else message.frameworks).add()
            self._framework(entry, framework)
            entry.offers.extend(offered.get(framework.id, ()))
            entry.inverse_offers.extend(asked.get(framework.id, ()))
        for door in residents.doors_of(self.snapshot):
            entry = message.frameworks.add(active=True, connected=True, recovered=False)
            entry.framework_info.CopyFrom(residents.framework_info(door))
            entry.registered_time.nanoseconds = self.snapshot.started_at * 1000
            allocated = self.totals.by_framework.get(residents.PREFIX + door)
            if allocated is not None:
                entry.allocated_resources.extend(self.resources(allocated.held))
        return message

    def _framework(self, entry: master_pb2.Response.GetFrameworks.Framework, framework: Framework) -> None:
        there = framework.state is FrameworkState.SUBSCRIBED
        entry.framework_info.CopyFrom(framework_info(framework))
        entry.active = entry.connected = there
        entry.recovered = False
        _tell_time(entry.registered_time, framework.registered_at)
        if framework.reregistered_at:
            _tell_time(entry.reregistered_time, framework.reregistered_at)
        if framework.removed:
            _tell_time(entry.unregistered_time, framework.removed_at)
        allocated = self.totals.by_framework.get(framework.id)
        if allocated is not None:
            entry.allocated_resources.extend(self.resources(allocated.held))
        offered = self.totals.offered_by_framework.get(framework.id)
        if offered is not None:
            entry.offered_resources.extend(self.resources(offered.held))

    def agents(self) -> master_pb2.Response.GetAgents:
        """Write the agents that were not given up; those that have not come back since a restart as recovered ones."""
        message = Response.GetAgents()
        for agent in self.snapshot.agents.values():
            if not agent.removed_at and agent.id in self.snapshot.nodes:
                self._agent(message, agent)
        return message

    def _agent(self, message: master_pb2.Response.GetAgents, agent: Agent) -> None:
        if self.recovered(agent):
            message.recovered_agents.add().CopyFrom(self.agent_info(agent))
        else:
            message.agents.add().CopyFrom(self.agent(agent))

    def recovered(self, agent: Agent) -> bool:
        """Tell whether an agent was known before the server was started again, and has not come back since."""
        snapshot = self.snapshot
        away = agent.id not in snapshot.connected
        return away and snapshot.nodes[agent.id].registered_at < snapshot.started_at

    def agent(self, agent: Agent) -> master_pb2.Response.GetAgents.Agent:
        """Write one agent."""
        snapshot, totals = self.snapshot, self.totals
        node = snapshot.nodes[agent.id]
        entry = Response.GetAgents.Agent(active=snapshot.active(agent.id), version=snapshot.place.version)
        entry.agent_info.CopyFrom(self.agent_info(agent))
        entry.pid = f"slave(1)@{snapshot.place.address}:{snapshot.addresses[agent.id][1]}"
        _tell_time(entry.registered_time, agent.registered_at)
        if node.registered_at > agent.registered_at:
            _tell_time(entry.reregistered_time, node.registered_at)
        entry.total_resources.extend(self.resources(self.total(node)))
        if agent.id in totals.by_node:
            entry.allocated_resources.extend(self.resources(totals.by_node[agent.id].held))
        if agent.id in totals.offered_by_node:
            entry.offered_resources.extend(self.resources(totals.offered_by_node[agent.id].held))
        entry.capabilities.add(type=pb.AgentInfo.Capability.MULTI_ROLE)
        return entry

    def agent_info(self, agent: Agent) -> pb.AgentInfo:
        """Describe an agent."""
        node = self.snapshot.nodes[agent.id]
        hostname, port = self.snapshot.addresses[agent.id]
        message = pb.AgentInfo(hostname=hostname, port=port)
        message.id.value = agent.agent
        message.resources.extend(self.resources(capacity(node)))
        message.attributes.extend(agents.attribute(name, value) for name, value in node.attributes.items())
        return message

    def total(self, node: Node) -> Held:
        """Give all that a node has now, with what of it is revocable."""
        held = capacity(node)
        return Held((*held.slices, *self.snapshot.lent.get(node.id, ())), held.ports)

    def resources(self, held: Held) -> list[pb.Resource]:
        """Write Slices and ports."""
        return resources.to_resources(held.slices, held.ports, "", self.snapshot.volumes)


def capacity(node: Node) -> Held:
    """Give all that a node has."""
    return Held(node.capacity, label_ports(node.ports, node.reserved_ports))


def framework_info(framework: Framework) -> pb.FrameworkInfo:
    """Describe a framework, by the id it was given."""
    info = pb.FrameworkInfo.FromString(framework.info)
    info.id.value = framework.id
    return info


def _tell_time(message: pb.TimeInfo, at: Instant) -> None:
    message.nanoseconds = at * 1000
