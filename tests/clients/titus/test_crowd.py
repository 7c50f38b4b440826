"""A thousand watchers of all jobs: each hears every change of one job, in order."""

import pytest
from clients.titus.descriptors import service

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(240)]

WATCHERS = 1_000
STEPS = 30


def test_a_thousand_watchers_hear_every_change(start, grpc, monkeypatch):
    monkeypatch.setattr("clients.program.Program.patience", 90.0)
    crowd = start("titus_crowd")
    ready = crowd.call("gather", WATCHERS, {"jobFields": ["jobDescriptor.attributes.step", "status.state"]})
    assert ready["failures"] == []
    job = grpc.create(service(desired=0, attributes={"step": "0"}))
    for step in range(1, STEPS + 1):
        grpc.put_job_attributes(job, {"step": str(step)})
    told = crowd.call("told", job, str(STEPS))
    assert told["failures"] == []
    assert told["stories"] == [[[str(step) for step in range(STEPS + 1)], WATCHERS]]
    grpc.kill_job(job)
