"""Switchboards around pipes: what goes in and comes out, for readers and writers that come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from node.boards import Boards

from portico.node.switchboard_lines import (
    INPUT,
    ROWS_COLUMNS,
    SIZE,
    SOCKET,
    TAKEN,
    WRITER,
)


def test_what_it_writes_is_on_file_and_with_everyone_who_reads(boards: Boards) -> None:
    board = boards("pipes", "read go; echo out; echo err >&2; exit 3")
    readers = [board.reader() for _ in range(5)]
    board.writer().say(INPUT, b"go\n")
    assert [reader.rest() for reader in readers] == [(b"out\n", b"err\n", True)] * 5
    assert board.end() == 3
    assert (board.out, board.err) == (b"out\n", b"err\n")
    assert not (board.sandbox / SOCKET).exists()


def test_the_end_of_input_is_an_end_of_file(boards: Boards) -> None:
    board = boards("pipes", "cat; echo done")
    reader, writer = board.reader(), board.writer()
    for piece in (b"one\n", b"two\n", b""):
        writer.say(INPUT, piece)
    assert reader.rest() == (b"one\ntwo\ndone\n", b"", True)
    assert board.end() == 0


def test_there_is_one_writer_at_a_time(boards: Boards) -> None:
    board = boards("pipes", "cat")
    reader, first = board.reader(), board.writer()
    assert board.call().refused(WRITER) == b"it has a writer"
    first.say(INPUT, b"first ")
    reader.until(b"first ")
    first.close()
    while True:  # the switchboard sees the end of the first one in its own time
        caller = board.call()
        caller.say(WRITER)
        if caller.hear()[0] == TAKEN:
            break
    caller.say(INPUT, b"second")
    caller.say(INPUT)
    assert reader.rest() == (b"second", b"", True)
    assert board.end() == 0


def test_input_beyond_what_the_process_takes_waits_and_is_not_lost(boards: Boards) -> None:
    board = boards("pipes", "wc -c")
    writer = board.writer()
    for _ in range(40):
        writer.say(INPUT, bytes(100_000))
    writer.say(INPUT)
    assert board.end() == 0
    assert board.out.strip() == b"4000000"


def test_input_that_nobody_reads_any_more_is_dropped(boards: Boards) -> None:
    board = boards("pipes", "exec <&-; echo deaf; trap 'exit 4' USR1; while :; do sleep 0.05; done")
    reader, writer = board.reader(), board.writer()
    while b"deaf" not in board.out:
        os.sched_yield()
    for _ in range(3):
        writer.say(INPUT, bytes(200_000))
    writer.say(SIZE, ROWS_COLUMNS.pack(1, 1))
    os.killpg(board.process.pid, signal.SIGUSR1)
    assert reader.rest()[2]
    assert board.end() == 4


def test_a_reader_that_does_not_read_is_cut_off_and_holds_nothing_up(boards: Boards) -> None:
    board = boards("pipes", "read go; head -c 8000000 /dev/zero; echo done >&2")
    idle, keen = board.reader(), board.reader()
    board.writer().say(INPUT, b"go\n")
    assert keen.rest() == (bytes(8_000_000), b"done\n", True)
    assert board.end() == 0
    assert len(board.out) == 8_000_000
    heard, _, over = idle.rest()
    assert len(heard) < 8_000_000
    assert not over


def test_readers_that_are_killed_leave_no_trace(boards: Boards) -> None:
    board = boards("pipes", "while read word; do echo $word; done")
    keen, writer = board.reader(), board.writer()
    for number in range(8):
        program = (
            "import socket, os, signal; s = socket.socket(socket.AF_UNIX); s.connect('.switchboard');"
            r"s.sendall(b'R\0\0\0\0'); print(len(s.recv(100)), flush=True); signal.pause()"
        )
        with subprocess.Popen([sys.executable, "-S", "-c", program], cwd=board.sandbox, stdout=subprocess.PIPE) as one:
            assert one.stdout is not None
            one.stdout.readline()
            one.kill()
        writer.say(INPUT, b"%d\n" % number)
        keen.until(b"%d\n" % number)
    writer.say(INPUT)
    assert keen.rest() == (b"", b"", True)
    assert board.end() == 0
