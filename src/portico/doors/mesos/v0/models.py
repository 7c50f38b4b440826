"""Frameworks, agents, executors and tasks as objects of the older JSON. Pure; made off the loop."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from portico.domain.identity import SECOND, Instant
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.extension.records import Agent, Executor, Framework, FrameworkState
from portico.doors.mesos.outbound import residents
from portico.doors.mesos.outbound.state import View, framework_info
from portico.doors.mesos.v0.amounts import amounts, of_messages, reserved, unreserved
from portico.wire.mesos import master_pb2
from portico.wire.mesos import mesos_pb2 as pb

Plain = dict[str, Any]
_NOTHING = Held()
_LISTS = {
    "tasks": "tasks",
    "unreachable_tasks": "unreachable_tasks",
    "completed_tasks": "completed_tasks",
}
_PARTS = ("labels", "discovery", "container")


def seconds(at: Instant) -> float:
    """Give a time as these endpoints have it."""
    return at / SECOND


class Models:
    """One moment, as objects."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.snapshot = view.snapshot

    @cached_property
    def tasks(self) -> master_pb2.Response.GetTasks:
        """All tasks as messages."""
        return master_pb2.Response.GetTasks.FromString(b"".join(self.view.tasks()))

    @cached_property
    def by_framework(self) -> dict[str, dict[str, list[Plain]]]:
        """All tasks by framework and list."""
        found: dict[str, dict[str, list[Plain]]] = {}
        for source, name in _LISTS.items():
            for message in getattr(self.tasks, source):
                lists = found.setdefault(message.framework_id.value, {})
                lists.setdefault(name, []).append(task(message))
        return found

    def frameworks(self, *, completed: bool = False) -> Iterator[Plain]:
        """Give the frameworks with their tasks, either those that are there or those that are over."""
        executors: dict[str, list[Plain]] = {}
        for one in self.snapshot.executors.values():
            if not one.ended:
                executors.setdefault(one.framework, []).append(self.executor(one))
        for framework in self.snapshot.frameworks.values():
            if framework.removed is completed:
                yield (
                    self.framework(framework)
                    | self._work(framework.id)
                    | {
                        "executors": executors.get(framework.id, []),
                        "offers": self._offers(framework.id),
                    }
                )
        if not completed:
            for door in residents.doors_of(self.snapshot):
                identity = residents.PREFIX + door
                yield self.resident(door) | self._work(identity) | {"executors": [], "offers": []}

    def _work(self, framework: str) -> Plain:
        found = self.by_framework.get(framework, {})
        return {name: found.get(name, []) for name in _LISTS.values()}

    def _offers(self, framework: str) -> list[Plain]:
        return [
            {
                "id": offer.id,
                "framework_id": framework,
                "slave_id": self.snapshot.agents[offer.node].agent,
                "allocation_info": {"role": offer.role},
                "resources": amounts(Held(offer.slices, offer.ports)),
            }
            for offer in self.snapshot.offers
            if offer.bidder == framework and offer.node in self.snapshot.agents
        ]

    # ---- one by one --------------------------------------------------------------------------------------------

    def framework(self, framework: Framework) -> Plain:
        """Describe a framework, without its work."""
        info = framework_info(framework)
        there = framework.state is FrameworkState.SUBSCRIBED
        plain = self._described(info) | {
            "active": there,
            "connected": there,
            "recovered": False,
            "registered_time": seconds(framework.registered_at),
            "unregistered_time": seconds(framework.removed_at),
        }
        if framework.reregistered_at:
            plain["reregistered_time"] = seconds(framework.reregistered_at)
        return plain

    def resident(self, door: str) -> Plain:
        """Describe one of Portico's other doors as a framework."""
        return self._described(residents.framework_info(door)) | {
            "active": True,
            "connected": True,
            "recovered": False,
            "registered_time": seconds(self.snapshot.started_at),
            "unregistered_time": 0.0,
        }

    def _described(self, info: pb.FrameworkInfo) -> Plain:
        identity, totals = info.id.value, self.view.totals
        used = totals.by_framework[identity].held if identity in totals.by_framework else _NOTHING
        offered = totals.offered_by_framework[identity].held if identity in totals.offered_by_framework else _NOTHING
        plain: Plain = {
            "id": identity,
            "name": info.name,
            "user": info.user,
            "failover_timeout": info.failover_timeout,
            "checkpoint": info.checkpoint,
            "hostname": info.hostname,
            "webui_url": info.webui_url,
            "capabilities": [pb.FrameworkInfo.Capability.Type.Name(one.type) for one in info.capabilities],
            "used_resources": amounts(used),
            "offered_resources": amounts(offered),
            "resources": amounts(Held((*used.slices, *offered.slices), (*used.ports, *offered.ports))),
        }
        if info.roles:
            plain["roles"] = list(info.roles)
        else:
            plain["role"] = info.role
        if info.HasField("principal"):
            plain["principal"] = info.principal
        if info.HasField("labels"):
            plain["labels"] = jsonpb.to_plain(info.labels)["labels"]
        return plain

    def agents(self, *, full: bool = False, recovered: bool = False) -> list[Plain]:
        """Describe the agents that were not given up, either those that are there or those that have not come back
        since a restart; `full` tells resources as messages as well."""
        known = (agent for agent in self.snapshot.agents.values() if agent.id in self.snapshot.nodes)
        chosen = (agent for agent in known if not agent.removed_at and self.view.recovered(agent) is recovered)
        return [self.agent(agent, full=full) for agent in chosen]

    def agent(self, agent: Agent, *, full: bool = False) -> Plain:
        """Describe an agent."""
        snapshot, totals = self.snapshot, self.view.totals
        node = snapshot.nodes[agent.id]
        hostname, port = snapshot.addresses[agent.id]
        held = self.view.total(node)
        used = totals.by_node[agent.id].held if agent.id in totals.by_node else _NOTHING
        offered = totals.offered_by_node[agent.id].held if agent.id in totals.offered_by_node else _NOTHING
        info = self.view.agent_info(agent)
        plain: Plain = {
            "id": agent.agent,
            "hostname": hostname,
            "port": port,
            "pid": f"slave(1)@{snapshot.place.address}:{port}",
            "attributes": {one.name: _attribute(one) for one in info.attributes},
            "registered_time": seconds(agent.registered_at),
            "resources": amounts(held),
            "used_resources": amounts(used),
            "offered_resources": amounts(offered),
            "reserved_resources": reserved(held),
            "unreserved_resources": unreserved(held),
            "active": snapshot.active(agent.id),
            "version": snapshot.place.version,
            "capabilities": ["MULTI_ROLE"],
        }
        if full:
            plain |= self._full(held, used, offered)
        return plain

    def _full(self, held: Held, used: Held, offered: Held) -> Plain:
        by_role: dict[str, list[Plain]] = {}
        for message in self.view.resources(held):
            by_role.setdefault(message.role, []).append(jsonpb.to_plain(message))
        return {
            "unreserved_resources_full": by_role.pop("*", []),
            "reserved_resources_full": by_role,
            "used_resources_full": [jsonpb.to_plain(message) for message in self.view.resources(used)],
            "offered_resources_full": [jsonpb.to_plain(message) for message in self.view.resources(offered)],
        }

    def executor(self, executor: Executor) -> Plain:
        """Describe an executor that is not built in."""
        info = pb.ExecutorInfo.FromString(executor.info)
        agent = self.snapshot.agents.get(executor.node)
        return {
            "executor_id": executor.executor,
            "name": info.name,
            "source": info.source,
            "framework_id": executor.framework,
            "slave_id": agent.agent if agent is not None else "",
            "type": pb.ExecutorInfo.Type.Name(info.type),
            "command": jsonpb.to_plain(info.command),
            "resources": of_messages(info.resources),
        }


