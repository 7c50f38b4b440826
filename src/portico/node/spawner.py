"""The spawner: prepares launches on the event loop and makes the processes on a thread of its own.

The thread has its own umask and, under cgroup v1, moves through the Runs' cgroups, so that a process is born where it
belongs, by one posix_spawn, without a helper between. It does next to nothing else: two threads that both want the
interpreter's lock after every system call take three times as long. Promises: what cannot be started is answered with
a sentence; a thread that is idle stands in no Run's cgroup; only a bounded number of launches is under way.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from portico.domain.errors import PorticoError
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Instant
from portico.domain.runs import Fault
from portico.node import processes, rlimits, switchboard
from portico.node.cgroups import Cgroups, Prepared
from portico.node.faults import fault_of, fault_of_call
from portico.node.programs import Programs, inherited_environment, run_environment
from portico.node.sandbox import Sandboxes
from portico.node.spawn_call import SpawnCall

UNDER_WAY = 32
"""Launches that the thread may have before it at once; each holds two open files."""

AT_ONCE = 8
"""Processes made before the loop is woken while more are waiting; a wake-up costs about a tenth of a launch."""

_PLAIN_UMASK = 0o022
_MYSELF = b"0"
"""What a thread writes into a `tasks` file to go there itself."""


class Launching(msgspec.Struct, frozen=True, gc=False):
    """An order with its place in the cgroups: own name and parent's name, empty for none."""

    order: LaunchOrder
    cgroup: str
    parent: str


class Spawned(msgspec.Struct, frozen=True, gc=False):
    """What became of a launch: a process, or an error with whose `fault` that is, if that is certain.

    `grouped` tells whether it may be in a cgroup of its own.
    """

    run: str
    token: int
    at: Instant
    pid: int = 0
    start: int = 0
    grouped: bool = False
    error: str = ""
    fault: Fault | None = None


class _Job:
    """One launch on its way through the thread."""

    __slots__ = (
        "at",
        "call",
        "directory",
        "enter",
        "error",
        "files",
        "grouped",
        "launching",
        "leave",
        "pid",
        "program",
        "umask",
    )

    def __init__(
        self, launching: Launching, call: SpawnCall, files: list[int], prepared: Prepared, place: tuple[str, str]
    ) -> None:
        self.launching = launching
        self.call = call
        self.files = files
        self.enter = files[2:]
        self.leave = frozenset(prepared.leave) if self.enter else frozenset()
        self.grouped = bool(prepared.enter or prepared.procs)
        self.program, self.directory = place
        self.umask = launching.order.spec.umask
        self.pid = self.error = self.at = 0


