"""What is over: tasks leave memory once another has taken their place or their job has ended, and old rows go.

Promises: a task's end and its going to the archive are two changes, so that whoever follows hears of the end; long
lists go a slice at a time, and after a restart the rest follows from the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from portico.doors.titus.extension.records import JOBS, TASKS, TitusTask
from portico.store.port import Condition, Operator, Prune, Select

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

TIMER = "titus_archive"
STEP = 100
"""Tasks in one transaction."""
SLICE = 2_000
"""Rows deleted at one time."""
EVERY = 30.0
BUSY = 1.0
"""Seconds between slices."""


class Past:
    """Keeps memory and archive within their bounds."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._due: dict[str, None] = {}
        standing.plane.timers.handle(TIMER, self._on_due)

    def start(self) -> None:
        """Pick up what was not archived yet."""
        for task in self._standing.tasks.values():
            if task.finished and self._is_past(task):
                self._due[task.id] = None
        if self._due:
            self._arm()

    def _is_past(self, task: TitusTask) -> bool:
        """Tell whether a finished task has a successor, or neither its job nor its slot is there any more."""
        standing = self._standing
        if task.job not in standing.views or standing.slot_tasks.get(task.instance) != task.id:
            return True
        return task.index < 0 and task.instance not in standing.plane.state.instances

    def archive(self, tx: Transaction, task: TitusTask) -> None:
        """Let a finished task go to the archive."""
        self._standing.put_task(tx, msgspec.structs.replace(task, archived=True))

    def archive_later(self, tasks: Iterable[str]) -> None:
        """Let finished tasks go to the archive in a later transaction."""
        idle = not self._due
        self._due.update(dict.fromkeys(tasks))
        if idle and self._due:
            self._arm()

    def _arm(self) -> None:
        self._standing.plane.timers.set(self._standing.plane.clock.now(), TIMER, "")

    def _on_due(self, _: str) -> None:
        due = self._due
        with self._standing.plane.begin() as tx:
            for _step in range(min(STEP, len(due))):
                identity = next(iter(due))
                del due[identity]
                task = self._standing.tasks.get(identity)
                if task is not None and task.finished and not task.archived:
                    self.archive(tx, task)
        if due:
            self._arm()

    async def run(self) -> None:
        """Delete what is too old, until cancelled; often while there is much to delete, else seldom."""
        pause = EVERY
        while True:
            await asyncio.sleep(pause)
            more = self._standing.periods.keep and await self.prune()
            pause = BUSY if more else EVERY

    async def prune(self) -> bool:
        """Ask for one slice of the oldest archived jobs and tasks to be deleted; tells whether more is due."""
        plane = self._standing.plane
        oldest = self._standing.now() - self._standing.periods.keep // 1_000
        old = (Condition("active", Operator.EQ, 0), Condition("finished_at", Operator.LT, oldest))
        tables = (TASKS.name, JOBS.name)
        counts = await plane.history.later(lambda reader: [reader.count(Select(table, (old,))) for table in tables])
        for table, count in zip(tables, counts, strict=True):
            if count:
                plane.committer.prune(Prune(Select(table, (old,), (("finished_at", True),), SLICE)))
        return max(counts) > SLICE