def task(message: pb.Task) -> Plain:
    """Describe a task."""
    plain: Plain = {
        "id": message.task_id.value,
        "name": message.name,
        "framework_id": message.framework_id.value,
        "executor_id": message.executor_id.value,
        "slave_id": message.agent_id.value,
        "state": pb.TaskState.Name(message.state),
        "resources": of_messages(message.resources),
        "statuses": [_status(status) for status in message.statuses],
    }
    if message.resources and message.resources[0].HasField("allocation_info"):
        plain["role"] = message.resources[0].allocation_info.role
    if message.HasField("user"):
        plain["user"] = message.user
    for part in _PARTS:
        if message.HasField(part):
            found = jsonpb.to_plain(getattr(message, part))
            plain[part] = found.get("labels", []) if part == "labels" else found
    return plain


def _status(status: pb.TaskStatus) -> Plain:
    plain: Plain = {"state": pb.TaskState.Name(status.state), "timestamp": status.timestamp}
    if status.HasField("container_status"):
        plain["container_status"] = jsonpb.to_plain(status.container_status)
    if status.HasField("healthy"):
        plain["healthy"] = status.healthy
    if status.HasField("labels"):
        plain["labels"] = jsonpb.to_plain(status.labels).get("labels", [])
    return plain


def _attribute(attribute: pb.Attribute) -> float | str:
    return attribute.scalar.value if attribute.type == pb.Value.SCALAR else attribute.text.value
