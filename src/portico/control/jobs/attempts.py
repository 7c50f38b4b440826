"""Attempts: how an Instance is carried out, as a Run (a command) or as a Call (a function in a worker).

Promises: an Instance has at most one live Attempt; what its Run or Call reports reaches it exactly once.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster import runs
from portico.control.jobs.instances import Ending, Verdict, begin, end_attempt, fail_to_start
from portico.control.jobs.listeners import tell_of_run
from portico.deciding.commands import fill
from portico.domain.errors import Invalid
from portico.domain.identity import Instant
from portico.domain.jobs import INSTANCE_LIFE, Instance, InstanceState, Job, JobMode
from portico.domain.runs import Run, RunState, StopOrder, StopReason

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

MOST_RESULTS = 10_000
"""Lines that are kept as results, however short they are."""

_decoder = getincrementaldecoder("utf-8")


class Attempts:
    """Starts, stops and hears of Attempts."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        plane.run_listeners.append(self.on_run)

    def start(self, tx: Transaction, job: Job, instance: Instance) -> None:
        """Make an Instance's next Attempt."""
        if job.template.function:
            pending = msgspec.structs.replace(
                instance, state=INSTANCE_LIFE.advance(instance.state, InstanceState.PENDING)
            )
            tx.put(pending)
            self._plane.fleets.enqueue(tx, job, pending)
            return
        try:
            tree = self._make_tree(tx, job, instance)
        except Invalid as error:  # the command was changed since, or fires by itself and needs an argument
            fail_to_start(self._plane, tx, job, instance, str(error))
            return
        pending = msgspec.structs.replace(
            instance, state=INSTANCE_LIFE.advance(instance.state, InstanceState.PENDING), attempt=tree[0].id
        )
        tx.put(pending)
        for run in tree:
            runs.create_run(self._plane, tx, run)
        tell_of_run(self._plane, tx, None, tree[0])

    def _make_tree(self, tx: Transaction, job: Job, instance: Instance) -> Sequence[Run]:
        run = self._make_run(tx, job, instance)
        ear = self._plane.job_ears.get(job.door)
        return (run,) if ear is None else ear.prepare(tx, job, instance, run)

    def _make_run(self, tx: Transaction, job: Job, instance: Instance) -> Run:
        template = job.template
        spec = template.spec
        if job.mode is JobMode.DEMAND:
            spec = msgspec.structs.replace(spec, argv=fill(spec.argv, instance.arguments))
        return Run(
            id=self._plane.ids.fresh(),
            door=job.door,
            pool=job.pool,
            spec=spec,
            amounts=template.amounts,
            created_at=tx.now,
            job=job.id,
            instance=instance.id,
            priority=instance.priority,
            port_count=template.port_count,
            hard=template.hard,
            soft=template.soft,
            strategy=template.strategy,
            labels=template.labels,
            preemptible=template.preemptible,
            grace=template.grace,
            timeout=template.timeout,
            absence=template.absence,
        )

    def deadline(self, instance: Instance, started_at: Instant) -> Instant:
        """Give when an Attempt that began then has had its time; Runs carry a deadline of their own."""
        template = self._plane.state.jobs[instance.job].template
        if not template.function or not template.timeout:
            return Instant(0)
        deadline = Instant(started_at + template.timeout)
        self._plane.timers.set(deadline, "call_deadline", instance.id)
        return deadline

    def stop(self, tx: Transaction, job: Job, instance: Instance, reason: StopReason, message: str) -> None:
        """Stop an Instance's Attempt; a Call is stopped only when its Instance is cancelled."""
        if job.template.function:
            self._plane.fleets.cancel(tx, job, instance)
            return
        run = self._plane.state.runs.get(instance.attempt)
        if run is not None:
            runs.order_stop(self._plane, tx, run, StopOrder(reason, tx.now, run.grace, message))

    def on_run(self, tx: Transaction, _old: Run, run: Run) -> None:
        """Hear of a change of a Run."""
        if not run.instance:
            return
        instance = self._plane.state.instances.get(run.instance)
        if instance is None or instance.attempt != run.id or instance.ended:
            return
        if run.ended:
            ending = ending_of(run)
            ear = self._plane.job_ears.get(run.door)
            if ear is not None:
                ending = ear.judge(tx, self._plane.state.jobs[instance.job], instance, run, ending)
            end_attempt(self._plane, tx, instance, ending)
        elif run.state is RunState.RUNNING:
            begin(self._plane, tx, instance, run.started_at)


def ending_of(run: Run) -> Ending:
    """Say what the end of a Run means for the Instance it was an Attempt of."""
    outcome = run.outcome
    assert outcome is not None
    lines = _lines(outcome.output, run.spec.capture)
    if run.state is RunState.SUCCEEDED:
        return Ending(Verdict.SUCCESS, run.ended_at, run.started_at, results=lines)
    error = outcome.message or f"ended: {outcome.cause.value}"
    verdict = Verdict.FAILURE
    if run.state is RunState.KILLED and run.stop is not None:
        verdict = _BY_REASON.get(run.stop.reason, Verdict.FAILURE)
        error = run.stop.message or error
    return Ending(verdict, run.ended_at, run.started_at, error, lines)


_BY_REASON = {
    StopReason.CANCELLED: Verdict.CANCELLED,
    StopReason.TIMED_OUT: Verdict.TIMED_OUT,
    StopReason.SCALED_DOWN: Verdict.CANCELLED,
}


def _lines(output: bytes, most: int) -> tuple[str, ...]:
    """Give the lines of an output of which so many bytes at most were kept; a character cut there is left out."""
    if not output:
        return ()
    text = _decoder("replace").decode(output, final=len(output) < most)
    lines = text.removesuffix("\n").split("\n")[:MOST_RESULTS]
    return tuple([line.removesuffix("\r") for line in lines])
