from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doors.jobv1.outpost.rig import Rig

from portico.domain.frames import CallKey, Invoke, Refused, Shutdown

KINDS = """
import asyncio, os, sys, time
from pathlib import Path

@portico.kind
def add(left: int, right: int = 10) -> int:
    return left + right

@portico.kind("say")
def _say(word):
    print("said", word)
    return ["said", word]

@portico.kind
def wait_at(gate: Path):
    gate.read_text()
    with open("passed", "a") as file:
        file.write(f"{gate.name}\\n")
    return "passed"

@portico.kind
def spin_until(flag: Path):
    while not flag.exists():
        pass

@portico.kind
def fail(message):
    raise LookupError(message)

@portico.kind
def give_up():
    raise portico.Permanent("no use")

@portico.kind
def leave(how):
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "hard":
        os._exit(7)
    sys.exit(how)

@portico.kind
async def loop_of(how=""):
    await asyncio.sleep(0)
    if how:
        sys.exit(how)
    return str(id(asyncio.get_running_loop()))

@portico.kind
def big(size: int):
    return "x" * size

@portico.kind
def echo(text):
    return text

@portico.kind
def who(context: portico.Context, word):
    context.log.info("word %s", word)
    return context.call, context.kind, context.lease, word

@portico.kind
def fork(gate: Path):
    child = os.fork()
    if not child:
        gate.read_text()
        os._exit(0)
    return child
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**options: bool) -> Rig:
        made.append(Rig(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def invoke(call: str, function: str, *arguments: str, lease: int = 1) -> Invoke:
    return Invoke(call, lease, function, arguments)


def test_says_who_it_is_and_carries_out_calls_in_order(rig: Rig) -> None:
    rig.start(KINDS)
    control = rig.accept()
    hello = control.hello
    assert (hello.run, hello.token, hello.fleet, hello.secret) == ("run-1", 7, "python", "hush")
    assert (hello.holding, hello.running) == ((), "")
    control.ready()
    control.call(invoke("a", "add", "1", "2"), invoke("b", "say", "hi"), invoke("c", "add", "5"))
    ends = control.until_ended(3)
    assert set(control.begun) <= {"a", "b", "c"}  # told apart only where a call lasts
    assert [(end.call, end.results, end.error) for end in ends] == [
        ("a", ("3",), None),
        ("b", ("said", "hi"), None),
        ("c", ("15",), None),
    ]
    assert all(0 < end.started_at <= end.ended_at for end in ends)
    assert rig.output("out") == "said hi\n"


def test_ends_of_tiny_calls_travel_together_and_in_order(rig: Rig) -> None:
    control = rig.serve(KINDS)
    names = [f"c{place}" for place in range(300)]
    control.call(*(invoke(name, "echo", name) for name in names))
    control.until_ended(300)
    assert [end.results[0] for end in control.ended] == names
    told: set[str] = set()
    for report in control.reports:
        for end in report.ended:
            told.add(end.call)
        for key in report.begun:
            assert told == set(names[: names.index(key.call)])  # where a beginning is told, all ends before it are
    assert len(control.reports) <= 301


def test_works_over_tcp(make_rig: Callable[..., Rig]) -> None:
    control = make_rig(tcp=True).serve(KINDS)
    assert control.outcome(invoke("a", "add", "1", "2")).results == ("3",)


def test_failures_of_user_code_are_told_with_their_place(rig: Rig) -> None:
    control = rig.serve(KINDS)
    end = control.outcome(invoke("a", "fail", "no such thing"))
    head, *trace = end.error.splitlines()
    assert head == "LookupError: no such thing"
    assert 'rig_kinds.py", line' in trace[0]
    assert trace[-1].strip() == "raise LookupError(message)"
    assert not end.permanent
    assert len(control.outcome(invoke("b", "fail", "é" * 50_000)).error.encode()) <= 8192
    given_up = control.outcome(invoke("c", "give_up"))
    assert (given_up.error.splitlines()[0], given_up.permanent) == ("Permanent: no use", True)
    unknown = control.outcome(invoke("d", "nowhere"))
    assert (unknown.error, unknown.permanent) == ("kind nowhere is not loaded in this worker", False)


def test_arguments_that_do_not_fit_fail_for_good(rig: Rig) -> None:
    control = rig.serve(KINDS)
    wrong = control.outcome(invoke("a", "add", "x"))
    assert (wrong.error, wrong.permanent) == ("argument 1 (left: int): 'x' is not an integer", True)
    many = control.outcome(invoke("b", "add", "1", "2", "3"))
    assert many.error == "kind add takes 1 to 2 arguments (left: int, right: int), 3 given"


@pytest.mark.parametrize(
    ("function", "how", "error"),
    [
        ("leave", "3", "SystemExit: 3"),
        ("leave", "interrupt", "KeyboardInterrupt"),
        ("loop_of", "4", "SystemExit: 4"),
    ],
)
def test_leaving_the_interpreter_fails_the_call_only(rig: Rig, function: str, how: str, error: str) -> None:
    control = rig.serve(KINDS)
    end = control.outcome(invoke("a", function, how))
    assert (end.error.splitlines()[0], end.permanent) == (error, False)
    assert control.outcome(invoke("b", "loop_of")).error is None


def test_ending_the_process_ends_the_worker(rig: Rig) -> None:
    control = rig.serve(KINDS)
    control.call(invoke("a", "leave", "hard"))
    control.until_closed()
    assert control.ended == []
    assert rig.exit_code() == 7


def test_coroutines_share_one_event_loop(rig: Rig) -> None:
    control = rig.serve(KINDS)
    first = control.outcome(invoke("a", "loop_of"))
    second = control.outcome(invoke("b", "loop_of"))
    assert first.error is None
    assert first.results == second.results


def test_results_have_a_bound(rig: Rig) -> None:
    control = rig.serve(KINDS)
    fits = control.outcome(invoke("a", "big", str((1 << 20) - 1)))
    assert len(fits.results[0]) == (1 << 20) - 1
    end = control.outcome(invoke("b", "big", str(1 << 20)))
    assert (end.error, end.permanent) == ("result too large: 1048577 bytes exceed 1048576", True)


def test_a_context_tells_which_call_runs(rig: Rig) -> None:
    control = rig.serve(KINDS)
    assert control.outcome(invoke("a", "who", "?", "x", lease=4)).results == ("a", "who", "4", "x")
    assert control.outcome(invoke("b", "who", "x", lease=5)).results == ("b", "who", "5", "x")
    assert "INFO portico.kind.who [a] word x" in rig.output("err")


@pytest.mark.parametrize("hang", ["wait_at", "spin_until"])
def test_calls_are_given_back_while_another_hangs(rig: Rig, hang: str) -> None:
    control = rig.serve(KINDS)
    if hang == "wait_at":
        rig.gate("gate")
    control.call(
        invoke("hung", hang, "gate"), invoke("b", "add", "1"), invoke("c", "add", "2"), invoke("d", "add", "3")
    )
    control.until_begun("hung")
    control.recall("hung", "c", "unheard-of")
    assert control.until_returned(1) == [CallKey("c", 1)]
    control.recall("b")
    assert control.until_returned(2) == [CallKey("c", 1), CallKey("b", 1)]
    assert control.ended == []
    rig.release("gate")
    assert [end.call for end in control.until_ended(2)] == ["hung", "d"]
    assert control.begun[:1] == ["hung"]


def test_the_same_call_is_taken_once(rig: Rig) -> None:
    control = rig.serve(KINDS)
    rig.gate("gate")
    hung, other = invoke("a", "wait_at", "gate"), invoke("b", "echo", "x")
    control.call(hung, other)
    control.until_begun("a")
    control.call(hung, other)
    control.call(invoke("b", "echo", "newer", lease=2))
    assert control.until_returned(1) == [CallKey("b", 1)]
    rig.release("gate")
    control.until_ended(2)
    control.call(hung)
    assert control.outcome(invoke("c", "echo", "z")).results == ("z",)
    assert [(end.call, end.lease) for end in control.ended] == [("a", 1), ("b", 2), ("c", 1)]
    assert rig.output("passed") == "gate\n"


def test_a_running_call_outlives_the_connection(rig: Rig) -> None:
    first = rig.serve(KINDS)
    rig.gate("gate")
    first.call(invoke("a", "wait_at", "gate"), invoke("b", "echo", "x"))
    first.until_begun("a")
    rig.vanish()
    rig.listen()
    second = rig.accept()
    assert set(second.hello.holding) == {CallKey("a", 1), CallKey("b", 1)}
    assert second.hello.running == "a"
    second.ready()
    rig.release("gate")
    assert [(end.call, end.results) for end in second.until_ended(2)] == [("a", ("passed",)), ("b", ("x",))]
    second.acknowledge()
    assert second.outcome(invoke("c", "echo", "y")).results == ("y",)
    assert len(second.ended) == 3
    assert rig.output("passed") == "gate\n"


def test_an_end_is_told_until_it_is_acknowledged(rig: Rig) -> None:
    rig.gate("gate")
    first = rig.serve(KINDS)
    first.call(*(invoke(f"e{place}", "echo", str(place)) for place in range(20)), invoke("a", "wait_at", "gate"))
    first.until_begun("a")
    assert len(first.ended) == 20
    rig.vanish()
    rig.release("gate")  # the call ends while there is no control
    rig.listen()
    second = rig.accept()
    assert len(second.hello.holding) == 21
    second.ready()
    ends = second.until_ended(21)
    assert [(end.call, end.results) for end in ends] == [
        *((f"e{place}", (str(place),)) for place in range(20)),
        ("a", ("passed",)),
    ]
    assert rig.output("passed") == "gate\n"
    second.acknowledge()
    second.outcome(invoke("z", "echo", "the acknowledgement before this call was read"))
    second.drop()
    assert rig.accept().hello.holding in ((), (CallKey("z", 1),))


def test_nothing_begins_without_control(rig: Rig) -> None:
    rig.gate("gate")
    first = rig.serve(KINDS)
    first.call(invoke("a", "wait_at", "gate"), invoke("b", "say", "b"))
    first.until_begun("a")
    rig.vanish()
    rig.release("gate")
    rig.listen()
    second = rig.accept()  # said hello, not yet taken
    assert CallKey("b", 1) in second.hello.holding
    second.recall("b")
    assert second.until_returned(1) == [CallKey("b", 1)]
    second.ready()
    assert second.outcome(invoke("c", "echo", "c")).results == ("c",)
    assert "b" not in second.begun
    assert rig.output("out") == ""


def test_full_pipes_in_both_directions_do_not_lock_up(rig: Rig) -> None:
    control = rig.serve(KINDS)
    text = "x" * 20_000
    for part in range(2):
        # Nothing is read while this is written: the worker must take it although it cannot write.
        control.call(*(invoke(f"{part}-{place}", "echo", text) for place in range(200)))
    ends = control.until_ended(400)
    assert all(end.results == (text,) for end in ends)


def test_a_termination_signal_ends_it_at_once(rig: Rig) -> None:
    control = rig.serve(KINDS)
    control.call(invoke("a", "spin_until", "never"))
    control.until_begun("a")
    rig.process.send_signal(signal.SIGTERM)
    assert rig.exit_code() == -signal.SIGTERM
    control.until_closed()
    assert control.ended == []


def test_shuts_down_when_idle(rig: Rig) -> None:
    control = rig.serve(KINDS)
    control.send(Shutdown(stop_runs=False))
    assert rig.exit_code() == 0


def test_shuts_down_after_the_current_call(rig: Rig) -> None:
    control = rig.serve(KINDS)
    rig.gate("gate")
    control.call(invoke("a", "wait_at", "gate"), invoke("b", "echo", "x"))
    control.until_begun("a")
    control.send(Shutdown(stop_runs=False, grace=60_000_000))
    assert control.until_returned(1) == [CallKey("b", 1)]
    rig.release("gate")
    assert control.until_ended(1)[0].results == ("passed",)
    assert rig.process.poll() is None  # it waits for the acknowledgement
    control.acknowledge()
    assert rig.exit_code() == 0


def test_shuts_down_although_a_call_hangs(rig: Rig) -> None:
    control = rig.serve(KINDS)
    control.call(invoke("a", "spin_until", "never"))
    control.until_begun("a")
    control.send(Shutdown(stop_runs=False, grace=50_000))
    assert rig.exit_code() == 0
    assert "while call a still runs" in rig.output("err")


def test_a_refused_worker_ends_and_says_why(rig: Rig) -> None:
    rig.start(KINDS)
    rig.accept().send(Refused("the token is old"))
    assert rig.exit_code() == 3
    assert "the token is old" in rig.output("err")


def test_a_child_of_user_code_does_not_hold_the_link(rig: Rig) -> None:
    control = rig.serve(KINDS)
    rig.gate("gate")
    child = int(control.outcome(invoke("a", "fork", "gate")).results[0])
    try:
        rig.process.kill()
        control.until_closed()
        os.kill(child, 0)  # the child still lives
    finally:
        rig.release("gate")


def test_what_is_no_frame_costs_the_connection_only(rig: Rig) -> None:
    first = rig.serve(KINDS)
    first.link.sendall(b"\x00\x00\x00\x01\xc1")
    second = rig.accept().ready()
    assert second.outcome(invoke("a", "echo", "x")).results == ("x",)
