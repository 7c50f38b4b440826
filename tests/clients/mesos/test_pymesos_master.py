"""The master as operators on pymesos see and change it."""

import time

import pytest
from clients.mesos.messages import decode, dynamic, scalar, task, total, volume
from clients.program import ClientError

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

GUARANTEE = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}


def agents(operator):
    return operator.call("getAgents")["get_agents"]["agents"]


@pytest.fixture
def agent_id(operator):
    (only,) = agents(operator)
    return only["agent_info"]["id"]["value"]


def refused(status):
    return pytest.raises(ClientError, match=rf"code={status}\b")


def test_what_the_master_says_of_itself(operator, master):
    assert operator.call("getHealth")["get_health"] == {"healthy": True}
    assert operator.call("getVersion")["get_version"]["version_info"]["version"].replace(".", "").isdecimal()
    flags = {each["name"] for each in operator.call("getFlags")["get_flags"]["flags"]}
    assert "port" in flags
    told = operator.call("getMetrics", 5_000_000_000)["get_metrics"]["metrics"]
    assert {each["name"]: each["value"] for each in told}["master/slaves_active"] == 1
    told = operator.call("getMaster")["get_master"]["master_info"]
    assert (told["port"], bool(told["id"])) == (int(master.rsplit(":", 1)[1]), True)
    roles = operator.call("getRoles")["get_roles"]["roles"]
    assert [each["weight"] for each in roles if each["name"] == "*"] == [1.0]


def test_the_loudness_of_the_log(operator):
    before = operator.call("getLoggingLevel")["get_logging_level"]
    operator.call("setLoggingLevel", 2, 60_000_000_000)
    assert operator.call("getLoggingLevel")["get_logging_level"] == {"level": 2}
    operator.call("setLoggingLevel", before.get("level", 0), 60_000_000_000)


def test_the_masters_log_is_a_file(operator):
    told = operator.call("readFile", "/master/log", 100, 0)["read_file"]
    assert told["size"] > 0
    assert len(decode(told["data"])) <= 100
    with refused(404):
        operator.call("readFile", "/nowhere", 100, 0)
    with refused(404):
        operator.call("listFiles", "/nowhere")


def test_frameworks_agents_tasks_and_executors_are_listed_and_told_of(framework, operator):
    operator.call("start")
    one = framework({"name": "listed", "role": "lists"})
    one.register()
    offer = one.offer()
    one.launch(offer, task("shown", offer, "exec sleep 100"))
    one.update("shown", "TASK_RUNNING")
    added = operator.hear("taskAdded", lambda told: told["task_id"]["value"] == "shown")[0]
    assert added["agent_id"] == offer["agent_id"]
    operator.hear("taskUpdated", lambda told: told["state"] == "TASK_RUNNING")

    state = operator.call("getState")["get_state"]
    assert {"get_tasks", "get_executors", "get_frameworks", "get_agents"} <= set(state)
    assert state["get_tasks"] == operator.call("getTasks")["get_tasks"]
    (shown,) = [each for each in state["get_tasks"]["tasks"] if each["task_id"]["value"] == "shown"]
    assert (shown["state"], shown["framework_id"]["value"]) == ("TASK_RUNNING", one.id)
    assert [each["state"] for each in shown["statuses"]] == ["TASK_RUNNING"]
    (listed,) = operator.call("getFrameworks")["get_frameworks"]["frameworks"]
    assert (listed["framework_info"]["name"], listed["active"], listed["connected"]) == ("listed", True, True)
    (agent,) = agents(operator)
    assert agent["active"]
    assert {"name": "rack", "type": "TEXT", "text": {"value": "a"}} in agent["agent_info"]["attributes"]
    assert total(agent["total_resources"], "cpus") == 4
    assert total(agent["allocated_resources"], "cpus") == pytest.approx(0.1)
    assert set(operator.call("getExecutors")["get_executors"]) <= {"executors", "orphan_executors"}
    assert "lists" in [each["name"] for each in operator.call("getRoles")["get_roles"]["roles"]]

    one.call("killTask", {"value": "shown"})
    operator.hear("taskUpdated", lambda told: told["state"] == "TASK_KILLED")


def test_weights(operator):
    operator.call("updateWeights", [{"role": "heavy", "weight": 2.5}])
    weights = operator.call("getWeights")["get_weights"]["weight_infos"]
    assert {"role": "heavy", "weight": 2.5} in weights
    with refused(400):
        operator.call("updateWeights", [{"role": "heavy", "weight": 0.0}])
    with refused(400):
        operator.call("updateWeights", [{"role": "a b", "weight": 1.0}])


