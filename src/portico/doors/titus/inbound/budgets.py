"""Disruption budgets as the API writes them, read into the core's values.

Pure; what is written here has been checked. Promises: what a client left out is filled in as upstream does: no policy
means that the owner moves tasks itself, no rate means no bound.
"""

from __future__ import annotations

from typing import Any

from portico.domain.disruption import (
    PERCENT,
    AvailabilityLimit,
    Budget,
    CountRate,
    Policy,
    Rate,
    RelocationLimit,
    SelfManaged,
    ShareRate,
    UnhealthyLimit,
    UnlimitedRate,
    Window,
)
from portico.domain.identity import Micros
from portico.wire.titus import base_pb2, jobs_pb2

MILLISECOND = 1_000


def budget(message: jobs_pb2.JobDisruptionBudget) -> Budget:
    """Read a budget."""
    return Budget(
        _policy(message),
        _rate(message),
        tuple(_window(window) for window in message.timeWindows),
        tuple(provider.name for provider in message.containerHealthProviders),
    )


def budget_of(descriptor: bytes) -> Budget:
    """Read the budget off a stored descriptor."""
    return budget(jobs_pb2.JobDescriptor.FromString(descriptor).disruptionBudget)


def _policy(message: jobs_pb2.JobDisruptionBudget) -> Policy:
    match message.WhichOneof("Policy"):
        case "availabilityPercentageLimit":
            return AvailabilityLimit(_share(message.availabilityPercentageLimit.percentageOfHealthyContainers))
        case "unhealthyTasksLimit":
            return UnhealthyLimit(message.unhealthyTasksLimit.limitOfUnhealthyContainers)
        case "relocationLimit":
            return RelocationLimit(message.relocationLimit.limit)
        case _:
            return SelfManaged(_micros(message.selfManaged.relocationTimeMs))


def _rate(message: jobs_pb2.JobDisruptionBudget) -> Rate:
    match message.WhichOneof("Rate"):
        case "ratePercentagePerHour":
            return ShareRate(_share(message.ratePercentagePerHour.maxPercentageOfContainersRelocatedInHour))
        case "ratePerInterval":
            counted = message.ratePerInterval
            return CountRate(_micros(counted.intervalMs), counted.limitPerInterval)
        case "ratePercentagePerInterval":
            shared = message.ratePercentagePerInterval
            return ShareRate(_share(shared.percentageLimitPerInterval), _micros(shared.intervalMs))
        case _:
            return UnlimitedRate()


def _window(message: base_pb2.TimeWindow) -> Window:
    days: Any = message.days
    return Window(
        tuple(sorted({int(day) for day in days})),
        tuple((hours.startHour, hours.endHour) for hours in message.hourlyTimeWindows),
        message.timeZone or "UTC",
    )


def _share(percentage: float) -> int:
    return round(percentage * PERCENT)


def _micros(milliseconds: int) -> Micros:
    return Micros(milliseconds * MILLISECOND)
