"""Disruption of Jobs on purpose: how many of a Job's Attempts are up, what its budget allows, and one taken away.

One `Disruptions` for each door that has budgets. Owns the count of Attempts that are up, an index over Runs; what was
spent is the door's row. Promises: the count follows every change of a Run within its transaction, so that what was
taken a moment ago is missing already; an Attempt that was told to stop, or whose node is away, is not up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs import goals
from portico.deciding import disruption
from portico.domain.disruption import (
    HEALTH_CHECKS,
    UNLIMITED,
    Bucket,
    Budget,
    Load,
    Quota,
    Spent,
    Tokens,
)
from portico.domain.identity import Instant
from portico.domain.jobs import Instance
from portico.domain.runs import Run, RunState, StopReason

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction


class Disruptions:
    """Judges the disruption of one door's Jobs."""

    def __init__(self, plane: Plane, door: str) -> None:
        self._plane = plane
        self._door = door
        self._running: dict[str, int] = {}
        self._healthy: dict[str, int] = {}
        plane.state.index("runs", self._on_run)

    def up(self, job: str, providers: Iterable[str] = ()) -> int:
        """Count a Job's Attempts that are up, in the eyes of all providers of health."""
        counts = self._healthy if HEALTH_CHECKS in providers else self._running
        return counts.get(job, 0)

    def quota(self, job: str, budget: Budget, spent: Spent, movable: int = UNLIMITED) -> Quota:
        """Say how many of a Job's Attempts may be taken away now; `movable` is how many were not moved too often."""
        found = self._plane.state.jobs.get(job)
        load = Load(found.size if found is not None else 0, self.up(job, budget.providers), movable)
        return disruption.quota(budget, load, spent, self._plane.clock.now())

    def spend(self, budget: Budget, spent: Spent) -> Spent:
        """Give what is spent of a budget's rate after one more."""
        return disruption.spend(budget.rate, spent, self._plane.clock.now())

    def shared_quota(self, bucket: Bucket, tokens: Tokens, *, exempt: bool = False) -> Quota:
        """Say how many of all Jobs' Attempts may be taken away now."""
        return disruption.bucket_quota(bucket, tokens, self._plane.clock.now(), exempt=exempt)

    def fill(self, bucket: Bucket, tokens: Tokens) -> Tokens:
        """Give what is in a bucket by now."""
        return disruption.refill(bucket, tokens, self._plane.clock.now())

    def take_token(self, bucket: Bucket, tokens: Tokens) -> Tokens:
        """Give what is in a bucket after one more."""
        return disruption.take_token(bucket, tokens, self._plane.clock.now())

    def evict(self, tx: Transaction, instance: Instance, message: str) -> None:
        """End an Instance's present Attempt because something else needs its place; its Job's policy replaces it."""
        goals.stop_attempt(self._plane, tx, instance, StopReason.EVICTED, message)

    def _on_run(self, old: Run | None, new: Run | None) -> None:
        for run, sign in ((old, -1), (new, 1)):
            if run is None or run.door != self._door or not _is_up(run):
                continue
            _count(self._running, run.job, sign)
            if run.spec.check is None or run.healthy:
                _count(self._healthy, run.job, sign)


def returned_at(spent: Spent) -> Instant:
    """Give when nothing of what was spent counts any more."""
    return disruption.all_returned_at(spent)


def check_zone(name: str) -> None:
    """Refuse what is not a time zone; raises Invalid."""
    disruption.zone_of(name)


def change_pool(plane: Plane, tx: Transaction, run: Run, pool: str) -> None:
    """Let a live Run, and what starts and ends with it, wait in or be charged to another pool from now on."""
    for identity in (run.id, *plane.child_runs[run.id]):
        member = plane.state.runs[identity]
        if member.pool != pool:
            # Gone and made anew: the ledger's books take a Run's pool for as unchangeable as its Claim.
            tx.drop(member)
            tx.put(msgspec.structs.replace(member, pool=pool))
    plane.scheduling.want()


def _is_up(run: Run) -> bool:
    return run.state is RunState.RUNNING and run.stop is None and bool(run.instance)


def _count(counts: dict[str, int], job: str, sign: int) -> None:
    count = counts.get(job, 0) + sign
    if count:
        counts[job] = count
    else:
        del counts[job]
