"""Addresses and volumes of which each task of a job gets one."""

from __future__ import annotations

from collections.abc import Iterator

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.attributes import ebs_volumes
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.signed import signed_int
from portico.wire.titus import jobs_pb2

_FIELD = "container.containerResources"


def check(descriptor: jobs_pb2.JobDescriptor, _limits: Limits) -> Iterator[Violation]:
    """Check that there is one for each task that the job may have, and none twice."""
    signed = [one.SerializeToString() for one in descriptor.container.resources.signedAddressAllocations]
    volumes = ebs_volumes(descriptor)
    if len(set(signed)) < len(signed):
        yield Violation(f"{_FIELD}.signedIpAddressAllocations", "duplicate values not allowed")
    if len(set(volumes)) < len(volumes):
        yield Violation(f"{_FIELD}.ebsVolumes", "duplicate values not allowed")
    most = _most_tasks(descriptor)
    if 0 < len(signed) < most:
        yield Violation(f"{_FIELD}.signedIpAllocations", f"Above number of max task instances {most}")
    if 0 < len(volumes) < most:
        yield Violation(f"{_FIELD}.ebsVolumes", f"Above number of max task instances {most}")


def _most_tasks(descriptor: jobs_pb2.JobDescriptor) -> int:
    batch = descriptor.WhichOneof("JobSpec") == "batch"
    return signed_int(descriptor.batch.size if batch else descriptor.service.capacity.max)
