"""A custom executor on pymesos' executor driver, started by a node and led by a framework on pymesos."""

import os
import signal

import pytest
from clients.mesos.environments import python_of
from clients.mesos.messages import FINAL, decode, encode, scalar, small, task
from clients.mesos.program import PROGRAMS
from clients.mesos.sandboxes import read, sandbox_of
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

STAYS = encode("stays")


@pytest.fixture
def one(framework):
    started = framework()
    started.register()
    return started


def executor(one, name):
    """An executor of this framework; its process is the genuine library."""
    return {
        "executor_id": {"value": name},
        "framework_id": {"value": one.id},
        "name": name,
        "resources": [*small(), scalar("disk", 8)],
        "command": {"value": f"exec {python_of('pymesos')} {PROGRAMS / 'pymesos_executor.py'}"},
    }


def say(one, offer, name, text):
    one.call("sendFrameworkMessage", {"value": name}, offer["agent_id"], encode(text))


def heard(one, name):
    return decode(one.hear("frameworkMessage", lambda executor_id, *_: executor_id["value"] == name)[2])


def lost(one, name):
    return one.hear("executorLost", lambda executor_id, *_: executor_id["value"] == name)


def test_tasks_and_messages_both_ways(one):
    offer = one.offer()
    info = executor(one, "talks")
    one.launch(
        offer,
        task("short", offer, executor=info, data=encode("TASK_FINISHED")),
        task("failing", offer, executor=info, data=encode("TASK_FAILED")),
        task("held", offer, executor=info, data=STAYS),
    )
    ended = one.ends("short", "TASK_FINISHED")
    assert (decode(ended["data"]), ended["executor_id"]) == ("TASK_FINISHED", {"value": "talks"})
    assert (ended["source"], ended["agent_id"]) == ("SOURCE_EXECUTOR", offer["agent_id"])
    one.ends("failing", "TASK_FAILED")
    one.update("held", "TASK_RUNNING")
    say(one, offer, "talks", "are you there")
    assert heard(one, "talks") == "heard are you there"
    say(one, offer, "talks", "end held TASK_FINISHED")
    one.update("held", "TASK_FINISHED")

    offer = one.offer(lambda offer: {"value": "talks"} in offer.get("executor_ids", []))
    one.launch(offer, task("later", offer, executor=info, data=STAYS))
    one.update("later", "TASK_RUNNING")
    one.call("killTask", {"value": "later"})
    one.update("later", "TASK_KILLED")
    say(one, offer, "talks", "exit 0")
    lost(one, "talks")


def test_an_executor_that_dies_takes_its_tasks_along(one):
    offer = one.offer()
    one.launch(offer, task("victim", offer, executor=executor(one, "dies"), data=STAYS))
    one.update("victim", "TASK_RUNNING")
    say(one, offer, "dies", "exit 3")
    ended = one.update("victim", *FINAL)
    assert (ended["state"], ended["reason"]) == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED")
    _, agent_id, status = lost(one, "dies")
    assert (agent_id, status) == (offer["agent_id"], 3 << 8)


def test_one_id_stands_for_one_executor(one):
    offer = one.offer()
    info = executor(one, "same")
    one.launch(offer, task("first", offer, executor=info, data=STAYS))
    one.update("first", "TASK_RUNNING")
    offer = one.offer()
    one.launch(offer, task("other", offer, executor=info | {"name": "different"}))
    assert one.update("other", *FINAL)["state"] == "TASK_ERROR"
    say(one, offer, "same", "exit 0")
    lost(one, "same")


def test_a_group_in_a_custom_executor(one):
    offer = one.offer()
    info = executor(one, "groups") | {"type": "CUSTOM"}
    members = [task(name, offer, data=encode("TASK_FINISHED")) for name in ("left", "right")]
    group = {"executor": info, "task_group": {"tasks": members}}
    one.call("acceptOffers", offer["id"], [{"type": "LAUNCH_GROUP", "launch_group": group}])
    for name in ("left", "right"):
        one.ends(name, "TASK_FINISHED")
    say(one, offer, "groups", "exit 0")
    lost(one, "groups")


def test_an_executor_that_cannot_be_started(one):
    offer = one.offer()
    info = executor(one, "absent")
    info["command"] = {"value": "exit 7"}
    one.launch(offer, task("waiting", offer, executor=info))
    ended = one.update("waiting", *FINAL)
    assert (ended["state"], ended["reason"]) == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED")
    assert lost(one, "absent")[2] == 7 << 8


def test_executor_and_command_outlive_their_agent(framework, server):
    one = framework({"checkpoint": True})
    one.register()
    offer = one.offer(cpus=1)
    info = executor(one, "outlives")
    one.launch(offer, task("led", offer, executor=info, data=STAYS), task("plain", offer, "exec sleep 100"))
    for name in ("led", "plain"):
        one.update(name, "TASK_RUNNING")
    before = server.holders("agent")["one"]
    os.kill(before, signal.SIGKILL)
    until(lambda: server.holders("agent").get("one", before) != before, "the agent's next process")
    say_until_heard(one, offer, "outlives", "still there")
    say(one, offer, "outlives", "end led TASK_FINISHED")
    assert one.update("led", *FINAL)["state"] == "TASK_FINISHED"
    one.call("killTask", {"value": "plain"})
    assert one.update("plain", *FINAL)["state"] == "TASK_KILLED"
    say(one, offer, "outlives", "exit 0")
    lost(one, "outlives")


def say_until_heard(one, offer, name, text):
    """Messages are best effort: while the agent is away they are lost."""

    def said():
        say(one, offer, name, text)
        one.hear("processHeartBeat")
        return any(line["event"] == "frameworkMessage" for line in one.program.waiting)

    until(said, "an answer of the executor")
    one.program.forget("frameworkMessage")


def test_the_end_of_the_framework_shuts_the_executor_down(one, agent_operator, agent):
    offer = one.offer()
    one.launch(offer, task("last", offer, executor=executor(one, "shut"), data=STAYS))
    one.update("last", "TASK_RUNNING")
    told = agent_operator.call("getExecutors")["get_executors"]["executors"]
    assert "shut" in [each["executor_info"]["executor_id"]["value"] for each in told]
    output = f"{sandbox_of(agent, one.id, 'shut')}/stdout"
    one.call("stop")
    one.call("join")
    until(lambda: "shutdown\n" in read(agent_operator, output), "the executor's own word that it is shut down")
