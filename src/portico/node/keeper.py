"""The keeper: starts and restarts the agent, outlives it, and records the end of whatever the agent leaves behind.

It is a subreaper, so that Runs whose agent died become its children and their exit codes are not lost. Promises: what
it reaps is on file first; one keeper per directory; its end ends the agent but never a Run. It must never open a
connection, start a thread or import much: what does little does not die.

Contract with the agent: it inherits the read end of a pipe on which a byte arrives after each new record, and end of
file when the keeper is dead. The agent's exit code says what comes next: DONE and MISCONFIGURED end the keeper too,
anything else means a new agent.
"""

# ruff: noqa: PTH118 — pathlib is more than the keeper may import
from __future__ import annotations

import os
import signal
import sys
import time

from portico.node import processes
from portico.node.locking import AGENT_LOCK, KEEPER_LOCK, lock_holder, take_lock
from portico.node.reaped import Reaped, ReapedLog

DONE = 0
MISCONFIGURED = 78
ALREADY_KEPT = 75

FIRST_BACKOFF = 0.05
LONGEST_BACKOFF = 5.0
STEADY_AFTER = 10.0
PATIENCE = 5.0
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Keeper:
    """One keeper at work in one directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._log = ReapedLog(directory)
        self._listen, self._tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._agent = 0
        self._started = 0.0
        self._start_at = 0.0
        self._backoff = FIRST_BACKOFF
        self._stopping = False

    def run(self) -> int:
        """Keep the agent until it is done or this process is told to end; gives the exit code."""
        while True:
            if not self._agent and not self._stopping:
                self._start_when_due()
            caught = signal.sigtimedwait(_SIGNALS, self._pause())
            if caught is not None and caught.si_signo in (signal.SIGTERM, signal.SIGINT):
                self._stop_agent()
            ended = self._reap_all()
            if ended in (DONE, MISCONFIGURED):
                return ended
            if self._stopping and not self._agent:
                return DONE

    def _pause(self) -> float:
        """Give the seconds to sleep at most; deaths wake it earlier."""
        if self._stopping:
            if time.monotonic() >= self._start_at:
                os.kill(self._agent, signal.SIGKILL)
            return 0.2
        if self._agent:
            return 60.0
        return min(max(self._start_at - time.monotonic(), 0.0), 1.0)

    def _start_when_due(self) -> None:
        if time.monotonic() < self._start_at:
            return
        if lock_holder(os.path.join(self._directory, AGENT_LOCK)) is not None:
            self._start_at = time.monotonic() + 1.0  # the agent of a keeper that died still looks after its Runs
            return
        self._started = time.monotonic()
        self._agent = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "portico.node", "agent", "--directory", self._directory, "--pipe", "3"],
            dict(os.environ),
            file_actions=[(os.POSIX_SPAWN_DUP2, self._listen, 3)],
            setsigmask=[],
            setsigdef=[signal.SIGPIPE],
        )

    def _stop_agent(self) -> None:
        self._stopping = True
        self._start_at = time.monotonic() + PATIENCE
        if self._agent:
            os.kill(self._agent, signal.SIGTERM)

    def _reap_all(self) -> int | None:
        """Record and reap all dead; gives the exit code of the agent if it is among them."""
        ended = None
        while (death := processes.peek()) is not None:
            if death.pid == self._agent:
                ended = death.code
                self._agent_ended(death)
            else:
                now = time.time_ns() // 1000
                start = processes.start_time(death.pid)
                self._log.append(Reaped(death.pid, start, death.code, death.cpu_micros, death.peak_memory, now))
                self._ring()
            processes.reap(death.pid)
        return ended

    def _agent_ended(self, death: processes.Death) -> None:
        now = time.monotonic()
        self._agent = 0
        if now - self._started > STEADY_AFTER:
            self._backoff = FIRST_BACKOFF
        self._start_at = now + self._backoff
        self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)
        if death.code != DONE:
            _say(f"agent {death.pid} ended with {death.code}")

    def _ring(self) -> None:
        try:
            os.write(self._tell, b"r")
        except BlockingIOError:
            return  # a full pipe rings already


def _say(text: str) -> None:
    """Put a line on the log."""
    os.write(2, f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} keeper {os.getpid()} {text}\n".encode())


def keep(directory: str, announce: int | None = None) -> int:
    """Be the keeper of a directory; writes the pid to `announce` once it is."""
    lock = take_lock(os.path.join(directory, KEEPER_LOCK))
    if lock is None:
        _say(f"{directory} has a keeper already")
        return ALREADY_KEPT
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    processes.become_subreaper()
    keeper = Keeper(directory)
    if announce is not None:
        os.write(announce, b"%d\n" % os.getpid())
        os.close(announce)
    _say(f"keeps {directory}")
    return keeper.run()


def detach(directory: str) -> int:
    """Start a keeper that belongs to nobody, print its pid once it keeps, and come back; its log is keeper.log."""
    hear, tell = os.pipe()
    if os.fork():
        os.close(tell)
        pid = os.read(hear, 32)
        os.write(1, pid)
        return DONE if pid else ALREADY_KEPT
    os.close(hear)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(os.path.join(directory, "keeper.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    os.close(null)
    os.close(log)
    return keep(directory, tell)
