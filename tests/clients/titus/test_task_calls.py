"""Each call on tasks through both ways in: what it does, and what it refuses."""

import uuid

import pytest
from clients.titus.descriptors import FOREVER, batch, service
from clients.titus.waiting import archived, finished, started, states, task_finished

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]

NOBODY = str(uuid.UUID(int=7))


@pytest.fixture
def made(door):
    """Create jobs that are killed with the test."""
    jobs = []

    def create(descriptor):
        jobs.append(door.create(descriptor))
        return jobs[-1]

    yield create
    for job in jobs:
        if door.job(job)["status"]["state"] == "Accepted":
            door.kill_job(job)


def capacity(door, job):
    return door.job(job)["jobDescriptor"]["service"]["capacity"]


def test_a_task_says_where_and_what_it_is(door, made):
    job = made(service())
    (task,) = started(door, job, 1)
    assert door.task(task["id"]) == task
    assert task["jobId"] == job
    names = [state for state, _ in states(task)]
    assert names[0] == "Accepted"
    assert names[-1] == "Started"
    assert "Launched" in names
    context = task["taskContext"]
    assert context["task.originalId"] == task["id"]
    assert context["task.resubmitNumber"] == "0"
    assert context["titus.cell"] == "cell1"
    assert context["agent.host"]
    assert context["agent.zone"] == "a"
    assert context["agent.instanceId"]
    assert task["migrationDetails"]["needsMigration"] is False
    assert task["logLocation"]["ui"]["url"].startswith("http://127.0.0.1:")
    with door.refuses("NOT_FOUND", 404):
        door.task(NOBODY)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.task("no-uuid")


def test_tasks_are_found_page_by_page(door, made):
    job = made(service(desired=5))
    tasks = [task["id"] for task in started(door, job, 5)]
    assert [task["id"] for task in door.tasks(5, jobIds=job)["items"]] == tasks
    first = door.tasks(2, jobIds=job)
    second = door.tasks(2, cursor=first["pagination"]["cursor"], jobIds=job)
    third = door.tasks(2, 2, jobIds=job)
    assert [task["id"] for page in (first, second, third) for task in page["items"]] == tasks
    assert third["pagination"]["totalItems"] == 5
    named = door.tasks(5, fields=("status.state", "taskContext.agent.zone"), taskIds=",".join(tasks[1:3]))["items"]
    assert [task["id"] for task in named] == tasks[1:3]
    assert [task["status"]["state"] for task in named] == ["Started", "Started"]
    assert all(not task["jobId"] for task in named)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.tasks(0)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.tasks(taskStates="Asleep")
    with door.refuses("INVALID_ARGUMENT", 400):
        door.tasks(shoeSize="44")


def test_a_killed_task_of_a_service_is_replaced(door, made):
    job = made(service())
    (task,) = started(door, job, 1)
    door.kill_task(task["id"])
    over = task_finished(door, task["id"])
    assert states(over)[-2:] == [("KillInitiated", "killed"), ("Finished", "killed")]
    (other,) = started(door, job, 1)
    context = other["taskContext"]
    assert (context["task.originalId"], context["task.resubmitOf"]) == (task["id"], task["id"])
    assert context["task.resubmitNumber"] == "1"
    with door.refuses("NOT_FOUND", 404):
        door.kill_task(NOBODY)


def test_a_task_that_is_ending_is_not_killed_again(door, made):
    stubborn = "trap '' TERM; while :; do sleep 0.1; done"
    job = made(service(stubborn, container={"attributes": {"titusParameter.agent.killWaitSeconds": "2"}}))
    (task,) = started(door, job, 1)
    door.kill_task(task["id"])
    with door.refuses("FAILED_PRECONDITION", 409):
        door.kill_task(task["id"])
    task_finished(door, task["id"])


def test_kill_and_shrink(door, made):
    job = made(service(desired=3, least=1, most=3))
    first, second, third = started(door, job, 3)
    door.kill_task(first["id"], shrink=True)
    assert capacity(door, job) == {"min": 1, "max": 3, "desired": 2}
    assert [task["id"] for task in started(door, job, 2)] == [second["id"], third["id"]]
    door.kill_task(second["id"], shrink=True, guarded=True)
    with door.refuses("FAILED_PRECONDITION", 409, "Terminate and shrink would make desired job size go below"):
        door.kill_task(third["id"], shrink=True, guarded=True)
    door.kill_task(third["id"], shrink=True)
    assert capacity(door, job) == {"min": 0, "max": 3, "desired": 0}
    started(door, job, 0)
    assert {task["id"] for task in archived(door, job)} == {first["id"], second["id"], third["id"]}


