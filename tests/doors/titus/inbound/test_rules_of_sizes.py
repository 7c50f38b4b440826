"""Rules of a job's size, times and retries."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import (
    BATCH,
    BIG,
    COMMON,
    HUGE,
    RETRY,
    SERVICE,
    broken,
    written,
)

from portico.doors.titus.inbound.limits import Limits, Sizes
from portico.doors.titus.inbound.validation import sizes

CAPACITY = "extensions.capacity"
IMMEDIATE = "batch { retryPolicy { immediate { retries: %d } } }"
DELAYED = "batch { retryPolicy { delayed { delayMs: %d } } }"
EXPONENTIAL = "batch { retryPolicy { exponentialBackOff { %s: %d } } }"
SIZES = [
    (BATCH.replace("size: 2", "size: 0"), "", "extensions.size", "Batch job must have at least one task"),
    (BATCH, f"batch {{ size: {BIG} }}", "extensions.size", "Batch job must have at least one task"),
    (BATCH, "batch { size: 1001 }", "extensions.size", "Batch job too big 1001 > 1000"),
    (
        BATCH.replace("runtimeLimitSec: 60", ""),
        "",
        "extensions.runtimeLimitMs",
        "Runtime limit too low (must be at least 5sec, but is 0[ms])",
    ),
    (
        BATCH,
        f"batch {{ runtimeLimitSec: {HUGE} }}",
        "extensions.runtimeLimitMs",
        f"Runtime limit too low (must be at least 5sec, but is {-HUGE * 1000}[ms])",
    ),
    (
        BATCH,
        "batch { runtimeLimitSec: 864001 }",
        "extensions.runtimeLimitMs",
        "Runtime limit too high 864001000 > 864000000",
    ),
    (SERVICE, "service { capacity { min: 3 } }", CAPACITY, "'min'(3) must be <= 'desired'(2)"),
    (SERVICE, "service { capacity { desired: 4 } }", CAPACITY, "'desired'(4) must be <= 'max'(3)"),
    (SERVICE, "service { capacity { max: 10001 } }", CAPACITY, "Service job too big 10001 > 10000"),
    (SERVICE, f"service {{ capacity {{ min: {BIG} }} }}", f"{CAPACITY}.min", f"'min' must be >= 0, but is {-BIG}"),
    (
        SERVICE,
        f"service {{ capacity {{ min: {BIG} desired: {BIG} }} }}",
        f"{CAPACITY}.desired",
        f"'desired' must be >= 0, but is {-BIG}",
    ),
    (SERVICE, f"service {{ capacity {{ max: {BIG} }} }}", f"{CAPACITY}.max", f"'max' must be >= 0, but is {-BIG}"),
    (COMMON, "batch { size: 1 runtimeLimitSec: 60 }", RETRY, "Retry policy is not set"),
    (COMMON, "service { capacity { max: 1 } }", RETRY, "Retry policy is not set"),
    (COMMON, "", RETRY, "Retry policy is not set"),
    (BATCH, IMMEDIATE % BIG, f"{RETRY}.retries", "Number of retries cannot be negative"),
    (BATCH, DELAYED % HUGE, f"{RETRY}.delayMs", "Delay cannot be negative"),
    (BATCH, EXPONENTIAL % ("initialDelayMs", HUGE), f"{RETRY}.initialDelayMs", "Delay cannot be negative"),
    (BATCH, EXPONENTIAL % ("maxDelayIntervalMs", HUGE), f"{RETRY}.maxDelayMs", "Delay cannot be negative"),
]


@pytest.mark.parametrize(("base", "text", "field", "description"), SIZES)
def test_a_broken_rule_is_told_with_its_path(base: str, text: str, field: str, description: str) -> None:
    assert (field, description) in broken(written(base, text))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("batch { size: 1000 runtimeLimitSec: 864000 }", BATCH),
        ("batch { runtimeLimitSec: 5 }", BATCH),
        ("service { capacity { max: 10000 } }", SERVICE),
    ],
)
def test_what_is_just_allowed(text: str, base: str) -> None:
    assert broken(written(base, text)) == []


def test_an_application_may_have_sizes_of_its_own() -> None:
    smaller = Limits(applications={"app": Sizes(1, 2)})
    larger = Limits(max_batch_size=1, max_service_size=2, applications={"app": Sizes(2, 3)})
    assert broken(written(BATCH), smaller) == [("jobDescriptor.extensions.size", "Batch job too big 2 > 1")]
    assert broken(written(SERVICE), smaller) == [("jobDescriptor.extensions.capacity.max", "Service job too big 3 > 2")]
    assert broken(written(BATCH), larger) == []
    assert broken(written(SERVICE), larger) == []
    assert sizes.largest_service("app", larger) == 3
    assert sizes.largest_service("other", larger) == 2


def test_sizes_of_an_application_are_looked_at_last() -> None:
    found = broken(written(BATCH, 'owner { teamEmail: "x" }'), Limits(applications={"app": Sizes(1, 2)}))
    assert found == [("owner.teamEmail", "Not a valid email address")]


def test_capacity_of_an_update() -> None:
    assert [one.field for one in sizes.of_capacity(2, 1, 0, 10)] == ["capacity"] * 3
    assert list(sizes.of_capacity(0, 0, 0, 10)) == []
    assert sizes.in_words(1, 2, 3) == "Capacity{min=1, desired=2, max=3}"
