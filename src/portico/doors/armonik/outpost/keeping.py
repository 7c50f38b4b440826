"""Keeping one worker: it is started, checked, killed and started again here; an attached one is only waited for.

Promises that a worker's process group is gone when it is said to be stopped, and that a worker of ours ends with its
agent even if that is killed.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from portico.domain.errors import Unavailable
from portico.doors.armonik.outpost.calling import WorkerCalls, WorkerRun, listens
from portico.doors.armonik.outpost.quick import QuickDoor
from portico.doors.armonik.outpost.settings import Channel, Settings, SocketType
from portico.wire.armonik.worker_pb2 import ProcessRequest

log = logging.getLogger("portico.armonik")

FRESH_SECONDS = 5.0
"""An answer no older than this stands for a health check."""

_FIRST_LOOK = 0.02
_LATER_LOOK = 0.05
_LONGEST_LOOK = 0.5
_QUICK_LOOKS = 40
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class WorkerGone(Unavailable):
    """There is no healthy worker, and all tries to get one are used up."""


class WorkerKeeper:
    """One worker; `ready` before each use, `answered` after each answer, `doubt` when it may not be usable any more."""

    def __init__(self, settings: Settings, channel: Channel, environment: Mapping[str, str], quick: QuickDoor) -> None:
        self._settings = settings
        self._quick = quick
        self._channel = channel
        self._environment = dict(environment)
        self._child: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._calls: WorkerCalls | None = None
        self._answered_at = 0.0
        self._known = False  # whether any incarnation was ever healthy
        self._served = False  # whether this one was: then it is started again at once when it ends
        self._stuck = False  # whether a worker that only Portico can end, with its agent, hangs
        self.on_death: Callable[[], None] = _nothing

    def process(self, request: ProcessRequest, seconds: float | None) -> WorkerRun:
        """Let a worker that is ready carry out a task."""
        assert self._calls is not None
        return self._quick.process(request, seconds) or self._calls.process(request, seconds)

    @property
    def ours(self) -> bool:
        """Tell whether the worker is started here."""
        return bool(self._settings.command)

    @property
    def gone(self) -> bool:
        """Tell whether the worker is ours and does not live."""
        if not self.ours:
            return False
        return self._child is None or self._child.returncode is not None or _has_ended(self._child.pid)

    @property
    def fresh(self) -> bool:
        """Tell whether the worker has answered a short while ago, and nothing speaks against it."""
        age = asyncio.get_running_loop().time() - self._answered_at
        return self._calls is not None and age < FRESH_SECONDS and not self.gone

    def answered(self) -> None:
        """Note that the worker has just answered."""
        self._answered_at = asyncio.get_running_loop().time()

    async def ready(self) -> None:
        """Return when the worker is healthy, after starting it where need be; raises WorkerGone.

        An attached worker that was healthy once is waited for without end, unless Portico started it beside this agent:
        one that hangs is made anew only together with its agent."""
        ail = "it hangs" if self._stuck else "it is not there"
        attempt = 0
        while not self._stuck and (attempt < self._settings.check_retries or (self._known and not self.ours)):
            attempt = min(attempt + 1, self._settings.check_retries)
            await self._begin()
            ail = await self._look(self._settings.check_delay * attempt)
            if not ail:
                self._known = self._served = True
                self.answered()
                return
            log.warning("the worker is not healthy: %s", ail)
        raise WorkerGone(f"the worker did not become healthy: {ail}")

    async def settle(self, run: WorkerRun, seconds: float) -> None:
        """After a task was cancelled: let the worker prove within so many seconds that it is free; kill it if not."""
        if not self.gone and await run.settled(seconds):
            self.answered()
        else:
            await self.kill()

    async def kill(self) -> None:
        """Kill the worker with all its group; only forget about it when it is not ours."""
        await self.forget()
        self._stuck = not self.ours and bool(self._settings.run)
        if self._child is not None:
            self._signal(signal.SIGKILL)
            await self._child.wait()

    async def stop(self) -> None:
        """End the worker: SIGTERM, and SIGKILL after the grace."""
        await self.forget()
        if self._child is None:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._settings.stop_grace):
                await self._child.wait()
        except TimeoutError:
            log.warning("the worker did not end within %g s of SIGTERM", self._settings.stop_grace)
        self._signal(signal.SIGKILL)
        await self._child.wait()
        if self._watching is not None:
            await self._watching

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _signal(self, number: int) -> None:
        assert self._child is not None
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return

    async def _begin(self) -> None:
        """Start the worker when there is none."""
        if not self.gone:
            return
        await self.forget()
        if self._child is not None:
            self._signal(signal.SIGKILL)  # what it has left behind in its group
            code = await self._child.wait()
            log.warning("the worker ended with %s and is started again", code)
        if self._channel.type is SocketType.UNIX:
            Path(self._channel.address).unlink(missing_ok=True)  # noqa: ASYNC240 — once for each start
        self._served = False
        try:
            self._child = await asyncio.create_subprocess_exec(
                *self._settings.command,
                stdin=asyncio.subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        except OSError as error:
            raise WorkerGone(f"the worker cannot be started: {error}") from error
        self._watching = asyncio.get_running_loop().create_task(self._watch(self._child))

    async def _watch(self, child: asyncio.subprocess.Process) -> None:
        await child.wait()
        self.on_death()

    async def _look(self, seconds: float) -> str:
        """Look at the worker until it is healthy or the time is over; says what is wrong."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        pause, looks, ail = _FIRST_LOOK, 0, "nobody listens there"
        while True:
            if self.gone and self._served:
                await self._begin()
            elif self.gone:
                ail = "it has ended"
            elif self._calls is None and not await listens(self._channel):
                ail = "nobody listens there"
            else:
                ail = await self._check()
                if not ail:
                    return ""
            left = end - loop.time()
            if left <= 0:
                return ail
            looks += 1
            if looks > 1:
                pause = _LATER_LOOK if looks < _QUICK_LOOKS else min(_LONGEST_LOOK, pause * 1.5)
            await asyncio.sleep(min(pause, left))

    async def _check(self) -> str:
        if self._calls is None:
            self._calls = WorkerCalls(self._channel, self._quick.path)
        before = asyncio.get_running_loop().time()
        ail = await self._calls.ail(self._settings.check_timeout)
        if not ail:
            return ""
        if asyncio.get_running_loop().time() - before >= self._settings.check_timeout * 0.9:
            await self.kill()  # it accepts connections and does not answer: it hangs
        elif not self._calls.connected:
            await self.forget()
        return ail

    async def forget(self) -> None:
        """Close the channel; the next use makes a new one."""
        self._quick.drop()
        if self._calls is not None:
            calls, self._calls = self._calls, None
            await calls.close()


def _has_ended(pid: int) -> bool:
    """Tell whether a child has ended, even if the loop has not heard of it; it is left to the loop to reap."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _end_with_parent() -> None:
    """In the child, before it becomes the worker: be killed when the agent ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _nothing() -> None:
    """Do nothing."""
