"""LookupInstances, from outside."""

import os
import uuid

import pytest
from doors.jobv1.client import upstream
from doors.jobv1.client.remote import (
    CANCELLED,
    COMPLETED,
    PROCESSING,
    SCHEDULED,
    TERMINATED,
    TIMED_OUT,
    Remote,
    RemoteError,
)
from live.server import LiveServer

KINDS = """
[[nodes]]
name = "n1"
cpus = 8
mem = 8192
[kinds.ok]
command = ["/bin/echo", "{0}"]
[kinds.bad]
command = ["/bin/sh", "-c", "exit 4"]
[kinds.late]
command = ["/bin/sleep", "60"]
timeout = "100ms"
[kinds.pipe]
command = ["/bin/cat", "{0}"]
[kinds.queued]
command = ["/bin/cat", "{0}"]
concurrency = 1
"""


class Scene:
    """One instance in every state, made once."""

    def __init__(self, live, remote, directory):
        self.live = live
        self.remote = remote
        pipe = str(directory / "pipe")
        os.mkfifo(pipe)
        self.completed = remote.schedule("ok", "done")["uuid"]
        self.terminated = remote.schedule("bad")["uuid"]
        self.timed_out = remote.schedule("late")["uuid"]
        self.processing = remote.schedule("queued", pipe)["uuid"]
        live.running(self.processing)
        self.waiting = remote.schedule("queued", pipe)["uuid"]
        self.cancelled = remote.schedule("queued", pipe)["uuid"]
        remote.cancel(uuid=self.cancelled)
        for one in (self.completed, self.terminated, self.timed_out):
            live.ended(one)
        self.states = {
            self.completed: COMPLETED,
            self.terminated: TERMINATED,
            self.timed_out: TIMED_OUT,
            self.processing: PROCESSING,
            self.waiting: SCHEDULED,
            self.cancelled: CANCELLED,
        }


@pytest.fixture(scope="module")
def scene(stubs, tmp_path_factory):
    live = LiveServer(KINDS)
    try:
        remote = Remote(stubs[upstream.LATER], live.start().endpoints["jobv1"])
        try:
            yield Scene(live, remote, tmp_path_factory.mktemp("pipes"))
        finally:
            remote.close()
    finally:
        live.clean()


def uuids(found):
    return [instance["uuid"] for instance in found]


def test_everything_is_found_once_in_order_of_creation(scene):
    found = scene.remote.lookup()
    assert uuids(found) == list(scene.states)
    assert {instance["uuid"]: instance["state"] for instance in found} == scene.states
    assert [instance["created_at"] for instance in found] == sorted(instance["created_at"] for instance in found)


def test_a_missing_query_matches_everything(scene):
    assert scene.remote.call("LookupInstances", {})["instances"] == scene.remote.lookup()


def test_empty_criteria_do_not_count(scene):
    assert scene.remote.lookup(kind="", uuid="", state=0) == scene.remote.lookup()


def test_by_kind(scene):
    assert uuids(scene.remote.lookup(kind="queued")) == [scene.processing, scene.waiting, scene.cancelled]
    for stranger in ("Queued", "queue", "nothing", "kind/queued"):
        assert scene.remote.lookup(kind=stranger) == []


def test_by_state(scene):
    for one, state in scene.states.items():
        assert uuids(scene.remote.lookup(state=state)) == [one]
    assert scene.remote.lookup(state="JOB_STATE_CREATED") == []


def test_criteria_are_anded(scene):
    assert uuids(scene.remote.lookup(kind="queued", state=SCHEDULED)) == [scene.waiting]
    assert uuids(scene.remote.lookup(kind="queued", uuid=scene.waiting, state=SCHEDULED)) == [scene.waiting]
    assert scene.remote.lookup(kind="ok", state=SCHEDULED) == []
    assert scene.remote.lookup(kind="ok", uuid=scene.waiting) == []
    assert scene.remote.lookup(uuid=scene.waiting, state=PROCESSING) == []
    assert scene.remote.lookup(kind="queued", uuid=scene.waiting, state="JOB_STATE_CREATED") == []


