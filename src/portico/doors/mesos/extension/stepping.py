"""Long work in bounded steps: one step of one job in each turn of the loop, the jobs in rotation.

Owns the jobs under way; they are soft, whoever must not lose one begins it again from rows after a restart. A job is an
iterator: each step ends with the microseconds until the next one is wanted, 0 for at once.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portico.domain.identity import Instant, Micros

if TYPE_CHECKING:
    from portico.control.plane import Plane

STEP = "mesos_step"
AT_ONCE = Micros(0)

Job = Iterator[Micros]


class Stepping:
    """One per plane."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._ready: deque[Job] = deque()
        self._resting: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        plane.timers.handle(STEP, self._on_due)

    def begin(self, job: Job) -> None:
        """Take a job on; its first step comes soon, not now."""
        self._ready.append(job)
        if len(self._ready) == 1:
            self._plane.timers.set(self._plane.clock.now(), STEP, "")

    def _on_due(self, rested: str) -> None:
        if rested:
            self.begin(self._resting.pop(rested))
            return
        job = self._ready[0]
        pause = next(job, None)
        self._ready.popleft()
        if pause:
            number = str(next(self._numbers))
            self._resting[number] = job
            self._plane.timers.set(Instant(self._plane.clock.now() + pause), STEP, number)
        elif pause is not None:
            self._ready.append(job)
        if self._ready:
            self._plane.timers.set(self._plane.clock.now(), STEP, "")
