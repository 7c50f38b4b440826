"""Keeps the threads of a server on one processor while they do not wait for it.

There each of them finds the caches warm that the one before has left, and no processor has to be woken from sleep:
measured on two processors with one job at a time, 10 % off its median. Where the server, or what it runs, needs more
than one processor, its threads begin to wait for theirs, and may run on all that the server was given.

Must never stop a server: where the system does not allow it, threads run where they like.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

import structlog

LOOK_SECONDS = 0.25
CROWDED = 0.22
"""The part of its time that the loop waits for a processor from which on the threads are spread. Measured on two: kept
together 0.11 to 0.16 with one job at a time, 0.31 and more with a flood of functions or commands."""
CALM = 0.12
"""The part below which they are gathered: spread over both 0.03 to 0.11 with one job at a time."""
SPREAD_SECONDS = 1.0
"""How long they stay spread, at least."""

_PROCESSOR = 36
"""Where `/proc/self/stat` names the processor, counted behind the command."""
_WAITED = 1
"""Where a thread's `schedstat` tells for how many nanoseconds it has waited."""

_log = structlog.get_logger(__name__)


class Together:
    """Whether the threads of this process are kept on one processor."""

    def __init__(self) -> None:
        self.given = os.sched_getaffinity(0)
        self.gathered = False
        self._spread_at = -SPREAD_SECONDS

    def consider(self, waited: float, now: float) -> None:
        """Gather or spread, after a time of which the loop has waited a part; `now` in seconds."""
        if self.gathered and waited > CROWDED:
            self.spread()
            self._spread_at = now
        elif not self.gathered and waited < CALM and now - self._spread_at >= SPREAD_SECONDS:
            _move({_processor()})
            self.gathered = True

    def spread(self) -> None:
        """Let every thread run wherever the process may."""
        _move(self.given)
        self.gathered = False


async def keep_together() -> None:
    """Look after the threads of this process until cancelled; then all may run everywhere again."""
    together = Together()
    if len(together.given) == 1:
        return
    try:
        while True:
            waited, begun = _waited(), time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            together.consider((_waited() - waited) / (now - begun), now)
    except OSError as error:
        _log.info("threads_not_gathered", reason=str(error))
    finally:
        with contextlib.suppress(OSError):
            together.spread()


def _move(processors: set[int]) -> None:
    for thread in os.listdir("/proc/self/task"):  # noqa: PTH208 — their names are all that is wanted
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), processors)


def _processor() -> int:
    """Name the processor on which the main thread, the loop's, has run last."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_PROCESSOR])


def _waited() -> float:
    """Give the seconds for which the loop's thread could have run and had no processor."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[_WAITED]) / 1e9
