"""Moments of the cluster for those who read: taken on the loop, written in a thread.

Promises: one thread at a time writes, so that the loop always has its share of the interpreter; whoever reads waits its
turn, and gets a moment that is not older than its request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from portico.domain.identity import Instant
from portico.doors.mesos.extension.snapshot import Snapshot, take
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.outbound.state import View
from portico.doors.mesos.outbound.totals import Totals

T = TypeVar("T")


class Looking:
    """Takes moments of one master."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._turn = asyncio.Lock()
        self.started_at: Instant = standing.plane.clock.now()

    async def write(self, compose: Callable[[View], T], *, past: bool = True) -> T:
        """Take the moment and let `compose` write it in a thread; without `past` nothing that is over is read."""
        async with self._turn:
            snapshot = await take(self._standing, self.started_at, past=past)
            return await asyncio.to_thread(_compose, snapshot, compose)


def _compose(snapshot: Snapshot, compose: Callable[[View], T]) -> T:
    return compose(View(snapshot, Totals.of(snapshot)))
