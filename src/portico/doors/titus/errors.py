"""Errors as Titus clients know them: texts, trailers, REST bodies, and one function for each refusal.

Promises: a text begins with the class name that upstream's exceptions have; `x-titus-error` goes with every error,
`x-titus-error-bin` only to callers who asked for it; no trailer is larger than a client takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc import StatusCode

from portico.domain.errors import Invalid, PorticoError
from portico.doors.titus.codes import PLAIN, ROWS, UNKNOWN, Code, Row

ERROR_TRAILER = "x-titus-error"
ERROR_DETAILS_TRAILER = "x-titus-error-bin"
_LONGEST_TRAILER = 2_048
_LONGEST_DETAILS = 3_072

Translation = tuple[StatusCode, str, tuple[tuple[str, str | bytes], ...]]
"""gRPC status, text and trailing metadata."""

wants_details: ContextVar[bool] = ContextVar("portico_titus_debug", default=False)
"""Whether the caller of the request in hand asked for `x-titus-error-bin`."""


class Violation(msgspec.Struct, frozen=True):
    """One rule that a message breaks; `field` is a path in upstream's own model."""

    field: str
    description: str

    def __str__(self) -> str:
        return f"Validation failed: 'field: '{self.field}', description: '{self.description}', type: 'HARD''"


