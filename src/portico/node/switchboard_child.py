"""The real process behind a switchboard: its pipes or terminal, its input, its end.

Promises: nothing here waits for the process, and it waits for nobody but the reader of its input.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import stat
import struct
import termios
from abc import ABC, abstractmethod

from portico.node.switchboard_lines import ERRORS, OUTPUT

DEFAULT_SIZE = (24, 80)
CHUNK = 64 << 10
_PR_SET_PDEATHSIG = 1


class Ends(ABC):
    """Our ends of what a process reads and writes: `outputs` maps each to its kind of frame and its file.

    `pid` is 0 until the process has been started, `status` None until it has ended; `bell` is a descriptor that is
    readable then, if it needs one.
    """

    def __init__(self, taken: int, outputs: dict[int, tuple[bytes, int]], *, tty: bool) -> None:
        self.tty = tty
        self.pid = 0
        self.bell = -1
        self.status: int | None = None
        self.size = DEFAULT_SIZE
        self.input_ended = False
        self.input = taken
        self.outputs = outputs
        self._pending = bytearray()
        for ours in (self.input, *self.outputs):
            os.set_blocking(ours, False)

    @property
    def pending(self) -> int:
        """Count the bytes of input that it has not taken yet."""
        return len(self._pending)

    @property
    def wants_input(self) -> bool:
        """Tell whether there is something to do once it takes input."""
        return self.input >= 0 and bool(self._pending)

    def resize(self, size: tuple[int, int]) -> None:
        """Set the size of its terminal, if it has one."""
        self.size = size
        if self.tty and self.input >= 0:
            fcntl.ioctl(self.input, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def feed(self, data: bytes) -> None:
        """Give it input, once it takes it; nothing, for one with pipes, is the end of it."""
        if not data and not self.tty:
            self.input_ended = True
        if not self.input_ended:
            self._pending += data
        self.write()

    def write(self) -> None:
        """Hand over what it takes now."""
        while self.input >= 0 and self._pending:
            try:
                taken = os.write(self.input, self._pending[:CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self._close_input()  # it reads no more
                return
            del self._pending[:taken]
        if self.input_ended:
            self._close_input()

    def read(self, output: int) -> bytes:
        """Take what it wrote; b"" when there is nothing now, and the output is closed when there never will be."""
        try:
            data = os.read(output, CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno != errno.EIO:  # what a terminal says when nobody has its other side open
                raise
            data = b""
        if not data:
            del self.outputs[output]
            os.close(output)
        return data

    def _close_input(self) -> None:
        self._pending.clear()
        self.input_ended = True
        if self.input >= 0:
            os.close(self.input)
        self.input = -1

    # ---- what becomes of the process ---------------------------------------------------------------------------

    @abstractmethod
    def start(self, argv: list[str]) -> None:
        """Let it begin."""

    @abstractmethod
    def signal(self, number: int) -> None:
        """Pass a signal on to it."""

    @abstractmethod
    def kill(self) -> None:
        """Kill it, if it is there."""

    @abstractmethod
    def reap(self) -> None:
        """See whether it has ended."""


class Child(Ends):
    """A process of our own, which ends when we do; its ends are made before it is started."""

    def __init__(self, *, tty: bool) -> None:
        if tty:
            master, slave = os.openpty()
            self._theirs = (slave, slave, slave)
            super().__init__(os.dup(master), {master: (OUTPUT, 1)}, tty=True)
        else:
            (stdin, taken), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
            self._theirs = (stdin, stdout, stderr)
            super().__init__(taken, {out: (OUTPUT, 1), err: (ERRORS, 2)}, tty=False)

    def start(self, argv: list[str]) -> None:
        """Start it."""
        self.resize(self.size)
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            _become(argv, self._theirs, tty=self.tty, parent=parent)
        for end in set(self._theirs):
            os.close(end)

    def signal(self, number: int) -> None:
        """Pass a signal on to its group; with pipes that is our own, which has it already."""
        if not self.tty:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # its end is about to be seen

    def kill(self) -> None:
        """Kill its group; with pipes that is our own, so that we go the same way."""
        if self.pid and self.status is None:
            os.killpg(self.pid if self.tty else 0, signal.SIGKILL)

    def reap(self) -> None:
        """See whether it has ended."""
        if self.pid and self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None


class Neighbour(Ends):
    """The first process of a container, which somebody else has started and will reap.

    Our standard input and outputs are our ends of its own: of a terminal, or of three pipes. Its output goes to the
    files of its sandbox, opened here.
    """

    def __init__(self, pid: int, sandbox: str, *, tty: bool) -> None:
        self._pid = pid
        stdout = _open_file(sandbox, "stdout")
        if tty:
            super().__init__(os.dup(0), {0: (OUTPUT, stdout)}, tty=True)
        else:
            super().__init__(0, {1: (OUTPUT, stdout), 2: (ERRORS, _open_file(sandbox, "stderr"))}, tty=False)
        try:
            self._process = os.pidfd_open(pid)
        except ProcessLookupError:
            self._process = -1

    def start(self, argv: list[str]) -> None:
        """Listen from now on; it has begun, and waits as soon as it has written much."""
        assert not argv
        self.resize(self.size)
        self.pid, self.bell = self._pid, self._process

    def signal(self, number: int) -> None:
        """Leave it: whoever started it signals it."""

    def kill(self) -> None:
        """Kill it."""
        if self._process >= 0:
            try:
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            except ProcessLookupError:
                return  # it went by itself

    def reap(self) -> None:
        """See whether it has ended; how, is somebody else's to see."""
        if not self.pid or self.status is not None:
            return
        poll = select.poll()
        if self._process >= 0:
            poll.register(self._process, select.POLLIN)
        if self._process < 0 or poll.poll(0):
            self.status = 0


def _open_file(sandbox: str, name: str) -> int:
    """Open an output file for appending, and never what somebody may have put in its place."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(f"{sandbox}/{name}", flags)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.EINVAL, "not a plain file", name)
    return file


def _become(argv: list[str], ends: tuple[int, int, int], *, tty: bool, parent: int) -> None:
    """Be the real process, from the fork on."""
    try:
        if tty:
            os.setsid()
            fcntl.ioctl(ends[0], termios.TIOCSCTTY, 0)
            _die_with(parent)
        for number, end in enumerate(ends):
            os.dup2(end, number)
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(ignored, signal.SIG_DFL)
        os.execv(argv[0], argv)  # noqa: S606 — the command is the Run's own
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if error.errno == errno.ENOENT else 126)


def _die_with(parent: int) -> None:
    """Be killed when the switchboard is: the agent's signals to the Run's group do not reach another session."""
    import ctypes  # noqa: PLC0415 — slow to load, and only terminals need it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def end_like(status: int) -> None:
    """End with the exit code, or by the signal, of a wait status."""
    if os.WIFSIGNALED(status):
        import resource  # noqa: PLC0415 — rarely needed

        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the core to look at is the child's
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))