class Spawner:
    """Starts processes; `announce` is called from the thread when there is something to take."""

    def __init__(
        self, node: str, sandboxes: Sandboxes, cgroups: Cgroups, host_socket: str, announce: Callable[[], None]
    ) -> None:
        self._node = node
        self._sandboxes = sandboxes
        self._cgroups = cgroups
        self._host_socket = host_socket
        self._announce = announce
        self._programs = Programs()
        self._inherited = inherited_environment(os.environ)
        self._ways_out = {path: os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in cgroups.leave}
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._done: deque[_Job] = deque()
        self._announced = False
        self._under_way = 0
        self._umask = _PLAIN_UMASK
        self._joined: frozenset[str] = frozenset()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="spawner", daemon=True)

    @property
    def room(self) -> int:
        """Count the launches that may be submitted now."""
        return UNDER_WAY - self._under_way

    @property
    def idle(self) -> bool:
        """Tell whether every process that was made has been taken note of."""
        return not self._under_way

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, launching: Launching) -> Spawned | None:
        """Prepare a launch and have it made; gives an answer at once only if it cannot be."""
        try:
            job = self._prepare(launching)
        except (PorticoError, OSError, ValueError) as error:
            return _failed(launching, str(error), fault_of(error))
        self._under_way += 1
        self._jobs.put(job)
        return None

    def take(self) -> list[Spawned]:
        """Take what the thread has done; raises what ended it against its will."""
        self._announced = False
        taken: list[Spawned] = []
        while self._done:
            taken.append(self._conclude(self._done.popleft()))
        self._under_way -= len(taken)
        if self._failure is not None:
            raise self._failure
        return taken

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()
        _close([self._null, *self._ways_out.values()])

    def _prepare(self, launching: Launching) -> _Job:
        order = launching.order
        spec = order.spec
        place = self._sandboxes.create(order.run, spec.user)
        sandbox = str(place)
        directory = str(place / spec.working_directory) if spec.working_directory else sandbox
        environment = run_environment(order, sandbox, self._node, self._inherited, self._host_socket)
        program = self._programs.resolve(spec.argv[0], environment.get("PATH", ""), directory)
        prepared = Prepared()
        if launching.cgroup:
            prepared = self._cgroups.prepare(launching.cgroup, spec.limits, launching.parent)
        argv = list(spec.argv)
        prefix = rlimits.join_prefix(prepared.procs)
        prefix += switchboard.prefix(spec.attach, sandbox, spec.window)
        prefix += rlimits.prefix(spec.limits, spec.user, self._cgroups.version == "none", spec.rlimits)
        if prefix:
            carry: tuple[str, ...] = ()
            if spec.user:
                environment, carry = rlimits.hold_back(environment)
            argv[:1] = [*prefix, *carry, program]
            program = prefix[0]
        files = list(self._sandboxes.open_output(order.run))
        try:
            files.extend(os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in prepared.enter)
            call = SpawnCall(program, argv, environment, directory, (self._null, *files[:2]))
        except (OSError, ValueError):
            _close(files)
            raise
        return _Job(launching, call, files, prepared, (program, directory))

    def _conclude(self, job: _Job) -> Spawned:
        _close(job.files)
        if job.error:
            return _failed(job.launching, _explain(job), fault_of_call(job.error))
        order = job.launching.order
        start = processes.start_time(job.pid)
        return Spawned(order.run, order.token, Instant(job.at), job.pid, start, grouped=job.grouped)

    def _work(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 — a thread has nobody to raise to but the loop
            self._failure = error
            self._announce()

    def _serve(self) -> None:
        processes.unshare_directory()
        os.umask(self._umask)
        while (job := self._jobs.get()) is not None:
            self._make(job)
            self._done.append(job)
            pending = not self._jobs.empty()
            if not self._announced and (not pending or len(self._done) >= AT_ONCE):
                self._announced = True
                self._announce()
            if self._joined and not pending:
                self._leave(frozenset())

    def _make(self, job: _Job) -> None:
        try:
            if job.umask != self._umask:
                os.umask(job.umask)
                self._umask = job.umask
            if job.enter or self._joined:
                self._enter(job)
        except OSError as error:
            job.error = error.errno or -1
            return
        job.pid, job.error = job.call.make()
        job.at = time.time_ns() // 1000

    def _enter(self, job: _Job) -> None:
        """Move into the Run's groups, and out of those of the Run before that this one has none beside."""
        if self._joined - job.leave:
            self._leave(job.leave)
        for file in job.enter:
            os.write(file, _MYSELF)
        self._joined |= job.leave

    def _leave(self, but: frozenset[str]) -> None:
        for path in self._joined - but:
            os.write(self._ways_out[path], _MYSELF)
        self._joined &= but


def _failed(launching: Launching, error: str, fault: Fault | None) -> Spawned:
    """Answer with an error; a group that may have been made is for the loop to remove."""
    order, at = launching.order, Instant(time.time_ns() // 1000)
    return Spawned(order.run, order.token, at, grouped=bool(launching.cgroup), error=error, fault=fault)


def _explain(job: _Job) -> str:
    """Say what a launch failed on: the call itself only has a number."""
    if not Path(job.directory).is_dir():
        return f"no such working directory: {job.directory}"
    return f"{job.program}: {os.strerror(job.error)}"


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)
