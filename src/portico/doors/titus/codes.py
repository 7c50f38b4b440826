"""The codes of errors, and the one table from a code to how it looks: exception class, gRPC and REST status."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from grpc import StatusCode

from portico.domain.errors import (
    AlreadyExists,
    Compacted,
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    PorticoError,
    Unavailable,
)

_SERVICE = "TitusServiceException"
_JOB_MANAGER = "JobManagerException"
_EVICTION = "EvictionException"


class Code(StrEnum):
    """What went wrong, in upstream's words."""

    JOB_NOT_FOUND = "JobNotFound"
    TASK_NOT_FOUND = "TaskNotFound"
    JOB_ID_NOT_FOUND = "JOB_NOT_FOUND"
    TASK_ID_NOT_FOUND = "TASK_NOT_FOUND"
    CELL_NOT_FOUND = "CELL_NOT_FOUND"
    NOT_FOUND = "NOT_FOUND"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    INVALID_JOB = "INVALID_JOB"
    NO_CALLER_ID = "NO_CALLER_ID"
    INVALID_PAGE_OFFSET = "INVALID_PAGE_OFFSET"
    NOT_SERVICE_JOB = "NotServiceJob"
    NOT_SERVICE_JOB_DESCRIPTOR = "NotServiceJobDescriptor"
    NOT_BATCH_JOB = "NotBatchJob"
    NOT_BATCH_JOB_DESCRIPTOR = "NotBatchJobDescriptor"
    INVALID_CONTAINER_RESOURCES = "InvalidContainerResources"
    INVALID_DESIRED_CAPACITY = "InvalidDesiredCapacity"
    INVALID_MAX_CAPACITY = "InvalidMaxCapacity"
    INVALID_SEQUENCE_ID = "InvalidSequenceId"
    BELOW_MIN_CAPACITY = "BelowMinCapacity"
    ABOVE_MAX_CAPACITY = "AboveMaxCapacity"
    TASK_JOB_MISMATCH = "TaskJobMismatch"
    SAME_JOB_IDS = "SameJobIds"
    JOB_TERMINATING = "JobTerminating"
    TASK_TERMINATING = "TaskTerminating"
    UNEXPECTED_JOB_STATE = "UnexpectedJobState"
    UNEXPECTED_TASK_STATE = "UnexpectedTaskState"
    TERMINATE_AND_SHRINK_NOT_ALLOWED = "TerminateAndShrinkNotAllowed"
    JOB_CREATE_LIMITED = "JobCreateLimited"
    NOT_ENABLED = "NotEnabled"
    JOBS_NOT_COMPATIBLE = "JobsNotCompatible"
    BAD_CONFIGURATION = "BadConfiguration"
    CAPACITY_GROUP_NOT_FOUND = "CapacityGroupNotFound"
    EVICTION_TASK_NOT_FOUND = "EvictionTaskNotFound"
    TASK_NOT_SCHEDULED_YET = "TaskNotScheduledYet"
    TASK_ALREADY_STOPPED = "TaskAlreadyStopped"
    NO_QUOTA = "NoQuota"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    TOO_SLOW = "TOO_SLOW"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    UNAVAILABLE = "UNAVAILABLE"


class Row(msgspec.Struct, frozen=True):
    """How a code looks: the class that its text begins with, its gRPC status, and that of the REST gateway."""

    exception: str
    status: StatusCode
    http: int


_NOT_FOUND = StatusCode.NOT_FOUND, 404
_INVALID = StatusCode.INVALID_ARGUMENT, 400
_PRECONDITION = StatusCode.FAILED_PRECONDITION, 409
_EXHAUSTED = StatusCode.RESOURCE_EXHAUSTED, 429
_DENIED = StatusCode.PERMISSION_DENIED, 403

