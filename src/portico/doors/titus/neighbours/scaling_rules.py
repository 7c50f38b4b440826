"""Scaling policies off the wire: the rules they keep, and what they mean for Portico.

Pure. Promises: a policy that is read can be applied without further checks; one that breaks rules is refused with all
of them, each with the path of its field. A metric that is none of Portico's own is no mistake: as long as nothing is
measured for it, its policy has no effect, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from portico.domain.autoscaling import (
    Adjustment,
    Alarm,
    Comparison,
    Measure,
    ScalingPolicy,
    Statistic,
    Step,
    StepPolicy,
    TargetPolicy,
)
from portico.domain.identity import DAY, MINUTE, SECOND, Micros
from portico.doors.titus import errors
from portico.doors.titus.errors import Violation
from portico.wire.titus import autoscale_api_pb2 as pb

ROOT = "scalingPolicy"
COOLDOWN = 5 * MINUTE
"""Where a client names none."""
LONGEST = DAY
"""How far back an alarm may look, and the longest cooldown."""
MOST_STEPS = 40
MOST_DIMENSIONS = 30
LARGEST_CHANGE = 1_000_000
MOST_BYTES = 64 << 10
"""A policy is a row, kept as it was written."""

_PREDEFINED = {
    "ECSServiceAverageCPUUtilization": Measure.CPU,
    "ECSServiceAverageMemoryUtilization": Measure.MEMORY,
}
_NAMESPACES = frozenset({"titus", "portico", "aws/ecs"})
_NETFLIX = "nflx/"
_NAMES = {
    **dict.fromkeys(("cpu", "cpuutilization", "cpuusage", "averagecpuutilization"), Measure.CPU),
    **dict.fromkeys(("memory", "memoryutilization", "memoryusage", "averagememoryutilization"), Measure.MEMORY),
    **dict.fromkeys(("tasks", "taskcount", "runningtaskcount", "runningtasks"), Measure.MEMBERS),
}
_SEPARATORS = str.maketrans("", "", "-_. ")

_ALARM = pb.AlarmConfiguration
_COMPARISONS = {
    _ALARM.GreaterThanOrEqualToThreshold: Comparison.AT_LEAST,
    _ALARM.GreaterThanThreshold: Comparison.ABOVE,
    _ALARM.LessThanThreshold: Comparison.BELOW,
    _ALARM.LessThanOrEqualToThreshold: Comparison.AT_MOST,
}
_STATISTICS = {
    _ALARM.SampleCount: Statistic.COUNT,
    _ALARM.Average: Statistic.AVERAGE,
    _ALARM.Sum: Statistic.SUM,
    _ALARM.Minimum: Statistic.LEAST,
    _ALARM.Maximum: Statistic.MOST,
}
_ADJUSTMENTS = {
    pb.StepScalingPolicy.ChangeInCapacity: Adjustment.CHANGE,
    pb.StepScalingPolicy.PercentChangeInCapacity: Adjustment.PERCENT,
    pb.StepScalingPolicy.ExactCapacity: Adjustment.EXACT,
}
_GATHERED = {
    pb.StepScalingPolicy.Minimum: Statistic.LEAST,
    pb.StepScalingPolicy.Maximum: Statistic.MOST,
    pb.StepScalingPolicy.Average: Statistic.AVERAGE,
}


def read_policy(message: pb.ScalingPolicy) -> ScalingPolicy:
    """Read a policy; raises TitusError with all rules that it breaks."""
    if message.ByteSize() > MOST_BYTES:
        raise errors.invalid_argument(f"The scaling policy is larger than {MOST_BYTES} bytes")
    broken: list[Violation] = []
    kind = message.WhichOneof("ScalingPolicyDescriptor")
    policy: ScalingPolicy | None = None
    if kind == "stepPolicyDescriptor":
        policy = _step_policy(_Part(message.stepPolicyDescriptor, f"{ROOT}.stepPolicyDescriptor", broken))
    elif kind == "targetPolicyDescriptor":
        policy = _target_policy(_Part(message.targetPolicyDescriptor, f"{ROOT}.targetPolicyDescriptor", broken))
    else:
        broken.append(Violation(ROOT, "must have a stepPolicyDescriptor or a targetPolicyDescriptor"))
    if broken or policy is None:
        raise errors.broken_rules(broken)
    return policy


def known_measure(namespace: str, name: str) -> Measure | None:
    """Give what Portico measures under a metric's name, None when it is none of its own."""
    place = namespace.strip().lower()
    if place not in _NAMESPACES and not place.startswith(_NETFLIX):
        return None
    plain = name.strip().lower().removeprefix("titus.").translate(_SEPARATORS)
    return _NAMES.get(plain)


