"""Metrics: plain integers on the hot paths, turned into Prometheus families only when scraped.

Owns one registry per server, never the library's global one. Promises: label sets are bounded by their owners; a
gauge whose callback fails is logged and counted and costs the scrape nothing else.
"""

from __future__ import annotations

import platform
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

import msgspec
import structlog
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from portico.domain.errors import AlreadyExists

Reading = Iterable[tuple[Sequence[str], float]]
Family = GaugeMetricFamily | CounterMetricFamily

# Seconds; fixed, so that figures of different versions and servers can be added up.
LATENCY_BUCKETS = (0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
MOST_SERIES = 4_000

_log = structlog.get_logger(__name__)


class _Source(msgspec.Struct, frozen=True):
    """One family that is read at scrape time."""

    name: str
    help: str
    labels: tuple[str, ...]
    readers: tuple[Callable[[], Reading], ...]


class Gauges(Collector):
    """Families whose values are asked for at each scrape; all gauges, or all counters."""

    def __init__(self, kind: type[GaugeMetricFamily | CounterMetricFamily]) -> None:
        self._kind = kind
        self._sources: dict[str, _Source] = {}
        self.failures = 0

    def register(self, name: str, help_text: str, labels: Sequence[str], read: Callable[[], Reading]) -> None:
        """Ask `read` for (label values, value) pairs at each scrape.

        Several owners may share a name, each with label values of its own; AlreadyExists when help or labels differ.
        """
        earlier = self._sources.get(name)
        if earlier is None:
            self._sources[name] = _Source(name, help_text, tuple(labels), (read,))
        elif (earlier.help, earlier.labels) == (help_text, tuple(labels)):
            self._sources[name] = msgspec.structs.replace(earlier, readers=(*earlier.readers, read))
        else:
            raise AlreadyExists(f"the metric {name} is registered already with another help text or other labels")

    def collect(self) -> Iterator[Family]:
        """Read every family; the first 4,000 series of each are shown."""
        for source in self._sources.values():
            family = self._kind(source.name, source.help, labels=source.labels)
            try:
                for number, (labels, value) in enumerate(_read(source)):
                    if number == MOST_SERIES:
                        _log.warning("metric_truncated", metric=source.name, series=MOST_SERIES)
                        break
                    family.add_metric(list(labels), value)
            except Exception:  # noqa: BLE001 — one broken gauge must not take all metrics with it
                self.failures += 1
                _log.exception("metric_failed", metric=source.name)
                continue
            yield family

    def describe(self) -> Iterable[Family]:
        """Say nothing before the first scrape: callbacks may not be ready to be asked."""
        return ()


def _read(source: _Source) -> Iterator[tuple[Sequence[str], float]]:
    """Ask all owners of a family."""
    for read in source.readers:
        yield from read()


class Histogram:
    """Counts of durations in fixed buckets."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(LATENCY_BUCKETS, seconds)] += 1
        self.total += seconds


class Latencies(Collector):
    """One histogram per set of label values; the owner keeps the sets bounded."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str]) -> None:
        self._name = name
        self._help = help_text
        self._labels = tuple(labels)
        self._series: dict[tuple[str, ...], Histogram] = {}

    def series(self, labels: tuple[str, ...]) -> Histogram:
        """Give the histogram of these label values."""
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = Histogram()
        return found

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        """Count one duration."""
        self.series(labels).observe(seconds)

    def count(self, labels: tuple[str, ...]) -> int:
        """Tell how many durations were counted under these label values."""
        found = self._series.get(labels)
        return 0 if found is None else sum(found.counts)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Turn the counts into one cumulative family."""
        family = HistogramMetricFamily(self._name, self._help, labels=self._labels)
        for labels, histogram in self._series.items():
            running, buckets = 0, []
            for bound, count in zip((*map(str, LATENCY_BUCKETS), "+Inf"), histogram.counts, strict=True):
                running += count
                buckets.append((bound, float(running)))
            family.add_metric(list(labels), buckets, histogram.total)
        yield family

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Say nothing before the first scrape."""
        return ()


class Metrics:
    """The registry of one server with what every server tells."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self.gauges = Gauges(GaugeMetricFamily)
        self.counters = Gauges(CounterMetricFamily)
        self.grpc_calls = Latencies("portico_grpc_call_seconds", "Duration of gRPC calls.", ("method", "code"))
        self.http_requests = Latencies(
            "portico_http_request_seconds", "Duration of HTTP requests.", ("route", "method", "status")
        )
        for collector in (self.gauges, self.counters, self.grpc_calls, self.http_requests):
            self.registry.register(collector)
        build = (version("portico"), platform.python_version())
        self.gauges.register(
            "portico_build_info", "Version of the server.", ("version", "python"), lambda: [(build, 1)]
        )
        self.counters.register(
            "portico_scrape_failures",
            "Metrics that could not be read.",
            (),
            lambda: [((), self.gauges.failures + self.counters.failures)],
        )

    def exposition(self) -> bytes:
        """Give all metrics in the Prometheus text format."""
        return bytes(generate_latest(self.registry))
