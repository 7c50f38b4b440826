"""CreateJob's way in: a message is converted, sanitised, validated and held against the limits, in this order.

Promises: nothing but TitusError is raised, whatever the message; all rules that it breaks come together, but for the
limits of its application, which are looked at last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from portico.doors.titus.errors import Violation, broken_rules, invalid_argument
from portico.doors.titus.inbound import attributes
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.sanitising import fill_budget, sanitised, trim
from portico.doors.titus.inbound.validation import budgets, sizes, violations
from portico.wire.titus import base_pb2, jobs_pb2, volumes_pb2

MOST_BYTES = 1 << 20
"""A descriptor is a row of its job, and goes to every watcher."""

_EBS_RIGHTS = ("RO", "WO", "RW")


def convert(message: jobs_pb2.JobDescriptor, settings: Limits) -> jobs_pb2.JobDescriptor:
    """Give the sanitised copy of a descriptor; raises TitusError with every rule that it breaks."""
    if message.ByteSize() > MOST_BYTES:
        raise invalid_argument(f"The job descriptor is larger than {MOST_BYTES} bytes")
    descriptor = sanitised(message, settings)
    _refuse(chain(_not_convertible(message), violations(descriptor, settings)))
    _refuse(sizes.above_own_sizes(descriptor, settings))
    return descriptor


def convert_budget(
    message: jobs_pb2.JobDisruptionBudget, descriptor: jobs_pb2.JobDescriptor, settings: Limits
) -> jobs_pb2.JobDisruptionBudget:
    """Give a new budget for a job with its defaults written out; raises TitusError with every rule that it breaks."""
    changed = jobs_pb2.JobDescriptor()
    changed.CopyFrom(descriptor)
    changed.disruptionBudget.CopyFrom(message)
    changed.disruptionBudget.DiscardUnknownFields()
    trim(changed.disruptionBudget)
    fill_budget(changed)
    _refuse(chain(_unknown_days(message), budgets.check(changed, settings)))
    return changed.disruptionBudget


def _refuse(found: Iterable[Violation]) -> None:
    broken = list(found)
    if broken:
        raise broken_rules(broken)


# ---- what has no counterpart ---------------------------------------------------------------------------------------


def _not_convertible(message: jobs_pb2.JobDescriptor) -> Iterator[Violation]:
    yield from _no_retry_policy(message)
    for at, mount in enumerate(message.container.resources.efsMounts):
        if mount.mountPerm not in base_pb2.MountPerm.values():
            field = f"container.containerResources.efsMounts[{at}].mountPerm"
            yield Violation(field, f"Invalid EFS mount permission: {mount.mountPerm}")
    rights = message.attributes.get(attributes.EBS_MOUNT_PERM, "").upper()
    if rights and rights not in _EBS_RIGHTS:
        yield Violation(f"attributes.{attributes.EBS_MOUNT_PERM}", f"must be one of {', '.join(_EBS_RIGHTS)}")
    mode = message.networkConfiguration.networkMode
    if mode not in jobs_pb2.NetworkConfiguration.NetworkMode.values():
        yield Violation("networkConfiguration.networkMode", f"Unknown network mode: {mode}")
    yield from _unknown_days(message.disruptionBudget)
    yield from _unknown_propagation(message)


def _no_retry_policy(message: jobs_pb2.JobDescriptor) -> Iterator[Violation]:
    batch = message.WhichOneof("JobSpec") == "batch"
    policy = message.batch.retryPolicy if batch else message.service.retryPolicy
    if policy.WhichOneof("Policy") is None:
        yield Violation("extensions.retryPolicy", "Retry policy is not set")


def _unknown_days(budget: jobs_pb2.JobDisruptionBudget) -> Iterator[Violation]:
    for at, window in enumerate(budget.timeWindows):
        for day in window.days:
            if day not in base_pb2.Day.values():
                yield Violation(f"disruptionBudget.timeWindows[{at}].days", f"Unknown day: {day}")


def _unknown_propagation(message: jobs_pb2.JobDescriptor) -> Iterator[Violation]:
    known = volumes_pb2.VolumeMount.MountPropagation.values()
    containers = [("container", message.container.volumeMounts)]
    containers += [(f"extraContainers[{at}]", one.volumeMounts) for at, one in enumerate(message.extraContainers)]
    for field, mounts in containers:
        for at, mount in enumerate(mounts):
            if mount.mountPropagation not in known:
                text = f"Unknown mount propagation: {mount.mountPropagation}"
                yield Violation(f"{field}.volumeMounts[{at}].mountPropagation", text)
