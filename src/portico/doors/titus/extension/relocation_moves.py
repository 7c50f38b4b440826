"""Relocation plans carried out: tasks evicted when their plan is due, or when their job's budget allows it.

Owns the queue of plans that may be due, and the results. Promises: a step moves a bounded number of tasks, whoever
asked; a job without quota is asked once in a turn, not once for each of its tasks; results are kept within a bound.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING

from portico.domain.identity import Instant, Micros
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension.eviction_records import (
    RELOCATIONS,
    RESULTS,
    Relocation,
    RelocationAttempt,
    RelocationResult,
)

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.evicting import Evicting
    from portico.doors.titus.extension.standing import Standing

MOVING = "titus_descheduling"
STEP = "titus_relocation_step"
DUE = "titus_relocation_due"

AT_ONCE = 20
"""Tasks that one step moves."""
MOST_RESULTS = 1_000

TERMINATED = "terminated"
EVICTION_ERROR = "evictionError"
MILLISECOND = 1_000


class Moves:
    """Carries out plans; asks the budgets of those that wait for one again after `period`."""

    def __init__(self, standing: Standing, evicting: Evicting, period: Micros) -> None:
        plane = standing.plane
        self._standing = standing
        self._plane = plane
        self._evicting = evicting
        self._period = period
        self.plans: dict[str, Relocation] = plane.state.records[RELOCATIONS.name]
        self.results: dict[str, RelocationResult] = plane.state.records[RESULTS.name]
        self._oldest = deque(sorted(self.results, key=lambda task: (self.results[task].at, task)))
        self._queue: dict[str, None] = {}
        self._blocked: set[str] = set()
        plane.timers.handle(MOVING, self._on_turn)
        plane.timers.handle(STEP, self._on_step)
        plane.timers.handle(DUE, self._want)

    def start(self, now: Instant) -> None:
        """Go on with every plan."""
        self._plane.timers.set(now, MOVING, "")
        for plan in self.plans.values():
            self.await_turn(plan)

    def await_turn(self, plan: Relocation) -> None:
        """See to it that a plan is carried out: at its time, or with the others whose budget may allow it now."""
        if plan.self_managed:
            self._plane.timers.set(Instant(plan.due_at * MILLISECOND), DUE, plan.id)
        else:
            self._want(plan.id)

    def _want(self, identity: str) -> None:
        if not self._queue:
            self._plane.timers.set(self._plane.clock.now(), STEP, "")
        self._queue[identity] = None

    def _on_turn(self, _: str) -> None:
        """Ask all budgets again."""
        for plan in self.plans.values():
            if not plan.self_managed:
                self._want(plan.id)
        self._plane.timers.set(Instant(self._plane.clock.now() + max(self._period, MILLISECOND)), MOVING, "")

    def _on_step(self, _: str) -> None:
        """Move some of those that may be due."""
        with self._plane.begin() as tx:
            for identity in list(itertools.islice(self._queue, AT_ONCE)):
                del self._queue[identity]
                plan = self.plans.get(identity)
                if plan is not None:
                    self._move_if_due(tx, plan)
        if self._queue:
            self._plane.timers.set(self._plane.clock.now(), STEP, "")
        else:
            self._blocked.clear()

    def _move_if_due(self, tx: Transaction, plan: Relocation) -> None:
        if plan.self_managed:
            if plan.due_at <= self._standing.now():
                self._move(tx, plan, forced=True)
        elif plan.job not in self._blocked:
            if self._evicting.allows(plan.job):
                self._move(tx, plan)
            else:
                self._blocked.add(plan.job)

    def _move(self, tx: Transaction, plan: Relocation, *, forced: bool = False) -> None:
        try:
            self._evicting.evict(tx, plan.id, plan.message, forced=forced)
        except TitusError as error:
            if error.code is Code.NO_QUOTA:
                return  # of this task alone: it was relocated too often, and waits for its node or its job to change
            attempt = RelocationAttempt(moved=False, code=EVICTION_ERROR, message=str(error))
        else:
            attempt = RelocationAttempt(moved=True, code=TERMINATED, message="Task terminated successfully")
        tx.drop(plan)
        self._keep(tx, RelocationResult(plan.id, plan, (attempt,), self._standing.now()))

    def _keep(self, tx: Transaction, result: RelocationResult) -> None:
        """Keep a result, and forget the oldest beyond the bound."""
        if result.id not in self.results:
            self._oldest.append(result.id)
        tx.put(result)
        while len(self._oldest) > MOST_RESULTS:
            old = self.results.get(self._oldest.popleft())
            if old is not None:
                tx.drop(old)
