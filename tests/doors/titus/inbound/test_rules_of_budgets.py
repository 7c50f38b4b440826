"""Rules of disruption budgets."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import (
    BATCH,
    BIG,
    BUDGET,
    HUGE,
    POLICY,
    RATE,
    broken,
    budget,
    written,
)

from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound.descriptors import convert, convert_budget
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2

AT_LEAST, AT_MOST = "must be greater than or equal to %d", "must be less than or equal to %d"
HOURS = budget("timeWindows { hourlyTimeWindows { startHour: %d endHour: %d } }")
HOUR = f"{BUDGET}.timeWindows[0].hourlyTimeWindows[0]"
PERCENT_PER_INTERVAL = budget("ratePercentagePerInterval { intervalMs: 1000 percentageLimitPerInterval: %s }")
BUDGETS = [
    (BATCH, budget(f"selfManaged {{ relocationTimeMs: {HUGE} }}"), f"{POLICY}.relocationTimeMs", AT_LEAST % 0),
    (
        BATCH,
        budget("availabilityPercentageLimit { percentageOfHealthyContainers: -1 }"),
        f"{POLICY}.percentageOfHealthyContainers",
        AT_LEAST % 0,
    ),
    (
        BATCH,
        budget("availabilityPercentageLimit { percentageOfHealthyContainers: nan }"),
        f"{POLICY}.percentageOfHealthyContainers",
        AT_LEAST % 0,
    ),
    (
        BATCH,
        budget("availabilityPercentageLimit { percentageOfHealthyContainers: 100.5 }"),
        f"{POLICY}.percentageOfHealthyContainers",
        AT_MOST % 100,
    ),
    (BATCH, budget("unhealthyTasksLimit {}"), f"{POLICY}.limitOfUnhealthyContainers", AT_LEAST % 1),
    (BATCH, budget(f"relocationLimit {{ limit: {BIG} }}"), f"{POLICY}.limit", AT_LEAST % 1),
    (
        BATCH,
        budget("ratePercentagePerHour { maxPercentageOfContainersRelocatedInHour: 101 }"),
        f"{RATE}.maxPercentageOfContainersRelocatedInHour",
        AT_MOST % 100,
    ),
    (BATCH, budget("ratePerInterval { limitPerInterval: 1 }"), f"{RATE}.intervalMs", AT_LEAST % 1),
    (
        BATCH,
        budget("ratePerInterval { limitPerInterval: 1 intervalMs: 3600001 }"),
        f"{RATE}.intervalMs",
        AT_MOST % 3_600_000,
    ),
    (BATCH, budget("ratePerInterval { intervalMs: 1 }"), f"{RATE}.limitPerInterval", AT_LEAST % 1),
    (BATCH, budget("ratePercentagePerInterval {}"), f"{RATE}.intervalMs", AT_LEAST % 1),
    (BATCH, PERCENT_PER_INTERVAL % "-0.5", f"{RATE}.percentageLimitPerInterval", AT_LEAST % 0),
    (BATCH, PERCENT_PER_INTERVAL % "101", f"{RATE}.percentageLimitPerInterval", AT_MOST % 100),
    (BATCH, HOURS % (5, 5), HOUR, "'startHour'(5) must be < 'endHour'(5)"),
    (BATCH, HOURS % (5, 25), f"{HOUR}.endHour", AT_MOST % 24),
    (BATCH, HOURS % (BIG, 5), f"{HOUR}.startHour", AT_LEAST % 0),
    (
        BATCH,
        budget('timeWindows { timeZone: "../etc/passwd" }'),
        f"{BUDGET}.timeWindows[0].timeZone",
        "Unknown time zone: ../etc/passwd",
    ),
    (BATCH, budget("timeWindows { days: 9 }"), f"{BUDGET}.timeWindows[0].days", "Unknown day: 9"),
    (BATCH, budget("timeWindows {}" * 101), f"{BUDGET}.timeWindows", "at most 100 are allowed"),
    (
        BATCH,
        budget('containerHealthProviders { name: "eureka" }'),
        f"{BUDGET}.containerHealthProviders[0].name",
        "Unknown container health service: eureka",
    ),
]


@pytest.mark.parametrize(("base", "text", "field", "description"), BUDGETS)
def test_a_broken_rule_is_told_with_its_path(base: str, text: str, field: str, description: str) -> None:
    assert (field, description) in broken(written(base, text))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (HOURS % (0, 24), BATCH),
        (budget('timeWindows { timeZone: "America/Los_Angeles" }'), BATCH),
        (budget("availabilityPercentageLimit { percentageOfHealthyContainers: 100 }"), BATCH),
        (budget('containerHealthProviders { name: "alwaysHealthy" }'), BATCH),
    ],
)
def test_what_is_just_allowed(text: str, base: str) -> None:
    assert broken(written(base, text)) == []


def test_a_new_budget_has_its_defaults_and_rules() -> None:
    job = convert(written(BATCH), Limits())
    empty = convert_budget(jobs_pb2.JobDisruptionBudget(), job, Limits())
    assert empty == job.disruptionBudget
    wrong = jobs_pb2.JobDisruptionBudget(relocationLimit=jobs_pb2.JobDisruptionBudget.RelocationLimit())
    with pytest.raises(TitusError) as raised:
        convert_budget(wrong, job, Limits())
    assert [one.field for one in raised.value.violations] == [f"{POLICY}.limit"]


@pytest.mark.parametrize("zone", ["", "UTC", "PST", "America/Los_Angeles"])
def test_time_zones_that_the_core_knows_are_taken(zone: str) -> None:
    descriptor = convert(written(BATCH, budget(f'timeWindows {{ timeZone: "{zone}" }}')), Limits())
    assert descriptor.disruptionBudget.timeWindows[0].timeZone == zone
