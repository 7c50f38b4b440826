"""Budgets as the API writes them become the core's values, with nothing lost and defaults as upstream has them."""

from __future__ import annotations

import pytest
from google.protobuf import json_format

from portico.domain.disruption import (
    PERCENT,
    AvailabilityLimit,
    Budget,
    CountRate,
    RelocationLimit,
    SelfManaged,
    ShareRate,
    UnhealthyLimit,
    UnlimitedRate,
    Window,
)
from portico.domain.identity import HOUR, MINUTE
from portico.doors.titus.inbound.budgets import budget, budget_of
from portico.wire.titus import jobs_pb2


def read(document):
    return budget(json_format.ParseDict(document, jobs_pb2.JobDisruptionBudget()))


@pytest.mark.parametrize(
    ("document", "policy"),
    [
        ({"selfManaged": {"relocationTimeMs": "60000"}}, SelfManaged(MINUTE)),
        ({}, SelfManaged(0)),
        (
            {"availabilityPercentageLimit": {"percentageOfHealthyContainers": 99.5}},
            AvailabilityLimit(99 * PERCENT + PERCENT // 2),
        ),
        ({"unhealthyTasksLimit": {"limitOfUnhealthyContainers": 3}}, UnhealthyLimit(3)),
        ({"relocationLimit": {"limit": 2}}, RelocationLimit(2)),
    ],
)
def test_each_policy(document, policy):
    assert read(document) == Budget(policy)


@pytest.mark.parametrize(
    ("document", "rate"),
    [
        ({"rateUnlimited": {}}, UnlimitedRate()),
        ({"ratePercentagePerHour": {"maxPercentageOfContainersRelocatedInHour": 33.3}}, ShareRate(33_300_000, HOUR)),
        ({"ratePerInterval": {"intervalMs": "60000", "limitPerInterval": 4}}, CountRate(MINUTE, 4)),
        (
            {"ratePercentagePerInterval": {"intervalMs": "60000", "percentageLimitPerInterval": 5}},
            ShareRate(5 * PERCENT, MINUTE),
        ),
    ],
)
def test_each_rate(document, rate):
    assert read({"relocationLimit": {"limit": 1}, **document}) == Budget(RelocationLimit(1), rate)


def test_windows_and_providers_of_health():
    document = {
        "timeWindows": [
            {
                "days": ["Sunday", "Monday", "Monday"],
                "hourlyTimeWindows": [{"startHour": 8, "endHour": 16}],
                "timeZone": "PST",
            },
            {},
        ],
        "containerHealthProviders": [{"name": "alwaysHealthy", "attributes": {"a": "b"}}],
    }
    assert read(document) == Budget(windows=(Window((0, 6), ((8, 16),), "PST"), Window()), providers=("alwaysHealthy",))


def test_the_budget_of_a_stored_descriptor():
    descriptor = jobs_pb2.JobDescriptor(applicationName="app")
    descriptor.disruptionBudget.relocationLimit.limit = 7
    assert budget_of(descriptor.SerializeToString()) == Budget(RelocationLimit(7))
