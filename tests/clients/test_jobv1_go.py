"""The job.v1 door as a Go program sees it: grpc-go and the code its users generate from upstream's text."""

import os

import pytest
from doors.jobv1.client.remote import CANCELLED, COMPLETED, PROCESSING, TERMINATED, TIMED_OUT, RemoteError

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]  # the first build on a machine compiles grpc-go


def test_a_go_program_schedules_finds_and_cancels(client, server, tmp_path):
    assert client.version()["api_version"] == "v1"
    assert [kind["kind"] for kind in client.kinds()] == ["echo", "fail", "late", "nightly", "pipe"]
    done = client.schedule("echo", "grüße")["uuid"]
    server.ended(done)
    found = client.find(f"urn:uuid:{done}")
    assert (found["state"], found["results"], found["attempts"]) == (COMPLETED, ["grüße"], 1)
    assert found["created_at"] <= found["processed_at"] <= found["completed_at"]
    os.mkfifo(tmp_path / "pipe")
    runs = client.schedule("pipe", str(tmp_path / "pipe"))["uuid"]
    server.running(runs)
    assert client.find(runs)["state"] == PROCESSING
    assert [one["uuid"] for one in client.cancel(kind="pipe")] == [runs]
    server.ended(runs)
    assert client.find(runs)["canceled_at"]
    assert [one["uuid"] for one in client.lookup(state=CANCELLED)] == [runs]
    with pytest.raises(RemoteError) as refusal:
        client.schedule("nobody")
    assert (refusal.value.code, refusal.value.details) == ("NotFound", "registered job not found: nobody")


@pytest.mark.long
def test_every_end_is_told(client, server):
    for kind, state, stamp in (("fail", TERMINATED, "terminated_at"), ("late", TIMED_OUT, "timed_out_at")):
        one = client.schedule(kind, priority=-5)["uuid"]
        server.ended(one)
        found = client.find(one)
        assert found["state"] == state
        assert found[stamp] == found["terminated_at"]
        assert found["error"]


@pytest.mark.long
def test_kinds_carry_their_schedule(client):
    kinds = {kind["kind"]: kind for kind in client.kinds()}
    assert kinds["nightly"]["cron_spec"] == "0 3 * * *"
    assert kinds["echo"]["description"] == "says one word"
    assert all(kind["registered_at"] for kind in kinds.values())


@pytest.mark.long
@pytest.mark.parametrize(
    ("query", "details"),
    [({"uuid": "x"}, "invalid UUID length: 1"), ({"state": 6}, "invalid job state value: 6")],
)
@pytest.mark.parametrize("method", ["LookupInstances", "CancelInstances"])
def test_what_is_wrong_is_refused_with_upstreams_text(client, method, query, details):
    with pytest.raises(RemoteError) as refusal:
        client.call(method, {"query": query})
    assert (refusal.value.code, refusal.value.details) == ("InvalidArgument", details)


@pytest.mark.long
def test_a_missing_query_and_a_restart_of_the_server(go_program, client, server):
    before = client.call("LookupInstances")["instances"]
    assert before
    server.restart()
    again = type(client)(go_program, server.endpoints["jobv1"])
    assert again.call("LookupInstances")["instances"] == before
    assert len(again.kinds()) == 5
    again.close()
