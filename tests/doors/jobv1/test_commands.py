"""Kinds that are commands: results, failures, retries, time-outs, order and limits, from outside."""

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest
from doors.jobv1.client.remote import COMPLETED, PROCESSING, SCHEDULED, TERMINATED, TIMED_OUT


def run(client, server, kind, *arguments, **more):
    """Schedule, wait for the end, and give what the client sees of it."""
    one = client.schedule(kind, *arguments, **more)["uuid"]
    server.ended(one)
    return client.find(one)


def lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def seconds(found, earlier, later):
    return (datetime.fromisoformat(found[later]) - datetime.fromisoformat(found[earlier])).total_seconds()


def test_results_are_the_lines_of_standard_output(client, server):
    found = run(client, server, "words", "one", "two words", "", "four")
    assert (found["state"], found["results"]) == (COMPLETED, ["one", "two words", "", "four"])
    assert "error" not in found


def test_results_are_bounded_by_the_kinds_max_output(client, server):
    kept = "\n".join(run(client, server, "flood")["results"])
    whole = "\n".join(f"line-{number}" for number in range(2000))
    assert 900 <= len(kept) <= 1000
    assert whole.startswith(kept)
    assert "results" not in run(client, server, "quiet")


def test_output_that_is_no_text_is_still_told(client, server):
    assert run(client, server, "bytes")["results"] == ["café", "bad\ufffd", "", "last"]


def test_only_line_feeds_end_a_line(client, server):
    results = ["form\ffeed", "line\u2028separator", "\rback", "", "\vlast"]
    assert run(client, server, "separators")["results"] == results


def test_a_character_that_is_cut_by_the_bound_is_left_out(client, server):
    assert run(client, server, "cut")["results"] == ["1234", "ab"]


def test_results_are_ten_thousand_lines_at_most(client, server):
    for count, kept in ((10_000, 10_000), (10_001, 10_000)):
        assert run(client, server, "counts", str(count))["results"] == [str(number + 1) for number in range(kept)]


def test_a_command_has_its_variables_and_a_sandbox_of_its_own(client, server):
    one, two = (run(client, server, "environment")["results"] for _ in range(2))
    for colour, directory, sandbox, home in (one, two):
        assert colour == "green"
        assert directory == sandbox == home
    assert one[1] != two[1]


def test_a_failing_command_tells_its_exit_code_and_keeps_its_output(client, server):
    found = run(client, server, "fail")
    assert (found["state"], found["attempts"], found["results"]) == (TERMINATED, 1, ["seen"])
    assert "status 3" in found["error"]
    assert "completed_at" not in found


def test_a_killed_command_tells_its_signal(client, server):
    found = run(client, server, "signalled")
    assert found["state"] == TERMINATED
    assert "SIGKILL" in found["error"]


def test_retries_are_tries_after_the_first(client, server, tmp_path):
    for kind, tries in (("once", 1), ("hopeless", 3)):
        path = tmp_path / kind
        found = run(client, server, kind, str(path))
        assert (found["state"], found["attempts"], lines(path)) == (TERMINATED, tries, tries)


def test_a_later_try_may_succeed_and_leaves_no_error(client, server, tmp_path):
    for kind, tries in (("flaky", 3), ("endless", 8)):
        path = tmp_path / kind
        found = run(client, server, kind, str(path))
        assert (found["state"], found["attempts"], lines(path)) == (COMPLETED, tries, tries)
        assert "error" not in found
        assert "terminated_at" not in found


def test_between_tries_an_instance_is_scheduled_and_its_slot_is_free(client, server):
    first = client.schedule("backoff")["uuid"]
    waits = server.watch(lambda record: record["state"] == "waiting" and record["attempts"] == 1, id=first)
    assert "status 1" in waits["error"]
    second = client.schedule("backoff")["uuid"]
    server.watch(lambda record: record["attempts"] == 1, id=second)
    server.ended(first)
    server.ended(second)
    for one in (first, second):
        found = client.find(one)
        assert (found["state"], found["attempts"]) == (TERMINATED, 2)
        assert seconds(found, "created_at", "processed_at") >= 0.4