def test_quota(operator, framework):
    operator.call("setQuota", {"role": "sure", "guarantee": [GUARANTEE]})
    (quota,) = operator.call("getQuota")["get_quota"]["status"]["infos"]
    assert (quota["role"], total(quota["guarantee"], "cpus")) == ("sure", 1)
    with refused(400):
        operator.call("setQuota", {"role": "sure", "guarantee": [GUARANTEE]})
    with refused(409):
        operator.call("setQuota", {"role": "much", "guarantee": [scalar("cpus", 1000)]})
    operator.call("setQuota", {"role": "much", "guarantee": [scalar("cpus", 1000)], "force": True})
    operator.call("removeQuota", "much")
    operator.call("removeQuota", "sure")
    with refused(400):
        operator.call("removeQuota", "sure")
    assert not operator.call("getQuota")["get_quota"].get("status", {}).get("infos")


def test_reservations_and_volumes(operator, agent_id):
    room = [scalar("cpus", 1, **dynamic("ops")), scalar("disk", 32, **dynamic("ops"))]
    operator.call("reserveResources", agent_id, room)
    assert total(agents(operator)[0]["total_resources"], "cpus", role="ops") == 1
    kept = [volume("kept", 32, "data", "ops")]
    operator.call("createVolumes", agent_id, kept)
    disks = [
        each for each in agents(operator)[0]["total_resources"] if each["role"] == "ops" and each["name"] == "disk"
    ]
    assert [each["disk"]["persistence"]["id"] for each in disks] == ["kept"]
    with refused("40[09]"):
        operator.call("unreserveResources", agent_id, room)
    operator.call("destroyVolumes", agent_id, kept)
    operator.call("unreserveResources", agent_id, room)
    assert not total(agents(operator)[0]["total_resources"], "cpus", role="ops")


def test_what_is_wrong_with_reservations(operator, agent_id):
    with refused(400):
        operator.call("reserveResources", "nobody", [scalar("cpus", 1, **dynamic("ops"))])
    with refused(400):
        operator.call("reserveResources", agent_id, [scalar("cpus", 1, role="ops")])
    with refused(409):
        operator.call("reserveResources", agent_id, [scalar("cpus", 1000, **dynamic("ops"))])
    with refused("40[09]"):
        operator.call("destroyVolumes", agent_id, [volume("nowhere", 8, "data", "ops")])


def test_an_operators_reservation_rescinds_offers(operator, framework, agent_id):
    one = framework()
    one.register()
    offer = one.offer(cpus=4)
    room = [scalar("cpus", 3, **dynamic("ops"))]
    operator.call("reserveResources", agent_id, room)
    assert one.hear("offerRescinded") == [offer["id"]]
    assert total(one.offer()["resources"], "cpus") == 1
    operator.call("unreserveResources", agent_id, room)


def test_calls_of_later_releases_are_said_to_be_unknown(operator, agent_id):
    with refused("(400|501)"):
        operator.call("markAgentGone", agent_id)


def test_maintenance(operator, framework, agent_id):
    (agent,) = agents(operator)
    hostname, address = agent["agent_info"]["hostname"], agent["pid"].split("@")[1].rsplit(":", 1)[0]
    machine = {"hostname": hostname, "ip": address}
    start = {"nanoseconds": (int(time.time()) + 3600) * 10**9}
    windows = [{"machine_ids": [machine], "unavailability": {"start": start}}]
    one = framework()
    one.register()
    offer = one.offer()
    one.launch(offer, task("moved", offer, "exec sleep 100"))
    one.update("moved", "TASK_RUNNING")

    operator.call("updateMaintenanceSchedule", windows)
    schedule = operator.call("getMaintenanceSchedule")["get_maintenance_schedule"]["schedule"]
    assert schedule["windows"][0]["machine_ids"] == [machine]
    (inverse,) = one.hear("inverseOffers")[0]
    assert inverse["unavailability"]["start"] == start
    one.call("acceptInverseOffers", [inverse["id"]])
    (draining,) = operator.call("getMaintenanceStatus")["get_maintenance_status"]["status"]["draining_machines"]
    assert [(draining["id"], each["status"]) for each in draining["statuses"]] == [(machine, "ACCEPT")]
    with refused(400):
        operator.call("stopMaintenance", [machine])

    operator.call("startMaintenance", [machine])
    status = operator.call("getMaintenanceStatus")["get_maintenance_status"]["status"]
    assert status["down_machines"] == [machine]
    one.hear("slaveLost")
    one.update("moved", "TASK_LOST")
    with refused(400):
        operator.call("updateMaintenanceSchedule", [])
    operator.call("stopMaintenance", [machine])
    one.offer()
    assert not operator.call("getMaintenanceStatus")["get_maintenance_status"]["status"].get("down_machines")
