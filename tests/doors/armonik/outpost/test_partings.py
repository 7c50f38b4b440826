"""How an agent ends, and what becomes of a line that is lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from doors.armonik.outpost.rig import LEAN, WORKERS, Rig, eventually, gone, rig

from portico.domain.calls.frames import Lease, Verdict
from portico.domain.calls.values import SMALL

IMPATIENT = (
    "import sys, portico.doors.armonik.outpost.agent as agent; agent._REFUSAL_SECONDS = 0.0;"
    "from portico.doors.armonik.outpost.__main__ import main; sys.exit(main())"
)
"""An agent that control need not refuse for long."""


def lease(call):
    return Lease(call.call, call.lease)


def test_the_agent_says_who_it_is(start):
    (hello,) = start(environment={"PORTICO_RUN_ID": "run-1", "PORTICO_RUN_TOKEN": "5"}).control.hellos
    assert (hello.partition, hello.secret, hello.host, hello.run, hello.token) == (
        "default",
        "s3cret",
        "host",
        "run-1",
        5,
    )
    assert hello.pod.startswith("pod-")
    assert (hello.holding, hello.begun, hello.sequence) == ((), 0, 0)


@pytest.mark.parametrize("how", ["sigterm", "retire"])
def test_everything_is_returned_when_the_agent_is_told_to_end(start, how):
    rig = start(options={"finish-grace": "0.1"})
    control, worker = rig.control, rig.worker
    calls = [control.call(b"wait:60"), control.call(b"nothing"), control.call(b"nothing")]
    control.assign(*calls)
    control.until(lambda: control.begun)
    if how == "retire":
        control.retire()
        assert rig.process.wait(15) == 0
    else:
        assert rig.term() == 0
    assert sorted(control.returned, key=lambda one: one.call) == [lease(call) for call in calls]
    assert not control.endings
    assert [report.leaving for report in control.reports][-1]
    assert gone(worker)
    assert not rig.rooms()


def test_an_idle_agent_that_is_told_to_end_says_so_at_once(start):
    rig = start()
    rig.process.send_signal(signal.SIGTERM)
    rig.control.until(lambda: [report for report in rig.control.reports if report.leaving])
    assert rig.process.wait(15) == 0


def test_a_task_that_ends_within_the_grace_counts(start):
    rig = start(options={"finish-grace": "5"})
    call = rig.control.assign(rig.control.call(b"wait:0.3"))
    rig.control.until(lambda: rig.control.begun)
    assert rig.term() == 0
    assert rig.control.ending(call).verdict is Verdict.OK
    assert not rig.control.returned


def test_a_worker_that_ignores_sigterm_is_killed(start):
    stubborn = f"trap '' TERM; {sys.executable} {WORKERS / 'odd_worker.py'} mute"
    rig = start("sh", "-c", stubborn, options={"stop-grace": "0.2"})
    assert rig.control.run(b"").verdict is Verdict.OK
    worker = rig.worker
    assert rig.term() == 0
    assert gone(worker)


def test_an_agent_without_control_ends_all_the_same(start):
    rig = start()
    rig.control.shut()
    assert rig.term() == 0


def test_what_was_not_acknowledged_is_told_again(start):
    rig = start()
    control = rig.control
    control.acknowledge = False
    first = control.assign(control.call(b"echo:1"))
    control.ending(first)
    control.endings.clear()
    control.sequence = 0  # control has forgotten: it was not durable
    control.reports.clear()
    control.acknowledge = True
    control.drop()
    assert control.ending(first).verdict is Verdict.OK
    assert control.hellos[-1].sequence == 1
    assert lease(first) in control.hellos[-1].holding
    assert control.run(b"echo:2").verdict is Verdict.OK


def test_a_task_goes_on_while_the_line_is_lost(start):
    rig = start()
    control = rig.control
    running, queued = control.call(b"wait:0.4"), control.call(b"echo:x")
    control.assign(running, queued)
    control.until(lambda: control.begun)
    control.shut()
    control.reopen()
    control.until(lambda: len(control.hellos) == 2)
    hello = control.hellos[-1]
    assert hello.begun == running.call
    assert set(hello.holding) == {lease(running), lease(queued)}
    assert control.ending(running).verdict is Verdict.OK
    assert control.ending(queued).verdict is Verdict.OK


def test_nothing_begins_while_control_cannot_be_spoken_to(start):
    rig = start()
    control = rig.control
    running, queued = control.call(b"wait:0.1"), control.call(b"told")
    control.assign(running, queued)
    control.until(lambda: control.begun)
    control.shut()
    worker = rig.worker
    eventually(lambda: "the line to control ended" in rig.log.read_text())
    control.reopen()
    control.until(lambda: len(control.hellos) == 2)
    assert control.ending(queued).error.endswith(str(worker))


def test_an_upload_begins_anew_on_a_new_line(start):
    rig = start()
    control = rig.control
    stored = control._answer
    cut = []

    def answer(line, frame):
        if type(frame).__name__ == "StoreData" and not cut and control._uploads:
            cut.append(frame)
            line.transport.abort()
            return None
        return stored(line, frame)

    control._answer = answer
    ending = control.run(f"large:{5 << 20}".encode())
    assert cut
    assert control.bytes_of(ending.effects.data[0][1]) == b"x" * (5 << 20)


def test_data_are_asked_for_again_on_a_new_line(start):
    rig = start()
    control = rig.control
    fetched = control._answer
    cut = []

    def answer(line, frame):
        if type(frame).__name__ == "FetchData" and not cut:
            cut.append(frame)
            line.transport.abort()
            return None
        return fetched(line, frame)

    control._answer = answer
    ending = control.run(b"joined", needs=[b"q" * (SMALL + 1)])
    assert cut
    assert control.bytes_of(ending.effects.data[0][1]) == b"q" * (SMALL + 1)


def test_an_agent_that_is_refused_ends(tmp_path):
    rig = Rig(tmp_path, *LEAN)
    try:
        rig.control.refuse = "wrong secret"
        assert rig.process.wait(15) == 3
        assert "wrong secret" in rig.log.read_text()
    finally:
        rig.close()


def test_a_refusal_is_said_once_and_costs_no_worker(tmp_path):
    made = tmp_path / "made"
    rig = Rig(tmp_path, "sh", "-c", f"touch {made}; sleep 60")
    rig.control.refuse = "there is no partition 'default'"
    try:
        assert rig.process.wait(15) == 3
        assert rig.log.read_text().count("there is no partition 'default'") == 1
        assert not made.exists()
    finally:
        rig.close()


def test_an_agent_started_by_hand_outlives_its_partition_and_says_so_once(tmp_path):
    with rig(tmp_path, *LEAN, program=("-c", IMPATIENT)) as made:
        made.control.refuse, made.control.ready = "there is no partition 'default'", False
        made.control.drop()
        made.control.until(lambda: len(made.control.hellos) > 4)
        assert made.log.read_text().count("there is no partition 'default'") == 1
        made.control.refuse = ""
        made.control.until(lambda: made.control.ready)
        assert made.control.run(b"echo:x").verdict is Verdict.OK


def test_an_agent_that_is_a_run_ends_when_control_insists(tmp_path):
    environment = {"PORTICO_RUN_ID": "run-1", "PORTICO_RUN_TOKEN": "5"}
    with rig(tmp_path, *LEAN, program=("-c", IMPATIENT), environment=environment) as made:
        made.control.refuse = "no live Run run-1"
        made.control.drop()
        assert made.process.wait(15) == 3


def test_an_agent_that_was_taken_outlives_a_control_that_refuses_for_a_while(start):
    rig = start()
    rig.control.refuse, rig.control.ready = "starting", False
    rig.control.drop()
    rig.control.until(lambda: len(rig.control.hellos) > 3)
    rig.control.refuse = ""
    rig.control.until(lambda: rig.control.ready)
    assert rig.control.run(b"echo:x").verdict is Verdict.OK


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--link or PORTICO_ARMONIK_LINK must be given"),
        (["--link=nowhere", "--partition=p", "--", "true"], "neither unix:PATH nor tcp:HOST:PORT"),
    ],
)
def test_wrong_arguments_are_said(words, said):
    done = subprocess.run(
        [sys.executable, "-m", "portico.doors.armonik.outpost", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
