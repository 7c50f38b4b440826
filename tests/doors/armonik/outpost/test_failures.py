"""Workers that die, hang, never come or overfill the disk: what is told, and that the next task finds a worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from doors.armonik.outpost.control import NAMING
from doors.armonik.outpost.rig import LEAN, WORKERS, Rig, eventually, gone

from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import CallOptions

SHORT = CallOptions(max_duration=200_000, max_retries=2, priority=1, partition="default")
PLAIN = {"PLAIN": "1"}
WAYS = pytest.mark.parametrize("way", [{}, PLAIN], ids=["quick", "plain"])


@WAYS
def test_a_worker_that_dies_fails_its_task_and_is_started_again(start, way):
    rig = start(environment=way)
    worker = rig.worker
    ending = rig.control.run(b"die")
    assert ending.verdict is Verdict.FAILED
    assert ending.error.startswith("Worker went down with error Unavailable:\n")
    assert rig.control.run(b"echo:x").verdict is Verdict.OK
    assert rig.worker != worker


def test_a_worker_that_dies_between_tasks_is_started_again(start):
    rig = start()
    worker = rig.worker
    rig.control.run(b"nothing")
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{worker}").exists())
    assert rig.control.run(b"echo:x").verdict is Verdict.OK


@WAYS
@pytest.mark.parametrize("payload", [b"wait:60", b"block:60"])
def test_an_overdue_task_is_a_timeout_and_its_worker_is_replaced(start, way, payload):
    rig = start(environment=way)
    worker = rig.worker
    overdue = rig.control.call(payload, options=SHORT)
    following = rig.control.call(b"echo:x")
    rig.control.assign(overdue, following)
    ending = rig.control.ending(overdue)
    assert (ending.verdict, ending.error) == (Verdict.TIMEOUT, "Deadline Exceeded")
    assert gone(worker)
    assert rig.control.ending(following).verdict is Verdict.OK


@WAYS
@pytest.mark.parametrize("seconds", [0, 99_999_999, 315_576_000_000])
def test_a_task_may_take_for_ever(start, way, seconds):
    options = CallOptions(max_duration=seconds * 1_000_000, max_retries=2, priority=1, partition="default")
    ending = start(environment=way).control.run(b"wait:0.1", options=options)
    assert ending.verdict is Verdict.OK


@WAYS
def test_a_running_task_is_withdrawn_and_its_worker_kept(start, way):
    rig = start(environment=way)
    worker = rig.worker
    call = rig.control.assign(rig.control.call(b"wait:60"))
    rig.control.until(lambda: rig.control.begun)
    rig.control.withdraw(call)
    assert rig.control.ending(call).verdict is Verdict.CANCELLED
    assert rig.control.run(b"echo:x").verdict is Verdict.OK
    assert rig.worker == worker


@WAYS
def test_a_withdrawn_task_that_hangs_costs_its_worker(start, way):
    rig = start(environment=way, options={"cancel-grace": "0.2"})
    worker = rig.worker
    call = rig.control.assign(rig.control.call(b"block:60"))
    rig.control.until(lambda: rig.control.begun)
    rig.control.withdraw(call)
    assert rig.control.ending(call).verdict is Verdict.CANCELLED
    assert gone(worker)
    assert rig.control.run(b"echo:x").verdict is Verdict.OK


def test_queued_tasks_are_withdrawn_and_given_back_at_once(start):
    rig = start()
    control = rig.control
    running, withdrawn, returned = control.call(b"wait:0.5"), control.call(b"nothing"), control.call(b"nothing")
    control.assign(running, withdrawn, returned)
    control.until(lambda: control.begun)
    control.withdraw(withdrawn)
    control.give_back(returned, running)
    assert control.ending(withdrawn).verdict is Verdict.CANCELLED
    control.until(lambda: [lease.call for lease in control.returned] == [returned.call])
    assert control.ending(running).verdict is Verdict.OK


def test_a_newer_lease_replaces_the_older(start):
    rig = start()
    control = rig.control
    running = control.call(b"wait:0.3")
    first = control.call(b"echo:1", lease=1_500)
    control.assign(running, first)
    control.until(lambda: control.begun)
    again = type(first)(
        first.call, 1_600, first.id, first.session, first.options, first.payload, first.outputs, first.dependencies
    )
    control.assign(again)
    control.assign(first)
    assert control.ending(again).verdict is Verdict.OK
    assert (first.call, first.lease) not in control.endings


def test_a_folder_with_a_limit_fails_the_task_that_overfills_it(start):
    rig = start(options={"folder-limit": "100000"})
    ending = rig.control.run(b"fill:200000")
    assert ending.verdict is Verdict.FAILED
    assert ending.error == "The task's folder held more than its 100000 bytes"
    too_much = rig.control.run(b"joined", needs=[b"x" * 200_000])
    assert too_much.verdict is Verdict.FAILED
    assert "may hold 100000 bytes" in too_much.error
    assert rig.control.run(b"large:200000").verdict is Verdict.FAILED
    assert rig.control.run(b"echo:x").verdict is Verdict.OK


@pytest.mark.parametrize("environment", [{}, {"PLAIN": "1"}])
def test_data_without_files_count_as_if_they_were_in_the_folder(start, environment):
    rig = start(options={"folder-limit": "1000"}, environment=environment)
    for _ in range(2):
        assert rig.control.run(b"echo:" + b"x" * 480).verdict is Verdict.OK
        ending = rig.control.run(b"echo:" + b"x" * 600)
        assert ending.verdict is Verdict.FAILED
        assert "1000 bytes" in ending.error
        assert "may hold 1000 bytes" in rig.control.run(b"nothing", needs=[b"x" * 600, b"x" * 600]).error


def test_small_data_are_files_only_for_a_worker_that_wants_them_so(start):
    rig = start()
    assert [rig.control.run(b"files").error for _ in range(2)][1] == "True "
    ending = rig.control.run(b"leave")
    assert ending.verdict is Verdict.FAILED
    call = rig.control.assign(rig.control.call(b"files"))
    assert rig.control.ending(call).error == f"True {NAMING.text(Kind.RESULT, call.payload.number)}"


def test_a_worker_that_cannot_be_started_ends_the_agent(tmp_path):
    rig = Rig(tmp_path, "/nonexistent/worker")
    try:
        assert rig.process.wait(15) == 1
        assert "cannot be started" in rig.log.read_text()
    finally:
        rig.close()


def test_a_worker_that_never_serves_ends_the_agent(tmp_path):
    rig = Rig(tmp_path, "false", options={"check-delay": "0.05", "check-retries": "2"})
    try:
        assert rig.process.wait(15) == 1
        assert "did not become healthy" in rig.log.read_text()
        assert not rig.control.hellos
    finally:
        rig.close()


def test_a_worker_that_is_unable_is_waited_for(start):
    assert start(sys.executable, str(WORKERS / "odd_worker.py"), "unable").control.run(b"").verdict is Verdict.OK


def test_a_worker_without_a_health_check_counts_as_healthy(start):
    assert start(sys.executable, str(WORKERS / "odd_worker.py"), "mute").control.run(b"").verdict is Verdict.OK


def test_an_answer_without_output_is_an_accident(start):
    ending = start(sys.executable, str(WORKERS / "odd_worker.py"), "empty").control.run(b"")
    assert (ending.verdict, ending.error) == (Verdict.FAILED, "Worker returned no output")


def test_a_worker_that_talks_garbage_fails_the_task(start):
    ending = start(sys.executable, str(WORKERS / "odd_worker.py"), "garbage").control.run(b"")
    assert ending.verdict is Verdict.FAILED
    assert ending.error.startswith("Worker returned error Internal:")


@pytest.mark.parametrize("socket_type", ["unixdomainsocket", "tcp"])
def test_an_attached_worker_is_waited_for_when_it_goes(tmp_path, socket_type):
    if socket_type == "tcp":
        worker, agent = (f"127.0.0.1:{free_port()}" for _ in range(2))
    else:
        worker, agent = str(tmp_path / "w"), str(tmp_path / "a")
    names = {
        "ComputePlane__WorkerChannel__Address": worker,
        "ComputePlane__WorkerChannel__SocketType": socket_type,
        "ComputePlane__AgentChannel__Address": agent,
        "ComputePlane__AgentChannel__SocketType": socket_type,
    }
    attached = subprocess.Popen(LEAN, env=os.environ | names)
    try:
        options = {
            "worker-address": worker,
            "agent-address": agent,
            "worker-socket-type": socket_type,
            "agent-socket-type": socket_type,
        }
        rig = Rig(tmp_path, options=options)
        try:
            rig.up()
            assert rig.control.run(b"many:3").verdict is Verdict.OK
            attached.kill()
            attached.wait()
            call = rig.control.assign(rig.control.call(b"echo:x"))
            attached = subprocess.Popen(LEAN, env=os.environ | names)
            rig.control.until(lambda: rig.control.endings.get((call.call, call.lease)), 15)
            assert rig.control.run(b"echo:x").verdict is Verdict.OK
            assert rig.term() == 0
            assert attached.poll() is None
        finally:
            rig.close()
    finally:
        attached.kill()
        attached.wait()


def test_a_worker_beside_a_pod_that_hangs_ends_the_pod(tmp_path):
    worker, agent = str(tmp_path / "w"), str(tmp_path / "a")
    names = {"ComputePlane__WorkerChannel__Address": worker, "ComputePlane__AgentChannel__Address": agent}
    beside = subprocess.Popen(LEAN, env=os.environ | names)
    try:
        options = {"worker-address": worker, "agent-address": agent}
        rig = Rig(tmp_path, options=options, environment={"PORTICO_RUN_ID": "r1", "PORTICO_RUN_TOKEN": "1"})
        try:
            rig.up()
            assert rig.control.run(b"many:3").verdict is Verdict.OK
            os.kill(beside.pid, signal.SIGSTOP)
            assert (
                rig.control.run(
                    b"echo:x", options=CallOptions(max_duration=500_000, max_retries=2, priority=1, partition="default")
                ).verdict
                is Verdict.TIMEOUT
            )
            assert rig.process.wait(15) == 1
        finally:
            rig.close()
    finally:
        beside.kill()
        beside.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_killed_agent_takes_its_worker_along(start):
    rig = start()
    worker = rig.worker
    rig.process.kill()
    rig.process.wait()
    eventually(lambda: gone(worker))
