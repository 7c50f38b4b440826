"""Disruption budgets: policy, rate, time windows, health providers."""

from __future__ import annotations

from collections.abc import Iterator

from portico.control.jobs.disruption import check_zone
from portico.domain.errors import Invalid
from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.signed import signed_int, signed_long
from portico.wire.titus import base_pb2, jobs_pb2

LONGEST_INTERVAL = 3_600_000
"""Milliseconds over which a rate may count."""

MOST_WINDOWS = 100
_FIELD = "disruptionBudget"
_POLICY = f"{_FIELD}.disruptionBudgetPolicy"
_RATE = f"{_FIELD}.disruptionBudgetRate"
_PERCENT = 100
_HOURS = 24


def check(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Check the budget of a job."""
    budget = descriptor.disruptionBudget
    yield from _policy(budget)
    yield from _rate(budget)
    if len(budget.timeWindows) > MOST_WINDOWS:
        yield Violation(f"{_FIELD}.timeWindows", f"at most {MOST_WINDOWS} are allowed")
        return
    for at, window in enumerate(budget.timeWindows):
        yield from _window(f"{_FIELD}.timeWindows[{at}]", window)
    for at, provider in enumerate(budget.containerHealthProviders):
        if provider.name not in limits.health_providers:
            field = f"{_FIELD}.containerHealthProviders[{at}].name"
            yield Violation(field, f"Unknown container health service: {provider.name[:80]}")


def _policy(budget: jobs_pb2.JobDisruptionBudget) -> Iterator[Violation]:
    match budget.WhichOneof("Policy"):
        case "selfManaged":
            yield from _within(f"{_POLICY}.relocationTimeMs", signed_long(budget.selfManaged.relocationTimeMs), 0)
        case "availabilityPercentageLimit":
            percentage = budget.availabilityPercentageLimit.percentageOfHealthyContainers
            yield from _within(f"{_POLICY}.percentageOfHealthyContainers", percentage, 0, _PERCENT)
        case "unhealthyTasksLimit":
            limit = signed_int(budget.unhealthyTasksLimit.limitOfUnhealthyContainers)
            yield from _within(f"{_POLICY}.limitOfUnhealthyContainers", limit, 1)
        case "relocationLimit":
            yield from _within(f"{_POLICY}.limit", signed_int(budget.relocationLimit.limit), 1)


def _rate(budget: jobs_pb2.JobDisruptionBudget) -> Iterator[Violation]:
    match budget.WhichOneof("Rate"):
        case "ratePercentagePerHour":
            percentage = budget.ratePercentagePerHour.maxPercentageOfContainersRelocatedInHour
            yield from _within(f"{_RATE}.maxPercentageOfContainersRelocatedInHour", percentage, 0, _PERCENT)
        case "ratePerInterval":
            rate = budget.ratePerInterval
            yield from _within(f"{_RATE}.intervalMs", signed_long(rate.intervalMs), 1, LONGEST_INTERVAL)
            yield from _within(f"{_RATE}.limitPerInterval", signed_int(rate.limitPerInterval), 1)
        case "ratePercentagePerInterval":
            share = budget.ratePercentagePerInterval
            yield from _within(f"{_RATE}.intervalMs", signed_long(share.intervalMs), 1, LONGEST_INTERVAL)
            yield from _within(f"{_RATE}.percentageLimitPerInterval", share.percentageLimitPerInterval, 0, _PERCENT)


def _window(field: str, window: base_pb2.TimeWindow) -> Iterator[Violation]:
    for at, hours in enumerate(window.hourlyTimeWindows):
        place = f"{field}.hourlyTimeWindows[{at}]"
        start, end = signed_int(hours.startHour), signed_int(hours.endHour)
        yield from _within(f"{place}.startHour", start, 0, _HOURS)
        yield from _within(f"{place}.endHour", end, 0, _HOURS)
        if start >= end:
            yield Violation(place, f"'startHour'({start}) must be < 'endHour'({end})")
    try:
        check_zone(window.timeZone)
    except Invalid:
        yield Violation(f"{field}.timeZone", f"Unknown time zone: {window.timeZone[:80]}")


def _within(field: str, number: float, least: int, most: int | None = None) -> Iterator[Violation]:
    if not number >= least:  # holds for what is no number at all, too
        yield Violation(field, f"must be greater than or equal to {least}")
    elif most is not None and number > most:
        yield Violation(field, f"must be less than or equal to {most}")
