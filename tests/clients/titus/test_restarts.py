"""The server is stopped, or killed, in the middle of things: what was true is true afterwards, and things go on."""

from __future__ import annotations

import contextlib
import socket

import pytest
from clients.titus.conftest import TITUS, live, node
from clients.titus.descriptors import FOREVER, batch, immediate, service
from clients.titus.remote import task_state
from clients.titus.waiting import archived, finished, started, states, task_finished
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]

SHORT = """\
"titus.relocation" = "200ms"
"titus.descheduling" = "300ms"
"""
ENDS = ("stop", "kill")


def free_ports(count):
    """Give ports that nobody listens on: answers name them, and are to be the same after a restart."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture(scope="module")
def server():
    grpc, http = free_ports(2)
    yield from live(TITUS + SHORT + node("n1") + node("n2"), grpc_port=grpc, http_port=http)


@pytest.fixture(params=ENDS)
def again(request, server):
    """End the server in one of two ways, and start it."""

    def restarted():
        getattr(server, request.param)()
        server.start()

    return restarted


def answers(door, *jobs):
    """Ask everything that can be asked of some jobs."""
    told = {}
    for job in jobs:
        told[job] = {
            "job": door.job(job),
            "active": door.tasks(100, jobIds=job)["items"],
            "past": archived(door, job),
            "page": door.tasks(2, jobIds=job, taskStates="any,Finished"),
        }
    told["found"] = door.jobs(100, fields=("id", "status"), jobIds=",".join(jobs))
    return told


def test_what_was_answered_is_answered_again(grpc, rest, remote, again):
    up = grpc.create(service(desired=3, least=1, attributes={"a": "1"}))
    over = grpc.create(batch("exit $((TITUS_TASK_INDEX % 2))", size=4, retry=immediate(1)))
    idle = grpc.create(service(desired=0))
    first, *_ = started(grpc, up, 3)
    finished(grpc, over)
    grpc.kill_task(first["id"])
    task_finished(grpc, first["id"])
    (one, *_) = started(grpc, up, 3)
    grpc.put_task_attributes(one["id"], {"mine": "yes"})
    grpc.put_job_attributes(up, {"b": "2"})
    grpc.enable(idle, on=False)
    remote.rpc("LoadBalancerService.AddLoadBalancer", {"jobId": up, "loadBalancerId": {"id": "lb"}})
    before = [answers(door, up, over, idle) for door in (grpc, rest)]
    balancers = remote.rpc("LoadBalancerService.GetJobLoadBalancers", {"id": up})
    again()
    assert [answers(door, up, over, idle) for door in (grpc, rest)] == before
    assert remote.rpc("LoadBalancerService.GetJobLoadBalancers", {"id": up}) == balancers
    version = int(grpc.job(up)["version"]["timestamp"])
    grpc.put_job_attributes(up, {"b": "3"})
    assert int(grpc.job(up)["version"]["timestamp"]) > version
    for job in (up, idle):
        grpc.kill_job(job)


def test_a_service_that_is_growing(grpc, again):
    job = grpc.create(service(desired=2, most=20))
    first = {task["id"] for task in started(grpc, job, 2)}
    grpc.part_of_capacity(job, desired=10)
    again()
    assert first <= {task["id"] for task in started(grpc, job, 10)}
    grpc.part_of_capacity(job, desired=1)
    again()
    started(grpc, job, 1)
    assert {states(task)[-2] for task in archived(grpc, job)} == {("KillInitiated", "scaledDown")}
    grpc.kill_job(job)


def test_a_batch_under_way(grpc, again, tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    script = f"echo x >> {runs}/$TITUS_TASK_INDEX; sleep 0.5; exit $((TITUS_TASK_INDEX % 2))"
    job = grpc.create(batch(script, size=6, retry={"delayed": {"delayMs": 600, "retries": 2}}))
    until(lambda: len(list(runs.iterdir())) >= 3, "some tasks that run")
    again()
    finished(grpc, job, 30)
    ends = {}
    for task in archived(grpc, job):
        ends.setdefault(int(task["taskContext"]["task.index"]), []).append(states(task)[-1][1])
    assert ends == {index: ["failed"] * 3 if index % 2 else ["normal"] for index in range(6)}
    counts = {int(path.name): len(path.read_text().split()) for path in runs.iterdir()}
    assert counts == {index: 3 if index % 2 else 1 for index in range(6)}


def test_tasks_that_end_while_nobody_looks(grpc, server, tmp_path):
    for end in (server.stop, server.kill):
        gate = tmp_path / end.__name__
        job = grpc.create(batch(f"while [ ! -e {gate} ]; do sleep 0.05; done; exit 7"))
        (task,) = started(grpc, job, 1)
        end()
        gate.touch()
        server.start()
        assert finished(grpc, job)["status"]["state"] == "Finished"
        assert states(grpc.task(task["id"]))[-1] == ("Finished", "failed")


def test_a_limit_of_time_goes_on(grpc, again):
    job = grpc.create(batch(FOREVER, limit=5))
    (task,) = started(grpc, job, 1)
    again()
    over = task_finished(grpc, task["id"])
    assert states(over)[-2:] == [("KillInitiated", "runtimeLimitExceeded"), ("Finished", "killed")]
    begun, ended = (int(each["timestamp"]) for each in (over["statusHistory"][-2], over["statusHistory"][-1]))
    assert ended - begun >= 5_000


def test_a_kill_goes_on(grpc, again):
    stubborn = "trap '' TERM; while :; do sleep 0.1; done"
    slow = {"attributes": {"titusParameter.agent.killWaitSeconds": "2"}}
    job = grpc.create(service(stubborn, desired=2, container=slow))
    started(grpc, job, 2)
    grpc.kill_job(job)
    again()
    over = finished(grpc, job)
    assert states(over) == [("Accepted", "normal"), ("KillInitiated", "killed"), ("Finished", "normal")]
    assert [states(task)[-1] for task in archived(grpc, job)] == [("Finished", "killed")] * 2


def test_a_moved_task_stays_moved(grpc, again):
    source, target = grpc.create(service(desired=2)), grpc.create(service(desired=0))
    task, stays = started(grpc, source, 2)
    grpc.move(source, target, task["id"])
    before = answers(grpc, source, target)
    again()
    assert answers(grpc, source, target) == before
    assert [each["id"] for each in started(grpc, source, 1)] == [stays["id"]]
    assert [each["id"] for each in started(grpc, target, 1)] == [task["id"]]
    grpc.kill_task(task["id"])
    task_finished(grpc, task["id"])
    (other,) = started(grpc, target, 1)
    assert other["taskContext"]["task.resubmitOf"] == task["id"]
    for job in (source, target):
        grpc.kill_job(job)


def test_a_drain_goes_on(grpc, rest, server, again):
    budget = {"ratePerInterval": {"intervalMs": 1_000, "limitPerInterval": 1}, "relocationLimit": {"limit": 5}}
    spread = {"softConstraints": {"constraints": {"uniqueHost": "true"}}}
    job = grpc.create(service(desired=6, container=spread, budget=budget))
    there = [task["id"] for task in started(grpc, job, 6) if task["taskContext"]["agent.host"] == "n1"]
    assert there
    server.post("/nodes/n1/drain", {"drain": True})
    until(lambda: rest.ask("GET", "/v3/relocation/executions", jobIds=job)["results"], "a task that has moved")
    again()
    until(lambda: not [t for t in started(grpc, job, 6) if t["taskContext"]["agent.host"] == "n1"], "an empty node", 40)
    moved = rest.ask("GET", "/v3/relocation/executions", jobIds=job, pageSize=100)["results"]
    assert sorted(one["taskRelocationPlan"]["taskId"] for one in moved) == sorted(there)
    server.post("/nodes/n1/drain", {"drain": False})
    grpc.kill_job(job)


def test_streams_end_and_begin_again(remote, grpc, again):
    job = grpc.create(service(desired=1))
    (task,) = started(grpc, job, 1)
    stream = remote.stream("ObserveJobs", {"filteringCriteria": {"jobIds": job}})
    told = stream.snapshot()
    again()
    ended = stream.until(lambda one: "end" in one)
    assert ended["end"] in ("UNAVAILABLE", "CANCELLED")
    stream = remote.stream("ObserveJobs", {"filteringCriteria": {"jobIds": job}})
    fresh = stream.snapshot()
    for each in (*told, *fresh):
        each.pop("timestamp")
    assert fresh == told
    grpc.kill_task(task["id"])
    stream.until(lambda one: task_state(one, "Finished", task["id"]))
    stream.cancel()
    grpc.kill_job(job)


def test_pages_and_logs_go_on(grpc, rest, again):
    job = grpc.create(batch("echo $TITUS_TASK_INDEX", size=5))
    finished(grpc, job)
    whole = archived(grpc, job)
    place = next(one for one in whole if one["taskContext"]["task.index"] == "3")
    page = grpc.tasks(2, jobIds=job, taskStates="Finished")
    seen = page["items"]
    again()
    while page["pagination"]["hasMore"]:
        page = grpc.tasks(2, cursor=page["pagination"]["cursor"], jobIds=job, taskStates="Finished")
        seen += page["items"]
    assert seen == whole
    assert place["logLocation"]["ui"]["url"].startswith(f"http://{rest.address}/")
    assert rest.exchange("GET", f"/titus/logs/{place['id']}")[2] == b"3\n"


TRACKING = {
    "targetPolicyDescriptor": {
        "targetValue": 50.0,
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
    }
}
GROUPS = "/v2/management/applications"
GROUP = {
    "appName": "kept",
    "tier": "Critical",
    "instanceCPU": 2,
    "instanceMemoryMB": 1024,
    "instanceDiskMB": 10_000,
    "instanceNetworkMbs": 128,
    "instanceCount": 3,
}


def test_what_the_neighbours_know(remote, grpc, rest, server, again):
    rest.ask("POST", GROUPS, GROUP, 201)
    budget = {"relocationLimit": {"limit": 3}, "ratePerInterval": {"intervalMs": 3_600_000, "limitPerInterval": 2}}
    spends = grpc.create(service(desired=2, budget=budget, capacityGroup="kept", container=only_on("n2")))
    patient = {"selfManaged": {"relocationTimeMs": 600_000}, "rateUnlimited": {}}
    waits = grpc.create(service(budget=patient, container=only_on("n1")))
    (first, _), (leaving,) = started(grpc, spends, 2), started(grpc, waits, 1)
    remote.rpc("EvictionService.TerminateTask", {"taskId": first["id"]})
    task_finished(grpc, first["id"])
    tasks = started(grpc, spends, 2)
    remote.rpc("AutoScalingService.SetAutoScalingPolicy", {"jobId": waits, "scalingPolicy": TRACKING})
    policy = until(lambda: policies(remote, waits, "Applied"), "a policy in force")
    server.post("/nodes/n1/drain", {"drain": True})
    plans = until(lambda: rest.ask("GET", "/v3/relocation/plans", jobIds=waits)["plans"], "a plan")
    quotas = [f"/v3/eviction/quotas/{path}" for path in (f"jobs/{spends}", f"tasks/{tasks[0]['id']}", "system")]
    asked = [*quotas, f"{GROUPS}/kept", f"{GROUPS}/DEFAULT"]
    before = [rest.ask("GET", path) for path in asked]
    again()
    assert [rest.ask("GET", path) for path in asked] == before
    assert policies(remote, waits, "Applied") == policy
    assert rest.ask("GET", "/v3/relocation/plans", jobIds=waits)["plans"] == plans
    assert grpc.task(leaving["id"])["migrationDetails"]["needsMigration"] is True
    server.post("/nodes/n1/drain", {"drain": False})
    for job in (spends, waits):
        grpc.kill_job(job)
        finished(grpc, job)
    rest.ask("DELETE", f"{GROUPS}/kept", None, 204)


def only_on(host):
    return {"hardConstraints": {"constraints": {"machineId": host}}}


def policies(remote, job, state):
    found = remote.rpc("AutoScalingService.GetJobScalingPolicies", {"id": job})["items"]
    return found if [one["policyState"]["state"] for one in found] == [state] else None
