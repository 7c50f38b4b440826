"""A service through its day: rolled up and down, killed under, emptied, and its node drained under its budget."""

from __future__ import annotations

import contextlib
import threading

import pytest
from clients.titus.conftest import TITUS, live, node
from clients.titus.descriptors import service
from clients.titus.waiting import archived, finished, started, states
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]

SHORT = """\
"titus.relocation" = "200ms"
"titus.descheduling" = "300ms"
"""


@pytest.fixture(scope="module")
def server():
    yield from live(TITUS + SHORT + node("n1", zone="a") + node("n2", zone="b"))


def by_host(tasks):
    found = {}
    for task in tasks:
        found.setdefault(task["taskContext"]["agent.host"], []).append(task["id"])
    return found


@contextlib.contextmanager
def drained(server, name):
    server.post(f"/nodes/{name}/drain", {"drain": True})
    try:
        yield
    finally:
        server.post(f"/nodes/{name}/drain", {"drain": False})


def test_a_service_is_rolled_up_and_down(door):
    job = door.create(service(desired=2, most=20))
    first = {task["id"] for task in started(door, job, 2)}
    for desired in (8, 5, 12, 3, 0, 4):
        door.part_of_capacity(job, desired=desired)
        up = started(door, job, desired)
        assert len({task["id"] for task in up}) == desired
    away = archived(door, job)
    assert len(away) == 15
    assert first <= {task["id"] for task in away}
    assert {states(task)[-1] for task in away} == {("Finished", "killed")}
    assert {states(task)[-2] for task in away} == {("KillInitiated", "scaledDown")}
    door.kill_job(job)
    finished(door, job)
    assert len(archived(door, job)) == 19


def test_tasks_of_a_balanced_service_lie_on_both_nodes(door):
    spread = {"softConstraints": {"constraints": {"zoneBalance": "true"}}}
    job = door.create(service(desired=6, container=spread))
    assert sorted(map(len, by_host(started(door, job, 6)).values())) == [3, 3]
    door.kill_job(job)


def test_tasks_that_end_by_themselves_are_replaced(door, tmp_path):
    gate = tmp_path / "gate"
    job = door.create(service(f"while [ ! -e {gate} ]; do sleep 0.05; done; rm {gate}; exit 3"))
    (task,) = started(door, job, 1)
    gate.touch()
    until(lambda: archived(door, job), "the end of a task")
    (other,) = started(door, job, 1)
    assert other["taskContext"]["task.resubmitOf"] == task["id"]
    assert states(door.task(task["id"]))[-1] == ("Finished", "failed")
    door.kill_job(job)


class Availability:
    """The least number of started tasks of a job, asked for again and again beside the test."""

    def __init__(self, door, job):
        self.door, self.job, self.least = door, job, 1_000
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        while not self._over.wait(0.02):
            told = self.door.tasks(100, jobIds=self.job, taskStates="Started")["pagination"]["totalItems"]
            self.least = min(self.least, told)


@pytest.mark.parametrize(
    ("budget", "least"),
    [
        ({"availabilityPercentageLimit": {"percentageOfHealthyContainers": 75}, "rateUnlimited": {}}, 6),
        ({"unhealthyTasksLimit": {"limitOfUnhealthyContainers": 3}, "rateUnlimited": {}}, 5),
    ],
)
def test_a_drained_node_is_emptied_as_the_budget_allows(remote, grpc, rest, server, budget, least):
    spread = {"softConstraints": {"constraints": {"zoneBalance": "true"}}}
    job = grpc.create(service(desired=8, most=8, container=spread, budget=budget))
    there = by_host(started(grpc, job, 8))
    assert sorted(map(len, there.values())) == [4, 4]
    events = remote.stream("TaskRelocationService.ObserveRelocationEvents", {"filteringCriteria": {"jobIds": job}})
    events.snapshot()
    leaving = set(there["n1"])
    with Availability(rest, job) as seen, drained(server, "n1"):
        moved = set()
        while moved != leaving:
            told = events.until(lambda one: "taskRelocationResultEvent" in one)["taskRelocationResultEvent"]["result"]
            moved.add(told["taskRelocationPlan"]["taskId"])
            assert told["relocationAttempts"][0]["state"] == "Success"
        tasks = until(lambda: settled_on(grpc, job, "n2", 8), "all tasks on the other node", 30)
    assert seen.least >= least
    assert set(there["n2"]) <= {task["id"] for task in tasks}
    for task in leaving:
        assert states(grpc.task(task))[-2:] == [("KillInitiated", "evicted"), ("Finished", "killed")]
    results = remote.rpc(
        "TaskRelocationService.GetLatestTaskRelocationResults", {"filteringCriteria": {"jobIds": job}}
    )["results"]
    assert {one["taskRelocationPlan"]["taskId"] for one in results} == leaving
    one = next(iter(leaving))
    assert rest.ask("GET", f"/v3/relocation/executions/{one}")["taskRelocationPlan"]["taskId"] == one
    assert remote.rpc("TaskRelocationService.GetTaskRelocationResult", {"id": one})["relocationAttempts"]
    events.cancel()
    grpc.kill_job(job)


def settled_on(door, job, host, count):
    tasks = started(door, job, count)
    return tasks if set(by_host(tasks)) == {host} else None


def test_a_job_that_moves_its_tasks_itself_is_told_and_then_moved(grpc, rest, server):
    job = grpc.create(service(budget={"selfManaged": {"relocationTimeMs": 3_000}, "rateUnlimited": {}}))
    (task,) = started(grpc, job, 1)
    with drained(server, task["taskContext"]["agent.host"]):
        plan = until(lambda: rest.ask("GET", "/v3/relocation/plans", jobIds=job)["plans"], "a plan")[0]
        assert int(plan["relocationTime"]) - int(plan["decisionTime"]) == 3_000
        told = grpc.task(task["id"])["migrationDetails"]
        assert (told["needsMigration"], told["deadline"]) == (True, plan["relocationTime"])
        assert [one["id"] for one in grpc.tasks(jobIds=job, needsMigration="true")["items"]] == [task["id"]]
        assert rest.ask("GET", f"/v3/relocation/plans/{task['id']}") == plan
        until(lambda: archived(grpc, job), "the end of the task", 10)
        (other,) = started(grpc, job, 1)
        assert other["taskContext"]["agent.host"] != task["taskContext"]["agent.host"]
    assert rest.ask("GET", "/v3/relocation/plans", jobIds=job)["plans"] == []
    grpc.kill_job(job)


def test_a_plan_ends_when_the_node_is_opened_again(grpc, rest, server):
    job = grpc.create(service(budget={"selfManaged": {"relocationTimeMs": 600_000}, "rateUnlimited": {}}))
    (task,) = started(grpc, job, 1)
    with drained(server, task["taskContext"]["agent.host"]):
        until(lambda: rest.ask("GET", "/v3/relocation/plans", jobIds=job)["plans"], "a plan")
    until(lambda: not rest.ask("GET", "/v3/relocation/plans", jobIds=job)["plans"], "no plan")
    until(lambda: not grpc.task(task["id"])["migrationDetails"]["needsMigration"], "a task that may stay")
    grpc.kill_job(job)
