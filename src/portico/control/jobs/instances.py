"""Instances: from being asked for to their end, over as many Attempts as are owed.

All functions work inside a caller's transaction. Owns the queues of Instances that wait for a slot of their Job or for
their time. Promises: a Job never has more simultaneous Attempts than its concurrency; an Attempt's verdict is taken
once; a cancelled Instance is never tried again.
"""

from __future__ import annotations

import heapq
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.deciding.retry import next_delay
from portico.domain.identity import Instant
from portico.domain.jobs import INSTANCE_LIFE, Instance, InstanceState, Job, JobMode, JobState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction


_log = structlog.get_logger(__name__)


class Verdict(StrEnum):
    """What an Attempt came to."""

    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Ending(msgspec.Struct, frozen=True):
    """The end of an Attempt; `permanent` failures are not tried again, RETURNED ones do not count as a try."""

    verdict: Verdict
    at: Instant
    started_at: Instant = Instant(0)
    error: str | None = None
    results: tuple[str, ...] = ()
    permanent: bool = False


_FINAL = {
    Verdict.SUCCESS: InstanceState.SUCCEEDED,
    Verdict.FAILURE: InstanceState.FAILED,
    Verdict.TIMED_OUT: InstanceState.TIMED_OUT,
    Verdict.CANCELLED: InstanceState.CANCELLED,
}


class JobQueue:
    """Due Instances of one Job that wait for a slot, and the count of those that have one."""

    __slots__ = ("active", "heap")

    def __init__(self) -> None:
        self.active = 0
        self.heap: list[tuple[int, int, str]] = []


class Queues:
    """An index over Instances: who waits, and how many Attempts each Job has."""

    def __init__(self) -> None:
        self._queues: dict[str, JobQueue] = {}

    def __getitem__(self, job: str) -> JobQueue:
        queue = self._queues.get(job)
        if queue is None:
            queue = self._queues[job] = JobQueue()
        return queue

    def on_instance(self, old: Instance | None, new: Instance | None) -> None:
        """Follow a change of an Instance."""
        was = old is not None and old.state in _SLOT_STATES
        now = new is not None and new.state in _SLOT_STATES
        if was is not now:
            record = new or old
            assert record is not None
            self[record.job].active += 1 if now else -1

    def push(self, instance: Instance) -> None:
        """Let a due Instance wait for a slot."""
        heapq.heappush(self[instance.job].heap, (instance.priority, instance.due_at, instance.id))


_SLOT_STATES = frozenset({InstanceState.PENDING, InstanceState.RUNNING})


def add_instance(
    plane: Plane,
    tx: Transaction,
    job: Job,
    *,
    arguments: tuple[str, ...] = (),
    priority: int | None = None,
    due_at: Instant | None = None,
    recurring: bool = False,
    index: int = 0,
) -> Instance:
    """Add an Instance to a Job and start it when it may start."""
    instance = Instance(
        id=plane.ids.fresh(),
        job=job.id,
        door=job.door,
        created_at=tx.now,
        scheduled_at=tx.now,
        due_at=due_at if due_at is not None else tx.now,
        arguments=arguments,
        priority=job.template.priority if priority is None else priority,
        recurring=recurring,
        index=index,
    )
    tx.put(instance)
    wait_for_turn(plane, tx, instance)
    return plane.state.instances[instance.id]


def wait_for_turn(plane: Plane, tx: Transaction, instance: Instance) -> None:
    """Start what may start now, and wake up when this Instance is due."""
    if instance.due_at > tx.now:
        plane.timers.set(instance.due_at, "instance_due", instance.id)
        return
    plane.queues.push(instance)
    pursue(plane, tx, plane.state.jobs[instance.job])


def pursue(plane: Plane, tx: Transaction, job: Job, limit: int = 500) -> None:
    """Give due Instances of a Job their Attempts while it has free slots, most urgent first."""
    queue = plane.queues[job.id]
    while queue.heap and limit and (not job.concurrency or queue.active < job.concurrency):
        entry = heapq.heappop(queue.heap)
        instance = plane.state.instances.get(entry[2])
        if instance is None or instance.state is not InstanceState.WAITING or instance.due_at != entry[1]:
            continue
        limit -= 1
        tx.on_undo(lambda entry=entry: heapq.heappush(queue.heap, entry))  # type: ignore[misc]
        plane.attempts.start(tx, job, instance)
    if queue.heap and not limit:
        plane.timers.set(tx.now, "job_pursue", job.id)


def begin(plane: Plane, tx: Transaction, instance: Instance, at: Instant) -> Instance:
    """Note that an Instance's Attempt has begun."""
    if instance.state is not InstanceState.PENDING:
        return instance
    begun = msgspec.structs.replace(
        instance,
        state=INSTANCE_LIFE.advance(instance.state, InstanceState.RUNNING),
        attempts=instance.attempts + 1,
        tries=instance.tries + 1,
        started_at=at,
        deadline=plane.attempts.deadline(instance, at),
    )
    tx.put(begun)
    return begun


