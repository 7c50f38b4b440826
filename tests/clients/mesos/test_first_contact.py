"""Each genuine Mesos client once around: connect, take an offer, run a task to its end, leave."""

import pytest
from clients.mesos.messages import task, total

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]  # the first run on a machine makes the environments


def test_a_framework_on_pymesos(framework, operator):
    one = framework({"name": "first", "role": "*"})
    assert one.register()["version"].count(".") >= 1
    assert one.call("version").replace(".", "").isdecimal()
    offer = one.offer(cpus=4)
    assert {"name": "rack", "type": "TEXT", "text": {"value": "a"}} in offer["attributes"]
    assert (total(offer["resources"], "cpus", role="*"), total(offer["resources"], "mem")) == (4, 2048)
    one.launch(offer, task("good", offer, "exit 0"), task("bad", offer, "exit 3"))
    good, bad = one.ends("good", "TASK_FINISHED"), one.ends("bad", "TASK_FAILED")
    assert (good["message"], bad["message"]) == ("Command exited with status 0", "Command exited with status 3")
    assert good["agent_id"] == offer["agent_id"]
    one.call("stop")
    one.call("join")
    told = operator.call("getFrameworks")["get_frameworks"]
    assert one.id in [each["framework_info"]["id"]["value"] for each in told["completed_frameworks"]]


def test_a_framework_on_mesoshttp(start, master):
    one = start("mesoshttp", "mesoshttp_scheduler", f"http://{master}", {})
    one.call("start")
    (framework_id,) = one.hear("SUBSCRIBED")
    assert framework_id
    assert one.call("master_info")["port"] == int(master.rsplit(":", 1)[1])
    (offers,) = one.hear("OFFERS")
    one.call("accept", offers[0]["id"]["value"], [task("http", offers[0], "exit 0")])
    states = [one.hear("UPDATE")[0]["status"]["state"] for _ in range(2)]
    assert states == ["TASK_RUNNING", "TASK_FINISHED"]
    one.call("teardown")
    assert one.hear("ended") == [True]


def test_work_given_to_task_processing(start, master):
    one = start("task_processing", "task_processor", master, {})
    assert one.hear("control") == ["registered"]
    name = one.call("run", cmd="test $MESOS_TASK_ID", containerizer="MESOS")
    _, told, raw = one.hear("task", lambda task_id, told, _: task_id == name and told["terminal"])
    assert (told["platform_type"], told["success"]) == ("finished", True), raw
    one.call("stop")
