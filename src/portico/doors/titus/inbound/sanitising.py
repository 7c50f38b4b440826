"""Sanitising: what a job descriptor means is written out, and what may not be in it is taken away.

Promises: idempotent; the message given is not changed; numbers that upstream would read as negative stay as they
are, so that validation refuses them.
"""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from portico.doors.titus.inbound.attributes import drop_reserved
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.signed import LARGEST_LONG, signed_int, signed_long
from portico.wire.titus import jobs_pb2

DEFAULT_GROUP = "DEFAULT"
SERVICE_RELOCATION = 60_000
SELF_MANAGED_RELOCATION = 604_800_000
"""Milliseconds that tasks of a service job get to move by themselves: by default, and when its old migration policy
says that it manages itself."""

_BLANK = "".join(map(chr, range(33)))
_HIGH_SCALE = jobs_pb2.NetworkConfiguration.HighScale


def sanitised(message: jobs_pb2.JobDescriptor, limits: Limits) -> jobs_pb2.JobDescriptor:
    """Give a descriptor with its defaults written out."""
    descriptor = jobs_pb2.JobDescriptor()
    descriptor.CopyFrom(message)
    descriptor.DiscardUnknownFields()
    # Upstream's own model has no such field; JSON has no words for the types in it, so that no list could be written.
    descriptor.container.ClearField("experimental")
    trim(descriptor)
    descriptor.capacityGroup = descriptor.capacityGroup or DEFAULT_GROUP
    drop_reserved(descriptor.attributes)
    _fill_resources(descriptor.container.resources, limits)
    if descriptor.networkConfiguration.networkMode != _HIGH_SCALE:
        _fill_security(descriptor.container.securityProfile, limits)
    if descriptor.WhichOneof("JobSpec") != "batch":
        _fill_service(descriptor.service)
    fill_budget(descriptor)
    return descriptor


def trim(message: Message) -> None:
    """Take blanks off both ends of every string that is a field of its own."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
            found = value.strip(_BLANK)
            if found != value:
                setattr(message, field.name, found)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and _is_ours(field):
            for part in value if field.is_repeated else (value,):
                trim(part)


def _is_ours(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and not kind.GetOptions().map_entry and kind.file.package != "google.protobuf"


def _fill_resources(resources: jobs_pb2.ContainerResources, limits: Limits) -> None:
    least = limits.min_cpus / 1_000
    resources.cpu = max(resources.cpu, least)  # what is no number stays as it is
    resources.memoryMB = _raised(resources.memoryMB, limits.min_memory)
    resources.diskMB = _raised(resources.diskMB, limits.min_disk)
    resources.networkMbps = _raised(resources.networkMbps, limits.min_network)
    resources.shmSizeMB = resources.shmSizeMB or limits.default_shm
    mounts = sorted(resources.efsMounts, key=lambda mount: mount.mountPoint)
    if mounts != list(resources.efsMounts):
        copies = [jobs_pb2.ContainerResources.EfsMount.FromString(mount.SerializeToString()) for mount in mounts]
        del resources.efsMounts[:]
        resources.efsMounts.extend(copies)


def _raised(number: int, least: int) -> int:
    return least if 0 <= signed_int(number) < least else number


def _fill_security(profile: jobs_pb2.SecurityProfile, limits: Limits) -> None:
    if not profile.securityGroups:
        profile.securityGroups.extend(limits.security_groups)
    profile.iamRole = profile.iamRole or limits.iam_role


def _fill_service(service: jobs_pb2.ServiceJobSpec) -> None:
    service.SetInParent()
    service.capacity.SetInParent()
    service.serviceJobProcesses.SetInParent()
    if service.migrationPolicy.WhichOneof("Policy") is None:
        service.migrationPolicy.systemDefault.SetInParent()


def fill_budget(descriptor: jobs_pb2.JobDescriptor) -> None:
    """Write out a job's disruption budget: by default its tasks are moved after a time in which they may move."""
    budget = descriptor.disruptionBudget
    if budget.WhichOneof("Policy") in (None, "selfManaged") and not budget.selfManaged.relocationTimeMs:
        budget.selfManaged.relocationTimeMs = _relocation_time(descriptor)
    if budget.WhichOneof("Rate") is None:
        budget.rateUnlimited.SetInParent()


def _relocation_time(descriptor: jobs_pb2.JobDescriptor) -> int:
    if descriptor.WhichOneof("JobSpec") == "batch":
        limit = max(0, signed_long(descriptor.batch.runtimeLimitSec)) * 1_000
        return min(max(SERVICE_RELOCATION, limit * 6 // 5), LARGEST_LONG)
    if descriptor.service.migrationPolicy.WhichOneof("Policy") == "selfManaged":
        return SELF_MANAGED_RELOCATION
    return SERVICE_RELOCATION
