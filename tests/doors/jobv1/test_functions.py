"""Kinds that are Python functions: values, failures, time-outs and lost workers, from outside."""

import json
import os
from pathlib import Path

import pytest
from doors.jobv1.client.remote import COMPLETED, TERMINATED, TIMED_OUT


def run(client, server, kind, *arguments):
    one = client.schedule(kind, *arguments)["uuid"]
    server.ended(one)
    return client.find(one)


@pytest.mark.parametrize(
    ("kind", "arguments", "results"),
    [
        ("add", ["2"], ["2.5"]),
        ("add", ["2", "3"], ["5.0"]),
        ("add", ["-7", "1e3"], ["993.0"]),
        ("shout", ["ab", "3"], ["AB", "AB", "AB"]),
        ("silent", [], []),
    ],
)
def test_texts_become_typed_arguments_and_values_become_results(client, server, kind, arguments, results):
    found = run(client, server, kind, *arguments)
    assert (found["state"], found.get("results", []), found["attempts"]) == (COMPLETED, results, 1)
    assert "error" not in found


def test_structured_values_travel_as_json(client, server):
    found = run(client, server, "negate", "true", '["a", "b"]', '{"x": 1}')
    assert [json.loads(result) for result in found["results"]] == [
        {"value": False, "names": ["a", "b"], "table": {"x": 1}}
    ]


@pytest.mark.parametrize(
    ("kind", "arguments", "reason"),
    [
        ("add", ["two"], "left"),
        ("add", ["1", "half"], "right"),
        ("add", ["1.5"], "left"),
        ("add", [], "argument"),
        ("add", ["1", "2", "3"], "argument"),
        ("negate", ["perhaps", "[]", "{}"], "value"),
        ("negate", ["true", "{", "{}"], "names"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_accepted_and_terminated(client, server, kind, arguments, reason):
    found = run(client, server, kind, *arguments)
    assert (found["state"], found["attempts"]) == (TERMINATED, 1)
    assert reason in found["error"]
    assert "results" not in found


def test_an_exception_is_the_error(client, server):
    found = run(client, server, "broken")
    assert (found["state"], found["attempts"]) == (TERMINATED, 1)
    assert "ValueError: this one never works" in found["error"]


def test_tries_are_repeated_until_one_succeeds(client, server, tmp_path):
    path = tmp_path / "tries"
    found = run(client, server, "third_time", str(path))
    assert (found["state"], found["results"], found["attempts"]) == (COMPLETED, ["now"], 3)
    assert path.read_text() == "xxx"


def test_a_permanent_failure_is_not_repeated(client, server, tmp_path):
    path = tmp_path / "tries"
    found = run(client, server, "refused", str(path))
    assert (found["state"], found["attempts"], path.read_text()) == (TERMINATED, 1, "x")
    assert "never try again" in found["error"]


def test_a_time_out_kills_the_worker_of_that_call_only(client, server, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    other = client.schedule("reads", str(pipe))["uuid"]
    bystander = server.running(other)["run"]
    path = tmp_path / "pid"
    found = run(client, server, "hangs", str(path))
    assert (found["state"], found["attempts"]) == (TIMED_OUT, 1)
    assert "timeout" in found["error"]
    run_of_it = server.watch(lambda record: record["state"] == "running", id=found["uuid"])["run"]
    assert run_of_it != bystander
    server.watch(lambda record: record["ended_at"] is not None, table="runs", id=run_of_it)
    assert not Path(f"/proc/{path.read_text()}").exists()
    pipe.write_text("still here")
    assert server.ended(other)["results"] == ["still here"]
    assert server.get(f"/runs/{bystander}")["state"] == "running"
    assert run(client, server, "process")["state"] == COMPLETED


def test_code_that_ends_its_process_ends_its_own_call_only(client, server):
    for code in (0, 3):
        found = run(client, server, "gone", str(code))
        assert (found["state"], found["attempts"]) == (TERMINATED, 1)
        assert "worker ended" in found["error"]
    assert run(client, server, "add", "1")["results"] == ["1.5"]


def test_a_call_that_lost_its_worker_is_repeated_by_another(client, server, tmp_path):
    found = run(client, server, "gone_once", str(tmp_path / "mark"))
    assert (found["state"], found["results"], found["attempts"]) == (COMPLETED, ["back"], 2)


def test_a_function_beyond_the_memory_it_states_loses_its_worker_only_and_says_so(client, server):
    limited = not any("memory" in warning.lower() for node in server.get("/nodes") for warning in node["warnings"])
    other = run(client, server, "process")["results"]
    assert run(client, server, "glutton_function", "1")["results"] == ["1"]
    found = run(client, server, "glutton_function", "400")
    assert (found["state"], found["attempts"]) == (TERMINATED, 1)
    if os.geteuid() == 0 and limited:
        assert "its memory limit was reached" in found["error"]
    else:  # without a cgroup the address space is what is limited, and Python gives up by itself
        assert "MemoryError" in found["error"]
    assert run(client, server, "glutton_function", "2")["results"] == ["2"]
    pids = {int(pid) for pid in other}
    assert all(Path(f"/proc/{pid}").exists() for pid in pids)


def test_many_calls_each_have_their_own_answer(client, server):
    answers = client.schedule_many("add", [[str(number), "0"] for number in range(300)])
    uuids = [answer["ok"]["instance"]["uuid"] for answer in answers]
    server.ended(uuids[-1])
    for number, one in enumerate(uuids):
        assert server.ended(one)["results"] == [f"{number}.0"]
