"""Scaling policies in force: jobs are measured in turn and made larger or smaller by what was seen.

Promises: a job is changed by the ordinary update of its capacity and never beyond its bounds, never while it is
disabled, and never in a direction that its processes forbid. That a policy acts is in its row before the job changes:
after a crash in between, the policy waits for its cooldown rather than acting twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.jobs import autoscaling
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.domain.autoscaling import Acted, ScalingPolicy, Size, StepPolicy
from portico.domain.errors import PorticoError
from portico.domain.identity import MINUTE, Instant, Micros
from portico.doors.titus.callers import Caller
from portico.doors.titus.extension.commands import UpdateCapacity
from portico.doors.titus.extension.policies import POLICIES, JobPolicy, Policies, PolicyState

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing
    from portico.doors.titus.extension.views import JobView

TICK = "titus_scaling"
CALLER = "titus-autoscaling"
INTERVAL = Micros(MINUTE)

_log = structlog.get_logger(__name__)


class Scaling:
    """The part of the door that applies policies; `interval` is the longest time between two measurements."""

    tables: tuple[RecordTable[Any], ...] = ()

    def __init__(self, policies: Policies, interval: Micros = INTERVAL) -> None:
        self._policies = policies
        self._longest = interval
        self._due = asyncio.Event()
        self._ticking = False

    def attach(self, standing: Standing) -> None:
        """Take one's place."""
        self._standing = standing
        self._plane = standing.plane
        self.scaling = autoscaling.Scaling(standing.plane)
        self._plane.timers.handle(TICK, self._tick)
        self._plane.state.index(POLICIES.name, self._on_policy)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """There are none."""
        return {}

    def start(self, tx: Transaction) -> None:
        """Begin to measure when there are policies in force."""
        if self._policies.applied():
            self._begin(tx.now)

    async def run(self) -> None:
        """Measure and decide each time it is due, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.step()
            if self._policies.applied():
                self._begin(Instant(self._plane.clock.now() + self.interval()))

    def interval(self) -> Micros:
        """Give the time between two measurements: the shortest period of an alarm, but no longer than configured."""
        periods = [
            found.policy.alarm.period
            for found in self._policies.records.values()
            if found.state is PolicyState.APPLIED and isinstance(found.policy, StepPolicy)
        ]
        return min(self._longest, *periods) if periods else self._longest

    async def step(self) -> None:
        """Measure all jobs with policies once, and change those whose policies want it."""
        interval = self.interval()
        found = self._policies.applied()
        await self.scaling.measure({job: [one.policy for one in some] for job, some in found.items()}, interval)
        for job in found:
            try:
                await self._scale(job, interval)
            except PorticoError as error:
                _log.warning("job not scaled", job=job, reason=str(error))

    async def _scale(self, identity: str, interval: Micros) -> None:
        job = self._standing.jobs.get(identity)
        policies = {one.id: one for one in self._policies.of(identity) if one.state is PolicyState.APPLIED}
        if job is None or not job.accepted or not policies:
            return
        view = self._standing.view(job)
        if not view.service or not view.enabled:
            return
        capacity = view.capacity
        size = Size(capacity.minimum, capacity.desired, capacity.maximum)
        decision = self.scaling.decide(identity, size, _judged(policies), interval)
        if decision is None or _forbidden(view, decision.desired):
            return
        self._note(policies, decision.policies, larger=decision.desired > size.desired)
        reason = f"scaling policies {', '.join(decision.policies)}"
        caller = Caller(id=CALLER, kind="Application", reason=reason)
        await self._plane.submit(UpdateCapacity(identity, None, None, decision.desired, caller))

    def _note(self, policies: Mapping[str, JobPolicy], names: tuple[str, ...], *, larger: bool) -> None:
        """Write down that policies act, from which their cooldowns count."""
        with self._plane.begin() as tx:
            for name in names:
                before = policies[name].acted
                acted = Acted(tx.now, before.smaller_at) if larger else Acted(before.larger_at, tx.now)
                tx.put(msgspec.structs.replace(policies[name], acted=acted))

    # ---- when --------------------------------------------------------------------------------------------------

    def _begin(self, at: Instant) -> None:
        if not self._ticking:
            self._ticking = True
            self._plane.timers.set(at, TICK, "")

    def _tick(self, _: str) -> None:
        self._ticking = False
        self._due.set()

    def _on_policy(self, old: JobPolicy | None, new: JobPolicy | None) -> None:
        applied = new is not None and new.state is PolicyState.APPLIED
        if applied and (old is None or old.state is not PolicyState.APPLIED):
            self._begin(self._plane.clock.now())


def _judged(policies: Mapping[str, JobPolicy]) -> dict[str, tuple[ScalingPolicy, Acted]]:
    return {name: (one.policy, one.acted) for name, one in policies.items()}


def _forbidden(view: JobView, desired: int) -> bool:
    """Tell whether a job's processes forbid this change of its size."""
    present = view.capacity.desired
    return (view.disable_increase and desired > present) or (view.disable_decrease and desired < present)