class _Part:
    """A message with the path of where it stands, and where broken rules are written."""

    def __init__(self, message: Any, path: str, broken: list[Violation]) -> None:
        self.message = message
        self.path = path
        self._broken = broken

    def part(self, field: str) -> _Part:
        """Give a message within this one, which must be there."""
        if not self.message.HasField(field):
            self.refuse(field, "must not be null")
        return _Part(getattr(self.message, field), f"{self.path}.{field}", self._broken)

    def refuse(self, field: str, description: str) -> None:
        """Write down a broken rule."""
        self._broken.append(Violation(f"{self.path}.{field}" if field else self.path, description))

    def given(self, field: str) -> bool:
        """Tell whether a field is there."""
        return bool(self.message.HasField(field))

    def whole(self, field: str, least: int, most: int, default: int | None = None) -> int:
        """Read a wrapped integer; without a default it must be there."""
        value = self._wrapped(field, default)
        if value is None:
            return least
        if not least <= value <= most:
            self.refuse(field, f"must be between {least} and {most}")
        return int(value)

    def number(self, field: str) -> float:
        """Read a wrapped number, which must be there and finite."""
        value = self._wrapped(field, None)
        if value is None:
            return 0.0
        if not math.isfinite(value):
            self.refuse(field, "must be a finite number")
        return float(value)

    def bound(self, field: str) -> float | None:
        """Read a wrapped number that may be missing."""
        return self.number(field) if self.given(field) else None

    def text(self, field: str) -> str:
        """Read a text that must not be empty."""
        value: str = getattr(self.message, field)
        if not value.strip():
            self.refuse(field, "must not be empty")
        return value

    def choice(self, field: str, known: Any, default: Any = None) -> Any:
        """Read an enum; without a default it must be there."""
        if not self.given(field):
            if default is None:
                self.refuse(field, "must not be null")
            return default
        found = known.get(getattr(self.message, field))
        if found is None:
            self.refuse(field, "is not a known value")
        return found

    def few(self, field: str, most: int) -> Sequence[Any]:
        """Read a list of bounded length."""
        found: Sequence[Any] = getattr(self.message, field)
        if len(found) > most:
            self.refuse(field, f"must have at most {most} entries")
        return found[:most]

    def _wrapped(self, field: str, default: Any) -> Any:
        if self.given(field):
            return getattr(self.message, field).value
        if default is None:
            self.refuse(field, "must not be null")
        return default


# ---- steps ---------------------------------------------------------------------------------------------------------


