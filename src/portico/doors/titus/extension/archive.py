"""What is over: jobs and tasks that have left memory, read from durable rows.

Promises: long reads happen off the loop; no more than MOST_MERGED archived tasks are told at once, the newest ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portico.doors.titus.extension.matching import fits_archived
from portico.doors.titus.extension.records import JOBS, TASKS, TitusJob, TitusTask
from portico.doors.titus.inbound.criteria import Criteria
from portico.store.port import Condition, Operator, Reader, Select

if TYPE_CHECKING:
    from portico.control.plane import Plane

MOST_MERGED = 5_000

_NEWEST_FIRST = (("accepted_at", False), ("id", False))
_ARCHIVED = Condition("active", Operator.EQ, 0)


class Archive:
    """The rows of finished jobs and archived tasks."""

    def __init__(self, plane: Plane) -> None:
        self._history = plane.history

    def job(self, identity: str) -> TitusJob | None:
        """Give a job that has left memory."""
        row = self._history.now(lambda reader: reader.get(JOBS.name, identity))
        return None if row is None else JOBS.load(row)

    def task(self, identity: str) -> TitusTask | None:
        """Give a task that has left memory."""
        row = self._history.now(lambda reader: reader.get(TASKS.name, identity))
        return None if row is None else TASKS.load(row)

    async def tasks(self, jobs: Iterable[str], criteria: Criteria) -> list[TitusTask]:
        """Give the archived tasks of some jobs that fit, newest first within each job."""
        named = sorted(jobs)
        return await self._history.later(lambda reader: _read(reader, named, criteria))


def _read(reader: Reader, jobs: list[str], criteria: Criteria) -> list[TitusTask]:
    found: list[TitusTask] = []
    for job in jobs:
        chosen = (_ARCHIVED, Condition("job", Operator.EQ, job))
        rows = reader.select(Select(TASKS.name, (chosen,), _NEWEST_FIRST, MOST_MERGED))
        found += [task for task in map(TASKS.load, rows) if fits_archived(criteria, task)]
        if len(found) >= MOST_MERGED:
            break
    return found[:MOST_MERGED]
