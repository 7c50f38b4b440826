"""ScheduleJob, from outside."""

import uuid

import pytest
from doors.jobv1.client.remote import COMPLETED, TERMINATED, RemoteError

LARGEST = 128 * 1024 - 1
LEAST, MOST = -(2**31), 2**31 - 1


def priority(server, scheduled):
    return server.get(f"/instances/{scheduled['uuid']}")["priority"]


def refused(client, *arguments, kind="true", **more):
    with pytest.raises(RemoteError) as refusal:
        client.schedule(kind, *arguments, **more)
    return refusal.value.code, refusal.value.details


def test_the_answer_tells_all_that_is_known(client):
    scheduled = client.schedule("echo", "word")
    assert scheduled["kind"] == "echo"
    assert scheduled["state"] == "JOB_STATE_SCHEDULED"
    assert scheduled["arguments"] == ["word"]
    assert scheduled["attempts"] == 0
    assert scheduled["created_at"] == scheduled["scheduled_at"]
    assert uuid.UUID(scheduled["uuid"]).variant == uuid.RFC_4122
    assert not scheduled.keys() & {"processed_at", "completed_at", "terminated_at", "canceled_at", "timed_out_at"}


def test_every_call_makes_a_new_instance(client):
    uuids = [client.schedule("true")["uuid"] for _ in range(20)]
    assert len(set(uuids)) == 20
    assert uuids == sorted(uuids)


def test_both_releases_and_both_sorts_of_kinds(client, seed_client, server):
    for remote in (client, seed_client):
        for kind, arguments, results in (("echo", ["x"], ["x"]), ("add", ["1", "2.5"], ["3.5"])):
            scheduled = remote.schedule(kind, *arguments)
            server.ended(scheduled["uuid"])
            found = remote.find(scheduled["uuid"])
            assert (found["state"], found["results"]) == (COMPLETED, results)


@pytest.mark.parametrize("kind", ["nothing-like-it", "Echo", " echo", "echo\0", "fleet//jobv1", "kind/echo", "ü"])
def test_an_unknown_kind_is_not_found(client, kind):
    assert refused(client, kind=kind) == ("NOT_FOUND", f"registered job not found: {kind}")


@pytest.mark.parametrize("letter", ["x", "ü", "漢", "😀"])
def test_an_unknown_kind_of_any_length_is_not_found(client, letter):
    code, details = refused(client, kind=letter * 20_000)
    assert code == "NOT_FOUND"
    assert details.startswith(f"registered job not found: {letter * 300}")
    assert details.endswith(f"{letter}…")


def test_an_empty_kind_is_not_found(client):
    assert refused(client, kind="") == ("NOT_FOUND", "registered job not found: ")


@pytest.mark.parametrize("kind", ["true", "process"])
def test_priority_absent_or_minus_one_is_the_kinds_own(client, server, kind):
    assert priority(server, client.schedule(kind)) == 5
    assert priority(server, client.schedule(kind, priority=-1)) == 5
    assert priority(server, client.schedule("urgent")) == -7
    assert priority(server, client.schedule("urgent", priority=-1)) == -7


@pytest.mark.parametrize("value", [0, 1, -2, LEAST, MOST])
@pytest.mark.parametrize("kind", ["true", "process"])
def test_every_other_priority_is_taken_as_it_is(client, server, kind, value):
    scheduled = client.schedule(kind, priority=value)
    assert priority(server, scheduled) == value
    assert server.ended(scheduled["uuid"])["state"] == "succeeded"


def test_arguments_reach_a_command_unchanged(client, server):
    words = ["", " ", "two words", "$HOME", "`id`", "a'b\"c", "ü漢🙂", "-n", "--", "\\n", "{0}", "%s"]
    scheduled = client.schedule("words", *words)
    assert scheduled["arguments"] == words
    assert server.ended(scheduled["uuid"])["results"] == words


def test_arguments_go_where_the_command_names_them(client, server):
    assert server.ended(client.schedule("pair", "left", "right")["uuid"])["results"] == ["right-left"]


@pytest.mark.parametrize("arguments", [[], ["only"], ["one", "two", "three"]])
def test_arguments_the_command_has_no_place_for_are_refused(client, arguments):
    code, details = refused(client, *arguments, kind="pair")
    assert code == "INVALID_ARGUMENT"
    assert "argument" in details


def test_the_largest_arguments_are_taken(client, server):
    largest = client.schedule("true", *["x" * LARGEST] * 8)
    many = client.schedule("true", *["x"] * 1000)
    for scheduled in (largest, many):
        assert server.ended(scheduled["uuid"])["state"] == "succeeded"


@pytest.mark.parametrize("kind", ["true", "process"])
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["ok", "x" * (LARGEST + 1)], "arguments[1]"),
        (["ü" * (LARGEST // 2 + 1)], "arguments[0]"),
        (["x"] * 1001, "1001"),
        (["x" * LARGEST] * 8 + ["x" * 9], "arguments have"),
        (["a", "b\0c"], "arguments[1] contains a NUL"),
    ],
)
def test_arguments_that_no_process_can_have_are_refused(client, kind, arguments, names):
    before = len(client.lookup(kind=kind))
    code, details = refused(client, *arguments, kind=kind)
    assert code == "INVALID_ARGUMENT"
    assert names in details
    assert len(client.lookup(kind=kind)) == before


def test_a_bad_call_costs_only_itself(client, server):
    answers = client.schedule_many("pair", [["a", "b"], ["a"], ["c", "d"], [], ["e\0", "f"]])
    assert ["ok" in answer for answer in answers] == [True, False, True, False, False]
    good = [answers[0]["ok"]["instance"]["uuid"], answers[2]["ok"]["instance"]["uuid"]]
    assert [server.ended(one)["results"] for one in good] == [["b-a"], ["d-c"]]


def test_a_missing_program_is_an_end_not_a_refusal(client, server):
    for kind, reason in (("missing", "/no/such/program"), ("unfound", "no-such-program-anywhere")):
        scheduled = client.schedule(kind)
        server.ended(scheduled["uuid"])
        found = client.find(scheduled["uuid"])
        assert found["state"] == TERMINATED
        assert reason in found["error"]
        assert "no such program" in found["error"]
