"""Where tasks may run: hard constraints hold, soft ones are wishes, and what fits nowhere waits and says why."""

from __future__ import annotations

import pytest
from clients.titus.conftest import TITUS, live, node
from clients.titus.descriptors import service
from clients.titus.waiting import finished, started
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def server():
    yield from live(TITUS + node("n1", cpus=8, zone="a") + node("n2", cpus=8, zone="b"))


def constrained(desired, kind="hardConstraints", **constraints):
    return service(desired=desired, container={kind: {"constraints": constraints}})


def hosts(tasks):
    return sorted(task["taskContext"]["agent.host"] for task in tasks)


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"availabilityZone": "b"}, ["n2", "n2"]),
        ({"machineId": "n1"}, ["n1", "n1"]),
        ({"uniqueHost": "true"}, ["n1", "n2"]),
        ({"ZoneBalance": "true"}, ["n1", "n2"]),
    ],
)
@pytest.mark.parametrize("kind", ["hardConstraints", "softConstraints"])
def test_constraints(door, kind, constraints, expected):
    job = door.create(constrained(2, kind, **constraints))
    assert hosts(started(door, job, 2)) == expected
    door.kill_job(job)
    finished(door, job)


def test_a_wish_that_cannot_hold_is_passed_over(door):
    job = door.create(constrained(3, "softConstraints", uniqueHost="true"))
    assert set(hosts(started(door, job, 3))) == {"n1", "n2"}
    door.kill_job(job)
    finished(door, job)


def test_an_exclusive_host_takes_nobody_else(door):
    first = door.create(constrained(1, exclusiveHost="true", machineId="n1"))
    started(door, first, 1)
    second = door.create(service(desired=3))
    assert hosts(started(door, second, 3)) == ["n2"] * 3
    for job in (first, second):
        door.kill_job(job)
        finished(door, job)


def test_what_fits_nowhere_waits_until_there_is_room(grpc):
    full = grpc.create(service(desired=16, most=16))
    started(grpc, full, 16)
    waits = grpc.create(service(desired=1))
    (task,) = grpc.tasks(jobIds=waits)["items"]
    assert task["status"]["state"] == "Accepted"
    until(lambda: grpc.task(task["id"])["status"]["reasonCode"] == "podCreated", "a task that was handed over")
    grpc.part_of_capacity(full, desired=15)
    assert [one["id"] for one in started(grpc, waits, 1)] == [task["id"]]
    for job in (full, waits):
        grpc.kill_job(job)
        finished(grpc, job)
