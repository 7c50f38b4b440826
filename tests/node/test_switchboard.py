"""Switchboards around real processes: pipes, terminals, readers that come and go, sessions."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from node.control import node, play, settled, shell, until

from portico.domain.runs import EndCause
from portico.node import processes
from portico.node.switchboard import prefix
from portico.node.switchboard_lines import (
    ERRORS,
    GREETING,
    HEAD,
    HELLO,
    INPUT,
    OUTPUT,
    OVER,
    READER,
    REFUSED,
    ROWS_COLUMNS,
    SESSION,
    SIZE,
    SOCKET,
    TAKEN,
    WRITER,
    Line,
)

IMPATIENT = "import portico.node.switchboard as s; s.SESSION_PATIENCE = 0.2; s.main()"


class Caller:
    """One connection to a switchboard."""

    def __init__(self, sandbox: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        try:
            self.socket.connect(str(sandbox / SOCKET))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")
        assert self.hear() == (HELLO, GREETING)

    def say(self, kind: bytes, data: bytes = b"") -> None:
        self.socket.sendall(HEAD.pack(kind, len(data)) + data)

    def hear(self) -> tuple[bytes, bytes]:
        head = self.file.read(HEAD.size)
        if len(head) < HEAD.size:
            return b"", b""
        kind, length = HEAD.unpack(head)
        return kind, self.file.read(length)

    def as_(self, role: bytes, data: bytes = b"") -> Caller:
        self.say(role, data)
        assert self.hear() == (TAKEN, b"")
        return self

    def refused(self, role: bytes) -> bytes:
        self.say(role)
        kind, reason = self.hear()
        assert kind == REFUSED
        return reason

    def rest(self) -> tuple[bytes, bytes, bool]:
        """Hear it out: output, errors, and whether it was told that it is over."""
        heard = {OUTPUT: bytearray(), ERRORS: bytearray()}
        while True:
            kind, data = self.hear()
            if kind in heard:
                heard[kind] += data
            else:
                return bytes(heard[OUTPUT]), bytes(heard[ERRORS]), kind == OVER

    def until(self, wanted: bytes) -> bytes:
        """Hear until something was said."""
        heard = b""
        while wanted not in heard:
            kind, data = self.hear()
            assert kind in (OUTPUT, ERRORS), (kind, heard)
            heard += data
        return heard

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Board:
    """A switchboard around a shell script, as the agent would start it."""

    def __init__(self, sandbox: Path, attach: str, script: str, program: tuple[str, ...] = ()) -> None:
        self.sandbox = sandbox
        self._callers: list[Caller] = []
        command = list(program or prefix(attach, str(sandbox)))
        with (sandbox / "stdout").open("ab") as out, (sandbox / "stderr").open("ab") as err:
            self.process = subprocess.Popen(
                [*command, "/bin/sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=sandbox,
                start_new_session=True,
            )
        while not (sandbox / SOCKET).exists() and self.process.poll() is None:
            os.sched_yield()

    def call(self) -> Caller:
        while True:
            try:
                caller = Caller(self.sandbox)
            except ConnectionRefusedError:  # bound and not listening yet
                continue
            self._callers.append(caller)
            return caller

    def reader(self) -> Caller:
        return self.call().as_(READER)

    def writer(self) -> Caller:
        return self.call().as_(WRITER)

    def end(self) -> int:
        return self.process.wait(10)

    @property
    def out(self) -> bytes:
        return (self.sandbox / "stdout").read_bytes()

    @property
    def err(self) -> bytes:
        return (self.sandbox / "stderr").read_bytes()

    def close(self) -> None:
        for caller in self._callers:
            caller.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Boards:
    def __init__(self, place: Path) -> None:
        self._place = place
        self.made: list[Board] = []

    def __call__(self, attach: str, script: str, program: tuple[str, ...] = ()) -> Board:
        sandbox = self._place / str(len(self.made))
        sandbox.mkdir()
        self.made.append(Board(sandbox, attach, script, program))
        return self.made[-1]


@pytest.fixture
def boards(tmp_path: Path) -> Iterator[Boards]:
    made = Boards(tmp_path)
    yield made
    for board in made.made:
        board.close()


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
    while not watch.dead():
        os.sched_yield()
    watch.close()
    os.close(child)


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


def test_the_terminal_of_a_run_has_its_window() -> None:
    async def story() -> None:
        async with node() as site:
            site.control.launch(shell("r", "stty size", attach="tty", window=(11, 22)))
            assert (await site.control.outcome("r")).exit_code == 0
            await settled(site, "r", b"11 22\r\n")

    play(story())


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


def test_what_is_left_behind_does_not_keep_it(boards: Boards) -> None:
    board = boards("pipes", "(while :; do echo more; done) & sleep 0.1; echo last; exit 2")
    assert board.end() == 2
    assert b"last\n" in board.out


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


def test_a_program_that_cannot_be_executed_says_so(tmp_path: Path) -> None:
    command = [*prefix("pipes", str(tmp_path)), "/no/such/program"]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, start_new_session=True)
    assert (ended.returncode, ended.stderr) == (127, b"/no/such/program: No such file or directory\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_whatever_is_said_a_line_gives_whole_frames_or_hangs_up(pieces: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    line = Line(ours)
    said = b"".join(pieces)
    heard: list[tuple[bytes, bytes]] = []
    with theirs:
        for piece in pieces:
            if line.open and piece:
                theirs.sendall(piece)
                heard += line.receive()
        assert (
            b"".join(HEAD.pack(kind, len(data)) + data for kind, data in heard)
            == said[: sum(HEAD.size + len(data) for _, data in heard)]
        )
    line.close()


def test_strangers_and_nonsense_cost_only_their_own_line(boards: Boards) -> None:
    board = boards("pipes", "cat")
    reader, writer = board.reader(), board.writer()
    for nonsense in (b"\xff" * 64, b"I\0\0\0\1x", b"R\0\0\0\0Z\0\0\0\4abcd", b"W\0"):
        caller = board.call()
        caller.socket.sendall(nonsense)
        caller.socket.shutdown(socket.SHUT_WR)
        while caller.hear()[0]:
            pass
    writer.say(INPUT, b"still here")
    writer.say(INPUT)
    assert reader.rest() == (b"still here", b"", True)
    assert board.end() == 0


# ---- under an agent ------------------------------------------------------------------------------------------------


def test_a_run_that_can_be_attached_to_is_a_run_like_any_other() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(
                shell("p", "read word; echo $word; pwd; exit 6", attach="pipes", capture=100),
                shell("t", "echo up; exec sleep 100", attach="tty"),
            )
            await control.runs("p", "t")
            sandbox = site.directory / "sandboxes" / "p"
            await until((sandbox / SOCKET).exists)
            await settled(site, "t", b"up\r\n")
            await site.kill_agent()
            caller = Caller(sandbox).as_(WRITER)
            caller.say(INPUT, b"hello\n")
            outcome = await control.outcome("p")
            caller.close()
            assert (outcome.cause, outcome.exit_code) == (EndCause.EXITED, 6)
            assert outcome.output == f"hello\n{sandbox}\n".encode()
            control.stop("t", grace=5)
            stopped = await control.outcome("t")
            assert (stopped.cause, stopped.signal) == (EndCause.STOPPED, signal.SIGTERM)

    play(story())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_run_of_another_user_has_its_own_rights_and_variables_only() -> None:
    async def story() -> None:
        async with node() as site:
            script = "id -u; echo $LD_PRELOAD; read word; echo got $word >&2"
            variables = {"LD_PRELOAD": "/no/such/library"}
            for attach in ("pipes", "tty"):
                site.control.launch(shell(attach, script, attach=attach, user="nobody", environment=variables))
                await site.control.runs(attach)
                sandbox = site.directory / "sandboxes" / attach
                await until((sandbox / SOCKET).exists)
                assert (sandbox / SOCKET).stat().st_uid == 0
                caller = Caller(sandbox).as_(WRITER)
                caller.say(INPUT, b"word\n")
                assert (await site.control.outcome(attach)).exit_code == 0
                caller.close()
                said = (sandbox / "stdout").read_bytes().split()
                assert str(pwd.getpwnam("nobody").pw_uid).encode() in said
                assert b"/no/such/library" in said

    play(story())
