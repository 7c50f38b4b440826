"""Which size a Job should have by its scaling policies and what was measured of it.

Promises: a size that is decided lies between the Job's bounds and differs from the present one; a policy does not act
again in the same direction within its cooldown; between nine tenths of a target and the target nothing happens; what
was not measured changes nothing.

A policy first has a wish of its own (`judge`), then one size is decided from the wishes of all (`decide`): the largest
of those that make the Job larger, else the largest of those that make it smaller, unless a target would be missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import assert_never

import msgspec

from portico.domain.autoscaling import (
    Acted,
    Adjustment,
    Alarm,
    Comparison,
    Measure,
    Point,
    ScalingPolicy,
    Size,
    Statistic,
    StepPolicy,
    TargetPolicy,
)
from portico.domain.identity import Instant, Micros

OUT_PERIODS = 3
"""Measurements in a row above a target before a Job grows."""
IN_PERIODS = 15
"""Measurements in a row below nine tenths of a target before a Job shrinks."""
SLACK = 0.9


class Wish(msgspec.Struct, frozen=True):
    """What one policy wants: another size, or None. `holds` keeps the Job from becoming smaller."""

    policy: str
    desired: int | None = None
    holds: bool = False


class Decision(msgspec.Struct, frozen=True):
    """The size a Job is to have, and the policies that wanted to go that way."""

    desired: int
    policies: tuple[str, ...]


def judge(name: str, policy: ScalingPolicy, points: Sequence[Point], size: Size, acted: Acted, now: Instant) -> Wish:
    """Give a policy's wish; `points` are the measurements of its measure, oldest first."""
    match policy:
        case StepPolicy():
            return Wish(name, _by_steps(policy, points, size, acted, now))
        case TargetPolicy():
            return _by_target(name, policy, points, size, acted, now)
        case _:
            assert_never(policy)


def decide(size: Size, wishes: Iterable[Wish]) -> Decision | None:
    """Choose one size out of the wishes, None when the present one stays."""
    every = list(wishes)
    larger = {wish.policy: wish.desired for wish in every if wish.desired is not None and wish.desired > size.desired}
    if larger:
        return Decision(max(larger.values()), tuple(larger))
    smaller = {wish.policy: wish.desired for wish in every if wish.desired is not None and wish.desired < size.desired}
    if not smaller or any(wish.holds for wish in every):
        return None
    return Decision(max(smaller.values()), tuple(smaller))


def window(policy: ScalingPolicy, interval: Micros) -> Micros:
    """Tell how far back a policy looks when something is measured every `interval`."""
    if isinstance(policy, StepPolicy):
        return Micros(policy.alarm.periods * max(policy.alarm.period, interval))
    return Micros(IN_PERIODS * interval)


def coarser(policy: ScalingPolicy, interval: Micros) -> ScalingPolicy:
    """Give a policy no period of which is shorter than the time between two measurements."""
    if isinstance(policy, StepPolicy) and policy.alarm.period < interval:
        return msgspec.structs.replace(policy, alarm=msgspec.structs.replace(policy.alarm, period=interval))
    return policy


# ---- steps ---------------------------------------------------------------------------------------------------------


def _by_steps(policy: StepPolicy, points: Sequence[Point], size: Size, acted: Acted, now: Instant) -> int | None:
    """Give the size that the step in which the alarm rings leads to."""
    numbers = _ringing(policy.alarm, points, now)
    if not numbers:
        return None
    change = _step(policy, _gather(policy.gathered, numbers) - policy.alarm.threshold)
    if change is None:
        return None
    desired = _within(size, _adjusted(policy, size.desired, change))
    if desired == size.desired or _cooling(desired, size, acted, policy.cooldown, policy.cooldown, now):
        return None
    return desired


def _ringing(alarm: Alarm, points: Sequence[Point], now: Instant) -> list[float]:
    """Give the number of each period while all of them lie beyond the threshold, none at all otherwise."""
    if not alarm.enabled or alarm.measure is None:
        return []
    by_period: list[list[Point]] = [[] for _ in range(alarm.periods)]
    for point in points:
        ago = (now - point.at) // alarm.period
        if 0 <= ago < alarm.periods:
            by_period[ago].append(point)
    numbers = [value for some in by_period if (value := number(alarm.statistic, some)) is not None]
    rings = len(numbers) == alarm.periods and all(_beyond(alarm, value) for value in numbers)
    return numbers if rings else []


