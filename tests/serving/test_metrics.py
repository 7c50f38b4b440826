"""Figures are plain numbers until they are scraped."""

from __future__ import annotations

import prometheus_client
import pytest
import structlog.testing
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from portico.domain.errors import AlreadyExists
from portico.serving.metrics import LATENCY_BUCKETS, MOST_SERIES, Histogram, Metrics


def samples_of(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_gauges_and_counters_are_read_at_each_scrape():
    metrics = Metrics()
    waiting = {"a": 1}
    metrics.gauges.register("waiting", "Waiting.", ("pool",), lambda: [((k,), v) for k, v in waiting.items()])
    metrics.counters.register("done", "Done.", (), lambda: [((), 7)])
    assert samples_of(metrics)["waiting", (("pool", "a"),)] == 1
    waiting["a"] = 5
    samples = samples_of(metrics)
    assert samples["waiting", (("pool", "a"),)] == 5
    assert samples["done_total", ()] == 7
    assert any(name == "process_resident_memory_bytes" for name, _ in samples)
    assert any(name == "portico_build_info" for name, _ in samples)


def test_owners_may_share_a_name_but_not_disagree_on_it():
    metrics = Metrics()
    metrics.gauges.register("calls", "Calls.", ("server",), lambda: [(("one",), 1)])
    metrics.gauges.register("calls", "Calls.", ("server",), lambda: [(("two",), 2)])
    samples = samples_of(metrics)
    assert (samples["calls", (("server", "one"),)], samples["calls", (("server", "two"),)]) == (1, 2)
    with pytest.raises(AlreadyExists):
        metrics.gauges.register("calls", "Calls.", ("door",), list)


def test_a_broken_gauge_costs_only_itself_and_is_told():
    metrics = Metrics()
    metrics.gauges.register("broken", "Broken.", (), lambda: 1 / 0)
    metrics.gauges.register("whole", "Whole.", (), lambda: [((), 3)])
    with structlog.testing.capture_logs() as logs:
        samples = samples_of(metrics)
    assert samples["whole", ()] == 3
    assert not any(name == "broken" for name, _ in samples)
    assert [line["metric"] for line in logs] == ["broken"]
    assert samples["portico_scrape_failures_total", ()] == 1


def test_series_are_bounded():
    metrics = Metrics()
    metrics.gauges.register("many", "Many.", ("n",), lambda: [((str(n),), n) for n in range(MOST_SERIES + 10)])
    with structlog.testing.capture_logs():
        assert sum(name == "many" for name, _ in samples_of(metrics)) == MOST_SERIES


def test_nothing_enters_the_librarys_global_registry():
    before = len(list(prometheus_client.REGISTRY.collect()))
    Metrics()
    assert len(list(prometheus_client.REGISTRY.collect())) == before


@given(st.lists(st.floats(0, 100), max_size=50))
def test_a_histogram_counts_each_duration_in_the_first_bucket_that_holds_it(durations):
    histogram = Histogram()
    for duration in durations:
        histogram.observe(duration)
    running = 0
    for bound, count in zip(LATENCY_BUCKETS, histogram.counts, strict=False):
        running += count
        assert running == sum(duration <= bound for duration in durations)
    assert sum(histogram.counts) == len(durations)


def test_latencies_are_shown_as_a_cumulative_histogram():
    metrics = Metrics()
    for seconds in (0.0001, 0.003, 100.0):
        metrics.grpc_calls.observe(("/a/B", "OK"), seconds)
    samples = samples_of(metrics)
    labels = (("code", "OK"), ("method", "/a/B"))
    name = "portico_grpc_call_seconds"
    assert samples[f"{name}_count", labels] == 3
    assert samples[f"{name}_sum", labels] == pytest.approx(100.0031)
    assert samples[f"{name}_bucket", (labels[0], ("le", "0.005"), labels[1])] == 2
    assert samples[f"{name}_bucket", (labels[0], ("le", "+Inf"), labels[1])] == 3
