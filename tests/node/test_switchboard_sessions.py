"""Switchboards whose process lives for one session."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from node.boards import Boards

from portico.node.switchboard_lines import (
    ROWS_COLUMNS,
    SESSION,
)

IMPATIENT = "import portico.node.switchboard as s; s.SESSION_PATIENCE = 0.2; s.main()"


def test_a_session_hears_everything_from_the_beginning(boards: Boards) -> None:
    board = boards("pipes+session", "echo first; echo second >&2; exit 7")
    assert board.call().refused(b"?") == b"no such role"
    session = board.call().as_(SESSION)
    assert session.rest() == (b"first\n", b"second\n", True)
    assert board.end() == 7


def test_a_session_has_its_terminals_size_from_the_beginning(boards: Boards) -> None:
    board = boards("tty+session", "stty size")
    assert board.call().as_(SESSION, ROWS_COLUMNS.pack(7, 70)).rest() == (b"7 70\r\n", b"", True)
    assert board.end() == 0


@pytest.mark.parametrize("attach", ["pipes+session", "tty+session"])
def test_a_session_that_leaves_takes_its_process_along(boards: Boards, attach: str) -> None:
    board = boards(attach, "echo here; exec sleep 100")
    session = board.call().as_(SESSION)
    assert board.call().refused(SESSION) == b"its session is taken"
    session.until(b"here")
    session.close()
    assert board.end() == -signal.SIGKILL


def test_a_process_waits_for_its_session_instead_of_losing_it(boards: Boards) -> None:
    board = boards("pipes+session", "head -c 6000000 /dev/zero; echo done >&2")
    session = board.call().as_(SESSION)
    while len(board.out) < 300_000:
        os.sched_yield()
    assert len(board.out) < 3_000_000
    assert session.rest() == (bytes(6_000_000), b"done\n", True)
    assert board.end() == 0


def test_a_session_that_takes_nothing_for_long_counts_as_gone(boards: Boards) -> None:
    impatient = (sys.executable, "-c", IMPATIENT, "pipes+session", ".")
    board = boards("", "cat /dev/zero", impatient)
    board.call().as_(SESSION)
    assert board.end() == -signal.SIGKILL


def test_a_session_that_never_comes_is_not_waited_for(boards: Boards) -> None:
    impatient = (sys.executable, "-c", IMPATIENT, "pipes+session", ".")
    board = boards("", "echo started", impatient)
    assert board.end() == 1
    assert board.out == b""


def test_a_stop_before_the_session_came_is_its_end(boards: Boards) -> None:
    board = boards("pipes+session", "echo started")
    os.killpg(board.process.pid, signal.SIGTERM)
    assert board.end() == -signal.SIGTERM
    assert board.out == b""
