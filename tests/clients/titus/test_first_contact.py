"""Once around through stubs of the client's own: a batch job is created, watched to its end and found in the archive."""

import pytest
from clients.titus.descriptors import batch
from clients.titus.doors import refusal
from clients.titus.remote import job_state
from clients.titus.waiting import archived, states

pytestmark = [pytest.mark.clients, pytest.mark.timeout(90)]


def test_a_batch_job_is_created_watched_to_its_end_and_found_in_the_archive(remote, grpc, tmp_path):
    watched = tmp_path / "watched"
    wait = f"until test -e {watched}; do sleep 0.02; done"  # a job that is over can only be found in the archive
    made = grpc.create(batch(f"{wait}; test -n $TITUS_TASK_ID && echo word", size=2))
    observed = remote.stream("ObserveJob", {"id": made})
    observed.snapshot()
    watched.touch()
    told = observed.end()
    assert "jobUpdate" in told[0]
    assert [one for one in told if "snapshotEnd" in one]
    assert any(job_state(one, "Finished") for one in told)
    job = grpc.job(made)
    assert states(job) == [("Accepted", "normal"), ("Finished", "normal")]
    tasks = archived(grpc, made)
    assert len(tasks) == 2
    for task in tasks:
        assert states(task)[0] == ("Accepted", "normal")
        assert states(task)[-2:] == [("Started", "normal"), ("Finished", "normal")]
        assert grpc.task(task["id"]) == task
    assert not grpc.jobs(jobIds=made)["items"]
    with refusal("NOT_FOUND"):
        grpc.kill_job(made)
    assert remote.call("imported") == []
