"""The switchboard: stands between a Run's process and its sandbox's output files, so that others may attach to it.

It is the Run's process as the agent sees it; the real one is its child, with pipes or a terminal of its own. A program
of the standard library only, since it must start fast. It promises: what the child writes goes to the output files
first and to whoever attached then; a reader that does not read is cut off before the child waits for it; it ends as its
child ends, with the same exit code or signal. A session is the exception it makes: the child starts when the session
has attached, waits for it as for any pipe, and is killed when it leaves.

A container is started by its runtime: there the switchboard stands beside the process instead of above it.
"""

# ruff: noqa: PTH104, PTH108 — pathlib is more than this may import
from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time

from portico.node.switchboard_child import CHUNK, Child, Ends, Neighbour, end_like
from portico.node.switchboard_lines import (
    INPUT,
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

BESIDE = "--beside"
"""Says that the process runs already, and that our standard descriptors are its other ends."""

MOST_LINES = 32
PENDING_INPUT = 64 << 10
SESSION_PATIENCE = 60.0
"""Seconds after which a session that takes nothing counts as gone, and in which it must first attach."""

READER_PATIENCE = 0.2
"""Seconds that a reader who is far behind may take nothing."""

READER_BUDGET = 5.0
"""Seconds that the process may wait, over all of its life, for one reader that reads more slowly than it writes."""

_BEHIND = {SESSION: 256 << 10}
_FAR_BEHIND = 1 << 20
"""Bytes that a line may be behind before the process waits for it."""

LAST_WORDS = 1.0
"""Seconds that readers have to take the rest once the process has ended."""

_FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def prefix(attach: str, sandbox: str, window: tuple[int, int] = (0, 0)) -> tuple[str, ...]:
    """Give what goes before the command of a Run that can be attached to; nothing for one that cannot.

    `window` is the rows and columns of its terminal; without both it has the usual ones.
    """
    if not attach:
        return ()
    size = f"@{window[0]}x{window[1]}" if all(window) else ""
    return (sys.executable, "-I", "-m", "portico.node.switchboard", f"{attach}{size}", sandbox)


class Switchboard:
    """One Run's process, its readers and its writer."""

    def __init__(self, child: Ends, sandbox: str, argv: list[str], *, session: bool) -> None:
        self._argv = argv
        self._session = session
        self._child = child
        self._lines: list[Line] = []
        self._told = 0
        self._ears, self._mouth = socket.socketpair()
        for end in (self._ears, self._mouth):
            end.settimeout(0)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in _FORWARDED:
            signal.signal(number, self._signalled)
        self._directory = os.open(sandbox, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._door = self._listen()

    def run(self) -> int:
        """Serve until the process has ended and its last words are out; give its wait status."""
        if not self._session:
            self._child.start(self._argv)
        until = time.monotonic() + SESSION_PATIENCE
        while not self._child.pid:
            self._turn(until - time.monotonic())
            if self._told or time.monotonic() > until:
                self._child.kill()
                return self._told or 1 << 8
        while self._child.status is None:
            self._turn()
            self._child.reap()
        self._drain()
        self._part()
        return self._child.status

    def close(self) -> None:
        """Take the socket away."""
        self._door.close()
        try:
            os.unlink(SOCKET, dir_fd=self._directory)
        except FileNotFoundError:
            return  # the Run tidied up

    def _listen(self) -> socket.socket:
        door = socket.socket(socket.AF_UNIX)
        door.settimeout(0)
        # A path of any length is too long for a socket's name; this one is short.
        path = f"/proc/self/fd/{self._directory}/{SOCKET}"
        draft = f"{path}.new"
        if os.path.lexists(draft):
            os.unlink(draft)
        before = os.umask(0o177)
        door.bind(draft)
        os.umask(before)
        door.listen(MOST_LINES)
        os.rename(draft, path)  # nobody finds it before it listens
        return door

    def _signalled(self, number: int, _frame: object) -> None:
        if self._child.pid and self._child.status is None:
            self._child.signal(number)
        else:
            self._told = number

    # ---- one turn of the loop ----------------------------------------------------------------------------------

    def _turn(self, seconds: float | None = None) -> None:
        slow = [line for line in self._lines if _is_slow(line)]
        if slow:
            seconds = min(_patience(line) for line in slow)
        began = time.monotonic()
        happened = dict(self._poll(waiting=bool(slow)).poll(None if seconds is None else max(0.0, seconds) * 1000))
        for line in slow:
            line.cost += time.monotonic() - began
        self._serve(happened)

    def _poll(self, *, waiting: bool) -> select.poll:
        """Say what to look out for; `waiting` leaves the process's output where it is."""
        poll = select.poll()
        poll.register(self._ears, select.POLLIN)
        poll.register(self._door, select.POLLIN)
        child = self._child
        if child.bell >= 0 and child.status is None:
            poll.register(child.bell, select.POLLIN)
        if not waiting and child.pid:
            for output in child.outputs:
                poll.register(output, select.POLLIN)
        if child.wants_input:
            poll.register(child.input, select.POLLOUT)
        for line in self._lines:
            mask = select.POLLOUT if line.behind else 0
            if line.role != WRITER or child.pending < PENDING_INPUT:
                mask |= select.POLLIN
            poll.register(line.connection, mask)
        return poll

    def _serve(self, happened: dict[int, int]) -> None:
        child = self._child
        if self._ears.fileno() in happened:
            self._ears.recv(CHUNK)
        for output in [output for output in child.outputs if output in happened]:
            self._tell(output)
        if child.input in happened:
            child.write()
        for line in list(self._lines):
            events = happened.get(line.connection.fileno(), 0)
            if events & select.POLLOUT:
                line.flush()
            if line.open and events & ~select.POLLOUT:
                self._hear(line)
        if self._door.fileno() in happened:
            self._admit()
        self._dismiss()

    def _admit(self) -> None:
        try:
            connection, _ = self._door.accept()
        except BlockingIOError:
            return
        if len(self._lines) == MOST_LINES:
            connection.close()
            return
        self._lines.append(Line(connection))

    def _hear(self, line: Line) -> None:
        for kind, data in line.receive():
            if not line.role:
                self._take(line, kind, data)
            elif kind == INPUT and line.role == WRITER:
                self._child.feed(data)
            elif kind == SIZE and line.role in (WRITER, SESSION):
                self._resize(data)
            else:
                line.close()

    def _take(self, line: Line, role: bytes, data: bytes) -> None:
        """Give a line the role it asks for."""
        reason = b""
        if role not in (READER, SESSION, WRITER):
            reason = b"no such role"
        elif role == WRITER and any(other.role == WRITER for other in self._lines):
            reason = b"it has a writer"
        elif role == SESSION and not self._session:
            reason = b"it is no session"
        elif role == SESSION and self._child.pid:
            reason = b"its session is taken"
        if reason:
            line.send(REFUSED, reason)
            line.close()
            return
        line.role = role
        line.send(TAKEN)
        if role == SESSION:
            self._resize(data)
            self._child.start(self._argv)

    def _resize(self, data: bytes) -> None:
        if len(data) == ROWS_COLUMNS.size:
            rows, columns = ROWS_COLUMNS.unpack(data)
            self._child.resize((rows, columns))

    def _tell(self, output: int) -> bytes:
        """Pass on what the process wrote."""
        kind, file = self._child.outputs[output]
        data = self._child.read(output)
        if data:
            _write(file, data)
            for line in self._lines:
                if line.open and line.role in (READER, SESSION):
                    line.send(kind, data)
        return data

    def _dismiss(self) -> None:
        """Let go of lines that ended, and cut off those that do not read; a session takes its process along."""
        for line in self._lines:
            if line.open and _is_slow(line) and _is_spent(line):
                line.close()
        gone = [line for line in self._lines if not line.open]
        self._lines = [line for line in self._lines if line.open]
        if any(line.role == SESSION for line in gone) and self._child.status is None:
            self._child.kill()

    # ---- the end -----------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Take what the process wrote before it ended; what it left behind may go on writing for ever."""
        for output in list(self._child.outputs):
            left = _FAR_BEHIND
            while left > 0 and (data := self._tell(output)):
                left -= len(data)

    def _part(self) -> None:
        """Tell everyone that it is over, and wait a while for them to take it."""
        self._child.outputs.clear()
        for line in self._lines:
            line.send(OVER)
        began = time.monotonic()
        while not self._told:
            waited = time.monotonic() - began
            owed = [line for line in self._lines if line.open and line.behind]
            if not any(line.role == SESSION or waited < LAST_WORDS for line in owed):
                return
            self._turn(LAST_WORDS)


def _is_slow(line: Line) -> bool:
    """Tell whether a line is so far behind that the process must wait for it."""
    return line.behind > _BEHIND.get(line.role, _FAR_BEHIND)


def _patience(line: Line) -> float:
    return SESSION_PATIENCE if line.role == SESSION else READER_PATIENCE


def _is_spent(line: Line) -> bool:
    """Tell whether the process has waited long enough for a slow line."""
    if time.monotonic() - line.took_at > _patience(line):
        return True
    return line.role != SESSION and line.cost > READER_BUDGET


def _write(file: int, data: bytes) -> None:
    """Put output on file. A full disk costs what did not fit, as it costs a program that does not look."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        return


def main() -> None:
    """Be the switchboard that the command line describes: how to attach and the size of the terminal, the sandbox, and
    the real command or BESIDE and a pid."""
    attach, sandbox, *argv = sys.argv[1:]
    attach, _, size = attach.partition("@")
    kind, _, manner = attach.partition("+")
    child: Ends
    if argv[0] == BESIDE:
        child, argv = Neighbour(int(argv[1]), sandbox, tty=kind == "tty"), []
    else:
        child = Child(tty=kind == "tty")
    if size:
        rows, _, columns = size.partition("x")
        child.size = int(rows), int(columns)
    switchboard = Switchboard(child, sandbox, argv, session=manner == "session")
    status = switchboard.run()
    switchboard.close()
    end_like(status)


if __name__ == "__main__":
    main()
