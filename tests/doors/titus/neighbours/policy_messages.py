"""Scaling policies as clients write them."""

from google.protobuf import json_format

from portico.wire.titus import autoscale_api_pb2 as pb


def step(**more):
    """A policy that adds a task while the processors are busy."""
    alarm = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "periodSec": 60,
        "threshold": 70.0,
        "metricNamespace": "NFLX/EPIC",
        "metricName": "CPUUtilization",
        "statistic": "Average",
        **more.pop("alarm", {}),
    }
    policy = {
        "adjustmentType": "ChangeInCapacity",
        "cooldownSec": 60,
        "stepAdjustments": [{"MetricIntervalLowerBound": 0, "scalingAdjustment": 1}],
        **more,
    }
    return {"stepPolicyDescriptor": {"alarmConfig": alarm, "scalingPolicy": policy}}


def target(value=50.0, metric="ECSServiceAverageCPUUtilization", **more):
    """A policy that keeps the processors at a target."""
    said = {"targetValue": value, "predefinedMetricSpecification": {"predefinedMetricType": metric}, **more}
    return {"targetPolicyDescriptor": {name: given for name, given in said.items() if given is not None}}


def message(policy):
    return json_format.ParseDict(policy, pb.ScalingPolicy())
