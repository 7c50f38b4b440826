"""The starter: a thread with mounts of its own, from which runtimes are started.

In its list of mounts the root of a container is put together and seen by nobody else, and an empty v2 hierarchy of
control groups is out of sight. A container takes its own copy of that list when it starts; after that the thread's is
taken apart again. Under cgroup v1 the thread stands in the Run's groups while it starts a runtime, so that the runtime
and all that comes of it are born there. Promises: idle it stands in no Run's group; each job is answered once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from portico.node import processes
from portico.node.cgroup_contract import Cgroups, Prepared
from portico.node.containers import mounts
from portico.node.spawn_call import SpawnCall

log = logging.getLogger("portico.node")

_MYSELF = b"0"
_T = TypeVar("_T")


class Overlay:
    """The four directories of a root with a writable layer; `mounted` while the starter has it put together.

    The kernel moves the time of the last change of `upper` with whatever is made, removed or changed right in it, and
    everything that a container writes begins there.
    """

    __slots__ = ("_state", "lower", "mounted", "target", "upper", "work")

    def __init__(self, lower: str, upper: str, work: str, target: str) -> None:
        self.lower, self.upper, self.work, self.target = lower, upper, work, target
        self.mounted = False
        self._state: tuple[int, ...] = ()

    @property
    def untouched(self) -> bool:
        """Tell whether it is put together and nothing was written to it."""
        return self.mounted and self._look() == self._state and not os.listdir(self.upper)  # noqa: PTH208 — as below

    def mount(self) -> None:
        """Put it together; raises OSError."""
        mounts.mount_overlay(self.lower, self.upper, self.work, self.target)
        self.mounted = True
        self._state = self._look()

    def unmount(self) -> None:
        """Take it apart; whoever has a copy of the mount keeps it."""
        self.mounted = False
        mounts.unmount(self.target)

    def _look(self) -> tuple[int, ...]:
        facts = os.stat(self.upper)  # noqa: PTH116 — as above
        return facts.st_ctime_ns, facts.st_mode, facts.st_uid, facts.st_gid


class Starter:
    """Starts runtimes; used from one event loop."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._loop = asyncio.get_running_loop()
        self._ways_out = {path: os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in cgroups.leave}
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._work, name="starter", daemon=True)

    async def open(self) -> None:
        """Begin to work; raises OSError when this process may not have mounts of its own."""
        self._thread.start()
        await self._ready

    def close(self) -> None:
        """Finish what was asked for and end the thread."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()
        for handle in self._ways_out.values():
            os.close(handle)

    async def start(self, call: SpawnCall, overlay: Overlay | None, groups: Prepared) -> int:
        """Mount a root, if there is one to be, and make a process in the groups; gives its pid, or raises OSError."""
        return await self._do(lambda: self._start(call, overlay, groups))

    def release(self, overlay: Overlay) -> None:
        """Take a root apart again, soon; the container that was started on it keeps its own."""
        self._jobs.put(lambda: _take_apart(overlay, gone=False))

    def remove(self, overlay: Overlay) -> None:
        """Take a root apart, if it is not yet, and remove the directory where it was, soon."""
        self._jobs.put(lambda: _take_apart(overlay, gone=True))

    async def try_overlay(self, overlay: Overlay) -> None:
        """Put a root together and take it apart; raises OSError when that cannot be."""

        def once() -> None:
            overlay.mount()
            overlay.unmount()

        await self._do(once)

    def _start(self, call: SpawnCall, overlay: Overlay | None, groups: Prepared) -> int:
        if overlay is not None and not overlay.mounted:
            overlay.mount()
        try:
            for path in groups.enter:
                _put_myself(path)
            pid, number = call.make()
        finally:
            for way in groups.leave:
                os.write(self._ways_out[way], _MYSELF)
        if number:
            raise OSError(number, os.strerror(number))
        return pid

    async def _do(self, work: Callable[[], _T]) -> _T:
        done: asyncio.Future[_T] = self._loop.create_future()

        def carry_out() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 — the one who waits gets it
                self._tell(done, None, error)
            else:
                self._tell(done, result, None)

        self._jobs.put(carry_out)
        return await done

    def _tell(self, done: asyncio.Future[Any], result: object, error: Exception | None) -> None:
        def set_it() -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        with contextlib.suppress(RuntimeError):  # the loop ended first: nobody waits any more
            self._loop.call_soon_threadsafe(set_it)

    def _work(self) -> None:
        try:
            processes.unshare_directory()
            mounts.leave_mounts()
            mounts.hide_unified()
        except OSError as error:
            self._tell(self._ready, None, error)
            return
        self._tell(self._ready, None, None)
        while (job := self._jobs.get()) is not None:
            job()


def _take_apart(overlay: Overlay, *, gone: bool) -> None:
    try:
        if overlay.mounted:
            overlay.unmount()
        if gone:
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(overlay.target)  # noqa: PTH106 — this is done for each container
    except OSError as error:
        log.warning("a container's root stays put together: %s", error)


def _put_myself(path: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, _MYSELF)
    finally:
        os.close(handle)
