"""Streams: what they begin with, what they tell in which order, and what filters and keep-alive change."""

from __future__ import annotations

import uuid

import pytest
from clients.titus.descriptors import batch, immediate, service
from clients.titus.remote import job_state, task_state
from clients.titus.waiting import archived, finished, started, states

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


def test_what_happens_to_new_jobs_is_told(remote, grpc):
    stream = remote.stream("ObserveJobs", {"filteringCriteria": {"appName": "ordered"}})
    assert stream.snapshot() == []
    job = grpc.create(batch("sleep 0.5", size=3, application="ordered"))
    stream.until(lambda one: job_state(one, "Finished"))
    for task in archived(grpc, job):
        told = [one["taskUpdate"]["task"] for one in stream.told if "taskUpdate" in one]
        mine = [one for one in told if one["id"] == task["id"]]
        assert is_in_order([states(one)[-1] for one in mine], states(task))
        assert len(mine) >= 2
    assert not any(one.get("taskUpdate", {}).get("archived") for one in stream.told)
    stream.cancel()


def is_in_order(heard, kept):
    """Tell whether statuses were heard in their order, to the last; of several that came at once only that one is."""
    following = iter(kept)
    return heard[-1] == kept[-1] and all(
        status == before or status in following for before, status in zip([None, *heard], heard, strict=False)
    )


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


def test_much_at_once_is_told_whole_and_in_order(remote, grpc):
    stream = remote.conversation("ObserveJobsWithKeepAlive")
    stream.tell({"query": {"filteringCriteria": {"appName": "busy"}}})
    stream.snapshot()
    script = "exit $((TITUS_TASK_INDEX % 2))"
    batches = [grpc.create(batch(script, size=10, retry=immediate(1), application="busy")) for _ in range(10)]
    services = [grpc.create(service(desired=2, application="busy")) for _ in range(5)]
    for job in services:
        first, second = started(grpc, job, 2)
        grpc.kill_task(first["id"])
        grpc.kill_task(second["id"], shrink=True)
        grpc.part_of_capacity(job, desired=3)
    for job in services:
        started(grpc, job, 3)
        grpc.kill_job(job)
    jobs = {job: finished(grpc, job, 40) for job in (*batches, *services)}
    stream.tell({"keepAliveRequest": {"requestId": "1"}})
    stream.until(lambda one: "keepAliveResponse" in one, 30)
    tasks = {task["id"]: task for job in jobs for task in archived(grpc, job)}
    assert len(tasks) == 10 * 15 + 5 * 5
    assert_told(stream.told, "taskUpdate", "task", tasks)
    assert_told(stream.told, "jobUpdate", "job", jobs)
    stream.cancel()


def assert_told(messages, kind, name, records):
    """Check that every record was told in the order of its states, and archived as it is found."""
    told, archived_as = {}, {}
    for update in (one[kind] for one in messages if kind in one):
        record = update[name]
        if update["archived"]:
            archived_as[record["id"]] = record
        else:
            told.setdefault(record["id"], []).append(record)
    assert archived_as == records
    for identity, record in records.items():
        versions = [int(one["version"]["timestamp"]) for one in told[identity]]
        assert versions == sorted(set(versions))
        assert is_in_order([states(one)[-1] for one in told[identity]], states(record))
