"""Becoming the parent of a container's first process.

A runtime that leaves its container to itself does so through helpers of its own, which end a moment after it. The
process is ours once its parent is; a helper is waited for by its pidfd and reaped. Promises: what is given back is our
child, or its end is an error; nothing is reaped that somebody else has to see.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from portico.domain.errors import Unavailable
from portico.node import processes


async def wait(pid: int, patience: float) -> int:
    """Wait for a child of ours and reap it; gives its exit code. One that takes too long is killed with its group."""
    handle = os.pidfd_open(pid)
    try:
        if not await _dead(handle, patience):
            processes.signal_group(pid, signal.SIGKILL)
            await _dead(handle, patience)
            processes.reap(pid)
            raise Unavailable(f"the container runtime took longer than {patience:g} s")
    finally:
        os.close(handle)
    death = processes.peek(pid)
    processes.reap(pid)
    return death.code if death is not None else 0


async def adopt(pid: int, patience: float) -> None:
    """Wait until a process is our child; raises Unavailable when it is gone before."""
    own = os.getpid()
    async with asyncio.timeout(patience):
        while True:
            stat = processes.read_stat(pid)
            if stat is None:
                raise Unavailable("the container was gone before it could be watched")
            if stat.parent == own:
                return
            await _outlive(stat.parent)


def reap_helpers(known: Callable[[int], bool]) -> None:
    """Reap dead children that neither lead a session nor belong to our own: no Run's process is like that."""
    session = os.getsid(0)
    for pid in processes.children(os.getpid()):
        if known(pid):
            continue
        stat = processes.read_stat(pid)
        if stat is not None and stat.state == "Z" and stat.session not in (pid, session):
            processes.reap(pid)


async def _outlive(helper: int) -> None:
    """Wait for a process that may be anybody's, and reap it if it is ours."""
    try:
        handle = os.pidfd_open(helper)
    except ProcessLookupError:
        await asyncio.sleep(0)
        return
    try:
        await _dead(handle, None)
    finally:
        os.close(handle)
    stat = processes.read_stat(helper)
    if stat is not None and stat.parent == os.getpid():
        processes.reap(helper)


async def _dead(handle: int, patience: float | None) -> bool:
    """Wait for the process behind a pidfd; False when it lives on after so many seconds."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    loop.add_reader(handle, lambda: None if ended.done() else ended.set_result(None))
    try:
        async with asyncio.timeout(patience):
            await ended
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(handle)
    return True
