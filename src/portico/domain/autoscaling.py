"""Scaling a Job by what is measured of it: the policies, and the measurements they look at.

Owns the values only; `deciding/autoscaling` judges them. Durations are microseconds. Utilisation is in percent of what
the Attempts claim.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.domain.identity import Instant, Micros


class Measure(StrEnum):
    """What is measured of a Job."""

    CPU = "cpu"
    MEMORY = "memory"
    MEMBERS = "members"
    """How many of its Attempts run."""


class Statistic(StrEnum):
    """How the measurements of a period become one number."""

    COUNT = "count"
    AVERAGE = "average"
    SUM = "sum"
    LEAST = "least"
    MOST = "most"


class Comparison(StrEnum):
    """How a number must lie to a threshold for an alarm."""

    AT_LEAST = "at_least"
    ABOVE = "above"
    BELOW = "below"
    AT_MOST = "at_most"


class Adjustment(StrEnum):
    """What the number of a step means."""

    CHANGE = "change"
    PERCENT = "percent"
    EXACT = "exact"


class Point(msgspec.Struct, frozen=True, gc=False):
    """The measurements of one moment put together: how many there were, their sum, the least and the most.

    `members` is how many Attempts they were taken of.
    """

    at: Instant
    count: int
    total: float
    least: float
    most: float
    members: int


class Alarm(msgspec.Struct, frozen=True):
    """Rings when each of the last `periods` periods lies as `comparison` says to `threshold`.

    Without a `measure` there is nothing to look at, and it never rings.
    """

    measure: Measure | None
    statistic: Statistic
    comparison: Comparison
    threshold: float
    periods: int
    period: Micros
    enabled: bool = True


class Step(msgspec.Struct, frozen=True):
    """What to do while the distance from the threshold lies between two bounds; None is without end."""

    lower: float | None
    upper: float | None
    change: int


class StepPolicy(msgspec.Struct, frozen=True, tag="step"):
    """Changes the size by steps when its alarm rings; `least_change` is the smallest change in percent steps.

    `gathered` makes one number of the numbers of all periods, which chooses the step.
    """

    alarm: Alarm
    adjustment: Adjustment
    steps: tuple[Step, ...]
    cooldown: Micros
    least_change: int = 0
    gathered: Statistic = Statistic.AVERAGE


class TargetPolicy(msgspec.Struct, frozen=True, tag="target"):
    """Keeps a measure near a target by changing the size in proportion."""

    measure: Measure | None
    statistic: Statistic
    target: float
    out_cooldown: Micros
    in_cooldown: Micros
    never_in: bool = False


ScalingPolicy = StepPolicy | TargetPolicy


class Size(msgspec.Struct, frozen=True):
    """How many members a Job wants, and between which bounds."""

    minimum: int
    desired: int
    maximum: int


class Acted(msgspec.Struct, frozen=True):
    """When a policy last made its Job larger and smaller; 0 for never."""

    larger_at: Instant = Instant(0)
    smaller_at: Instant = Instant(0)


NEVER = Acted()