ROWS: dict[Code, Row] = {
    Code.JOB_NOT_FOUND: Row(_JOB_MANAGER, *_NOT_FOUND),
    Code.TASK_NOT_FOUND: Row(_JOB_MANAGER, *_NOT_FOUND),
    Code.JOB_ID_NOT_FOUND: Row(_SERVICE, *_NOT_FOUND),
    Code.TASK_ID_NOT_FOUND: Row(_SERVICE, *_NOT_FOUND),
    Code.CELL_NOT_FOUND: Row(_SERVICE, *_NOT_FOUND),
    Code.NOT_FOUND: Row(_SERVICE, *_NOT_FOUND),
    Code.INVALID_ARGUMENT: Row(_SERVICE, *_INVALID),
    Code.INVALID_JOB: Row(_SERVICE, *_INVALID),
    Code.NO_CALLER_ID: Row(_SERVICE, *_INVALID),
    Code.INVALID_PAGE_OFFSET: Row(_SERVICE, *_INVALID),
    Code.NOT_SERVICE_JOB: Row(_JOB_MANAGER, *_INVALID),
    Code.NOT_SERVICE_JOB_DESCRIPTOR: Row(_JOB_MANAGER, *_INVALID),
    Code.NOT_BATCH_JOB: Row(_JOB_MANAGER, *_INVALID),
    Code.NOT_BATCH_JOB_DESCRIPTOR: Row(_JOB_MANAGER, *_INVALID),
    Code.INVALID_CONTAINER_RESOURCES: Row(_JOB_MANAGER, *_INVALID),
    Code.INVALID_DESIRED_CAPACITY: Row(_JOB_MANAGER, *_INVALID),
    Code.INVALID_MAX_CAPACITY: Row(_JOB_MANAGER, *_INVALID),
    Code.INVALID_SEQUENCE_ID: Row(_JOB_MANAGER, *_INVALID),
    Code.BELOW_MIN_CAPACITY: Row(_JOB_MANAGER, *_INVALID),
    Code.ABOVE_MAX_CAPACITY: Row(_JOB_MANAGER, *_INVALID),
    Code.TASK_JOB_MISMATCH: Row(_JOB_MANAGER, *_INVALID),
    Code.SAME_JOB_IDS: Row(_JOB_MANAGER, *_INVALID),
    Code.JOB_TERMINATING: Row(_JOB_MANAGER, *_PRECONDITION),
    Code.TASK_TERMINATING: Row(_JOB_MANAGER, *_PRECONDITION),
    Code.UNEXPECTED_JOB_STATE: Row(_JOB_MANAGER, *_PRECONDITION),
    Code.UNEXPECTED_TASK_STATE: Row(_JOB_MANAGER, *_PRECONDITION),
    Code.TERMINATE_AND_SHRINK_NOT_ALLOWED: Row(_JOB_MANAGER, *_PRECONDITION),
    Code.JOB_CREATE_LIMITED: Row(_JOB_MANAGER, *_EXHAUSTED),
    Code.NOT_ENABLED: Row(_JOB_MANAGER, *_DENIED),
    Code.JOBS_NOT_COMPATIBLE: Row(_JOB_MANAGER, StatusCode.INTERNAL, 500),
    Code.BAD_CONFIGURATION: Row(_EVICTION, *_INVALID),
    Code.CAPACITY_GROUP_NOT_FOUND: Row(_EVICTION, *_NOT_FOUND),
    Code.EVICTION_TASK_NOT_FOUND: Row(_EVICTION, *_NOT_FOUND),
    Code.TASK_NOT_SCHEDULED_YET: Row(_EVICTION, *_PRECONDITION),
    Code.TASK_ALREADY_STOPPED: Row(_EVICTION, *_PRECONDITION),
    Code.NO_QUOTA: Row(_EVICTION, *_PRECONDITION),
    Code.ALREADY_EXISTS: Row(_SERVICE, StatusCode.ALREADY_EXISTS, 409),
    Code.TOO_SLOW: Row(_SERVICE, *_EXHAUSTED),
    Code.UNIMPLEMENTED: Row(_SERVICE, StatusCode.UNIMPLEMENTED, 501),
    Code.UNAVAILABLE: Row(_SERVICE, StatusCode.UNAVAILABLE, 503),
}

PLAIN: dict[type[PorticoError], Row] = {
    Invalid: Row(_SERVICE, *_INVALID),
    NotFound: Row(_SERVICE, *_NOT_FOUND),
    AlreadyExists: Row(_SERVICE, StatusCode.ALREADY_EXISTS, 409),
    Conflict: Row(_SERVICE, *_PRECONDITION),
    Exhausted: Row(_SERVICE, *_EXHAUSTED),
    Forbidden: Row(_SERVICE, *_DENIED),
    Unavailable: Row(_SERVICE, StatusCode.UNAVAILABLE, 503),
    Compacted: Row(_SERVICE, StatusCode.OUT_OF_RANGE, 400),
}
UNKNOWN = Row(_SERVICE, StatusCode.INTERNAL, 500)
