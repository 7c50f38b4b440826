"""What is measured of Jobs, and which size their scaling policies want by it.

One `Scaling` for each door that has policies. Owns the measurements, which are soft: after a restart, or a change of
leader, alarms are judged by what is measured from then on. Promises: memory is bounded for each Job; a node that does
not answer, and an Attempt of which nothing is known, leave a gap and not a zero.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import structlog

from portico.control.cluster.capacity import wanted
from portico.control.queries import GetUsage
from portico.deciding import autoscaling
from portico.deciding.autoscaling import Decision
from portico.domain.autoscaling import Acted, Measure, Point, ScalingPolicy, Size, StepPolicy
from portico.domain.errors import PorticoError
from portico.domain.identity import Instant, Micros
from portico.domain.resources import CPUS, MEM, WHOLE
from portico.domain.runs import Run, RunState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.domain.frames import Usage

MOST_POINTS = 1_000
"""Measurements kept of one Job and measure; a longer time is looked at in larger steps."""
AT_ONCE = 16
"""Nodes asked at the same time."""
GLANCE = 500
"""Attempts looked at before others get their turn."""

_MEGABYTE = 1 << 20
_log = structlog.get_logger(__name__)


class Scaling:
    """Measures Jobs and decides on their sizes."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._points: dict[str, dict[Measure, deque[Point]]] = {}
        self._readings: dict[str, tuple[Instant, int]] = {}

    async def measure(self, jobs: Mapping[str, Iterable[ScalingPolicy]], interval: Micros) -> None:
        """Measure Jobs for their policies; what was measured of all others is forgotten.

        `interval` is how often this is done.
        """
        wanted_of = {job: {m for policy in policies if (m := _measure(policy))} for job, policies in jobs.items()}
        running = {job: self._running(job) for job, measures in wanted_of.items() if measures}
        used = await self._used(running, wanted_of)
        now = self._plane.clock.now()
        self._points = {job: self._points.get(job, {}) for job in running}
        for job, runs in running.items():
            span = max(autoscaling.window(policy, interval) for policy in jobs[job])
            for measure in wanted_of[job]:
                self._keep(job, _point(measure, runs, used, now), measure, span)

    def decide(
        self, job: str, size: Size, policies: Mapping[str, tuple[ScalingPolicy, Acted]], interval: Micros
    ) -> Decision | None:
        """Give the size that a Job's policies, by name, want; None when it is to stay."""
        now = self._plane.clock.now()
        measured = self._points.get(job, {})
        return autoscaling.decide(
            size,
            [
                autoscaling.judge(name, autoscaling.coarser(policy, interval), _of(measured, policy), size, acted, now)
                for name, (policy, acted) in policies.items()
            ],
        )

    def measured(self, job: str, measure: Measure) -> list[Point]:
        """Give what is kept of a Job's measurements, oldest first."""
        return list(self._points.get(job, {}).get(measure, ()))

    def _keep(self, job: str, point: Point | None, measure: Measure, span: Micros) -> None:
        points = self._points[job].setdefault(measure, deque())
        while points and points[0].at <= self._plane.clock.now() - span:
            points.popleft()
        if point is None or (points and point.at - points[-1].at < span // MOST_POINTS):
            return
        points.append(point)

    # ---- measuring ---------------------------------------------------------------------------------------------

    def _running(self, job: str) -> list[Run]:
        state = self._plane.state
        attempts = (state.instances[identity].attempt for identity in self._plane.job_instances[job])
        runs = (state.runs.get(attempt) for attempt in attempts)
        return [run for run in runs if run is not None and run.state is RunState.RUNNING]

    async def _used(
        self, running: Mapping[str, list[Run]], wanted_of: Mapping[str, set[Measure]]
    ) -> dict[str, dict[Measure, float]]:
        """Give what each Attempt uses, in percent of its claim."""
        runs = {run.id: run for job, some in running.items() if wanted_of[job] - {Measure.MEMBERS} for run in some}
        nodes = {run.node for run in runs.values() if run.node}
        used: dict[str, dict[Measure, float]] = {}
        readings: dict[str, tuple[Instant, int]] = {}
        turns = asyncio.Semaphore(AT_ONCE)

        async def ask(node: str) -> None:
            async with turns:
                for number, usage in enumerate(await self._usage(node)):
                    run = runs.get(usage.run)
                    if run is not None and (usage.pids or usage.memory):
                        used[run.id] = self._of_claim(run, usage, readings)
                    if number % GLANCE == GLANCE - 1:
                        await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            for node in sorted(nodes):
                group.create_task(ask(node), name=f"use of {node}")
        self._readings = readings
        return used

    async def _usage(self, node: str) -> tuple[Usage, ...]:
        try:
            found: tuple[Usage, ...] = await self._plane.ask(GetUsage(node))
        except PorticoError as error:
            _log.info("use of node unknown", node=node, reason=str(error))
            return ()
        return found

    def _of_claim(self, run: Run, usage: Usage, readings: dict[str, tuple[Instant, int]]) -> dict[Measure, float]:
        """Reckon with the reading before, which processor time needs."""
        now, amounts = self._plane.clock.now(), wanted(run)
        shares: dict[Measure, float] = {}
        before = self._readings.get(run.id)
        readings[run.id] = (now, usage.cpu_micros)
        if before is not None and now > before[0] and amounts.get(CPUS):
            spent = max(0, usage.cpu_micros - before[1])
            shares[Measure.CPU] = 100.0 * spent / (now - before[0]) * WHOLE / amounts[CPUS]
        if amounts.get(MEM):
            shares[Measure.MEMORY] = 100.0 * usage.memory / _MEGABYTE * WHOLE / amounts[MEM]
        return shares


def _measure(policy: ScalingPolicy) -> Measure | None:
    return policy.alarm.measure if isinstance(policy, StepPolicy) else policy.measure


def _of(measured: Mapping[Measure, deque[Point]], policy: ScalingPolicy) -> list[Point]:
    measure = _measure(policy)
    return [] if measure is None else list(measured.get(measure, ()))


def _point(
    measure: Measure, runs: list[Run], used: Mapping[str, Mapping[Measure, float]], now: Instant
) -> Point | None:
    """Put the measurements of a Job's Attempts together; None when there are none."""
    if measure is Measure.MEMBERS:
        count = float(len(runs))
        return Point(now, 1, count, count, count, len(runs))
    values = [share[measure] for run in runs if measure in (share := used.get(run.id, {}))]
    if not values:
        return None
    return Point(now, len(values), sum(values), min(values), max(values), len(values))
