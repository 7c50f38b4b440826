"""Which addresses and volumes the tasks of each job have.

An index over tasks. Promises: finding one that no task has does not cost more with more tasks; jobs whose tasks have
none cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.doors.titus.extension.context import ADDRESS, VOLUME

if TYPE_CHECKING:
    from portico.doors.titus.extension.records import TitusTask

_KEYS = (ADDRESS, VOLUME)


class Allocations:
    """How many tasks of each job have an id, by the key of their context that says it."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[tuple[str, str], int]] = {}

    def __call__(self, old: TitusTask | None, new: TitusTask | None) -> None:
        """Follow a change."""
        if old is not None and new is not None and _facts(old) == _facts(new) and new.context is old.context:
            return
        for task, change in ((old, -1), (new, 1)):
            if task is not None and not task.archived:
                for key in _KEYS:
                    identity = task.context.get(key)
                    if identity:
                        self._count(task.job, (key, identity), change)

    def _count(self, job: str, what: tuple[str, str], change: int) -> None:
        taken = self._taken.setdefault(job, {})
        taken[what] = taken.get(what, 0) + change
        if not taken[what]:
            del taken[what]
            if not taken:
                del self._taken[job]

    def first_free(self, job: str, key: str, offered: tuple[str, ...]) -> str:
        """Give the first id that no task of the job has; empty without one."""
        taken = self._taken.get(job, {})
        return next((identity for identity in offered if (key, identity) not in taken), "")


def _facts(task: TitusTask) -> tuple[str, bool]:
    return task.job, task.archived
