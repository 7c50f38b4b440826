"""Instances: from being asked for to their end, over as many Attempts as are owed.

All functions work inside a caller's transaction. Promises: a Job never has more simultaneous Attempts than its
concurrency, nor more that have not begun than its starting limit; an Attempt's verdict is taken once; a cancelled
Instance is never tried again; the Instance of a service Job ends only with its slot.
"""

from __future__ import annotations

import heapq
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.deciding.retry import Tried, is_steady, next_delay
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.jobs import INSTANCE_LIFE, Instance, InstanceState, Job, JobMode, JobState
from portico.domain.runs import StopReason

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
    """The end of an Attempt; `permanent` failures are not tried again, RETURNED ones do not count as a try.

    A failure that is not `counted` is tried again whatever the limit says; one of the `system` pauses for longer with
    each that follows it.
    """

    verdict: Verdict
    at: Instant
    started_at: Instant = Instant(0)
    error: str | None = None
    results: tuple[str, ...] = ()
    permanent: bool = False
    counted: bool = True
    system: bool = False


_FINAL = {
    Verdict.SUCCESS: InstanceState.SUCCEEDED,
    Verdict.FAILURE: InstanceState.FAILED,
    Verdict.TIMED_OUT: InstanceState.TIMED_OUT,
    Verdict.CANCELLED: InstanceState.CANCELLED,
}


_RETRIED = frozenset({Verdict.FAILURE, Verdict.TIMED_OUT})

UNMAKEABLE_PAUSE = Micros(SECOND)
"""Before a service Job tries again to make an Attempt that could not even be made."""


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
    if job.state is not JobState.ACTIVE:
        return
    queue = plane.queues[job.id]
    while queue.heap and limit and queue.has_room(job):
        entry = heapq.heappop(queue.heap)
        instance = plane.state.instances.get(entry[2])
        if instance is None or instance.state is not InstanceState.WAITING or instance.due_at != entry[1]:
            continue
        if instance.job != job.id:
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
    job = plane.state.jobs[instance.job]
    if job.starting_limit:
        pursue(plane, tx, job)
    return begun


def end_attempt(plane: Plane, tx: Transaction, instance: Instance, ending: Ending) -> None:
    """Take an Attempt's verdict: the Instance ends, or waits for another Attempt."""
    job = plane.state.jobs[instance.job]
    if ending.verdict is Verdict.RETURNED and not instance.cancel:
        _wait_again(plane, tx, job, instance, Micros(0))
        return
    ran_for = ending.at - ending.started_at if ending.started_at else 0
    if job.mode is JobMode.DEMAND and (ending.started_at or instance.state is InstanceState.RUNNING):
        plane.metrics.attempt_ended(job.id)
    instance = _count(job, instance, ending, ran_for)
    verdict = ending.verdict
    if instance.cancel and verdict is not Verdict.SUCCESS:
        verdict = Verdict.CANCELLED
    pause = _pause_before_another(job, instance, ending, ran_for) if _is_tried_again(job, instance, ending) else None
    if pause is not None:
        _wait_again(plane, tx, job, msgspec.structs.replace(instance, error=ending.error), pause)
        return
    finish(plane, tx, msgspec.structs.replace(instance, results=ending.results), verdict, ending.error, ending.at)


def _count(job: Job, instance: Instance, ending: Ending, ran_for: int) -> Instance:
    """Count a try that had not been counted when it began, and note how it bears on the next pause."""
    changes: dict[str, int] = {}
    tried = 1
    if instance.state is InstanceState.PENDING and ending.verdict is not Verdict.RETURNED:
        tried = int(ending.verdict is not Verdict.CANCELLED or ending.started_at > 0)
        changes = {"attempts": instance.attempts + tried, "tries": instance.tries + tried}
    if ending.started_at:
        changes["started_at"] = ending.started_at
    elif job.mode is JobMode.DEMAND and changes.get("attempts", 0) > instance.attempts:
        changes["started_at"] = ending.at  # a try that could not begin: it is told as one that ended as it began
    if not ending.counted:
        changes["forgiven"] = instance.forgiven + tried
    if ending.system:
        changes["system_failures"] = instance.system_failures + 1
    elif instance.system_failures:
        changes["system_failures"] = 0
    if job.retry.steady and is_steady(job.retry, ran_for):
        changes["rested"] = changes.get("tries", instance.tries) - changes.get("forgiven", instance.forgiven)
        changes["system_failures"] = 0
    return msgspec.structs.replace(instance, **changes) if changes else instance


def _is_tried_again(job: Job, instance: Instance, ending: Ending) -> bool:
    if job.state is not JobState.ACTIVE or instance.cancel:
        return False
    if job.mode is JobMode.SERVICE:
        return not job.retired
    if ending.permanent or ending.verdict not in _RETRIED:
        return False
    return ending.verdict is not Verdict.TIMED_OUT or job.retry.on_timeout


