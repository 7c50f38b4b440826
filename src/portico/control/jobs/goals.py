"""Goals: batch and service Jobs are made, resized, stopped and brought to what they want, step by step.

All functions work inside a caller's transaction. A Job's row says what is wanted, its Instances what there is; the
difference is worked off in steps, so that the Jobs still to be looked at need not be kept: after a restart all are.
Promises: a step changes a bounded number of Instances; a stopping Job gets no new Attempts from the moment it is said;
a Job finishes in the transaction in which its last Instance ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.control.cluster.runs import order_stop
from portico.control.jobs.instances import add_instance, cancel
from portico.control.jobs.slots import candidates, free_indexes
from portico.deciding.scaling import Choice
from portico.domain.errors import AlreadyExists, Conflict, Invalid
from portico.domain.jobs import JOB_LIFE, Instance, Job, JobMode, JobState, Shrink
from portico.domain.runs import StopOrder, StopReason

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)

ADDED_AT_ONCE = 60
ENDED_AT_ONCE = 60
"""Instances changed in one step: some milliseconds."""

CONSIDERED_AT_ONCE = 1_000
"""Instances of which some are to go, looked at in one step."""


def create_job(plane: Plane, tx: Transaction, job: Job) -> Job:
    """Make a batch or service Job and begin to fill it, the first step at once; gives it as it is then.

    Its door's ear is asked to prepare Attempts before this returns. Raises AlreadyExists for an id that is taken.
    """
    if job.mode is JobMode.DEMAND:
        raise Invalid("a Job on demand is configured, not made", "mode")
    if job.size < 0:
        raise Invalid(f"a Job cannot have {job.size} Instances", "size")
    if plane.job(job.id) is not None:
        raise AlreadyExists(f"there is a Job {job.id}")
    made = msgspec.structs.replace(job, requested=True, state=JobState.ACTIVE, spawned=0)
    tx.put(made)
    plane.goals.pursue(tx, made.id)
    return plane.state.jobs[made.id]


def resize(plane: Plane, tx: Transaction, job: Job, size: int) -> Job:
    """Say how many Instances a service Job shall have; they come and go soon.

    Raises Conflict when the Job is not active, Invalid when it is no service Job or the size is negative.
    """
    if job.mode is not JobMode.SERVICE or size < 0:
        raise Invalid(f"a {job.mode.value} Job cannot be resized to {size}", "size")
    _require_active(job)
    resized = msgspec.structs.replace(job, size=size)
    if resized != job:
        tx.put(resized)
    plane.goals.want(job.id)
    return resized


def stop_job(
    plane: Plane, tx: Transaction, job: Job, reason: StopReason = StopReason.CANCELLED, message: str = ""
) -> Job:
    """End a Job: no further Attempts from now on, those there are are stopped soon, and with the last it finishes.

    Raises Conflict when it is not active.
    """
    _require_active(job)
    order = StopOrder(reason, tx.now, job.template.grace, message or f"its Job was stopped: {reason.value}")
    stopping = msgspec.structs.replace(job, state=JOB_LIFE.advance(job.state, JobState.STOPPING), stop=order)
    plane.goals.put(tx, job, stopping)
    if not plane.job_instances.count(job.id):
        plane.goals.finish(tx, stopping)
    else:
        plane.goals.want(job.id)
    return plane.state.jobs[job.id]


def stop_attempt(
    plane: Plane, tx: Transaction, instance: Instance, reason: StopReason, message: str, *, for_good: bool = False
) -> Instance:
    """End an Instance's present Attempt, if it has one; whether another follows is its Job's policy.

    With `for_good` the slot goes too. The Job's size stays: whoever wants fewer Instances says so as well, else a
    service Job gets a new one in its place.
    """
    if for_good:
        return cancel(plane, tx, instance, reason, message)
    run = plane.state.runs.get(instance.attempt)
    if run is not None:
        order_stop(plane, tx, run, StopOrder(reason, tx.now, run.grace, message))
    return plane.state.instances.get(instance.id, instance)


def _require_active(job: Job) -> None:
    if job.state is not JobState.ACTIVE:
        raise Conflict(f"Job {job.id} is {job.state.value}")


class _Shrinking:
    """A service Job that becomes smaller: who is still to be considered, and the choice among the others."""

    def __init__(self, job: Job, among: Sequence[Instance]) -> None:
        self.choice = Choice(job.shrink)
        self.unconsidered = [instance.id for instance in among]


class Goals:
    """Brings Jobs to what they want; owns the list of those that may not be there yet."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._due: dict[str, None] = {}
        self._shrinking: dict[str, _Shrinking] = {}
        self._armed = False

    def want(self, job: str) -> None:
        """Look at a Job soon."""
        self._due[job] = None
        self._arm()

    def on_timer(self, _: str) -> None:
        """Take one step for one Job, and the next in the next turn of the loop."""
        self._armed = False
        job = next(iter(self._due))
        del self._due[job]
        if self._due:
            self._arm()
        with self._plane.begin() as tx:
            self.pursue(tx, job)

    def pursue(self, tx: Transaction, identity: str) -> None:
        """Take one step towards what a Job wants, and see to it that more follow if they must."""
        job = self._plane.state.jobs.get(identity)
        if job is None or job.ended:
            return
        if job.state is JobState.STOPPING:
            more = self._end_some(tx, job)
        elif job.mode is JobMode.BATCH:
            more = self._add(tx, job, range(job.spawned, job.size))
        else:
            more = self._keep_size(tx, job)
        self._finish_if_reached(tx, identity)
        if more:
            self.want(identity)

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            self._plane.timers.set(self._plane.clock.now(), "job_reconcile", "")

    def instance_ended(self, tx: Transaction, identity: str) -> None:
        """Hear that an Instance of a Job has ended for good."""
        job = self._plane.state.jobs[identity]
        if job.mode is JobMode.SERVICE and job.state is JobState.ACTIVE:
            self.want(identity)
        else:
            self._finish_if_reached(tx, identity)

    def put(self, tx: Transaction, old: Job, new: Job) -> None:
        """Store a Job whose state has changed, and tell its door."""
        tx.put(new)
        ear = self._plane.job_ears.get(new.door)
        if ear is not None:
            ear.on_job(tx, old, new)

    def finish(self, tx: Transaction, job: Job) -> None:
        """Bring a Job to its end."""
        finished = msgspec.structs.replace(job, state=JOB_LIFE.advance(job.state, JobState.FINISHED), ended_at=tx.now)
        _log.debug("job finished", job=job.id)
        self.put(tx, job, finished)
        self._shrinking.pop(job.id, None)
        tx.after(lambda: self._plane.queues.forget(job.id))

    def _finish_if_reached(self, tx: Transaction, identity: str) -> None:
        job = self._plane.state.jobs[identity]
        if job.ended or self._plane.job_instances.count(identity):
            return
        if job.state is JobState.STOPPING or (job.mode is JobMode.BATCH and job.spawned >= job.size):
            self.finish(tx, job)

    def _end_some(self, tx: Transaction, job: Job) -> bool:
        live = self._live(job)
        order = job.stop
        reason, message = (order.reason, order.message) if order is not None else (StopReason.CANCELLED, "")
        for instance in live[:ENDED_AT_ONCE]:
            cancel(self._plane, tx, instance, reason, message)
        return len(live) > ENDED_AT_ONCE

    def _keep_size(self, tx: Transaction, job: Job) -> bool:
        live = self._live(job)
        wanted = 0 if job.retired else job.size
        among, going = live, max(0, len(live) - wanted)
        if job.shrink == Shrink.INDEX:
            among = [instance for instance in live if instance.index >= wanted]
            going = len(among)
        if not going:
            self._shrinking.pop(job.id, None)
        left = self._take_away(tx, job, among, going) if going else 0
        return self._add(tx, job, free_indexes(job, live, wanted)) or left > 0

    def _take_away(self, tx: Transaction, job: Job, among: Sequence[Instance], count: int) -> int:
        """End some of those that are to go; give how many are left. Choosing looks at all there are, once."""
        shrinking = self._shrinking.pop(job.id, None) or _Shrinking(job, among)
        present = {instance.id: instance for instance in among}
        step = shrinking.unconsidered[-CONSIDERED_AT_ONCE:]
        del shrinking.unconsidered[-CONSIDERED_AT_ONCE:]
        known = (present[identity] for identity in step if identity in present)
        shrinking.choice.consider(candidates(self._plane, known))
        ended = 0
        while not shrinking.unconsidered and ended < min(count, ENDED_AT_ONCE):
            chosen = shrinking.choice.take(1)
            if not chosen:
                return count - ended
            if chosen[0] in present:
                instance = self._plane.state.instances[chosen[0]]
                cancel(self._plane, tx, instance, StopReason.SCALED_DOWN, "its Job was made smaller")
                ended += 1
        if ended < count:
            self._shrinking[job.id] = shrinking
        return count - ended

    def _add(self, tx: Transaction, job: Job, indexes: Sequence[int]) -> bool:
        for index in indexes[:ADDED_AT_ONCE]:
            job = self._plane.state.jobs[job.id]
            tx.put(msgspec.structs.replace(job, spawned=job.spawned + 1))
            add_instance(self._plane, tx, job, index=index)
        return len(indexes) > ADDED_AT_ONCE

    def _live(self, job: Job) -> list[Instance]:
        instances = self._plane.state.instances
        found = (instances[identity] for identity in self._plane.job_instances[job.id])
        return [instance for instance in found if not instance.cancel]
