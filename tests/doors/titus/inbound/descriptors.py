"""Job descriptors to start from, changed by text in the form of protobuf, and the places and words of their rules."""

from __future__ import annotations

from google.protobuf import text_format

from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound.descriptors import convert
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2

COMMON = """
owner { teamEmail: "team@example.com" }
applicationName: "app"
container {
  resources { cpu: 2 memoryMB: 1024 diskMB: 20000 networkMbps: 256 }
  securityProfile { securityGroups: "sg-1" iamRole: "role" }
  image { name: "acme/tool" tag: "1" }
}
"""
BATCH = COMMON + "batch { size: 2 runtimeLimitSec: 60 retryPolicy { immediate { retries: 3 } } }"
SERVICE = COMMON + "service { capacity { min: 1 desired: 2 max: 3 } enabled: true retryPolicy { immediate {} } }"
JOB = "5a3d0b6e-6ee8-4d3f-9d53-0123456789ab"
RESOURCES = "container.containerResources"
BUDGET = "disruptionBudget"
POLICY, RATE = f"{BUDGET}.disruptionBudgetPolicy", f"{BUDGET}.disruptionBudgetRate"
RETRY = "extensions.retryPolicy"
LABEL = (
    "must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
)
BIG = 2**31
HUGE = 2**63


def written(base: str = BATCH, text: str = "") -> jobs_pb2.JobDescriptor:
    """Give a descriptor; `text` is merged over it, so that single fields replace those of the base."""
    descriptor = text_format.Parse(base, jobs_pb2.JobDescriptor())
    descriptor.MergeFrom(text_format.Parse(text, jobs_pb2.JobDescriptor()))
    return descriptor


def converted(base: str = BATCH, text: str = "", limits: Limits | None = None) -> jobs_pb2.JobDescriptor:
    """Give a descriptor as it is accepted."""
    return convert(written(base, text), limits or Limits())


def broken(message: jobs_pb2.JobDescriptor, limits: Limits | None = None) -> list[tuple[str, str]]:
    """Give the rules that a descriptor breaks, as (field, description)."""
    try:
        convert(message, limits or Limits())
    except TitusError as error:
        return [(one.field, one.description) for one in error.violations]
    return []


def resources(text: str) -> str:
    return f"container {{ resources {{ {text} }} }}"


def budget(text: str) -> str:
    return f"disruptionBudget {{ {text} }}"
