"""Scaling policies off the wire: what is refused with which path, and what the rest means."""

import pytest
from doors.titus.neighbours.policy_messages import message, step, target
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.autoscaling import (
    Adjustment,
    Alarm,
    Comparison,
    Measure,
    Statistic,
    Step,
    StepPolicy,
    TargetPolicy,
)
from portico.domain.identity import MINUTE, Micros
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.neighbours.scaling_rules import known_measure, read_policy
from portico.wire.titus import autoscale_api_pb2 as pb

STEP = "scalingPolicy.stepPolicyDescriptor"
ALARM = f"{STEP}.alarmConfig"
POLICY = f"{STEP}.scalingPolicy"
TARGET = "scalingPolicy.targetPolicyDescriptor"


def broken(policy):
    with pytest.raises(TitusError) as caught:
        read_policy(policy if isinstance(policy, pb.ScalingPolicy) else message(policy))
    assert caught.value.code is Code.INVALID_ARGUMENT
    return {violation.field for violation in caught.value.violations}


def test_a_step_policy_is_read():
    policy = step(
        adjustmentType="PercentChangeInCapacity",
        minAdjustmentMagnitude="2",
        metricAggregationType="Maximum",
        stepAdjustments=[
            {"MetricIntervalUpperBound": 10, "MetricIntervalLowerBound": 0, "scalingAdjustment": 10},
            {"MetricIntervalLowerBound": 10, "scalingAdjustment": 30},
        ],
        alarm={"evaluationPeriods": 3, "actionsEnabled": False},
    )
    alarm = Alarm(
        Measure.CPU, Statistic.AVERAGE, Comparison.ABOVE, 70.0, periods=3, period=Micros(MINUTE), enabled=False
    )
    assert read_policy(message(policy)) == StepPolicy(
        alarm,
        Adjustment.PERCENT,
        (Step(0.0, 10.0, 10), Step(10.0, None, 30)),
        cooldown=Micros(MINUTE),
        least_change=2,
        gathered=Statistic.MOST,
    )


def test_what_is_not_said_of_a_step_policy():
    policy = step()
    del policy["stepPolicyDescriptor"]["scalingPolicy"]["cooldownSec"]
    found = read_policy(message(policy))
    assert found.cooldown == 5 * MINUTE
    assert (found.alarm.enabled, found.gathered, found.least_change) == (True, Statistic.AVERAGE, 0)


def test_a_target_policy_is_read():
    assert read_policy(message(target(disableScaleIn=True, scaleInCooldownSec=60))) == TargetPolicy(
        Measure.CPU, Statistic.AVERAGE, 50.0, Micros(5 * MINUTE), Micros(MINUTE), never_in=True
    )
    custom = {"namespace": "titus", "metricName": "memory", "statistic": "Maximum"}
    found = read_policy(message(target(predefinedMetricSpecification=None, customizedMetricSpecification=custom)))
    assert (found.measure, found.statistic) == (Measure.MEMORY, Statistic.MOST)


@pytest.mark.parametrize(
    ("namespace", "name", "measure"),
    [
        ("NFLX/EPIC", "CPUUtilization", Measure.CPU),
        ("AWS/ECS", "MemoryUtilization", Measure.MEMORY),
        ("titus", "titus.cpu", Measure.CPU),
        ("Portico", "running-task-count", Measure.MEMBERS),
        ("AWS/SQS", "CPUUtilization", None),
        ("NFLX/EPIC", "numConnections", None),
    ],
)
def test_metrics_that_are_portico_s_own(namespace, name, measure):
    assert known_measure(namespace, name) is measure
    policy = step(alarm={"metricNamespace": namespace, "metricName": name})
    assert read_policy(message(policy)).alarm.measure is measure


def test_an_empty_policy_says_what_is_missing():
    assert broken({}) == {"scalingPolicy"}
    assert broken({"stepPolicyDescriptor": {}}) >= {
        f"{STEP}.alarmConfig",
        f"{STEP}.scalingPolicy",
        f"{POLICY}.stepAdjustments",
    }
    assert broken({"targetPolicyDescriptor": {}}) == {TARGET, f"{TARGET}.targetValue"}


