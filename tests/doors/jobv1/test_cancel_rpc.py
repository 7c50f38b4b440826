"""CancelInstances, from outside."""

import os
import uuid
from pathlib import Path

import pytest
from doors.jobv1.client.remote import CANCELLED, COMPLETED, PROCESSING, SCHEDULED, RemoteError


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


def uuids(found):
    return [instance["uuid"] for instance in found]


@pytest.fixture(autouse=True)
def leave_nothing(client):
    yield
    for kind in ("pipe", "other-pipe", "ordered", "waiting", "stubborn"):
        client.cancel(kind=kind)


def test_an_instance_that_waits_is_cancelled_at_once(client, server, pipe):
    first = client.schedule("ordered", pipe)["uuid"]
    server.running(first)
    second = client.schedule("ordered", pipe)["uuid"]
    (cancelled,) = client.cancel(uuid=second)
    assert (cancelled["uuid"], cancelled["state"]) == (second, CANCELLED)
    found = client.find(second)
    assert found == cancelled
    assert (found["attempts"], found["error"]) == (0, "cancelled")
    assert found["canceled_at"] == found["terminated_at"]
    assert "processed_at" not in found
    assert client.find(first)["state"] == PROCESSING


def test_one_that_runs_is_stopped_and_ends_cancelled(client, server, pipe):
    one = client.schedule("pipe", pipe)["uuid"]
    run = server.running(one)["run"]
    (answered,) = client.cancel(uuid=one)
    assert answered["uuid"] == one
    assert answered["state"] in {PROCESSING, CANCELLED}
    server.ended(one)
    found = client.find(one)
    assert (found["state"], found["attempts"], found["error"]) == (CANCELLED, 1, "cancelled")
    assert found["canceled_at"] == found["terminated_at"] >= found["processed_at"]
    assert server.get(f"/runs/{run}")["state"] == "killed"


def test_one_that_ignores_the_polite_signal_is_killed_after_its_grace(client, server, pipe):
    one = client.schedule("stubborn", pipe)["uuid"]
    with Path(pipe).open("w"):  # opens when the command has set its trap and reads
        client.cancel(uuid=one)
        server.ended(one)
    assert client.find(one)["state"] == CANCELLED


def test_what_has_ended_stays_as_it_is(client, server):
    one = client.schedule("echo", "x")["uuid"]
    server.ended(one)
    assert client.cancel(uuid=one) == []
    assert client.cancel(kind="echo", state=COMPLETED) == []
    assert client.find(one)["state"] == COMPLETED


def test_to_cancel_twice_changes_nothing(client, server, pipe):
    one = client.schedule("pipe", pipe)["uuid"]
    server.running(one)
    client.cancel(uuid=one)
    client.cancel(uuid=one)
    server.ended(one)
    first = client.find(one)
    assert client.cancel(uuid=one) == []
    assert client.find(one) == first


def test_only_the_kind_asked_for_is_cancelled(client, server, pipe):
    ours = [client.schedule("pipe", pipe)["uuid"] for _ in range(3)]
    other = client.schedule("other-pipe", pipe)["uuid"]
    for one in [*ours, other]:
        server.running(one)
    assert uuids(client.cancel(kind="pipe")) == ours
    for one in ours:
        assert server.ended(one)["state"] == "cancelled"
    assert client.find(other)["state"] == PROCESSING


def test_only_the_state_asked_for_is_cancelled(client, server, pipe):
    first, second, third = (client.schedule("ordered", pipe)["uuid"] for _ in range(3))
    server.running(first)
    assert uuids(client.cancel(kind="ordered", state=SCHEDULED)) == [second, third]
    assert client.find(first)["state"] == PROCESSING
    assert client.cancel(kind="ordered", state=SCHEDULED) == []
    assert uuids(client.cancel(kind="ordered", state=PROCESSING)) == [first]
    assert server.ended(first)["state"] == "cancelled"


