"""A switchboard ends with its process and as it does, and the process with its switchboard."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from node.boards import Boards

from portico.node import processes
from portico.node.switchboard import prefix


@pytest.mark.parametrize("attach", ["pipes", "tty"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_it_ends_as_its_process_ends(boards: Boards, attach: str, number: int) -> None:
    board = boards(attach, f"kill -{int(number)} $$")
    assert board.end() == -number


@pytest.mark.parametrize("attach", ["pipes", "tty"])
def test_a_signal_to_the_group_arrives_once(boards: Boards, attach: str) -> None:
    script = "trap 'echo told' TERM; echo ready; n=0; while [ $n -lt 40 ]; do sleep 0.01; n=$((n+1)); done; exit 5"
    board = boards(attach, script)
    while b"ready" not in board.out:
        os.sched_yield()
    os.killpg(board.process.pid, signal.SIGTERM)
    assert board.end() == 5
    assert board.out.count(b"told") == 1


@pytest.mark.parametrize("attach", ["pipes", "tty"])
def test_killing_it_kills_its_process(boards: Boards, attach: str) -> None:
    board = boards(attach, "echo $$; exec sleep 100")
    while not board.out.endswith(b"\n"):
        os.sched_yield()
    child = os.pidfd_open(int(board.out))
    os.killpg(board.process.pid, signal.SIGKILL)
    watch = processes.Watch()
    watch.add(child)
    while not (dead := watch.dead()):
        os.sched_yield()
    watch.close()
    os.close(child)
    assert dead == [child]


def test_what_is_left_behind_does_not_keep_it(boards: Boards) -> None:
    board = boards("pipes", "(while :; do echo more; done) & sleep 0.1; echo last; exit 2")
    assert board.end() == 2
    assert b"last\n" in board.out


def test_a_program_that_cannot_be_executed_says_so(tmp_path: Path) -> None:
    command = [*prefix("pipes", str(tmp_path)), "/no/such/program"]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, start_new_session=True)
    assert (ended.returncode, ended.stderr) == (127, b"/no/such/program: No such file or directory\n")
