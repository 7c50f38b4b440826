"""Watchers that want the same: judged once, written once.

Owns the index of groups. Promises: finding who a change may be for does not cost more with watchers of other jobs.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from portico.doors.titus.extension.matching import Filter
from portico.doors.titus.inbound.criteria import Criteria
from portico.doors.titus.outbound.fields import Projection
from portico.doors.titus.watching.subscriptions import Subscription


class Wanted(msgspec.Struct, frozen=True):
    """What a watcher asked for; a projection of None is whole messages."""

    criteria: Criteria
    job_fields: Projection | None = None
    task_fields: Projection | None = None


class Group:
    """The watchers that asked for exactly the same."""

    __slots__ = ("filter", "subscriptions", "wanted")

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.filter = Filter(wanted.criteria)
        self.subscriptions: dict[Subscription, None] = {}


class Groups:
    """All groups, found by the jobs that they name; those that name none hear of every job."""

    def __init__(self) -> None:
        self._groups: dict[Wanted, Group] = {}
        self._everywhere: dict[Group, None] = {}
        self._by_job: dict[str, dict[Group, None]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(list(self._groups.values()))

    def join(self, wanted: Wanted, subscription: Subscription) -> None:
        """Add a watcher."""
        group = self._groups.get(wanted)
        if group is None:
            group = self._groups[wanted] = Group(wanted)
            for members in self._places(wanted):
                members[group] = None
        group.subscriptions[subscription] = None

    def leave(self, wanted: Wanted, subscription: Subscription) -> None:
        """Remove a watcher; one that is not there is gone already."""
        group = self._groups.get(wanted)
        if group is None:
            return
        group.subscriptions.pop(subscription, None)
        if group.subscriptions:
            return
        del self._groups[wanted]
        for members in self._places(wanted):
            del members[group]
        for job in wanted.criteria.job_ids:
            if not self._by_job[job]:
                del self._by_job[job]

    def of(self, job: str) -> list[Group]:
        """Give the groups that may want to hear of a job and its tasks."""
        named = self._by_job.get(job)
        return [*self._everywhere, *named] if named else list(self._everywhere)

    def _places(self, wanted: Wanted) -> list[dict[Group, None]]:
        named = wanted.criteria.job_ids
        return [self._by_job.setdefault(job, {}) for job in named] if named else [self._everywhere]