def number(statistic: Statistic, points: Sequence[Point]) -> float | None:
    """Make one number of a period's measurements; None when there are none."""
    count = sum(point.count for point in points)
    if not count:
        return None
    match statistic:
        case Statistic.COUNT:
            return float(count)
        case Statistic.SUM:
            return sum(point.total for point in points)
        case Statistic.AVERAGE:
            return sum(point.total for point in points) / count
        case Statistic.LEAST:
            return min(point.least for point in points if point.count)
        case Statistic.MOST:
            return max(point.most for point in points if point.count)
        case _:
            assert_never(statistic)


def _beyond(alarm: Alarm, value: float) -> bool:
    match alarm.comparison:
        case Comparison.AT_LEAST:
            return value >= alarm.threshold
        case Comparison.ABOVE:
            return value > alarm.threshold
        case Comparison.BELOW:
            return value < alarm.threshold
        case Comparison.AT_MOST:
            return value <= alarm.threshold
        case _:
            assert_never(alarm.comparison)


def _gather(statistic: Statistic, numbers: Sequence[float]) -> float:
    """Make one number of those of all periods."""
    match statistic:
        case Statistic.LEAST:
            return min(numbers)
        case Statistic.MOST:
            return max(numbers)
        case _:
            return sum(numbers) / len(numbers)


def _step(policy: StepPolicy, distance: float) -> int | None:
    """Find the step for a distance from the threshold.

    The bound nearer to the threshold belongs to a step, the farther one to the next.
    """
    for step in policy.steps:
        lower = -math.inf if step.lower is None else step.lower
        upper = math.inf if step.upper is None else step.upper
        if lower <= distance < upper if distance >= 0 else lower < distance <= upper:
            return step.change
    return None


def _adjusted(policy: StepPolicy, desired: int, change: int) -> int:
    match policy.adjustment:
        case Adjustment.EXACT:
            return change
        case Adjustment.CHANGE:
            return desired + change
        case Adjustment.PERCENT:
            return desired + _percent(desired, change, policy.least_change)
        case _:
            assert_never(policy.adjustment)


def _percent(desired: int, percent: int, least: int) -> int:
    """Give a share of a size: rounded towards zero, but at least one, and at least `least`."""
    if percent == 0:
        return 0
    size = max(abs(desired * percent) // 100, 1, least)
    return size if percent > 0 else -size


# ---- targets -------------------------------------------------------------------------------------------------------


def _by_target(
    name: str, policy: TargetPolicy, points: Sequence[Point], size: Size, acted: Acted, now: Instant
) -> Wish:
    """Give the wish of a policy that follows a target; what was measured before it last acted is of another size."""
    acted_at = max(acted.larger_at, acted.smaller_at)
    newest = [point for point in points[-IN_PERIODS:] if point.at > acted_at]
    values = [value for point in newest if (value := number(policy.statistic, (point,))) is not None]
    if policy.measure is None or not values:
        return Wish(name)
    low = len(values) >= IN_PERIODS and all(value < policy.target * SLACK for value in values)
    high = len(values) >= OUT_PERIODS and all(value > policy.target for value in values[-OUT_PERIODS:])
    holds = not policy.never_in and not low
    desired = size.desired
    if high:
        desired = max(size.desired, _proportional(policy, newest[-1], values[-1], size))
    elif low and not policy.never_in:
        desired = min(size.desired, _proportional(policy, newest[-1], max(values), size))
    desired = _within(size, desired)
    if desired == size.desired or _cooling(desired, size, acted, policy.out_cooldown, policy.in_cooldown, now):
        return Wish(name, holds=holds)
    return Wish(name, desired)


def _proportional(policy: TargetPolicy, point: Point, value: float, size: Size) -> int:
    """Give the size at which the target would be met if the load stayed; what has not begun bears none of it."""
    bearers = size.desired if policy.measure is Measure.MEMBERS else point.members
    ratio = value / policy.target
    return math.ceil(min(bearers * ratio - 1e-9, float(size.maximum)))


# ---- both ----------------------------------------------------------------------------------------------------------


def _within(size: Size, desired: int) -> int:
    return min(max(desired, size.minimum), size.maximum)


def _cooling(desired: int, size: Size, acted: Acted, out_cooldown: Micros, in_cooldown: Micros, now: Instant) -> bool:
    """Tell whether it is too early: growing waits for the last growth only, shrinking for the last change at all."""
    grown_lately = acted.larger_at > 0 and now < acted.larger_at + out_cooldown
    if desired > size.desired:
        return grown_lately
    shrunk_lately = acted.smaller_at > 0 and now < acted.smaller_at + in_cooldown
    return grown_lately or shrunk_lately
