"""Contexts of tasks: what they say, and that they are shared."""

import asyncio
from types import SimpleNamespace

from doors.titus.extension.stage import Stage, service

from portico.domain.nodes import Node
from portico.doors.titus.extension.context import MOST_SHARED, Contexts, addressed, agent_context
from portico.doors.titus.extension.standing import Site


class Groups:
    def __init__(self):
        self.tiers = {}

    def tier(self, group):
        return self.tiers.get(group, "Flex")

    def resource_pool(self, _group):
        return "elastic"


class State:
    def __init__(self, *nodes):
        self.nodes = {node.id: node for node in nodes}

    def index(self, _table, index):
        self.tell = index


def made(*nodes, site=None):
    standing = SimpleNamespace(
        plane=SimpleNamespace(state=State(*nodes)), groups=Groups(), site=site or Site(cell="c", stack="s")
    )
    return standing, Contexts(standing)


def test_an_agent_is_described_by_what_its_node_says():
    node = Node(
        id="n1", attributes={"hostname": "h", "zone": "z", "machineType": "big", "region": "r", "ip": "1.2.3.4"}
    )
    assert agent_context(node, "local") == {
        "agent.host": "h",
        "agent.hostIp": "1.2.3.4",
        "agent.instanceId": "n1",
        "agent.itype": "big",
        "agent.region": "r",
        "agent.zone": "z",
        "kube.nodeName": "n1",
        "task.containerIPv4": "1.2.3.4",
        "task.containerIp": "1.2.3.4",
    }
    assert agent_context(Node(id="n2"), "local")["agent.host"] == "n2"


def test_an_address_is_told_under_the_name_of_its_kind_and_takes_the_place_of_another():
    node = agent_context(Node(id="n1", attributes={"ip": "1.2.3.4"}), "local")
    own = addressed(node, "fd00::7")
    assert own["task.containerIp"] == own["task.containerIPv6"] == "fd00::7"
    assert "task.containerIPv4" not in own
    assert addressed(own, "10.0.0.2") == {
        **node,
        "task.containerIp": "10.0.0.2",
        "task.containerIPv4": "10.0.0.2",
    }


def test_tasks_of_a_group_on_a_node_share_their_context():
    _, contexts = made(Node(id="n1"))
    fresh = contexts.fresh("g", 4)
    assert fresh is contexts.fresh("g", 4)
    assert fresh["task.effectiveNetworkMode"] == "Ipv6Only"
    assert (fresh["titus.cell"], fresh["titus.stack"]) == ("c", "s")
    placed = contexts.placed(fresh, "n1")
    assert placed is contexts.placed(fresh, "n1")
    assert "agent.host" not in fresh


def test_the_network_that_a_job_asks_for_is_told_and_sets_contexts_apart():
    _, contexts = made()
    plain, subnets, both = (
        contexts.fresh("g", 0),
        contexts.fresh("g", 0, "s-1,s-2"),
        contexts.fresh("g", 0, "s-1", "sg"),
    )
    assert "task.networkSubnets" not in plain
    assert "task.networkSecurityGroups" not in subnets
    assert subnets["task.networkSubnets"] == "s-1,s-2"
    assert (both["task.networkSubnets"], both["task.networkSecurityGroups"]) == ("s-1", "sg")
    assert both is contexts.fresh("g", 0, "s-1", "sg")


def test_a_task_tells_the_network_of_its_jobs_descriptor():
    async def play():
        stage = Stage()
        descriptor = service(1)
        descriptor.container.securityProfile.securityGroups[:] = ["sg-1", "sg-2"]
        descriptor.container.attributes["titusParameter.agent.subnets"] = "subnet-1,subnet-2"
        (task,) = stage.tasks(await stage.create(descriptor))
        assert task.context["task.networkSubnets"] == "subnet-1,subnet-2"
        assert task.context["task.networkSecurityGroups"] == "sg-1,sg-2"

    asyncio.run(play())


def test_a_change_of_the_tier_or_of_the_node_is_seen():
    node = Node(id="n1", attributes={"zone": "a"})
    standing, contexts = made(node)
    fresh = contexts.fresh("g", 0)
    assert contexts.placed(fresh, "n1")["agent.zone"] == "a"
    changed = Node(id="n1", attributes={"zone": "b"})
    standing.plane.state.nodes["n1"] = changed
    standing.plane.state.tell(node, changed)
    assert contexts.placed(fresh, "n1")["agent.zone"] == "b"
    standing.groups.tiers["g"] = "Critical"
    assert contexts.fresh("g", 0)["task.tier"] == "Critical"


def test_what_a_task_alone_has_stays_when_it_comes_to_another_node():
    _, contexts = made(Node(id="n1", attributes={"zone": "a"}), Node(id="n2"))
    own = {**contexts.fresh("g", 0), "task.ipAllocationId": "ip"}
    first = contexts.placed(own, "n1")
    second = contexts.placed(first, "n2")
    assert second["task.ipAllocationId"] == "ip"
    assert second["kube.nodeName"] == "n2"
    assert "agent.zone" not in second


def test_memory_does_not_grow_with_the_names_of_groups():
    _, contexts = made(Node(id="n1"))
    for number in range(MOST_SHARED + 10):
        contexts.placed(contexts.fresh(f"g{number}", 0), "n1")
    assert len(contexts._fresh) <= MOST_SHARED
    assert len(contexts._placed) <= MOST_SHARED
