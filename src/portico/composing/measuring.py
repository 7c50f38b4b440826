"""What the cores count, as metrics; the names mirror those job.v1 operators know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from portico.control.jobs.catalogue import KIND_PREFIX, kind_name
from portico.control.plane import Plane
from portico.control.tallies import BUCKETS, KindTally
from portico.domain.jobs import InstanceState
from portico.domain.runs import Run
from portico.serving.metrics import Metrics

_ENDS = {
    "completed": InstanceState.SUCCEEDED,
    "terminated": InstanceState.FAILED,
    "canceled": InstanceState.CANCELLED,
    "timedout": InstanceState.TIMED_OUT,
}
_WAITING = frozenset({InstanceState.WAITING, InstanceState.PENDING})

Reading = Iterable[tuple[tuple[str, ...], float]]


def register(metrics: Metrics, plane: Plane) -> None:
    """Show what the plane counts, read when asked for."""
    gauges, counters = metrics.gauges, metrics.counters
    gauges.register("portico_runs", "Runs that have not ended.", ("state",), lambda: _states(plane.state.runs))
    gauges.register("portico_nodes_connected", "Connected nodes.", (), lambda: [((), len(plane.gateway.sessions))])
    gauges.register("portico_revision", "Newest durable revision.", (), lambda: [((), plane.committer.durable)])
    counters.register(
        "portico_effects_failed",
        "Effects of durable changes that raised; the log has each.",
        (),
        lambda: [((), plane.committer.effects_failed)],
    )
    gauges.register("go_job_registered", "Registered kinds.", (), lambda: [((), len(_kinds(plane)))])
    gauges.register("go_job_workers", "Connected workers.", (), lambda: [((), _workers(plane))])
    gauges.register("go_job_queued", "Instances waiting for their turn.", ("kind",), lambda: _queued(plane))
    counters.register(
        "go_job_executed", "Attempts that ended.", ("kind",), lambda: _tallied(plane, lambda t: t.executed)
    )
    for name, state in _ENDS.items():
        counters.register(
            f"go_job_{name}",
            f"Instances that ended {state.value}.",
            ("kind",),
            lambda state=state: _tallied(plane, lambda tally: tally.by_state.get(state, 0)),  # type: ignore[misc]
        )
    metrics.registry.register(_Durations(plane))


class _Durations(Collector):
    """How long instances took, by kind."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def describe(self) -> Iterable[Metric]:
        """Say nothing before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give one histogram with a series for each kind that has run."""
        family = HistogramMetricFamily("go_job_duration_seconds", "Duration of instances.", labels=["kind"])
        for job, tally in self._plane.metrics.kinds.items():
            if job.startswith(KIND_PREFIX):
                family.add_metric([kind_name(job)], _cumulative(tally.durations), tally.seconds)
        yield family


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
    return list(zip(bounds, accumulate(counts), strict=True))


def _kinds(plane: Plane) -> list[str]:
    return [job.id for job in plane.state.jobs.values() if job.id.startswith(KIND_PREFIX) and not job.retired]


def _workers(plane: Plane) -> int:
    return sum(len(fleet.workers) for fleet in plane.fleets.fleets.values())


def _states(runs: Mapping[str, Run]) -> Reading:
    counts = Counter(run.state.value for run in runs.values())
    return [((state,), count) for state, count in counts.items()]


def _queued(plane: Plane) -> Reading:
    counts = Counter(instance.job for instance in plane.state.instances.values() if instance.state in _WAITING)
    return [((kind_name(job),), count) for job, count in counts.items() if job.startswith(KIND_PREFIX)]


def _tallied(plane: Plane, read: Callable[[KindTally], float]) -> Reading:
    return [
        ((kind_name(job),), read(tally)) for job, tally in plane.metrics.kinds.items() if job.startswith(KIND_PREFIX)
    ]
