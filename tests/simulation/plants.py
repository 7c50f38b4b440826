"""Bugs planted on purpose: each a context that breaks one promise; the simulator must find every one of them."""

from __future__ import annotations

from contextlib import contextmanager
from unittest import mock

import msgspec

from portico.control.cluster import gateway, nodes, runs, scheduling
from portico.control.committer import Committer
from portico.control.jobs import goals, instances, queues
from portico.domain.frames import Ack


@contextmanager
def answers_before_durable():
    """Replies leave while their change is still being written."""

    async def settled(_self, _revision):
        return None

    with mock.patch.object(Committer, "settled", settled):
        yield


@contextmanager
def launches_before_durable():
    """Effects run at once instead of after the write."""
    submit = Committer.submit

    def hasty(self, changes, effects):
        for effect in effects:
            effect()
        submit(self, changes, ())

    with mock.patch.object(Committer, "submit", hasty):
        yield


@contextmanager
def acknowledges_before_durable():
    """A node may forget an end that control has not written yet."""

    def take(self, report):
        with self._plane.begin() as tx:
            for seen in report.observations:
                runs.observe(self._plane, tx, self.node, seen)
        self.line.send(Ack(report.sequence))

    with mock.patch.object(gateway.AgentSession, "_take_report", take):
        yield


@contextmanager
def forgets_due_times():
    """Timers of Instances that wait for another try are not set again after a restart."""
    wait = instances.wait_for_turn

    def wait_for_turn(plane, tx, instance):
        if plane.started:
            wait(plane, tx, instance)

    with mock.patch.object(instances, "wait_for_turn", wait_for_turn):
        yield


@contextmanager
def loses_runs_of_returning_nodes():
    """What a node no longer has is taken for running."""

    def compare(_plane, _tx, _run, _fact):
        return None

    with mock.patch.object(nodes, "_compare", compare):
        yield


@contextmanager
def counts_slots_twice():
    """A retried Instance gives its slot back twice."""
    again = instances._wait_again

    def wait_again(plane, tx, job, instance, pause):
        again(plane, tx, job, instance, pause)
        plane.queues[job.id].active -= 1

    with mock.patch.object(instances, "_wait_again", wait_again):
        yield


@contextmanager
def retries_cancelled_work():
    """A cancelled Instance is tried again when its Attempt fails."""
    end = instances.end_attempt

    def end_attempt(plane, tx, instance, ending):
        if instance.cancel and ending.verdict is instances.Verdict.CANCELLED:
            ending = msgspec.structs.replace(ending, verdict=instances.Verdict.RETURNED)
            instance = msgspec.structs.replace(instance, cancel=False)
        end(plane, tx, instance, ending)

    with (
        mock.patch.object(instances, "end_attempt", end_attempt),
        mock.patch("portico.control.jobs.attempts.end_attempt", end_attempt),
        mock.patch("portico.control.calls.fleets.end_attempt", end_attempt),
    ):
        yield


@contextmanager
def forgets_goals():
    """After a restart nobody looks at Jobs that are not where they want to be."""
    want = goals.Goals.want

    def forgetful(self, job):
        if self._plane.started:
            want(self, job)

    with mock.patch.object(goals.Goals, "want", forgetful):
        yield


@contextmanager
def starts_too_many():
    """Attempts that have not begun are not counted."""

    def has_room(self, job):
        return not job.concurrency or self.active < job.concurrency

    with mock.patch.object(queues.JobQueue, "has_room", has_room):
        yield


@contextmanager
def keeps_placement_to_itself():
    """A door is not told where its Attempts were placed."""
    with mock.patch.object(scheduling, "tell_of_run"):
        yield


PLANTS = (
    answers_before_durable,
    launches_before_durable,
    acknowledges_before_durable,
    forgets_due_times,
    loses_runs_of_returning_nodes,
    counts_slots_twice,
    retries_cancelled_work,
    forgets_goals,
    starts_too_many,
    keeps_placement_to_itself,
)