@pytest.mark.parametrize(
    "field",
    [
        "comparisonOperator",
        "evaluationPeriods",
        "periodSec",
        "threshold",
        "metricNamespace",
        "metricName",
        "statistic",
    ],
)
def test_what_an_alarm_must_have(field):
    policy = step()
    del policy["stepPolicyDescriptor"]["alarmConfig"][field]
    assert broken(policy) == {f"{ALARM}.{field}"}


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (step(alarm={"evaluationPeriods": 0}), {f"{ALARM}.evaluationPeriods"}),
        (step(alarm={"periodSec": -1}), {f"{ALARM}.periodSec"}),
        (step(alarm={"evaluationPeriods": 3_000, "periodSec": 60}), {f"{ALARM}.evaluationPeriods"}),
        (step(alarm={"threshold": "NaN"}), {f"{ALARM}.threshold"}),
        (step(alarm={"statistic": 77}), {f"{ALARM}.statistic"}),
        (step(alarm={"metricDimensions": [{"name": " "}]}), {f"{ALARM}.metricDimensions[0].name"}),
        (step(cooldownSec=-1), {f"{POLICY}.cooldownSec"}),
        (step(minAdjustmentMagnitude="-1"), {f"{POLICY}.minAdjustmentMagnitude"}),
        (step(stepAdjustments=[]), {f"{POLICY}.stepAdjustments"}),
        (step(stepAdjustments=[{"MetricIntervalLowerBound": 0}]), {f"{POLICY}.stepAdjustments[0].scalingAdjustment"}),
        (
            step(adjustmentType="ExactCapacity", stepAdjustments=[{"scalingAdjustment": -1}]),
            {f"{POLICY}.stepAdjustments[0].scalingAdjustment"},
        ),
        (
            step(
                stepAdjustments=[
                    {"MetricIntervalLowerBound": 0, "scalingAdjustment": 1},
                    {"MetricIntervalLowerBound": 5, "scalingAdjustment": 1},
                ]
            ),
            {f"{POLICY}.stepAdjustments"},
        ),
        (
            step(
                stepAdjustments=[{"MetricIntervalLowerBound": 5, "MetricIntervalUpperBound": 5, "scalingAdjustment": 1}]
            ),
            {f"{POLICY}.stepAdjustments[0]"},
        ),
        (target(0), {f"{TARGET}.targetValue"}),
        (target("Infinity"), {f"{TARGET}.targetValue"}),
        (target(metric="ALBRequestCount"), {f"{TARGET}.predefinedMetricSpecification.predefinedMetricType"}),
        (target(metric=""), {f"{TARGET}.predefinedMetricSpecification.predefinedMetricType"}),
        (
            target(scaleOutCooldownSec=-1, scaleInCooldownSec=10**8),
            {f"{TARGET}.scaleOutCooldownSec", f"{TARGET}.scaleInCooldownSec"},
        ),
        (target(customizedMetricSpecification={"namespace": "titus", "metricName": "cpu"}), {TARGET}),
        (
            target(predefinedMetricSpecification=None, customizedMetricSpecification={}),
            {
                f"{TARGET}.customizedMetricSpecification.namespace",
                f"{TARGET}.customizedMetricSpecification.metricName",
            },
        ),
    ],
)
def test_broken_rules_name_their_fields(policy, fields):
    assert broken(policy) == fields


def test_an_adjustment_without_a_type_is_refused():
    policy = step()
    del policy["stepPolicyDescriptor"]["scalingPolicy"]["adjustmentType"]
    assert broken(policy) == {f"{POLICY}.adjustmentType"}


def test_bounds_that_touch_do_not_overlap():
    touching = [
        {"MetricIntervalUpperBound": 0, "scalingAdjustment": -1},
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "scalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "scalingAdjustment": 2},
    ]
    assert len(read_policy(message(step(stepAdjustments=touching))).steps) == 3


@given(st.binary(max_size=200))
def test_whatever_parses_is_read_or_refused_with_fields(data):
    policy = pb.ScalingPolicy()
    try:
        policy.ParseFromString(data)
    except Exception:  # bytes that are no message are not the matter here
        return
    try:
        read_policy(policy)
    except TitusError as error:
        assert all(violation.field.startswith("scalingPolicy") for violation in error.violations)
        assert error.violations


def test_extreme_numbers_are_refused():
    policy = ParseDict(step(), pb.ScalingPolicy())
    policy.stepPolicyDescriptor.scalingPolicy.minAdjustmentMagnitude.value = (1 << 63) - 1
    assert broken(policy) == {f"{POLICY}.minAdjustmentMagnitude"}


def test_a_policy_is_bounded():
    assert read_policy(message(step(alarm={"metricNamespace": "x" * 60_000})))
    with pytest.raises(TitusError, match="larger than 65536 bytes"):
        read_policy(message(step(alarm={"metricNamespace": "x" * 70_000})))