def test_a_batch_job_does_not_shrink(door, made):
    job = made(batch(FOREVER, retry={"immediate": {"retries": 1}}))
    (task,) = started(door, job, 1)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.kill_task(task["id"], shrink=True)
    door.kill_task(task["id"])
    task_finished(door, task["id"])
    (other,) = started(door, job, 1)
    assert other["taskContext"]["task.index"] == "0"
    door.kill_task(other["id"])
    assert finished(door, job)["status"]["reasonCode"] == "normal"
    assert [states(task)[-1] for task in archived(door, job)] == [("Finished", "killed")] * 2


def test_task_attributes(door, made):
    job = made(service())
    (task,) = started(door, job, 1)
    door.put_task_attributes(task["id"], {"a": "1", "b": "2"})
    door.put_task_attributes(task["id"], {"b": "3"})
    door.drop_task_attributes(task["id"], "a", "never-there")
    changed = door.task(task["id"])
    assert changed["attributes"] == {"b": "3"}
    assert int(changed["version"]["timestamp"]) > int(task["version"]["timestamp"])
    with door.refuses("NOT_FOUND", 404):
        door.put_task_attributes(NOBODY, {"a": "1"})
    with door.refuses("NOT_FOUND", 404):
        door.drop_task_attributes(NOBODY, "a")


def test_a_task_moves_to_a_compatible_job(door, made, remote):
    source, target = made(service(desired=1, most=2)), made(service(desired=1, most=2, application="other"))
    (task,) = started(door, source, 1)
    started(door, target, 1)
    streams = [remote.stream("ObserveJob", {"id": job}) for job in (source, target)]
    for stream in streams:
        stream.snapshot()
    door.move(source, target, task["id"])
    moved = streams[1].until(lambda one: "taskUpdate" in one)["taskUpdate"]
    assert (moved["task"]["id"], moved["movedFromAnotherJob"]) == (task["id"], True)
    assert moved["task"]["taskContext"]["task.movedFromJob"] == source
    sizes = [
        stream.until(lambda one: "jobUpdate" in one)["jobUpdate"]["job"]["jobDescriptor"]["service"]["capacity"]
        for stream in streams[:1]
    ]
    assert sizes == [{"min": 0, "max": 2, "desired": 0}]
    assert capacity(door, target) == {"min": 0, "max": 2, "desired": 2}
    here = door.task(task["id"])
    assert (here["jobId"], here["status"]["state"]) == (target, "Started")
    assert len(started(door, target, 2)) == 2
    assert started(door, source, 0) == []
    for stream in streams:
        stream.cancel()


def test_what_a_move_refuses(door, made):
    source, full = made(service(desired=1, least=1)), made(service(desired=1, most=1))
    piece, other = made(batch(FOREVER)), made(service("exec sleep 601", desired=0))
    room = made(service(desired=0))
    (task,), (stays,), (bit,) = (started(door, job, 1) for job in (source, full, piece))
    with door.refuses("NOT_FOUND", 404):
        door.move(source, room, NOBODY)
    with door.refuses("INVALID_ARGUMENT", 400, "service job"):
        door.move(piece, room, bit["id"])
    with door.refuses("INVALID_ARGUMENT", 400, "does not belong"):
        door.move(room, source, task["id"])
    with door.refuses("INVALID_ARGUMENT", 400, "two different job"):
        door.move(source, source, task["id"])
    with door.refuses("NOT_FOUND", 404):
        door.move(source, NOBODY, task["id"])
    with door.refuses("INVALID_ARGUMENT", 400, "service job"):
        door.move(source, piece, task["id"])
    with door.refuses("INTERNAL", 500, "container.command"):
        door.move(source, other, task["id"])
    with door.refuses("INVALID_ARGUMENT", 400, "minimum job size"):
        door.move(source, room, task["id"])
    with door.refuses("INVALID_ARGUMENT", 400, "minimum job size"):
        door.move(source, full, task["id"])
    door.capacity(source, min=0, max=1, desired=1)
    with door.refuses("INVALID_ARGUMENT", 400, "maximum job size"):
        door.move(source, full, task["id"])
    assert door.task(stays["id"])["jobId"] == full
