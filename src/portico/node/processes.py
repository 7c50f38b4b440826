"""Processes as the kernel shows them: identity by (pid, start time), a look at the dead before they are reaped.

Promises: a peek never reaps; a pid is never trusted without its start time or a pidfd. Imports little, since the
keeper lives on it too.
"""

# ruff: noqa: PTH123, PTH208 — pathlib is more than the keeper may import
from __future__ import annotations

import ctypes
import os
import select
import signal
from typing import NamedTuple

_WAITID = {"x86_64": 247, "aarch64": 95, "riscv64": 95}.get(os.uname().machine)
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_FS = 0x200
_P_ALL, _P_PID = 0, 1
_PEEK = os.WEXITED | os.WNOHANG | os.WNOWAIT
_CLD_EXITED = 1
_TICK = os.sysconf("SC_CLK_TCK")

_libc = ctypes.CDLL(None, use_errno=True)


class _SigInfo(ctypes.Structure):
    """siginfo_t, 128 bytes, as waitid fills it in."""

    _fields_ = (
        ("signo", ctypes.c_int),
        ("errno", ctypes.c_int),
        ("code", ctypes.c_int),
        ("pad", ctypes.c_int),
        ("pid", ctypes.c_int),
        ("uid", ctypes.c_uint),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 100),
    )


class _Rusage(ctypes.Structure):
    """struct rusage, of which little is read here."""

    _fields_ = (
        ("user_seconds", ctypes.c_long),
        ("user_micros", ctypes.c_long),
        ("system_seconds", ctypes.c_long),
        ("system_micros", ctypes.c_long),
        ("max_rss", ctypes.c_long),
        ("rest", ctypes.c_long * 13),
    )


class Death(NamedTuple):
    """How a process ended: `code` is its exit code, or minus the signal that killed it; `peak_memory` in bytes."""

    pid: int
    code: int
    cpu_micros: int
    peak_memory: int


class Stat(NamedTuple):
    """What /proc/<pid>/stat says; `start` in clock ticks since boot."""

    state: str
    parent: int
    group: int
    session: int
    start: int


def become_subreaper() -> None:
    """Make orphans among the descendants children of this process."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare_directory() -> None:
    """Give the calling thread a working directory and umask of its own."""
    if _libc.unshare(_CLONE_FS) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def peek(pid: int = 0) -> Death | None:
    """Look at a dead child, any one without `pid`, and leave it unreaped; None when there is none."""
    if _WAITID is None:
        return _peek_plainly(pid)
    info, usage = _SigInfo(), _Rusage()
    kind = _P_PID if pid else _P_ALL
    result = _libc.syscall(_WAITID, kind, pid, ctypes.byref(info), _PEEK, ctypes.byref(usage))
    if result != 0 or info.pid == 0:
        return None
    cpu = (usage.user_seconds + usage.system_seconds) * 1_000_000 + usage.user_micros + usage.system_micros
    code = info.status if info.code == _CLD_EXITED else -info.status
    return Death(info.pid, code, cpu, usage.max_rss << 10)


def _peek_plainly(pid: int) -> Death | None:
    """Peek without resource usage, where the system call's number is not known."""
    try:
        info = os.waitid(os.P_PID if pid else os.P_ALL, pid, _PEEK)
    except ChildProcessError:
        return None
    if info is None:
        return None
    return Death(info.si_pid, info.si_status if info.si_code == os.CLD_EXITED else -info.si_status, 0, 0)


def reap(pid: int) -> None:
    """Take a dead child off the process table."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # it was never ours, or is gone already


def read_stat(pid: int) -> Stat | None:
    """Read the identity of a process, dead ones that are not reaped included; None when there is none."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        text = os.read(fd, 1024)
    except ProcessLookupError:
        return None
    finally:
        os.close(fd)
    fields = text[text.rindex(b")") + 2 :].split(b" ", 20)
    return Stat(fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def start_time(pid: int) -> int:
    """Give the clock tick since boot at which the process started; 0 when there is none."""
    stat = read_stat(pid)
    return stat.start if stat is not None else 0


def open_process(pid: int, start: int) -> int | None:
    """Open a pidfd on exactly this process; None when it is gone, even if its pid is in use again."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if start_time(pid) != start:
        os.close(fd)
        return None
    return fd


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False when nobody is there any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def children(pid: int) -> list[int]:
    """List the children of a process of any thread."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as listing:
                found.extend(int(child) for child in listing.read().split())
    except FileNotFoundError:
        return found
    return found


def environment(pid: int) -> dict[bytes, bytes]:
    """Read the environment a process was started with; empty for the dead and for those of others."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as listing:
            pairs = (item.partition(b"=") for item in listing.read().split(b"\0"))
            return {name: value for name, _, value in pairs if name}
    except OSError:
        return {}


def boot_id() -> str:
    """Name this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as text:
        return text.read().strip()


def signal_name(number: int) -> str:
    """Name a signal as people know it."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Watch:
    """Tells which of the watched processes have died, each once; one descriptor for the event loop."""

    __slots__ = ("_epoll",)

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def fileno(self) -> int:
        """Give the descriptor that is readable when a watched process has died."""
        return self._epoll.fileno()

    def add(self, pidfd: int) -> None:
        """Watch a process; closing its pidfd ends the watch."""
        self._epoll.register(pidfd, select.EPOLLIN | select.EPOLLONESHOT)

    def dead(self) -> list[int]:
        """Give the pidfds of those that died since the last look."""
        return [fd for fd, _ in self._epoll.poll(0, 256)]

    def close(self) -> None:
        """Stop watching."""
        self._epoll.close()
