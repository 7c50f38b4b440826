"""Switchboards around terminals."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from node.boards import Board, Boards

from portico.node.switchboard import prefix
from portico.node.switchboard_lines import (
    INPUT,
    ROWS_COLUMNS,
    SIZE,
)


def test_a_terminal_leads_a_session_of_its_own(boards: Boards) -> None:
    program = "import os; open('/dev/tty').close(); print(os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpid(), os.get_terminal_size(0))"
    board = boards("tty", f'exec "{sys.executable}" -S -c "{program}"')
    assert board.end() == 0
    assert board.out == b"True True os.terminal_size(columns=80, lines=24)\r\n"


def test_a_terminal_has_the_size_it_was_asked_for(tmp_path: Path) -> None:
    command = prefix("tty", str(tmp_path), (33, 99))
    board = Board(tmp_path, "tty", "stty size", command)
    assert board.end() == 0
    assert board.out == b"33 99\r\n"
    board.close()
    assert prefix("tty", "/s", (33, 0)) == prefix("tty", "/s")
    assert prefix("", "/s", (33, 99)) == ()


def test_a_terminal_changes_its_size_and_says_so(boards: Boards) -> None:
    board = boards("tty", "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.02; done")
    reader, writer = board.reader(), board.writer()
    while b"ready" not in board.out:
        os.sched_yield()
    writer.say(SIZE, ROWS_COLUMNS.pack(50, 132))
    assert b"50 132\r\n" in reader.rest()[0]
    assert board.end() == 0


def test_a_terminal_takes_control_characters(boards: Boards) -> None:
    board = boards("tty", "echo ready; cat")
    reader, writer = board.reader(), board.writer()
    while b"ready" not in board.out:
        os.sched_yield()
    writer.say(INPUT, b"hello\r")
    reader.until(b"hello\r\nhello\r\n")
    writer.say(INPUT)  # no end of input: a terminal has a character for that
    writer.say(INPUT, b"\x03")
    assert reader.rest()[2]
    assert board.end() == -signal.SIGINT
