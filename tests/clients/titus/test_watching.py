"""Streams: what they begin with, what they tell in which order, and what filters and keep-alive change."""

from __future__ import annotations

import uuid

import pytest
from clients.titus.descriptors import batch, service
from clients.titus.remote import job_state, task_state
from clients.titus.waiting import finished, started, states

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]


def kinds(told):
    return [next(iter(one.keys() - {"timestamp"})) for one in told]


def test_a_job_from_its_snapshot_to_its_end(remote, grpc):
    job = grpc.create(service(desired=2))
    tasks = {task["id"] for task in started(grpc, job, 2)}
    stream = remote.stream("ObserveJob", {"id": job})
    told = stream.snapshot()
    assert kinds(told) == ["jobUpdate", "taskUpdate", "taskUpdate"]
    assert {one["taskUpdate"]["task"]["id"] for one in told[1:]} == tasks
    assert stream.told[-1]["timestamp"] == "0"
    assert all(int(one["timestamp"]) > 0 for one in told)
    gone = tasks.pop()
    grpc.kill_task(gone)
    stream.until(lambda one: task_state(one, "Finished", gone))
    archived = stream.until(lambda one: "taskUpdate" in one)["taskUpdate"]
    assert (archived["archived"], archived["task"]["id"]) == (True, gone)
    new = stream.until(lambda one: "taskUpdate" in one)["taskUpdate"]
    assert (new["archived"], new["task"]["taskContext"]["task.resubmitOf"]) == (False, gone)
    started(grpc, job, 2)
    grpc.kill_job(job)
    rest_of_it = stream.end()
    ended = [one for one in rest_of_it if job_state(one, "Finished")]
    assert ended
    assert [one for one in rest_of_it if job_state(one, "KillInitiated")]
    versions = [int(one["jobUpdate"]["job"]["version"]["timestamp"]) for one in rest_of_it if "jobUpdate" in one]
    assert versions == sorted(versions)


def test_every_state_of_a_task_is_told_in_order(remote, grpc):
    query = {"filteringCriteria": {"appName": "ordered"}}
    stream = remote.stream("ObserveJobs", query)
    assert stream.snapshot() == []
    job = grpc.create(batch(size=3, application="ordered"))
    stream.until(lambda one: job_state(one, "Finished"))
    task = grpc.tasks(9, jobIds=job, taskStates="Finished")["items"][0]
    told = [
        one["taskUpdate"]["task"]["status"]
        for one in stream.told
        if "taskUpdate" in one and one["taskUpdate"]["task"]["id"] == task["id"]
    ]
    first, *kept = states(task)
    assert first == ("Accepted", "normal")  # a task is shown when its pod is made, with what was before in its history
    assert [(one["state"], one["reasonCode"]) for one in told] == kept
    assert not any(one.get("taskUpdate", {}).get("archived") for one in stream.told)
    stream.cancel()


def test_filters_and_fields(remote, grpc):
    query = {
        "filteringCriteria": {"attributes": "watch:me", "taskStates": "Started"},
        "jobFields": ["jobDescriptor.attributes.watch", "status.state"],
        "taskFields": ["jobId", "status.state"],
    }
    stream = remote.stream("ObserveJobs", query)
    stream.snapshot()
    unseen = grpc.create(service())
    seen = grpc.create(service(attributes={"watch": "me"}))
    told = stream.until(lambda one: "taskUpdate" in one)["taskUpdate"]["task"]
    assert (told["jobId"], told["status"]["state"]) == (seen, "Started")
    assert told["taskContext"] == {}
    started(grpc, unseen, 1)
    grpc.put_job_attributes(unseen, {"watch": "me"})
    late = stream.until(lambda one: "jobUpdate" in one and one["jobUpdate"]["job"]["id"] == unseen)
    descriptor = late["jobUpdate"]["job"]["jobDescriptor"]
    assert (descriptor["attributes"], descriptor["applicationName"]) == ({"watch": "me"}, "")
    again = remote.stream("ObserveJobs", query)
    assert {one["jobUpdate"]["job"]["id"] for one in again.snapshot() if "jobUpdate" in one} == {seen, unseen}
    for each in (stream, again):
        each.cancel()
    for job in (seen, unseen):
        grpc.kill_job(job)


def test_keep_alive(remote, grpc):
    stream = remote.conversation("ObserveJobsWithKeepAlive")
    stream.tell({"query": {"filteringCriteria": {"appName": "kept"}}})
    stream.snapshot()
    stream.tell({"keepAliveRequest": {"requestId": "7", "timestamp": "11"}})
    answer = stream.until(lambda one: "keepAliveResponse" in one)["keepAliveResponse"]
    assert answer["request"] == {"requestId": "7", "timestamp": "11"}
    assert int(answer["timestamp"]) > 0
    job = grpc.create(batch(application="kept"))
    finished(grpc, job)
    stream.tell({"keepAliveRequest": {"requestId": "8"}})
    stream.until(lambda one: "keepAliveResponse" in one)
    archived = [one for one in stream.told if one.get("taskUpdate", {}).get("archived")]
    assert archived
    assert [one for one in stream.told if job_state(one, "Finished")]
    stream.tell(None)
    other = grpc.create(batch(application="kept"))
    stream.until(lambda one: "jobUpdate" in one and one["jobUpdate"]["job"]["id"] == other)
    stream.cancel()


def test_what_streams_refuse(remote):
    for name, request, code in (
        ("ObserveJob", {"id": str(uuid.UUID(int=7))}, "NOT_FOUND"),
        ("ObserveJob", {"id": "no-uuid"}, "INVALID_ARGUMENT"),
        ("ObserveJobs", {"filteringCriteria": {"shoeSize": "44"}}, "INVALID_ARGUMENT"),
    ):
        assert remote.stream(name, request).next()["end"] == code
    stream = remote.conversation("ObserveJobsWithKeepAlive")
    stream.tell({"keepAliveRequest": {"requestId": "1"}})
    assert stream.next()["end"] == "INVALID_ARGUMENT"


def test_a_job_that_is_over_is_told_and_that_is_all(remote, grpc):
    job = grpc.create(batch())
    finished(grpc, job)
    stream = remote.stream("ObserveJob", {"id": job})
    ended = stream.next()
    assert "end" in ended or job_state(ended, "Finished")
