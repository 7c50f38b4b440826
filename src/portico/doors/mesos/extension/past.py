"""What is over: read for those who ask, and kept within the API's bounds.

Promises: of each framework the newest 1,000 ended tasks and 150 ended executors stay, of removed frameworks the newest
50 with theirs; older ones are deleted a slice at a time. Ended work of other doors is theirs to keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from portico.control.records import RUNS
from portico.domain.runs import Run
from portico.doors.mesos.extension.records import EXECUTORS, TASKS, Executor, Task
from portico.store.port import Condition, Operator, Prune, Reader, Select

if TYPE_CHECKING:
    from portico.doors.mesos.extension.standing import Standing

MOST_FRAMEWORKS = 50
MOST_TASKS = 1_000
MOST_EXECUTORS = 150
MOST_RUNS = 1_000
"""Ended Runs of other doors that are told."""
SLICE = 2_000
EVERY = 20.0
"""Seconds."""

_OVER = Condition("active", Operator.EQ, 0)
_NEWEST_FIRST = (("ended_at", False),)
_OLDEST_FIRST = (("ended_at", True),)


class Past(msgspec.Struct, frozen=True, gc=False):
    """The newest of what is over, newest first for each framework; `runs` are those of other doors."""

    tasks: tuple[Task, ...] = ()
    runs: tuple[Run, ...] = ()


def read_past(reader: Reader, frameworks: Iterable[str]) -> Past:
    """Read the newest of what is over."""
    tasks: list[Task] = []
    for framework in frameworks:
        over = (_OVER, Condition("framework", Operator.EQ, framework))
        rows = reader.select(Select(TASKS.name, (over,), _NEWEST_FIRST, MOST_TASKS))
        tasks += [TASKS.load(row) for row in rows]
    ended = reader.select(Select(RUNS.name, ((_OVER,),), _NEWEST_FIRST, MOST_RUNS))
    runs = [run for run in (RUNS.load(row) for row in ended) if run.door != "mesos"]
    return Past(tuple(tasks), tuple(runs))


class Retention:
    """Deletes what is beyond the bounds."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._grown: dict[str, None] = {}
        standing.plane.state.index("mesos_tasks", self._on_task)
        standing.plane.state.index("mesos_executors", self._on_executor)
        for framework in standing.frameworks:
            self._grown[framework] = None

    def _on_task(self, _old: Task | None, new: Task | None) -> None:
        if new is not None and new.over:
            self._grown[new.framework] = None

    def _on_executor(self, _old: Executor | None, new: Executor | None) -> None:
        if new is not None and new.ended:
            self._grown[new.framework] = None

    async def run(self) -> None:
        """Delete until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.pass_over()

    async def pass_over(self) -> None:
        """Look once at every framework in which something has ended since the last time."""
        self._forget_frameworks()
        grown, self._grown = self._grown, {}
        for framework in grown:
            known = framework in self._standing.frameworks
            for table, most in ((TASKS.name, MOST_TASKS), (EXECUTORS.name, MOST_EXECUTORS)):
                await self._prune(table, framework, most if known else 0)

    async def _prune(self, table: str, framework: str, most: int) -> None:
        over = (_OVER, Condition("framework", Operator.EQ, framework))
        count = await self._standing.plane.history.later(lambda reader: reader.count(Select(table, (over,))))
        surplus = count - most
        if surplus > 0:
            chosen = Select(table, (over,), _OLDEST_FIRST, min(surplus, SLICE))
            self._standing.plane.committer.prune(Prune(chosen))
        if surplus > SLICE:
            self._grown[framework] = None

    def _forget_frameworks(self) -> None:
        """Drop the oldest removed frameworks for which nothing runs any more."""
        standing = self._standing
        removed = sorted(
            (framework for framework in standing.frameworks.values() if framework.removed),
            key=lambda framework: framework.removed_at,
        )
        surplus = [
            framework
            for framework in removed[: max(0, len(removed) - MOST_FRAMEWORKS)]
            if not standing.framework_tasks.count(framework.id) and not standing.framework_executors.count(framework.id)
        ]
        if surplus:
            with standing.plane.begin() as tx:
                for framework in surplus[:SLICE]:
                    tx.drop(framework)
                    self._grown[framework.id] = None
