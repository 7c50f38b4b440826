"""Security groups and role: kept and shown, and asked for as upstream does."""

from __future__ import annotations

from collections.abc import Iterator

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.attributes import SUBNETS
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2

MOST_GROUPS = 6
_FIELD = "container.securityProfile"
_HIGH_SCALE = jobs_pb2.NetworkConfiguration.HighScale
_SHOWN = 200


def check(descriptor: jobs_pb2.JobDescriptor, _limits: Limits) -> Iterator[Violation]:
    """Check groups and role; the network mode HighScale has neither groups nor subnets of its own."""
    groups = list(descriptor.container.securityProfile.securityGroups)
    if descriptor.networkConfiguration.networkMode == _HIGH_SCALE:
        if groups:
            yield Violation(f"{_FIELD}.securityGroups", "Security groups cannot be set in the HighScale network mode")
        if descriptor.container.attributes.get(SUBNETS, ""):
            yield Violation("container.attributes", "Subnets cannot be set in the HighScale network mode")
    else:
        yield from _groups(groups)
    role = descriptor.container.securityProfile.iamRole
    if not role or " " in role:
        yield Violation(f"{_FIELD}.iamRole", f"Syntactically invalid IAM role: {role[:_SHOWN]}")


def _groups(groups: list[str]) -> Iterator[Violation]:
    field = f"{_FIELD}.securityGroups"
    if not 1 <= len(groups) <= MOST_GROUPS:
        yield Violation(field, f"Number of security groups must be between 1 and {MOST_GROUPS}")
    if not all(group.startswith("sg-") and "\n" not in group for group in groups):
        yield Violation(field, f"Syntactically invalid security group ids: [{', '.join(groups)[:_SHOWN]}]")