def test_criteria_are_anded(client, server, pipe):
    one = client.schedule("pipe", pipe)["uuid"]
    server.running(one)
    assert client.cancel(uuid=one, kind="other-pipe") == []
    assert client.cancel(uuid=one, state=SCHEDULED) == []
    assert client.cancel(uuid=str(uuid.uuid4())) == []
    assert client.cancel(kind="no-such-kind") == []
    assert client.find(one)["state"] == PROCESSING


def test_a_pause_before_another_try_can_be_cancelled(client, server):
    one = client.schedule("waiting")["uuid"]
    server.watch(lambda record: record["state"] == "waiting" and record["attempts"] == 1, id=one)
    client.cancel(uuid=one)
    found = client.find(one)
    assert (found["state"], found["attempts"]) == (CANCELLED, 1)


def test_cancelled_work_is_never_tried_again(client, server, tmp_path):
    path = tmp_path / "count"
    os.mkfifo(tmp_path / "pipe")
    one = client.schedule("endless-pipe", str(path), str(tmp_path / "pipe"))["uuid"]
    with (tmp_path / "pipe").open("w"):
        client.cancel(uuid=one)
        server.ended(one)
    found = client.find(one)
    assert (found["state"], found["attempts"]) == (CANCELLED, 1)
    assert path.read_text() == "x\n"


def test_a_function_that_runs_is_cancelled_and_the_next_call_is_served(client, server, pipe):
    one = client.schedule("reads", pipe)["uuid"]
    server.running(one)
    client.cancel(uuid=one)
    assert server.ended(one)["state"] == "cancelled"
    assert client.find(one)["canceled_at"]
    after = client.schedule("add", "1")["uuid"]
    assert server.ended(after)["results"] == ["1.5"]


def test_a_function_that_waits_is_cancelled_before_it_begins(client, server, pipe):
    first = client.schedule("reads_alone", pipe)["uuid"]
    server.running(first)
    second = client.schedule("reads_alone", pipe)["uuid"]
    client.cancel(uuid=second)
    server.ended(second)
    assert (client.find(second)["state"], client.find(second)["attempts"]) == (CANCELLED, 0)
    Path(pipe).write_text("read")
    assert server.ended(first)["results"] == ["read"]


def test_a_missing_query_cancels_everything_that_lives(own_server, connect, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    live = own_server(
        '[kinds.pipe]\ncommand = ["/bin/cat", "{0}"]\nconcurrency = 2\n[kinds.true]\ncommand = ["/bin/true"]\n'
    )
    remote = connect(live)
    done = remote.schedule("true")["uuid"]
    live.ended(done)
    ours = [remote.schedule("pipe", str(tmp_path / "pipe"))["uuid"] for _ in range(4)]
    live.running(ours[1])
    assert uuids(remote.call("CancelInstances")["instances"]) == ours
    for one in ours:
        assert live.ended(one)["state"] == "cancelled"
    assert remote.find(done)["state"] == COMPLETED
    with pytest.raises(RemoteError, match="invalid UUID length: 3"):
        remote.cancel(uuid="abc")


def test_between_two_firings_a_cron_instance_is_cancelled_with_its_schedule(own_server, connect):
    live = own_server('[kinds.often]\ncommand = ["/bin/true"]\ncron_spec = "@every 4s"\n')
    remote = connect(live)
    (waiting,) = remote.lookup(kind="often")
    live.watch(lambda record: record["state"] == "succeeded", id=waiting["uuid"])
    assert remote.cancel(state=COMPLETED, kind="often") == []
    (cancelled,) = remote.cancel(kind="often")
    assert (cancelled["uuid"], cancelled["state"], cancelled["attempts"]) == (waiting["uuid"], CANCELLED, 1)
    assert remote.find(waiting["uuid"]) == cancelled
    assert remote.cancel(uuid=waiting["uuid"]) == []
    (kind,) = live.get("/kinds")
    assert kind["next_at"] is None
    live.restart()
    assert connect(live).find(waiting["uuid"]) == cancelled