class TitusError(PorticoError):
    """An error with one of the API's own codes."""

    def __init__(self, code: Code, message: str, violations: Iterable[Violation] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.violations = tuple(violations)


def translate(error: PorticoError) -> Translation:
    """Give gRPC status, text and trailers of an error."""
    row = _row(error)
    text = f"{row.exception}: {error}"
    trailers: list[tuple[str, str | bytes]] = [(ERROR_TRAILER, _plain(text))]
    if wants_details.get():
        trailers.append((ERROR_DETAILS_TRAILER, _details(row, text, violations_of(error))))
    return row.status, text, tuple(trailers)


def rest_reply(error: PorticoError, *, debug: bool = False) -> tuple[int, dict[str, Any]]:
    """Give HTTP status and body of an error; `debug` adds the context with the violations by field."""
    row = _row(error)
    body: dict[str, Any] = {"statusCode": row.http, "message": str(error), "errorDetails": None}
    if debug:
        context: dict[str, Any] = {"exception": row.exception}
        violations = violations_of(error)
        if violations:
            context["constraintViolations"] = {one.field: one.description for one in violations}
        body["errorContext"] = context
    return row.http, body


def violations_of(error: PorticoError) -> tuple[Violation, ...]:
    """Give the rules that were broken; none for errors of another kind."""
    if isinstance(error, TitusError):
        return error.violations
    if isinstance(error, Invalid) and error.field:
        return (Violation(error.field, str(error)),)
    return ()


def _row(error: PorticoError) -> Row:
    if isinstance(error, TitusError):
        return ROWS[error.code]
    return next((PLAIN[kind] for kind in type(error).__mro__ if kind in PLAIN), UNKNOWN)


def _plain(text: str) -> str:
    """Make a text fit for a trailer: printable ASCII of bounded length."""
    safe = "".join(letter if " " <= letter <= "~" else " " if letter.isspace() else "?" for letter in text)
    return safe[:_LONGEST_TRAILER].strip()


def _details(row: Row, text: str, violations: tuple[Violation, ...]) -> bytes:
    """Write google.rpc.Status with DebugInfo and BadRequest, with as many violations as fit."""
    status = status_pb2.Status(code=row.status.value[0], message=_cut(text, _LONGEST_DETAILS // 3))
    status.details.append(_packed(error_details_pb2.DebugInfo(detail=row.exception)))
    request = error_details_pb2.BadRequest()
    room = _LONGEST_DETAILS - status.ByteSize()
    for one in violations:
        room -= len(one.field.encode()) + len(one.description.encode()) + 16
        if room < 0:
            break
        request.field_violations.add(field=one.field, description=one.description)
    if request.field_violations:
        status.details.append(_packed(request))
    written: bytes = status.SerializeToString()
    return written


def _cut(text: str, size: int) -> str:
    """Cut a text to a number of bytes."""
    return text.encode()[:size].decode(errors="ignore")


def _packed(message: error_details_pb2.DebugInfo | error_details_pb2.BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


# ---- requests that are wrong in themselves -------------------------------------------------------------------------


def invalid_argument(message: str) -> TitusError:
    """Refuse a request with a sentence."""
    return TitusError(Code.INVALID_ARGUMENT, message)


def broken_rules(violations: Sequence[Violation]) -> TitusError:
    """Refuse a message with all the rules that it breaks."""
    return TitusError(Code.INVALID_ARGUMENT, "Invalid Argument: " + _all(violations), violations)


def broken_capacity(before: str, violations: Sequence[Violation]) -> TitusError:
    """Refuse a change of a job's capacity; `before` is the present one in words."""
    text = f"Current {before}. Invalid Argument: {_all(violations)}"
    return TitusError(Code.INVALID_ARGUMENT, text, violations)


def _all(violations: Sequence[Violation]) -> str:
    return ", ".join(f"{{{one}}}" for one in violations)


def same_sequence(key: str, job: str) -> TitusError:
    """Refuse a job whose group sequence an active job has; deployers know this refusal by its words."""
    return TitusError(Code.INVALID_SEQUENCE_ID, f"Constraint violation - job with group sequence {key} exists ({job})")


# ---- limits --------------------------------------------------------------------------------------------------------


def sequence_pending(key: str) -> TitusError:
    """Refuse a job while another of the same group sequence is being created."""
    text = f"Job sequence id reserved by another pending job create request: {key}"
    return TitusError(Code.JOB_CREATE_LIMITED, text)


def too_many_jobs(active: int, limit: int) -> TitusError:
    """Refuse a job beyond the number of active ones."""
    text = f"Reached a limit of active jobs Titus can run (active={active}, limit={limit})"
    return TitusError(Code.JOB_CREATE_LIMITED, text)


def too_slow() -> TitusError:
    """Cut off a watcher that does not read as fast as things happen."""
    return TitusError(Code.TOO_SLOW, "The events of this stream are not read as fast as they happen")


# ---- what is not there ---------------------------------------------------------------------------------------------


def job_id_not_found(job: str) -> TitusError:
    """Say that there is no such job, neither active nor archived."""
    return TitusError(Code.JOB_ID_NOT_FOUND, f"Job id {job} not found")


def task_id_not_found(task: str) -> TitusError:
    """Say that there is no such task, neither active nor archived."""
    return TitusError(Code.TASK_ID_NOT_FOUND, f"Task id {task} not found")


def job_not_found(job: str) -> TitusError:
    """Say that there is no such job, or that it is archived already."""
    return TitusError(Code.JOB_NOT_FOUND, f"Job with id {job} does not exist")


def task_not_found(task: str) -> TitusError:
    """Say that there is no such task, or that it is archived already."""
    return TitusError(Code.TASK_NOT_FOUND, f"Task with id {task} does not exist")


def not_found(message: str) -> TitusError:
    """Say that something else is not there."""
    return TitusError(Code.NOT_FOUND, message)


def already_exists(message: str) -> TitusError:
    """Say that a name is taken."""
    return TitusError(Code.ALREADY_EXISTS, message)


# ---- jobs and tasks of the wrong kind or in the wrong state --------------------------------------------------------


def not_service_job(job: str) -> TitusError:
    """Refuse what only service jobs have."""
    return TitusError(Code.NOT_SERVICE_JOB, f"Operation restricted to service jobs, and {job} is not a service job")


def job_terminating(job: str, *, finished: bool = False) -> TitusError:
    """Refuse to change a job that is ending or over."""
    end = "is terminated" if finished else "is in the termination process"
    return TitusError(Code.JOB_TERMINATING, f"Job {job} {end}")


def task_terminating(task: str, *, finished: bool = False) -> TitusError:
    """Refuse to end a task that is ending or over."""
    end = "is terminated" if finished else "is in the termination process"
    return TitusError(Code.TASK_TERMINATING, f"Task {task} {end}")


def unexpected_job_state(job: str, expected: str, actual: str) -> TitusError:
    """Refuse what a job's state does not allow."""
    text = f"Job {job} is not in the expected state {expected} (expected) != {actual} (actual)"
    return TitusError(Code.UNEXPECTED_JOB_STATE, text)


def unexpected_task_state(task: str, expected: str, actual: str) -> TitusError:
    """Refuse what a task's state does not allow."""
    text = f"Task {task} is not in the expected state {expected} (expected) != {actual} (actual)"
    return TitusError(Code.UNEXPECTED_TASK_STATE, text)


# ---- capacity ------------------------------------------------------------------------------------------------------


def invalid_desired(job: str, desired: int, *, no_increase: bool, no_decrease: bool) -> TitusError:
    """Refuse a desired size while the job's processes forbid the change."""
    text = (
        f"Job {job} can not be updated to desired capacity of {desired}, "
        f"disableIncreaseDesired {_java(no_increase)}, disableDecreaseDesired {_java(no_decrease)}"
    )
    return TitusError(Code.INVALID_DESIRED_CAPACITY, text)


def _java(flag: bool) -> str:  # noqa: FBT001 — a flag is all there is to write
    return "true" if flag else "false"


def invalid_maximum(job: str, maximum: int, count: int, what: str = "IP allocations") -> TitusError:
    """Refuse a maximum above the number of addresses or volumes that the job has."""
    text = f"Job {job} can not be updated to max capacity of {maximum} due to only {count} {what}"
    return TitusError(Code.INVALID_MAX_CAPACITY, text)


def below_minimum(job: str, by: int, minimum: int, desired: int, maximum: int) -> TitusError:
    """Refuse to take tasks from a job that has its least."""
    text = (
        f"Cannot decrement job {job} desired size by {by}, as it violates the minimum job size constraint: "
        f"min={minimum}, desired={desired}, max={maximum}"
    )
    return TitusError(Code.BELOW_MIN_CAPACITY, text)


def above_maximum(job: str, by: int, minimum: int, desired: int, maximum: int) -> TitusError:
    """Refuse to add tasks to a job that has its most."""
    text = (
        f"Cannot increment job {job} desired size by {by}, as it violates the maximum job size constraint: "
        f"min={minimum}, desired={desired}, max={maximum}"
    )
    return TitusError(Code.ABOVE_MAX_CAPACITY, text)


def shrink_not_allowed(job: str, task: str, minimum: int, desired: int, maximum: int) -> TitusError:
    """Refuse to end a task for good when its job must not become smaller."""
    text = (
        "Terminate and shrink would make desired job size go below the configured minimum, which is not allowed for "
        f"this request: jobId={job}, taskId={task}, min={minimum}, desired={desired}, max={maximum}"
    )
    return TitusError(Code.TERMINATE_AND_SHRINK_NOT_ALLOWED, text)


# ---- moving a task -------------------------------------------------------------------------------------------------


def same_jobs(job: str) -> TitusError:
    """Refuse to move a task to the job it is in."""
    text = f"Operation requires two different job, but the same job was provided as the source and target: {job}"
    return TitusError(Code.SAME_JOB_IDS, text)


def task_job_mismatch(task: str, job: str) -> TitusError:
    """Refuse to move a task out of a job that it is not in."""
    text = (
        "Operation requires task id to belong to the source job id. "
        f"Task with id {task} does not belong to job with id {job}"
    )
    return TitusError(Code.TASK_JOB_MISMATCH, text)


def jobs_not_compatible(source: str, target: str, details: str) -> TitusError:
    """Refuse to move a task between jobs that differ; `details` begins with the path of the field that does."""
    text = f"Operation requires jobs to be compatible: {source} -> {target}\n{details}"
    return TitusError(Code.JOBS_NOT_COMPATIBLE, text)


# ---- what is not served --------------------------------------------------------------------------------------------


def unavailable(message: str) -> TitusError:
    """Say that the answer cannot be had now."""
    return TitusError(Code.UNAVAILABLE, message)


def unimplemented(message: str) -> TitusError:
    """Say that something exists in the API and is not served here."""
    return TitusError(Code.UNIMPLEMENTED, message)
