"""Queues: which Instances of a Job are due and wait for a slot, and how many have one.

An index over Instances. Promises: the counts are those of the records; a heap may hold entries that are outdated, so
that whoever takes one looks at the Instance again.
"""

from __future__ import annotations

import heapq

from portico.domain.jobs import Instance, InstanceState, Job

_SLOT_STATES = frozenset({InstanceState.PENDING, InstanceState.RUNNING})


class JobQueue:
    """Due Instances of one Job; `active` ones have an Attempt, and of these `starting` ones have not begun."""

    __slots__ = ("active", "heap", "starting")

    def __init__(self) -> None:
        self.active = 0
        self.starting = 0
        self.heap: list[tuple[int, int, str]] = []

    def has_room(self, job: Job) -> bool:
        """Tell whether another Attempt may be made."""
        return (not job.concurrency or self.active < job.concurrency) and (
            not job.starting_limit or self.starting < job.starting_limit
        )


class Queues:
    """The queues of all Jobs."""

    def __init__(self) -> None:
        self._queues: dict[str, JobQueue] = {}

    def __getitem__(self, job: str) -> JobQueue:
        queue = self._queues.get(job)
        if queue is None:
            queue = self._queues[job] = JobQueue()
        return queue

    def on_instance(self, old: Instance | None, new: Instance | None) -> None:
        """Follow a change of an Instance."""
        before = old.state if old is not None else None
        after = new.state if new is not None else None
        if before is after and old is not None and new is not None and old.job == new.job:
            return
        if old is not None and before in _SLOT_STATES:
            self._count(old, -1)
        if new is not None and after in _SLOT_STATES:
            self._count(new, 1)

    def push(self, instance: Instance) -> None:
        """Let a due Instance wait for a slot."""
        heapq.heappush(self[instance.job].heap, (instance.priority, instance.due_at, instance.id))

    def forget(self, job: str) -> None:
        """Drop the queue of a Job that has come to its end."""
        self._queues.pop(job, None)

    def _count(self, instance: Instance, change: int) -> None:
        queue = self[instance.job]
        queue.active += change
        if instance.state is InstanceState.PENDING:
            queue.starting += change