def test_every_form_of_a_uuid_that_upstream_reads(scene):
    plain = scene.completed
    forms = [
        plain,
        plain.upper(),
        plain.replace("-", ""),
        plain.replace("-", "").upper(),
        f"{{{plain}}}",
        f"({plain})",
        f"urn:uuid:{plain}",
        f"URN:UUID:{plain.upper()}",
    ]
    for form in forms:
        assert uuids(scene.remote.lookup(uuid=form)) == [plain], form


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "invalid UUID length: 1"),
        ("0" * 33, "invalid UUID length: 33"),
        ("ü" * 20, "invalid UUID length: 40"),
        ("ü" * 18, "invalid UUID format"),
        ("g" * 32, "invalid UUID format"),
        (" " * 32, "invalid UUID format"),
        ("00000000_0000-0000-0000-000000000000", "invalid UUID format"),
        ("0000000000000-0000-0000-0000-0000000", "invalid UUID format"),
        ("0000000--0000-0000-0000-000000000000", "invalid UUID format"),
        ("xrn:uuid:00000000-0000-0000-0000-000000000000", "invalid UUID format"),
        ("{00000000-0000-0000-0000-00000000000g}", "invalid UUID format"),
        ("\u0660" * 16, "invalid UUID format"),
    ],
)
@pytest.mark.parametrize("method", ["LookupInstances", "CancelInstances"])
def test_what_is_no_uuid_is_refused_with_upstreams_text(scene, method, text, reason):
    with pytest.raises(RemoteError) as refusal:
        scene.remote.call(method, {"query": {"uuid": text}})
    assert (refusal.value.code, refusal.value.details) == ("INVALID_ARGUMENT", reason)


@pytest.mark.parametrize("value", [3, 6, 24, 65, 99, 127, 128, -1, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("method", ["LookupInstances", "CancelInstances"])
def test_states_cannot_be_combined(scene, method, value):
    with pytest.raises(RemoteError) as refusal:
        scene.remote.call(method, {"query": {"state": value}})
    assert refusal.value.code == "INVALID_ARGUMENT"
    assert refusal.value.details == f"invalid job state value: {value}"


def test_no_match_is_an_empty_answer(scene):
    assert scene.remote.call("LookupInstances", {"query": {"uuid": str(uuid.uuid4())}}) == {}
    assert scene.remote.lookup(uuid="0" * 32) == []


ALWAYS = {"kind", "uuid", "state", "created_at", "scheduled_at", "attempts"}
MORE = {
    COMPLETED: {"arguments", "results", "processed_at", "completed_at"},
    TERMINATED: {"error", "processed_at", "terminated_at"},
    TIMED_OUT: {"error", "processed_at", "terminated_at", "timed_out_at"},
    PROCESSING: {"arguments", "processed_at"},
    SCHEDULED: {"arguments"},
    CANCELLED: {"arguments", "error", "terminated_at", "canceled_at"},
}


def test_every_state_has_its_own_fields_and_no_others(scene):
    for one, state in scene.states.items():
        assert scene.remote.find(one).keys() == ALWAYS | MORE[state], state


def test_times_are_in_order_and_attempts_are_counted(scene):
    for one, state in scene.states.items():
        found = scene.remote.find(one)
        assert found["attempts"] == int(state not in {SCHEDULED, CANCELLED})
        assert found["created_at"] <= found["scheduled_at"]
        if "processed_at" in found:
            assert found["scheduled_at"] <= found["processed_at"]
        ends = {
            found[name] for name in ("completed_at", "terminated_at", "canceled_at", "timed_out_at") if name in found
        }
        assert len(ends) == int(state not in {SCHEDULED, PROCESSING})
        assert all(end >= found.get("processed_at", found["created_at"]) for end in ends)


def test_the_seeds_spelling_reads_the_same_bytes(scene, stubs):
    remote = Remote(stubs[upstream.SEED], scene.live.endpoints["jobv1"])
    try:
        (found,) = remote.lookup(state=CANCELLED)
        assert found["cancelled_at"] == found["terminated_at"]
    finally:
        remote.close()
