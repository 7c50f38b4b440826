"""Status updates as frameworks on pymesos get them: acknowledged, repeated, asked for."""

import pytest
from clients.mesos.messages import FINAL, task

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


@pytest.fixture
def one(framework):
    """A framework that acknowledges by hand."""
    started = framework(implicit_acknowledgements=False)
    started.register()
    return started


def known(operator, kind, name):
    tasks = operator.call("getTasks")["get_tasks"].get(kind, [])
    return [each for each in tasks if each["task_id"]["value"] == name]


def test_what_is_not_acknowledged_comes_again_and_holds_back_what_follows(one, operator):
    offer = one.offer()
    one.launch(offer, task("patient", offer, "exit 0"))
    first = one.update("patient", "TASK_RUNNING")
    again = one.update("patient", "TASK_RUNNING", *FINAL)
    assert (again["state"], again["uuid"]) == ("TASK_RUNNING", first["uuid"])
    one.call("acknowledgeStatusUpdate", again)
    ended = one.update("patient", *FINAL)
    assert ended["state"] == "TASK_FINISHED"
    assert ended["uuid"] != first["uuid"]
    assert known(operator, "tasks", "patient")
    one.call("acknowledgeStatusUpdate", ended)
    one.call("reconcileTasks", [{"task_id": {"value": "patient"}}])
    assert one.update("patient", "TASK_LOST")["reason"] == "REASON_RECONCILIATION"
    assert not known(operator, "tasks", "patient")
    assert known(operator, "completed_tasks", "patient")


def test_updates_say_where_they_come_from(one):
    offer = one.offer()
    one.launch(offer, task("told", offer, "exit 0"))
    status = one.update("told", "TASK_RUNNING")
    assert status["agent_id"] == offer["agent_id"]
    assert status["executor_id"] == {"value": "told"}
    assert status["source"] == "SOURCE_EXECUTOR"
    assert status["container_status"]["container_id"]["value"]
    assert status["timestamp"] > 0


def test_the_room_of_an_ended_task_is_offered_before_its_end_is_acknowledged(one):
    offer = one.offer(cpus=4)
    one.launch(offer, task("ended", offer, "exit 0"))
    one.call("acknowledgeStatusUpdate", one.update("ended", "TASK_RUNNING"))
    one.update("ended", "TASK_FINISHED")
    one.offer(cpus=4)


def reconciled(one, name, state):
    (status,) = one.hear(
        "statusUpdate",
        lambda status: status["task_id"]["value"] == name and status.get("reason") == "REASON_RECONCILIATION",
    )
    assert (status["state"], status["source"], status.get("uuid")) == (state, "SOURCE_MASTER", None)
    return status


def test_reconciling(framework):
    one = framework()
    one.register()
    offer = one.offer()
    one.launch(offer, task("a", offer, "exec sleep 100"), task("b", offer, "exec sleep 100"))
    for name in "ab":
        one.update(name, "TASK_RUNNING")
    one.call("reconcileTasks", [{"task_id": {"value": "a"}}, {"task_id": {"value": "nobody"}}])
    assert reconciled(one, "a", "TASK_RUNNING")["agent_id"] == offer["agent_id"]
    reconciled(one, "nobody", "TASK_LOST")
    one.call("reconcileTasks", [])
    for name in "ab":
        reconciled(one, name, "TASK_RUNNING")
    one.call("killTask", {"value": "nobody"})
    reconciled(one, "nobody", "TASK_LOST")


def test_those_who_know_partitions_are_told_more_exactly(framework):
    one = framework({"capabilities": [{"type": "PARTITION_AWARE"}]})
    one.register()
    one.call("reconcileTasks", [{"task_id": {"value": "nobody"}}])
    reconciled(one, "nobody", "TASK_UNKNOWN")
    offer = one.offer()
    one.call("declineOffer", [offer["id"]])
    one.launch(offer, task("late", offer, "exit 0"))
    assert one.update("late", "TASK_DROPPED")["reason"] == "REASON_INVALID_OFFERS"
