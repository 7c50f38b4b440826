"""Task contexts: what a task's context says beside what its record says.

Promises: only what this cluster truly knows is said; contexts that say the same are one dictionary, so nobody may
change one in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.domain.nodes import Node

if TYPE_CHECKING:
    from portico.doors.titus.extension.standing import Standing

TIER = "task.tier"
RESOURCE_POOL = "resourcePool"
POD_CREATED = "kube.podCreated"
NODE_NAME = "kube.nodeName"
RETRY_DELAY = "task.retryDelay"
ADDRESS = "task.ipAllocationId"
VOLUME = "task.ebs.volumeId"
NETWORK_MODE = "task.effectiveNetworkMode"
SUBNETS = "task.networkSubnets"
SECURITY_GROUPS = "task.networkSecurityGroups"
CELL = "titus.cell"
STACK = "titus.stack"

_ANY_ADDRESS, _IPV4_ADDRESS, _IPV6_ADDRESS = "task.containerIp", "task.containerIPv4", "task.containerIPv6"
_ADDRESSES = frozenset({_ANY_ADDRESS, _IPV4_ADDRESS, _IPV6_ADDRESS})
"""What clients read a task's address from: the container's own, else its node's."""

NETWORK_MODES = ("UnknownNetworkMode", "Ipv4Only", "Ipv6AndIpv4", "Ipv6AndIpv4Fallback", "Ipv6Only", "HighScale")

_FROM_ATTRIBUTES = {
    "agent.host": ("hostname",),
    "agent.hostIp": ("ip", "hostIp"),
    "agent.zone": ("zone",),
    "agent.region": ("region",),
    "agent.itype": ("machineType", "itype"),
    "agent.asg": ("machineGroup", "asg"),
    "agent.cluster": ("cluster",),
    "agent.stack": ("stack",),
    "agent.ami": ("ami",),
}
"""Context keys of the agent, and the node attributes that give them, best first."""

_OF_NODES = frozenset({NODE_NAME, *_ADDRESSES})

MOST_SHARED = 10_000
"""Contexts that are remembered to be shared."""

_Key = tuple[str, int, str, str]


class Contexts:
    """The contexts that tasks have in common."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._fresh: dict[_Key, dict[str, str]] = {}
        self._shared: dict[int, dict[str, str]] = {}
        """The fresh ones by their identity; as long as one is here it is no other."""
        self._agents: dict[str, dict[str, str]] = {}
        self._placed: dict[tuple[str, int], tuple[dict[str, str], dict[str, str]]] = {}
        standing.plane.state.index("nodes", self._on_node)

    def fresh(self, group: str, network_mode: int, subnets: str = "", security_groups: str = "") -> dict[str, str]:
        """Give the context of a new task of a capacity group; subnets and security groups are lists with commas."""
        groups = self._standing.groups
        tier, pool = groups.tier(group), groups.resource_pool(group)
        key = group, network_mode, subnets, security_groups
        context = self._fresh.get(key)
        if context is None or context[TIER] != tier or context[RESOURCE_POOL] != pool:
            self._keep_bounded()
            context = self._fresh[key] = {
                POD_CREATED: "true",
                TIER: tier,
                RESOURCE_POOL: pool,
                **self._site(),
            }
            for name, value in ((SUBNETS, subnets), (SECURITY_GROUPS, security_groups)):
                if value:
                    context[name] = value
            if 0 < network_mode < len(NETWORK_MODES):
                context[NETWORK_MODE] = NETWORK_MODES[network_mode]
            self._shared[id(context)] = context
        return context

    def placed(self, context: dict[str, str], node: str) -> dict[str, str]:
        """Give a context with what is known of the task's node, instead of what was said of another."""
        key = (node, id(context))
        found = self._placed.get(key)
        if found is not None and found[0] is context:
            return found[1]
        own = {
            name: value for name, value in context.items() if not name.startswith("agent.") and name not in _OF_NODES
        }
        made = {**own, **self._agent(node)}
        if id(context) in self._shared:
            self._keep_bounded()
            self._placed[key] = (context, made)
        return made

    def _keep_bounded(self) -> None:
        """Begin anew after many groups: their names are the clients' to choose."""
        if len(self._shared) >= MOST_SHARED or len(self._placed) >= MOST_SHARED:
            self._fresh.clear()
            self._shared.clear()
            self._placed.clear()

    def _site(self) -> dict[str, str]:
        site = self._standing.site
        return {name: value for name, value in ((CELL, site.cell), (STACK, site.stack)) if value}

    def _agent(self, node: str) -> dict[str, str]:
        found = self._agents.get(node)
        if found is None:
            record = self._standing.plane.state.nodes.get(node)
            found = self._agents[node] = {} if record is None else agent_context(record, self._standing.site.region)
        return found

    def _on_node(self, old: Node | None, new: Node | None) -> None:
        if old is not None and new is not None and old.attributes == new.attributes:
            return
        node = new or old
        if node is not None and self._agents.pop(node.id, None) is not None:
            self._placed = {key: value for key, value in self._placed.items() if key[0] != node.id}


def agent_context(node: Node, region: str) -> dict[str, str]:
    """Say what is known of a node."""
    context = {"agent.host": node.id, "agent.instanceId": node.id, "agent.region": region, NODE_NAME: node.id}
    for name, sources in _FROM_ATTRIBUTES.items():
        value = next((node.attributes[source] for source in sources if node.attributes.get(source)), "")
        if value:
            context[name] = value
    if "agent.hostIp" in context:
        return addressed(context, context["agent.hostIp"])
    return context


def addressed(context: dict[str, str], address: str) -> dict[str, str]:
    """Give a context that says where a task is reached, instead of what was said of that."""
    kept = {name: value for name, value in context.items() if name not in _ADDRESSES}
    return {**kept, _ANY_ADDRESS: address, _IPV6_ADDRESS if ":" in address else _IPV4_ADDRESS: address}


def duration_text(milliseconds: int) -> str:
    """Write a duration as the API does: `1h 5min 3s 20ms`, `0ms` for none."""
    seconds, rest = divmod(milliseconds, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"), (rest, "ms"))
    return " ".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0ms"
