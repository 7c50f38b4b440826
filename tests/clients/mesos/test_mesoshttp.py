"""A framework on mesoshttp: everything that this library can ask for, and each event that it tells."""

import pytest
from clients.mesos.environments import python_of
from clients.mesos.messages import decode, encode, scalar, small, task
from clients.mesos.program import PROGRAMS

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


class Http:
    def __init__(self, program):
        self.call, self.hear, self.program = program.call, program.hear, program

    def offer(self, fits=lambda offer: True):
        """Await an offer that fits; the others that come are declined."""
        while True:
            (offers,) = self.hear("OFFERS")
            found = next(filter(fits, offers), None)
            for offer in offers:
                if offer is not found:
                    self.call("decline", offer["id"]["value"], {"filters": {"refuse_seconds": 0.0}})
            if found:
                return found

    def accept(self, offer, *tasks):
        self.call("accept", offer["id"]["value"], tasks, {"filters": {"refuse_seconds": 0.0}})

    def update(self, name, *states):
        (update,) = self.hear(
            "UPDATE",
            lambda told: told["status"]["task_id"]["value"] == name and told["status"]["state"] in states,
        )
        return update["status"]


@pytest.fixture
def one(start, master):
    program = start("mesoshttp", "mesoshttp_scheduler", f"http://{master}", {})
    program.call("start")
    program.hear("SUBSCRIBED")
    yield Http(program)
    program.call("teardown")
    program.hear("ended")


def test_heartbeats_are_heard(one):
    for _ in range(3):
        assert one.hear("HEARTBEAT") == ["HEARTBEAT"]


def test_failing_and_killed_tasks(one):
    offer = one.offer()
    one.accept(offer, task("bad", offer, "exit 3"), task("long", offer, "exec sleep 100"))
    one.update("bad", "TASK_RUNNING")
    assert one.update("bad", "TASK_FAILED")["message"] == "Command exited with status 3"
    agent_id = one.update("long", "TASK_RUNNING")["agent_id"]["value"]
    one.call("drive", "kill", agent_id, "long")
    one.update("long", "TASK_KILLED")


def test_offers_taken_together(one):
    offer = one.offer()
    one.call("combine", [offer["id"]["value"]], [task("joined", offer, "exit 0")])
    one.update("joined", "TASK_FINISHED")


def test_refused_and_revived(one):
    offer = one.offer()
    one.call("decline", offer["id"]["value"], {"filters": {"refuse_seconds": 1000.0}})
    one.call("drive", "revive")
    assert one.offer()["id"] != offer["id"]


def test_reconciling(one):
    offer = one.offer()
    one.accept(offer, task("here", offer, "exec sleep 100"))
    agent_id = one.update("here", "TASK_RUNNING")["agent_id"]
    asked = [{"task_id": {"value": "here"}, "agent_id": agent_id}, {"task_id": {"value": "nobody"}}]
    one.call("drive", "reconcile", asked)
    assert one.update("here", "TASK_RUNNING")["reason"] == "REASON_RECONCILIATION"
    assert one.update("nobody", "TASK_LOST")["reason"] == "REASON_RECONCILIATION"
    one.call("drive", "shutdown", agent_id["value"], "here")
    one.update("here", "TASK_KILLED")


def test_an_executor_of_ones_own_is_spoken_to_and_shut_down(one):
    offer = one.offer(lambda offer: any(each["name"] == "mem" for each in offer["resources"]))
    executor = {
        "executor_id": {"value": "mixed"},
        "resources": [*small(), scalar("disk", 8)],
        "command": {"value": f"exec {python_of('pymesos')} {PROGRAMS / 'pymesos_executor.py'}"},
    }
    one.accept(offer, task("held", offer, executor=executor, data=encode("stays")))
    status = one.update("held", "TASK_RUNNING")
    assert decode(status["data"]) == "TASK_RUNNING"
    agent_id = status["agent_id"]["value"]
    one.call("drive", "message", agent_id, "mixed", encode("end held TASK_FINISHED"))
    one.update("held", "TASK_FINISHED")
    one.call("drive", "shutdown", agent_id, "mixed")
    (failure,) = one.hear("FAILURE")
    assert (failure["executor_id"]["value"], failure["agent_id"]["value"]) == ("mixed", agent_id)


def test_leaving_and_coming_back(start, master):
    first = start("mesoshttp", "mesoshttp_scheduler", f"http://{master}", {"failover_timeout": 60})
    first.call("start")
    (framework_id,) = first.hear("SUBSCRIBED")
    http = Http(first)
    offer = http.offer()
    http.accept(offer, task("kept", offer, "exec sleep 100"))
    http.update("kept", "TASK_RUNNING")
    first.kill()
    second = start("mesoshttp", "mesoshttp_scheduler", f"http://{master}", {"id": framework_id})
    second.call("start")
    assert second.hear("SUBSCRIBED") == [framework_id]
    second.call("drive", "reconcile", [{"task_id": {"value": "kept"}}])
    status = Http(second).update("kept", "TASK_RUNNING")
    second.call("drive", "kill", status["agent_id"]["value"], "kept")
    Http(second).update("kept", "TASK_KILLED")
    second.call("teardown")
    second.hear("ended")
