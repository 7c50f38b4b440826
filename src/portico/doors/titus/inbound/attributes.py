"""Attributes of jobs that mean something: which are dropped, which the server sets, and which carry parameters."""

from __future__ import annotations

from collections.abc import MutableMapping

from portico.doors.titus.callers import Caller
from portico.wire.titus import jobs_pb2

CREATED_BY = "titus.createdBy"
CALL_REASON = "titus.callReason"
CELL = "titus.cell"
STACK = "titus.stack"
FEDERATED_JOB_ID = "titus.federatedJobId"
ORIGINAL_FEDERATED_JOB_ID = "titus.originalFederatedJobId"
SKIP_SHELL_PARSING = "titusParameter.entryPoint.skipShellParsing"
KILL_WAIT_SECONDS = "titusParameter.agent.killWaitSeconds"
ALLOW_NESTED_CONTAINERS = "titusParameter.agent.allowNestedContainers"
SUBNETS = "titusParameter.agent.subnets"
EBS_VOLUME_IDS = "titusParameter.ebs.volumeIds"
EBS_MOUNT_POINT = "titusParameter.ebs.mountPoint"
EBS_MOUNT_PERM = "titusParameter.ebs.mountPerm"
EBS_FS_TYPE = "titusParameter.ebs.fsType"
_DROPPED = ("titus.sanitization.", "titus.runtimePrediction.", "titus.noncompliant")


def drop_reserved(attributes: MutableMapping[str, str]) -> None:
    """Take out what only the server says of a job."""
    for key in [key for key in attributes if key.startswith(_DROPPED)]:
        del attributes[key]


def name_caller(descriptor: jobs_pb2.JobDescriptor, caller: Caller) -> None:
    """Note who asked and why: at the creation of a job, and with each change of its capacity."""
    descriptor.attributes[CREATED_BY] = caller.id or "unknown"
    descriptor.attributes[CALL_REASON] = caller.reason


def name_cell(descriptor: jobs_pb2.JobDescriptor, cell: str, stack: str) -> None:
    """Note where a job lives; nothing is noted for what has no name."""
    if cell:
        descriptor.attributes[CELL] = cell
    if stack:
        descriptor.attributes[STACK] = stack


def take_identity(descriptor: jobs_pb2.JobDescriptor) -> str:
    """Take out the id that a federation has given to a job; empty without one."""
    if FEDERATED_JOB_ID not in descriptor.attributes:
        return ""
    identity: str = descriptor.attributes.pop(FEDERATED_JOB_ID)
    descriptor.attributes[ORIGINAL_FEDERATED_JOB_ID] = identity
    return identity


def ebs_volumes(descriptor: jobs_pb2.JobDescriptor) -> tuple[str, ...]:
    """Give the ids of the EBS volumes of which each task gets one; none unless place, rights and kind are said too."""
    attributes = descriptor.attributes
    if EBS_MOUNT_POINT not in attributes or EBS_FS_TYPE not in attributes or not attributes.get(EBS_MOUNT_PERM, ""):
        return ()
    return tuple(word for part in attributes.get(EBS_VOLUME_IDS, "").split(",") if (word := part.strip()))
