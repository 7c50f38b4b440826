"""GetVersion and ListRegisteredJobs, from outside."""

import re

import pytest
from doors.jobv1.client import upstream

pytestmark = pytest.mark.timeout(90)
KINDS = """
[kinds.b]
command = ["/bin/true"]
[kinds.a]
command = ["/bin/true"]
description = "first"
[kinds.B]
command = ["/bin/true"]
"""


def test_the_version_has_a_leading_v_and_the_api_is_v1(client, seed_client):
    for remote in (client, seed_client):
        version = remote.version()
        assert version["api_version"] == "v1"
        assert re.fullmatch(r"v\d+\.\d+\.\d+.*", version["version"])


def test_kinds_of_both_sorts_are_listed_by_name(client):
    kinds = client.kinds()
    names = [kind["kind"] for kind in kinds]
    assert names == sorted(names)
    assert {"echo", "nightly", "add", "shout", "process"} <= set(names)
    assert not [name for name in names if "/" in name]  # what keeps workers alive is nobody's kind


def test_description_schedule_and_registration_are_filled(client):
    kinds = {kind["kind"]: kind for kind in client.kinds()}
    assert kinds["echo"]["description"] == "says one word"
    assert kinds["add"]["description"] == "adds two numbers"
    assert kinds["nightly"]["cron_spec"] == "0 3 * * *"
    assert "schedule_at" not in kinds["nightly"]
    assert kinds["later"]["schedule_at"] == "2099-01-02T03:04:05Z"
    assert "cron_spec" not in kinds["later"]
    assert "cron_spec" not in kinds["echo"]
    assert all(kind["registered_at"] for kind in kinds.values())


def test_registration_times_outlive_a_restart_and_kinds_that_went_are_not_listed(own_server, connect):
    live = own_server(KINDS)
    before = connect(live).kinds()
    assert [kind["kind"] for kind in before] == ["B", "a", "b"]
    live.stop()
    live.configure(KINDS.replace("[kinds.b]", "[kinds.c]").replace('"first"', '"changed"'))
    after = {kind["kind"]: kind for kind in connect(live.start(), upstream.SEED).kinds()}
    assert list(after) == ["B", "a", "c"]
    for kind in before[:2]:
        assert after[kind["kind"]]["registered_at"] == kind["registered_at"]
    assert after["a"]["description"] == "changed"
    assert after["c"]["registered_at"] > before[2]["registered_at"]


def test_a_kind_that_comes_back_can_be_scheduled_again_and_keeps_its_history(own_server, connect):
    live = own_server(KINDS)
    first = connect(live).schedule("b")
    live.ended(first["uuid"])
    live.stop()
    live.configure("")
    remote = connect(live.start())
    assert remote.kinds() == []
    assert [found["uuid"] for found in remote.lookup(kind="b")] == [first["uuid"]]
    live.stop()
    live.configure(KINDS)
    remote = connect(live.start())
    second = remote.schedule("b")
    assert live.ended(second["uuid"])["state"] == "succeeded"
    assert [found["uuid"] for found in remote.lookup(kind="b")] == [first["uuid"], second["uuid"]]