def end_attempt(plane: Plane, tx: Transaction, instance: Instance, ending: Ending) -> None:
    """Take an Attempt's verdict: the Instance ends, or waits for another Attempt."""
    job = plane.state.jobs[instance.job]
    if ending.verdict is Verdict.RETURNED and not instance.cancel:
        _wait_again(plane, tx, job, instance, tx.now)
        return
    if instance.state is InstanceState.PENDING and ending.verdict is not Verdict.RETURNED:
        began = int(ending.verdict is not Verdict.CANCELLED or ending.started_at > 0)
        instance = msgspec.structs.replace(
            instance,
            attempts=instance.attempts + began,
            tries=instance.tries + began,
            started_at=ending.started_at or instance.started_at,
        )
    elif ending.started_at:
        instance = msgspec.structs.replace(instance, started_at=ending.started_at)
    verdict = ending.verdict
    if instance.cancel and verdict is not Verdict.SUCCESS:
        verdict = Verdict.CANCELLED
    again = _pause_before_another(job, instance, ending) if verdict in _RETRIED else None
    if again is not None:
        retried = msgspec.structs.replace(instance, error=ending.error)
        _wait_again(plane, tx, job, retried, Instant(tx.now + again))
        return
    finish(plane, tx, msgspec.structs.replace(instance, results=ending.results), verdict, ending.error, ending.at)


_RETRIED = frozenset({Verdict.FAILURE, Verdict.TIMED_OUT})


def _pause_before_another(job: Job, instance: Instance, ending: Ending) -> int | None:
    if ending.permanent or job.state is not JobState.ACTIVE:
        return None
    return next_delay(job.retry, instance.tries)


def _wait_again(plane: Plane, tx: Transaction, job: Job, instance: Instance, due_at: Instant) -> None:
    waiting = msgspec.structs.replace(
        instance,
        state=INSTANCE_LIFE.advance(instance.state, InstanceState.WAITING),
        due_at=due_at,
        scheduled_at=tx.now,
        worker="",
        attempt="",
        deadline=Instant(0),
    )
    tx.put(waiting)
    wait_for_turn(plane, tx, waiting)
    pursue(plane, tx, job)


def finish(plane: Plane, tx: Transaction, instance: Instance, verdict: Verdict, error: str | None, at: Instant) -> None:
    """Bring this generation of an Instance to its end, and let the next have its slot."""
    conclude(plane, tx, instance, verdict, error, at)
    pursue(plane, tx, plane.state.jobs[instance.job])


def conclude(
    plane: Plane, tx: Transaction, instance: Instance, verdict: Verdict, error: str | None, at: Instant
) -> None:
    """Bring this generation of an Instance to its end, within a caller that goes through its Job's queue."""
    ended = msgspec.structs.replace(
        instance,
        state=INSTANCE_LIFE.advance(instance.state, _FINAL[verdict]),
        error=error,
        ended_at=max(at, instance.started_at),
        worker="",
        deadline=Instant(0),
    )
    tx.put(ended)
    plane.metrics.instance_ended(ended)
    _log.debug("instance ended", instance=ended.id, job=ended.job, run=ended.attempt, state=ended.state.value)
    job = plane.state.jobs[ended.job]
    if job.mode is JobMode.SERVICE:
        plane.services.replace(tx, job, ended)


def cancel(plane: Plane, tx: Transaction, instance: Instance) -> Instance:
    """End an Instance for good: at once while it waits, else as soon as its Attempt has stopped."""
    if instance.ended or instance.cancel:
        return instance
    if instance.state is InstanceState.WAITING:
        finish(plane, tx, msgspec.structs.replace(instance, cancel=True), Verdict.CANCELLED, None, tx.now)
        return plane.state.instances.get(instance.id, instance)
    marked = msgspec.structs.replace(instance, cancel=True)
    tx.put(marked)
    plane.attempts.stop(tx, plane.state.jobs[instance.job], marked)
    return plane.state.instances[instance.id]


def reopen(plane: Plane, tx: Transaction, instance: Instance, due_at: Instant) -> None:
    """Begin a new generation of an Instance that has ended (a firing)."""
    fresh = msgspec.structs.replace(
        instance,
        state=InstanceState.WAITING,
        generation=instance.generation + 1,
        tries=0,
        cancel=False,
        due_at=due_at,
        scheduled_at=tx.now,
        attempt="",
        error=None,
        results=(),
        ended_at=Instant(0),
    )
    tx.put(fresh)
    wait_for_turn(plane, tx, fresh)


def on_due(plane: Plane, identity: str) -> None:
    """Start an Instance whose time has come."""
    instance = plane.state.instances.get(identity)
    if instance is None or instance.state is not InstanceState.WAITING or instance.due_at > plane.clock.now():
        return
    with plane.begin() as tx:
        wait_for_turn(plane, tx, instance)
