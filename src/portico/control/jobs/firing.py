"""Firing: Jobs that start by themselves, by a cron line or once at an instant.

Promises: the next firing is stored once, in the transaction of the one before, so that a restart neither misses nor
doubles it; every firing of a Job reuses one Instance; a firing that comes while the Instance is still busy is skipped;
cancelling that Instance, between two firings too, ends the schedule until it is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs.instances import add_instance, cancel_next, reopen, wait_for_turn
from portico.deciding import cron
from portico.domain.identity import Instant
from portico.domain.jobs import Instance, InstanceState, Job

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction


def arm(plane: Plane, tx: Transaction, job: Job) -> Job:
    """Store a Job's first firing, and make the Instance that all its firings reuse."""
    schedule = job.schedule
    at = schedule.at if not schedule.cron else _next(job, tx.now)
    recurring = job.recurring
    if not recurring and at is not None:
        first = add_instance(plane, tx, job, due_at=at, recurring=True)
        recurring = first.id
    elif at is not None:
        _postpone(plane, tx, recurring, at)
        _forgive(plane, tx, recurring)
    armed = msgspec.structs.replace(plane.state.jobs[job.id], fire_at=at or Instant(0), recurring=recurring)
    tx.put(armed)
    if at is not None:
        plane.timers.set(at, "job_fire", job.id)
    return armed


def fire(plane: Plane, identity: str) -> None:
    """Fire a Job whose time has come, and store its next firing."""
    job = plane.state.jobs.get(identity)
    if job is None or job.retired or not job.fire_at or job.fire_at > plane.clock.now():
        return
    with plane.begin() as tx:
        _fire(plane, tx, job)


def _fire(plane: Plane, tx: Transaction, job: Job) -> None:
    instance = plane.state.instances.get(job.recurring)
    withdrawn = instance is not None and instance.ended and instance.cancel
    following = _next(job, tx.now) if job.schedule.cron and not withdrawn else None
    tx.put(msgspec.structs.replace(job, fire_at=following or Instant(0)))
    if instance is not None and instance.ended and not withdrawn:
        reopen(plane, tx, instance, job.fire_at)
    if following is not None:
        plane.timers.set(following, "job_fire", job.id)


def awaits_firing(plane: Plane, instance: Instance) -> bool:
    """Tell whether an Instance has ended only until its Job's next firing."""
    job = plane.state.jobs[instance.job]
    return instance.ended and not instance.cancel and job.recurring == instance.id and job.fire_at > 0


def withdraw(plane: Plane, tx: Transaction, instance: Instance) -> Instance:
    """End the schedule whose next firing an Instance awaits: that firing is cancelled, and none follows it."""
    job = plane.state.jobs[instance.job]
    cancelled = cancel_next(plane, tx, instance, job.fire_at)
    tx.put(msgspec.structs.replace(plane.state.jobs[job.id], fire_at=Instant(0)))
    return cancelled


def resume(plane: Plane, tx: Transaction, job: Job) -> None:
    """After a restart: fire what was missed once if the Job wants that, else skip it; then wait for the next."""
    if not job.fire_at or job.retired:
        return
    if job.fire_at >= tx.now or job.schedule.catch_up or not job.schedule.cron:
        plane.timers.set(job.fire_at, "job_fire", job.id)
        return
    following = _next(job, tx.now)
    tx.put(msgspec.structs.replace(job, fire_at=following or Instant(0)))
    if following is not None:
        _postpone(plane, tx, job.recurring, following)
        plane.timers.set(following, "job_fire", job.id)


def _postpone(plane: Plane, tx: Transaction, identity: str, at: Instant) -> None:
    """Move the first firing of an Instance that has not begun yet."""
    instance = plane.state.instances.get(identity)
    if instance is None or instance.state is not InstanceState.WAITING or instance.generation or instance.attempts:
        return
    moved = msgspec.structs.replace(instance, due_at=at)
    tx.put(moved)
    wait_for_turn(plane, tx, moved)


def _forgive(plane: Plane, tx: Transaction, identity: str) -> None:
    """Let a schedule that was set anew fire again, although its Instance had been cancelled before."""
    instance = plane.state.instances.get(identity)
    if instance is not None and instance.ended and instance.cancel:
        tx.put(msgspec.structs.replace(instance, cancel=False))


def _next(job: Job, now: Instant) -> Instant | None:
    following = cron.parse(job.schedule.cron, job.schedule.zone).next_after(now)
    return None if following is None else Instant(following)
