"""Frameworks on pymesos that go and come back, and a master that does."""

import pytest
from clients.mesos.messages import FINAL, task

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]


def with_a_task(framework, name, **info):
    one = framework(info)
    one.register()
    offer = one.offer()
    one.launch(offer, task(name, offer, "exec sleep 100"))
    one.update(name, "TASK_RUNNING")
    return one


def test_a_second_driver_takes_the_framework_over(framework):
    one = with_a_task(framework, "kept")
    two = framework({"id": {"value": one.id}})
    two.hear("reregistered")
    assert one.hear("error") == ["Framework failed over"]
    one.hear("disconnected")
    two.call("reconcileTasks", [])
    assert two.update("kept", "TASK_RUNNING", *FINAL)["state"] == "TASK_RUNNING"
    two.call("killTask", {"value": "kept"})
    two.update("kept", "TASK_KILLED")


def test_what_was_not_acknowledged_comes_to_the_next_driver(framework):
    one = framework(implicit_acknowledgements=False)
    one.register()
    offer = one.offer()
    one.launch(offer, task("owed", offer, "exit 0"))
    uuid = one.update("owed", "TASK_RUNNING")["uuid"]
    one.call("stop", failover=True)
    one.call("join")
    two = framework({"id": {"value": one.id}})
    two.hear("reregistered")
    assert two.update("owed", "TASK_RUNNING")["uuid"] == uuid
    two.update("owed", "TASK_FINISHED")


def test_who_does_not_come_back_in_time_is_removed_with_its_tasks(framework, operator, server):
    one = with_a_task(framework, "left", failover_timeout=0.5)
    operator.call("start")
    one.program.kill()
    operator.hear("taskUpdated", lambda told: told["status"]["task_id"]["value"] == "left")
    late = framework({"id": {"value": one.id}})
    assert late.hear("error") == ["Framework has been removed"]
    told = operator.call("getFrameworks")["get_frameworks"]["completed_frameworks"]
    assert one.id in [each["framework_info"]["id"]["value"] for each in told]


def test_the_master_comes_back(framework, server):
    one = with_a_task(framework, "through")
    server.restart()
    master = server.endpoints["mesos_master"]
    one.hear("disconnected")
    one.call("change_master", master)
    one.hear("reregistered")
    one.call("reconcileTasks", [{"task_id": {"value": "through"}}])
    assert one.update("through", "TASK_RUNNING", *FINAL)["state"] == "TASK_RUNNING"
    offer = one.offer()
    one.launch(offer, task("next", offer, "exit 0"))
    one.ends("next", "TASK_FINISHED")
    one.call("killTask", {"value": "through"})
    one.update("through", "TASK_KILLED")


def test_what_ended_while_the_master_was_away_is_told(framework, server, tmp_path):
    one = framework()
    one.register()
    offer = one.offer()
    one.launch(offer, task("ends", offer, f"while ! test -e {tmp_path}/go; do sleep 0.05; done; exit 3"))
    one.update("ends", "TASK_RUNNING")
    server.kill()
    one.hear("disconnected")
    (tmp_path / "go").touch()
    server.start()
    one.call("change_master", server.endpoints["mesos_master"])
    one.hear("reregistered")
    assert one.update("ends", *FINAL)["state"] == "TASK_FAILED"