def _pause_before_another(job: Job, instance: Instance, ending: Ending, ran_for: int) -> Micros | None:
    tries = instance.tries - instance.forgiven
    failures = instance.system_failures if ending.system else 0
    tried = Tried(tries, tries - instance.rested, ending.counted, failures, ran_for)
    return next_delay(job.retry, tried, endless=job.mode is JobMode.SERVICE)


def _wait_again(plane: Plane, tx: Transaction, job: Job, instance: Instance, pause: Micros) -> None:
    wait_for_turn(plane, tx, _rest(plane, tx, job, instance, pause))
    pursue(plane, tx, plane.state.jobs[instance.job])


def _rest(plane: Plane, tx: Transaction, job: Job, instance: Instance, pause: Micros) -> Instance:
    """Let an Instance go back to wait, and its door know for how long.

    Where an ear is told, the next Attempt is never made in the transaction that ends this one, however short the pause.
    """
    ear = plane.job_ears.get(job.door)
    waiting = msgspec.structs.replace(
        instance,
        state=INSTANCE_LIFE.advance(instance.state, InstanceState.WAITING),
        due_at=Instant(tx.now + (pause if ear is None else max(pause, 1))),
        scheduled_at=tx.now,
        worker="",
        attempt="",
        deadline=Instant(0),
    )
    tx.put(waiting)
    _forget_deadline(plane, tx, instance)
    if ear is not None and instance.attempt:
        ear.on_pause(tx, job, waiting, instance.attempt, pause)
    return waiting


def _forget_deadline(plane: Plane, tx: Transaction, instance: Instance) -> None:
    """Let go of the timer of an Attempt that is over, and of no other: the next one may have set its own by then."""
    if instance.deadline:
        tx.after(lambda: plane.timers.forget("call_deadline", instance.id, instance.deadline))


def fail_to_start(plane: Plane, tx: Transaction, job: Job, instance: Instance, error: str) -> None:
    """Take it that no Attempt can be made, within a caller that goes through the Job's queue."""
    begun = msgspec.structs.replace(
        instance, state=INSTANCE_LIFE.advance(instance.state, InstanceState.PENDING), error=error
    )
    if job.mode is not JobMode.SERVICE:
        conclude(plane, tx, begun, Verdict.FAILURE, error, tx.now)
        return
    wait_for_turn(plane, tx, _rest(plane, tx, job, begun, max(job.retry.delay, UNMAKEABLE_PAUSE)))


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
    _forget_deadline(plane, tx, instance)
    _log.debug("instance ended", instance=ended.id, job=ended.job, run=ended.attempt, state=ended.state.value)
    job = plane.state.jobs[ended.job]
    ear = plane.job_ears.get(job.door)
    if ear is not None:
        ear.on_instance(tx, job, ended)
    if job.mode is JobMode.DEMAND:
        plane.metrics.instance_ended(ended)
    else:
        plane.goals.instance_ended(tx, ended.job)


def cancel(
    plane: Plane,
    tx: Transaction,
    instance: Instance,
    reason: StopReason = StopReason.CANCELLED,
    message: str = "cancelled",
) -> Instance:
    """End an Instance for good: at once while it waits, else as soon as its Attempt has stopped."""
    if instance.ended or instance.cancel:
        return instance
    if instance.state is InstanceState.WAITING:
        finish(plane, tx, msgspec.structs.replace(instance, cancel=True), Verdict.CANCELLED, None, tx.now)
        return plane.state.instances.get(instance.id, instance)
    marked = msgspec.structs.replace(instance, cancel=True)
    tx.put(marked)
    plane.attempts.stop(tx, plane.state.jobs[instance.job], marked, reason, message)
    return plane.state.instances.get(instance.id, marked)


def reopen(plane: Plane, tx: Transaction, instance: Instance, due_at: Instant) -> None:
    """Begin a new generation of an Instance that has ended (a firing)."""
    fresh = _next_generation(instance, due_at, tx.now)
    tx.put(fresh)
    wait_for_turn(plane, tx, fresh)


def cancel_next(plane: Plane, tx: Transaction, instance: Instance, due_at: Instant) -> Instance:
    """Begin the next generation of an Instance that has ended, and cancel it before it can start."""
    fresh = msgspec.structs.replace(_next_generation(instance, due_at, tx.now), cancel=True)
    tx.put(fresh)
    finish(plane, tx, fresh, Verdict.CANCELLED, None, tx.now)
    return plane.state.instances[fresh.id]


def _next_generation(instance: Instance, due_at: Instant, now: Instant) -> Instance:
    return msgspec.structs.replace(
        instance,
        state=InstanceState.WAITING,
        generation=instance.generation + 1,
        tries=0,
        forgiven=0,
        rested=0,
        system_failures=0,
        cancel=False,
        due_at=due_at,
        scheduled_at=now,
        attempt="",
        error=None,
        results=(),
        ended_at=Instant(0),
    )


def on_due(plane: Plane, identity: str) -> None:
    """Start an Instance whose time has come."""
    instance = plane.state.instances.get(identity)
    if instance is None or instance.state is not InstanceState.WAITING or instance.due_at > plane.clock.now():
        return
    with plane.begin() as tx:
        wait_for_turn(plane, tx, instance)
