"""Commands against the real routes of the console, over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.conftest import Portico
from cli.console import NOW, Plot, a_run, an_instance

from portico.cli.app import run
from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.queries import ListInstances, ListRuns, SessionView
from portico.domain.errors import Compacted, Exhausted, Invalid, Unavailable
from portico.domain.jobs import InstanceState
from portico.domain.runs import RunState

S = InstanceState
Captured = pytest.CaptureFixture[str]


def test_kinds_tell_what_there_is(portico: Portico, plot: Plot, capsys: Captured) -> None:
    del plot
    assert portico("kinds") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("hello  command")


def test_status_tells_the_addresses_of_doors(portico: Portico, console: Path, capsys: Captured) -> None:
    told = json.loads((console / "endpoints.json").read_text())
    told |= {"grpc": "h:1", "mesos_master": "h:2", "mesos_agents": ["h:3", "h:4"]}
    (console / "endpoints.json").write_text(json.dumps(told))
    assert portico("status") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        f"server        {told['http']}",
        "gRPC          h:1",
        "Mesos master  h:2",
        "Mesos agents  h:3, h:4",
    ]
    assert portico("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["endpoints"] == told
    assert run(["status", "--server", told["http"]]) == 0
    assert "Mesos" not in capsys.readouterr().out


def test_sessions_are_listed_with_their_tasks(portico: Portico, plot: Plot, capsys: Captured) -> None:
    assert portico("sessions") == 0
    assert capsys.readouterr().err == "no sessions\n"
    plot.sessions = [
        SessionView("s-1", "closed", NOW, ("default",), {}),
        SessionView("s-2", "running", NOW, ("default", "gpu"), {"completed": 3, "pending": 1}),
    ]
    assert portico("sessions") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["s-1", "closed"], ["s-2", "running"]]
    assert lines[2].endswith("default, gpu  3 completed, 1 pending")
    assert portico("sessions", "--newest", "1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["door"], told["state"], told["tasks"]) == (
        "s-2",
        "armonik",
        "running",
        plot.sessions[1].calls,
    )
    assert told["created_at"].startswith("2026-")


def test_scheduling_follows_to_the_end_and_prints_the_results(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.happens = [
        an_instance(1, S.PENDING, attempts=1),
        an_instance(1, S.RUNNING, attempts=1),
        an_instance(1, S.WAITING, attempts=1),
        an_instance(1, S.RUNNING, attempts=2),
        an_instance(1, S.SUCCEEDED, attempts=2, results=("two", "lines")),
    ]
    assert portico("schedule", "hello", "a", "b", "--priority", "-3") == 0
    captured = capsys.readouterr()
    assert captured.out == "two\nlines\n"
    identity = an_instance(1).id
    states = ["waiting", "pending", "running", "waiting", "running, attempt 2", "succeeded, attempt 2"]
    assert captured.err.splitlines() == [f"{identity} {state}" for state in states]
    assert ScheduleKind("hello", ("a", "b"), -3) in plot.asked


@pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED, S.TIMED_OUT])
def test_work_that_does_not_succeed_is_1(portico: Portico, plot: Plot, capsys: Captured, state: S) -> None:
    plot.happens = [an_instance(1, state, error="it is\nso", results=("partly",))]
    assert portico("schedule", "hello") == 1
    captured = capsys.readouterr()
    assert captured.out == "partly\n"
    assert captured.err.endswith("it is\\nso\n")


def test_an_end_before_the_first_look_is_not_missed(portico: Portico, plot: Plot, capsys: Captured) -> None:
    done = an_instance(1, S.SUCCEEDED, results=("done",))

    async def submit(_command: object) -> object:
        plot.add(done)
        return an_instance(1)

    plot.submit = submit  # type: ignore[method-assign]
    assert portico("schedule", "hello") == 0
    assert capsys.readouterr().out == "done\n"


@pytest.mark.parametrize("failure", [Exhausted("fell behind"), Compacted("too old")])
def test_a_cut_off_stream_is_taken_up_again(
    portico: Portico, plot: Plot, capsys: Captured, failure: Exhausted | Compacted
) -> None:
    watch, begun = plot.watch, []

    async def cut_off(*arguments: object):  # type: ignore[no-untyped-def]
        begun.append(arguments)
        if len(begun) < 3:
            raise failure
        async for event in watch(*arguments):  # type: ignore[arg-type]
            yield event

    plot.watch = cut_off  # type: ignore[assignment]
    plot.happens = [an_instance(1, S.SUCCEEDED, results=("late",))]
    assert portico("schedule", "hello") == 0
    assert capsys.readouterr().out == "late\n"
    assert len(begun) == 3


def test_a_server_that_stops_meanwhile_is_3(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.happens = [an_instance(1, S.RUNNING)]
    assert portico("schedule", "hello") == 3
    assert "the server stopped" in capsys.readouterr().err


def test_interrupting_leaves_the_job_alone_and_says_how_to_cancel(
    portico: Portico, console: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("portico.cli.following.watch", interrupted)
    assert portico("schedule", "hello") == 130
    assert f"portico cancel {an_instance(1).id} --data-dir {console}\n" in capsys.readouterr().err


def test_detaching_prints_the_id_alone(portico: Portico, capsys: Captured) -> None:
    assert portico("schedule", "hello", "--detach") == 0
    assert capsys.readouterr() == (f"{an_instance(1).id}\n", "")


def test_an_unknown_kind_is_1_and_says_where_they_are_listed(portico: Portico, capsys: Captured) -> None:
    assert portico("schedule", "nope") == 1
    assert capsys.readouterr().err.startswith("portico: there is no kind nope; those there are: portico kinds --data")


def test_json_is_one_object_per_line(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.add(an_instance(1), an_instance(2, S.FAILED, error="bad"))
    assert portico("instances", "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["id"] == an_instance(1).id
    assert {"id", "door", "state", "created_at"} <= first.keys()
    assert (second["state"], second["error"]) == ("failed", "bad")


def test_criteria_reach_the_server(portico: Portico, plot: Plot) -> None:
    wanted = ("--kind", "hello", "--state", "failed", "--state", "running", "--newest", "9")
    assert portico("instances", *wanted) == 0
    wanted_states = frozenset({S.FAILED, S.RUNNING})
    assert ListInstances(job="kind/hello", jobs="kind/", states=wanted_states, newest=9) in plot.asked
    assert portico("runs", "--active", "--node", "n1", "--instance", "x") == 0
    assert ListRuns(instance="x", node="n1", active_only=True, newest=50) in plot.asked


@pytest.mark.parametrize(
    ("failure", "code"), [(Invalid("bad", "kind"), 2), (Unavailable("later"), 1), (Exhausted("full"), 1)]
)
def test_what_the_server_refuses_is_told(
    portico: Portico, plot: Plot, capsys: Captured, failure: Invalid, code: int
) -> None:
    plot.failure = failure
    assert portico("instances") == code
    assert capsys.readouterr().err == f"portico: {failure}\n"


def test_something_else_on_the_port_is_told(console: Path, capsys: Captured) -> None:
    http = json.loads((console / "endpoints.json").read_text())["http"]
    assert run(["kinds", "--server", f"{http}/elsewhere"]) == 1
    assert "/elsewhere/portico/v1/kinds answered 404: this is no Portico server" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["000000000002", "01A20202-0000-7000-8000-000000000002"])
def test_an_instance_is_found_by_part_of_its_id(portico: Portico, plot: Plot, capsys: Captured, typed: str) -> None:
    plot.add(an_instance(1), an_instance(2, S.FAILED))
    assert portico("instance", typed) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"id        {an_instance(2).id}"


def test_cancelling_takes_part_of_an_id(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.add(an_instance(1, S.RUNNING), an_instance(2, S.RUNNING))
    assert portico("cancel", "000000000002") == 0
    assert CancelInstances(id=an_instance(2).id) in plot.asked
    assert "cancelling" in capsys.readouterr().out


def test_what_has_ended_cannot_be_cancelled(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.add(an_instance(1, S.SUCCEEDED))
    assert portico("cancel", an_instance(1).id) == 1
    assert "has ended already: succeeded" in capsys.readouterr().err


def test_an_instance_between_its_firings_can_be_cancelled(portico: Portico, plot: Plot) -> None:
    plot.add(an_instance(1, S.SUCCEEDED, recurring=True))
    assert portico("cancel", an_instance(1).id) == 0
    assert CancelInstances(id=an_instance(1).id) in plot.asked


def test_cancelling_asks_for_what(portico: Portico, capsys: Captured) -> None:
    assert portico("cancel") == 2
    assert "say which instances" in capsys.readouterr().err


def test_logs_are_printed_whole(portico: Portico, plot: Plot, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    plot.add(a_run(1, RunState.RUNNING))
    plot.output = [b"\xff\x00 bytes that are no text, and many\n"]
    assert portico("logs", a_run(1, RunState.RUNNING).id) == 0
    assert capsysbinary.readouterr().out == plot.output[0]


def test_a_task_is_found_by_its_name(portico: Portico, plot: Plot, capsys: Captured) -> None:
    states = (RunState.FAILED, RunState.SUCCEEDED)
    plot.add(*(a_run(number, state, instance="web") for number, state in enumerate(states)))
    plot.add(a_run(7, RunState.RUNNING, instance="another"))
    assert portico("run", "web") == 0
    assert capsys.readouterr().out.splitlines()[0] == f"id        {a_run(1, RunState.SUCCEEDED).id}"
    plot.add(a_run(2, RunState.RUNNING, instance="web"), a_run(3, RunState.KILLED, instance="web"))
    assert portico("run", "web") == 0
    assert capsys.readouterr().out.splitlines()[0] == f"id        {a_run(2, RunState.RUNNING).id}"
    assert portico("run", "nope") == 1
    assert capsys.readouterr().err == "portico: no Run, no instance and no task nope\n"


def test_a_name_of_several_live_tasks_is_not_enough(portico: Portico, plot: Plot, capsys: Captured) -> None:
    live = [a_run(number, RunState.RUNNING, instance="web") for number in range(2)]
    plot.add(*live)
    assert portico("stop", "web") == 1
    told = capsys.readouterr().err
    assert told.startswith("2 live tasks are named web")
    assert all(task.id in told for task in live)


def test_logs_are_followed_to_the_end(
    portico: Portico, plot: Plot, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico.cli.runs.LOOK_EVERY_SECONDS", 0.01)
    run_ = a_run(1, RunState.RUNNING)
    plot.add(run_, an_instance(1, S.RUNNING, attempt=run_.id))
    plot.output = [b"one\n", b"two, which is longer\n", b"", b"three"]
    assert portico("logs", "-f", an_instance(1).id) == 0
    assert capsysbinary.readouterr().out == b"one\ntwo, which is longer\nthree"


@pytest.mark.parametrize("longest", [3, 1 << 20])
def test_logs_as_objects_are_one_a_line(
    portico: Portico, plot: Plot, capsys: Captured, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    monkeypatch.setattr("portico.cli.runs.LONGEST_LINE", longest)
    plot.add(a_run(1, RunState.RUNNING))
    plot.output = [b"one\n\nthe third line is in several pieces, \xff\nend"]
    assert portico("logs", "--json", a_run(1, RunState.RUNNING).id) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(record["id"], record["file"], record["state"]) for record in told} == {
        (a_run(1, RunState.RUNNING).id, "stdout", "running")
    }
    lines = [record["line"] for record in told]
    assert "".join(lines) == "onethe third line is in several pieces, \N{REPLACEMENT CHARACTER}end"
    assert (len(lines) == 4) is (longest > 100)
    assert all(record["created_at"] and record["door"] == "jobv1" for record in told)


def test_a_tail_of_less_than_nothing_is_misuse(portico: Portico, capsys: Captured) -> None:
    assert portico("logs", "--tail", "-1", "abcdef") == 2
    assert capsys.readouterr().err == "portico: --tail starts at 0\n"


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("lines", [0, 1, 2, 3, 4, 99])
def test_the_tail_is_the_last_lines(
    portico: Portico,
    plot: Plot,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    lines: int,
    end: str,
) -> None:
    monkeypatch.setattr("portico.cli.runs.TAIL_CHUNK", 5)
    texts = ["a", "", "ccccccccccccccccc", "d"]
    plot.add(a_run(1, RunState.RUNNING))
    plot.output = [("\n".join(texts) + end).encode()]
    assert portico("logs", "--tail", str(lines), a_run(1, RunState.RUNNING).id) == 0
    kept = "\n".join(texts[max(len(texts) - lines, 0) :])
    assert capsysbinary.readouterr().out == (kept + end if lines else "").encode()


def test_an_instance_without_a_run_has_no_logs(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.add(an_instance(1))
    assert portico("logs", an_instance(1).id) == 1
    assert "is waiting: it has no Run" in capsys.readouterr().err


def test_of_a_function_it_is_said_where_its_output_is(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.add(an_instance(1, S.SUCCEEDED))
    plot.functions = ["hello"]
    assert portico("logs", an_instance(1).id) == 1
    assert "it has no Run; what a function prints is in its worker's: portico runs --active" in capsys.readouterr().err


def test_events_end_with_the_moment_they_were_asked_for(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.happens = [an_instance(1, S.RUNNING), an_instance(1, S.FAILED), an_instance(2, S.FAILED)]
    plot.stays_open = True
    plot.revision = 9
    assert portico("events", "--after", "7", "--table", "instances") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [["8", "instances", "running"], ["9", "instances", "failed"]]


def test_events_of_other_tables_are_left_out(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.happens = [an_instance(1, S.RUNNING)]
    assert portico("events", "-f", "--table", "runs") == 0
    assert capsys.readouterr().out == ""


def test_nothing_new_is_nothing(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.stays_open = True
    assert portico("events", "--after", "7") == 0
    assert capsys.readouterr().out == ""


def test_events_that_do_not_come_are_not_waited_for(
    portico: Portico, plot: Plot, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico.cli.changes.QUIET_SECONDS", 0.05)
    plot.stays_open = True
    assert portico("events") == 0
    assert capsys.readouterr().out == ""


def test_events_as_objects(portico: Portico, plot: Plot, capsys: Captured) -> None:
    plot.happens = [an_instance(1, S.RUNNING)]
    assert portico("events", "-f", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["revision"], told["state"], told["record"]["kind"]) == (8, "running", "hello")
    assert told["created_at"]


def test_a_token_is_sent(plot: Plot, console: Path, tmp_path: Path, capsys: Captured) -> None:
    del plot
    (tmp_path / "token").write_text("s3cret\n")
    assert run(["kinds", "--token-file", str(tmp_path / "token"), "--data-dir", str(console)]) == 0
    (tmp_path / "token").write_text("")
    assert run(["kinds", "--token-file", str(tmp_path / "token"), "--data-dir", str(console)]) == 2
    assert "is empty" in capsys.readouterr().err