def _step_policy(part: _Part) -> StepPolicy | None:
    alarm = _alarm(part.part("alarmConfig"))
    policy = part.part("scalingPolicy")
    adjustment = policy.choice("adjustmentType", _ADJUSTMENTS)
    cooldown = policy.whole("cooldownSec", 0, LONGEST // SECOND, COOLDOWN // SECOND)
    least = policy.whole("minAdjustmentMagnitude", 0, LARGEST_CHANGE, 0)
    gathered = policy.choice("metricAggregationType", _GATHERED, Statistic.AVERAGE)
    steps = _steps(policy, adjustment)
    if alarm is None or adjustment is None or gathered is None:
        return None
    return StepPolicy(alarm, adjustment, steps, Micros(cooldown * SECOND), least, gathered)


def _alarm(part: _Part) -> Alarm | None:
    comparison = part.choice("comparisonOperator", _COMPARISONS)
    statistic = part.choice("statistic", _STATISTICS)
    periods = part.whole("evaluationPeriods", 1, LONGEST // SECOND)
    period = part.whole("periodSec", 1, LONGEST // SECOND)
    if periods * period > LONGEST // SECOND:
        part.refuse("evaluationPeriods", f"must be at most {LONGEST // SECOND} s together")
    threshold = part.number("threshold")
    namespace, name = part.text("metricNamespace"), part.text("metricName")
    _dimensions(part, "metricDimensions")
    if comparison is None or statistic is None:
        return None
    return Alarm(
        known_measure(namespace, name),
        statistic,
        comparison,
        threshold,
        periods,
        Micros(period * SECOND),
        enabled=not part.given("actionsEnabled") or part.message.actionsEnabled.value,
    )


def _steps(policy: _Part, adjustment: Adjustment | None) -> tuple[Step, ...]:
    steps = []
    written = policy.few("stepAdjustments", MOST_STEPS)
    if not written:
        policy.refuse("stepAdjustments", "must not be empty")
    for number, message in enumerate(written):
        part = _Part(message, f"{policy.path}.stepAdjustments[{number}]", policy._broken)  # noqa: SLF001 — its own kind
        lower, upper = part.bound("MetricIntervalLowerBound"), part.bound("MetricIntervalUpperBound")
        least = 0 if adjustment is Adjustment.EXACT else -LARGEST_CHANGE
        change = part.whole("scalingAdjustment", least, LARGEST_CHANGE)
        if lower is not None and upper is not None and lower >= upper:
            part.refuse("", "MetricIntervalLowerBound must be less than MetricIntervalUpperBound")
        steps.append(Step(lower, upper, change))
    if _overlap(steps):
        policy.refuse("stepAdjustments", "must not overlap")
    return tuple(steps)


def _overlap(steps: Sequence[Step]) -> bool:
    """Tell whether two steps have distances in common."""
    spans = sorted(
        (-math.inf if step.lower is None else step.lower, math.inf if step.upper is None else step.upper)
        for step in steps
    )
    return any(before[1] > after[0] for before, after in pairwise(spans))


# ---- targets -------------------------------------------------------------------------------------------------------


def _target_policy(part: _Part) -> TargetPolicy | None:
    target = part.number("targetValue")
    if part.given("targetValue") and target <= 0:
        part.refuse("targetValue", "must be greater than 0")
    longest = LONGEST // SECOND
    out_cooldown = part.whole("scaleOutCooldownSec", 0, longest, COOLDOWN // SECOND)
    in_cooldown = part.whole("scaleInCooldownSec", 0, longest, COOLDOWN // SECOND)
    predefined, customized = part.given("predefinedMetricSpecification"), part.given("customizedMetricSpecification")
    measure: Measure | None = None
    statistic: Statistic | None = Statistic.AVERAGE
    if predefined == customized:
        part.refuse("", "must have either a predefinedMetricSpecification or a customizedMetricSpecification")
    elif predefined:
        measure = _predefined(part.part("predefinedMetricSpecification"))
    else:
        measure, statistic = _customized(part.part("customizedMetricSpecification"))
    if statistic is None:
        return None
    return TargetPolicy(
        measure,
        statistic,
        target,
        Micros(out_cooldown * SECOND),
        Micros(in_cooldown * SECOND),
        never_in=part.message.disableScaleIn.value,
    )


def _predefined(part: _Part) -> Measure | None:
    name = part.text("predefinedMetricType").strip()
    measure = _PREDEFINED.get(name)
    if name and measure is None:
        part.refuse("predefinedMetricType", f"unknown metric; known are {', '.join(_PREDEFINED)}")
    return measure


def _customized(part: _Part) -> tuple[Measure | None, Statistic | None]:
    namespace, name = part.text("namespace"), part.text("metricName")
    statistic = part.choice("statistic", _STATISTICS, Statistic.AVERAGE)
    _dimensions(part, "dimensions")
    return known_measure(namespace, name), statistic


def _dimensions(part: _Part, field: str) -> None:
    for number, dimension in enumerate(part.few(field, MOST_DIMENSIONS)):
        if not dimension.name.strip():
            part.refuse(f"{field}[{number}].name", "must not be empty")
