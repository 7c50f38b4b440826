"""Several nodes, as frameworks on pymesos see them: one offer each, and one that is lost and comes back."""

import os
import signal

import pytest
from clients.mesos.conftest import CONFIG, live
from clients.mesos.messages import FINAL, dynamic, launch, scalar, task, total

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]

SECOND = """
[[nodes]]
name = "two"
cpus = 2
mem = 1024
disk = 1024
ports = "31100-31199"
attributes = { rack = "b" }
"""


@pytest.fixture(scope="module")
def server():
    yield from live(CONFIG.replace("[timers]", '[timers]\n"mesos.agent_ping" = "200ms"') + SECOND)


def rack(offer):
    return next(each["text"]["value"] for each in offer["attributes"] if each["name"] == "rack")


def on(name):
    return lambda offer: rack(offer) == name


def both(one):
    """Take an offer of each node."""
    found = {}
    while len(found) < 2:
        (offers,) = one.hear("resourceOffers")
        found |= {rack(offer): offer for offer in offers}
    return found["a"], found["b"]


def test_each_node_is_offered_by_itself(framework):
    one = framework()
    one.register()
    first, second = both(one)
    assert first["agent_id"] != second["agent_id"]
    assert (total(first["resources"], "cpus"), total(second["resources"], "cpus")) == (4, 2)
    one.launch(second, task("second", second, "exit 0"))
    assert one.ends("second", "TASK_FINISHED")["agent_id"] == second["agent_id"]


def test_offers_of_two_nodes_cannot_be_taken_together(framework):
    one = framework()
    one.register()
    first, second = both(one)
    one.call("acceptOffers", [first["id"], second["id"]], [launch(task("torn", first, "exit 0"))])
    assert one.update("torn", *FINAL)["reason"] == "REASON_INVALID_OFFERS"
    assert {rack(offer) for offer in both(one)} == {"a", "b"}


@pytest.mark.parametrize(("capabilities", "state"), [([], "TASK_LOST"), (["PARTITION_AWARE"], "TASK_UNREACHABLE")])
def test_a_node_is_lost_and_comes_back(framework, server, operator, capabilities, state):
    one = framework({"capabilities": [{"type": kind} for kind in capabilities]})
    one.register()
    offer = one.offer(on("b"))
    name = f"away-{len(capabilities)}"
    one.launch(offer, task(name, offer, "exec sleep 100"))
    one.update(name, "TASK_RUNNING")
    agent = server.holders("agent")["two"]
    os.kill(agent, signal.SIGSTOP)
    try:
        assert one.hear("slaveLost", patience=40) == [offer["agent_id"]]
        lost = one.update(name, state)
        assert (lost["source"], lost["reason"]) == ("SOURCE_MASTER", "REASON_AGENT_REMOVED")
        assert "uuid" not in lost
        one.call("reconcileTasks", [{"task_id": {"value": name}}])
        assert one.update(name, state)["reason"] == "REASON_RECONCILIATION"
    finally:
        os.kill(agent, signal.SIGCONT)
    if capabilities:
        assert one.update(name, "TASK_RUNNING", *FINAL)["state"] == "TASK_RUNNING"
        one.call("killTask", {"value": name})
        one.update(name, "TASK_KILLED")
    assert one.offer(on("b"), cpus=2)["agent_id"] == offer["agent_id"]
    agents = operator.call("getAgents")["get_agents"]["agents"]
    assert len(agents) == 2


def test_roles_of_one_framework_are_offered_to_apart(framework):
    one = framework({"roles": ["left", "right"], "capabilities": [{"type": "MULTI_ROLE"}]})
    one.register()
    found = {}
    while len(found) < 2:
        for offer in one.hear("resourceOffers")[0]:
            role = offer["allocation_info"]["role"]
            assert all(each["allocation_info"]["role"] == role for each in offer["resources"])
            if role in found:
                one.call("declineOffer", [offer["id"]], {"refuse_seconds": 1.0})
            found.setdefault(role, offer)
    assert set(found) == {"left", "right"}
    offer = found["right"]
    told = task("right", offer, "exit 0")
    told["resources"] = [each | {"allocation_info": {"role": "right"}} for each in told["resources"]]
    one.launch(offer, told)
    one.ends("right", "TASK_FINISHED")


def test_what_is_guaranteed_to_one_role_is_kept_from_others(framework, operator):
    guarantee = [scalar("cpus", 4)]
    operator.call("setQuota", {"role": "sure", "guarantee": guarantee})
    other = framework({"name": "other", "role": "other"})
    other.register()
    sure = framework({"name": "sure", "role": "sure"})
    sure.register()
    got = 0
    while got < 4:
        got += sum(total(offer["resources"], "cpus") for offer in sure.hear("resourceOffers")[0])
    lines = [line["args"][0] for line in other.program.waiting if line["event"] == "resourceOffers"]
    assert sum(total(offer["resources"], "cpus") for offers in lines for offer in offers) <= 2
    operator.call("removeQuota", "sure")


def test_what_an_operator_reserves_only_its_role_is_offered(framework, operator):
    room = [scalar("mem", 512, **dynamic("mine"))]
    agents = operator.call("getAgents")["get_agents"]["agents"]
    (second,) = [each["agent_info"]["id"]["value"] for each in agents if total(each["total_resources"], "cpus") == 2]
    operator.call("reserveResources", second, room)
    mine, other = framework({"role": "mine"}), framework({"role": "other"})
    for one, much in ((mine, 512), (other, 0)):
        one.register()
        offer = one.offer(on("b"))
        assert total(offer["resources"], "mem", role="mine") == much
        one.call("stop")
    operator.call("unreserveResources", second, room)
