"""Keeps the threads of a quiet server on one processor.

There each of them finds the caches warm that the one before has left, and no processor has to be woken from sleep:
measured on two processors with one job at a time, 10 % off its median. A flood of jobs ran 5 to 10 % slower so,
therefore a busy server has all processors that it was given.

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
FULL = 0.95
"""The part of one processor beyond which threads that are kept on it begin to wait for each other."""
QUIET = 0.85
SPREAD_SECONDS = 1.0
"""How long a server that was busy is not gathered again, at least."""

_PROCESSOR = 36
"""Where `/proc/self/stat` names the processor, counted behind the command."""

_log = structlog.get_logger(__name__)


class Together:
    """Whether the threads of this process are kept on one processor."""

    def __init__(self) -> None:
        self.given = os.sched_getaffinity(0)
        self.gathered = False
        self._spread_at = -SPREAD_SECONDS

    def consider(self, share: float, now: float) -> None:
        """Gather or spread after a time in which the process used `share` of a processor; `now` in seconds."""
        if self.gathered and share > FULL:
            self.spread()
            self._spread_at = now
        elif not self.gathered and share < QUIET and now - self._spread_at >= SPREAD_SECONDS:
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
            used, begun = time.process_time(), time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            together.consider((time.process_time() - used) / (now - begun), now)
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