def test_the_time_out_kills_and_each_try_has_its_own(client, server):
    for kind, tries, least in (("slow", 1, 0.3), ("slow-again", 2, 0.2)):
        found = run(client, server, kind)
        assert (found["state"], found["attempts"]) == (TIMED_OUT, tries)
        assert found["timed_out_at"] == found["terminated_at"]
        assert "timeout" in found["error"]
        assert seconds(found, "processed_at", "timed_out_at") >= least
        assert seconds(found, "created_at", "timed_out_at") >= least * tries


def release(*paths):
    """Let commands that read these pipes end; each opening waits for its reader."""
    for path in paths:
        Path(path).write_text("go\n")


def pipes(directory, count):
    paths = [str(directory / f"pipe{number}") for number in range(count)]
    for path in paths:
        os.mkfifo(path)
    return paths


def test_no_more_run_at_once_than_the_kind_allows(client, server, tmp_path):
    paths = pipes(tmp_path, 5)
    uuids = [client.schedule("pairwise", path)["uuid"] for path in paths]
    for one in uuids[:2]:
        server.running(one)
    states = [client.find(one)["state"] for one in uuids]
    assert states == [PROCESSING, PROCESSING, SCHEDULED, SCHEDULED, SCHEDULED]
    release(paths[0])
    server.running(uuids[2])
    assert [client.find(one)["state"] for one in uuids] == [COMPLETED, PROCESSING, PROCESSING, SCHEDULED, SCHEDULED]
    release(*paths[1:])
    for one in uuids:
        assert server.ended(one)["results"] == ["go"]


def test_lower_priority_numbers_go_first_and_equals_in_order_of_arrival(client, server, tmp_path):
    gate, rest = pipes(tmp_path, 1)[0], tmp_path / "ready"
    rest.write_text("read\n")
    blocker = client.schedule("ordered", gate)["uuid"]
    server.running(blocker)
    wanted = [(7, 4), (None, 2), (-3, 0), (5, 3), (2**31 - 1, 6), (0, 1), (7, 5)]
    uuids = {}
    for priority, place in wanted:
        more = {} if priority is None else {"priority": priority}
        uuids[place] = client.schedule("ordered", str(rest), **more)["uuid"]
    release(gate)
    for one in uuids.values():
        server.ended(one)
    begun = [client.find(uuids[place])["processed_at"] for place in range(7)]
    assert begun == sorted(begun)
    assert len(set(begun)) == 7


def test_many_at_once_all_end(client, server):
    answers = client.schedule_many("echo", [[str(number)] for number in range(300)])
    uuids = [answer["ok"]["instance"]["uuid"] for answer in answers]
    server.ended(uuids[-1], 20)
    for number, one in enumerate(uuids):
        assert server.ended(one)["results"] == [str(number)]


def test_a_command_beyond_its_memory_ends_terminated_and_says_so(client, server):
    limited = not any("memory" in warning.lower() for node in server.get("/nodes") for warning in node["warnings"])
    found = run(client, server, "glutton")
    assert found["state"] == TERMINATED
    assert "results" not in found
    if os.geteuid() == 0 and limited:
        assert "memory limit" in found["error"]
    else:  # without a cgroup the address space is what is limited, and Python gives up by itself
        assert "status 1" in found["error"]


def test_calls_of_many_clients_at_once_are_answered(server, connect):
    remotes = [connect(server) for _ in range(3)]
    seen = [[] for _ in remotes]

    def use(remote, mine):
        mine += [remote.schedule("echo", str(number))["uuid"] for number in range(20)]

    threads = [threading.Thread(target=use, args=pair) for pair in zip(remotes, seen, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    uuids = [one for mine in seen for one in mine]
    assert len(set(uuids)) == 60
    for one in uuids:
        assert server.ended(one)["state"] == "succeeded"


@pytest.mark.parametrize("kind", ["missing", "unfound"])
def test_what_cannot_start_is_terminated_with_the_reason(client, server, kind):
    found = run(client, server, kind)
    assert found["state"] == TERMINATED
    assert found["terminated_at"]
    assert "no such program" in found["error"]


@pytest.mark.parametrize(("kind", "tries"), [("missing", 1), ("never-starts", 2)])
def test_a_try_that_could_not_begin_is_counted_and_has_its_time(client, server, kind, tries):
    found = run(client, server, kind)
    assert found["attempts"] == tries
    assert found["created_at"] <= found["processed_at"] == found["terminated_at"]
