"""Errors as clients see them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from portico.domain import errors as domain
from portico.doors.titus import errors
from portico.doors.titus.codes import PLAIN, ROWS, Code
from portico.doors.titus.errors import TitusError, Violation, rest_reply, translate, wants_details

TWO = (Violation("a.b", "wrong"), Violation("c", "worse"))


@pytest.fixture
def details() -> Iterator[None]:
    before = wants_details.set(True)
    yield
    wants_details.reset(before)


def test_every_code_has_a_row() -> None:
    assert set(ROWS) == set(Code)


def test_every_error_of_the_cores_has_a_row() -> None:
    kinds = [kind for _, kind in inspect.getmembers(domain, inspect.isclass) if issubclass(kind, domain.PorticoError)]
    for kind in kinds:
        status, text, _ = translate(kind("x"))
        known = any(parent in PLAIN for parent in kind.__mro__)
        assert (status is not StatusCode.INTERNAL) == known
        assert text == "TitusServiceException: x"
    assert {kind for kind in kinds if not any(parent in PLAIN for parent in kind.__mro__)} == {
        domain.PorticoError,
        domain.Damaged,
    }


@pytest.mark.parametrize(
    ("error", "status", "http", "text"),
    [
        (errors.job_not_found("j"), StatusCode.NOT_FOUND, 404, "JobManagerException: Job with id j does not exist"),
        (errors.job_id_not_found("j"), StatusCode.NOT_FOUND, 404, "TitusServiceException: Job id j not found"),
        (errors.task_id_not_found("t"), StatusCode.NOT_FOUND, 404, "TitusServiceException: Task id t not found"),
        (errors.task_not_found("t"), StatusCode.NOT_FOUND, 404, "JobManagerException: Task with id t does not exist"),
        (errors.invalid_argument("no"), StatusCode.INVALID_ARGUMENT, 400, "TitusServiceException: no"),
        (
            errors.broken_rules(TWO),
            StatusCode.INVALID_ARGUMENT,
            400,
            (
                "TitusServiceException: Invalid Argument: "
                "{Validation failed: 'field: 'a.b', description: 'wrong', type: 'HARD''}, "
                "{Validation failed: 'field: 'c', description: 'worse', type: 'HARD''}"
            ),
        ),
        (
            errors.broken_capacity("Capacity{min=1, desired=1, max=1}", TWO[1:]),
            StatusCode.INVALID_ARGUMENT,
            400,
            (
                "TitusServiceException: Current Capacity{min=1, desired=1, max=1}. Invalid Argument: "
                "{Validation failed: 'field: 'c', description: 'worse', type: 'HARD''}"
            ),
        ),
        (
            errors.same_sequence("a-s-d-q", "j"),
            StatusCode.INVALID_ARGUMENT,
            400,
            "JobManagerException: Constraint violation - job with group sequence a-s-d-q exists (j)",
        ),
        (
            errors.sequence_pending("a-s-d-q"),
            StatusCode.RESOURCE_EXHAUSTED,
            429,
            "JobManagerException: Job sequence id reserved by another pending job create request: a-s-d-q",
        ),
        (
            errors.not_service_job("j"),
            StatusCode.INVALID_ARGUMENT,
            400,
            "JobManagerException: Operation restricted to service jobs, and j is not a service job",
        ),
        (
            errors.job_terminating("j"),
            StatusCode.FAILED_PRECONDITION,
            409,
            "JobManagerException: Job j is in the termination process",
        ),
        (
            errors.task_terminating("t", finished=True),
            StatusCode.FAILED_PRECONDITION,
            409,
            "JobManagerException: Task t is terminated",
        ),
        (
            errors.unexpected_job_state("j", "Accepted", "KillInitiated"),
            StatusCode.FAILED_PRECONDITION,
            409,
            "JobManagerException: Job j is not in the expected state Accepted (expected) != KillInitiated (actual)",
        ),
        (
            errors.shrink_not_allowed("j", "t", 1, 2, 3),
            StatusCode.FAILED_PRECONDITION,
            409,
            (
                "JobManagerException: Terminate and shrink would make desired job size go below the configured minimum, "
                "which is not allowed for this request: jobId=j, taskId=t, min=1, desired=2, max=3"
            ),
        ),
        (
            errors.invalid_desired("j", 4, no_increase=True, no_decrease=False),
            StatusCode.INVALID_ARGUMENT,
            400,
            (
                "JobManagerException: Job j can not be updated to desired capacity of 4, disableIncreaseDesired true, "
                "disableDecreaseDesired false"
            ),
        ),
        (
            errors.jobs_not_compatible("a", "b", "container.image.name"),
            StatusCode.INTERNAL,
            500,
            "JobManagerException: Operation requires jobs to be compatible: a -> b\ncontainer.image.name",
        ),
        (errors.unimplemented("x"), StatusCode.UNIMPLEMENTED, 501, "TitusServiceException: x"),
        (errors.unavailable("x"), StatusCode.UNAVAILABLE, 503, "TitusServiceException: x"),
        (errors.already_exists("x"), StatusCode.ALREADY_EXISTS, 409, "TitusServiceException: x"),
        (
            TitusError(Code.NO_QUOTA, "No job quota"),
            StatusCode.FAILED_PRECONDITION,
            409,
            "EvictionException: No job quota",
        ),
        (domain.Conflict("x"), StatusCode.FAILED_PRECONDITION, 409, "TitusServiceException: x"),
    ],
)
def test_statuses_and_texts(error: domain.PorticoError, status: StatusCode, http: int, text: str) -> None:
    found, told, trailers = translate(error)
    assert (found, told) == (status, text)
    assert dict(trailers) == {"x-titus-error": text.replace("\n", " ")}
    code, body = rest_reply(error)
    assert code == http
    assert body == {"statusCode": http, "message": str(error), "errorDetails": None}


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (errors.not_found("x"), Code.NOT_FOUND, "x"),
        (errors.too_many_jobs(6, 5), Code.JOB_CREATE_LIMITED, "active=6, limit=5"),
        (errors.too_slow(), Code.TOO_SLOW, "not read as fast"),
        (errors.job_terminating("j", finished=True), Code.JOB_TERMINATING, "Job j is terminated"),
        (errors.task_terminating("t"), Code.TASK_TERMINATING, "Task t is in the termination process"),
        (
            errors.unexpected_task_state("t", "Started", "Accepted"),
            Code.UNEXPECTED_TASK_STATE,
            "Started (expected) != Accepted (actual)",
        ),
        (
            errors.invalid_maximum("j", 3, 2),
            Code.INVALID_MAX_CAPACITY,
            "can not be updated to max capacity of 3 due to only 2 IP allocations",
        ),
        (errors.invalid_maximum("j", 3, 2, "EBS volumes"), Code.INVALID_MAX_CAPACITY, "due to only 2 EBS volumes"),
        (errors.below_minimum("j", 1, 2, 2, 3), Code.BELOW_MIN_CAPACITY, "constraint: min=2, desired=2, max=3"),
        (errors.above_maximum("j", 1, 1, 3, 3), Code.ABOVE_MAX_CAPACITY, "constraint: min=1, desired=3, max=3"),
        (errors.same_jobs("j"), Code.SAME_JOB_IDS, "the same job was provided as the source and target: j"),
        (
            errors.task_job_mismatch("t", "j"),
            Code.TASK_JOB_MISMATCH,
            "Task with id t does not belong to job with id j",
        ),
    ],
)
def test_codes_and_texts(error: TitusError, code: Code, text: str) -> None:
    assert error.code is code
    assert text in str(error)


@pytest.mark.usefixtures("details")
def test_details_hold_the_violations() -> None:
    _, text, trailers = translate(errors.broken_rules(TWO))
    found = status_pb2.Status.FromString(dict(trailers)["x-titus-error-bin"])
    assert (found.code, found.message) == (3, text)
    debug, request = error_details_pb2.DebugInfo(), error_details_pb2.BadRequest()
    assert found.details[0].Unpack(debug)
    assert found.details[1].Unpack(request)
    assert [(one.field, one.description) for one in request.field_violations] == [("a.b", "wrong"), ("c", "worse")]


@pytest.mark.usefixtures("details")
def test_details_of_an_error_without_violations() -> None:
    _, _, trailers = translate(domain.Invalid("x"))
    assert len(status_pb2.Status.FromString(dict(trailers)["x-titus-error-bin"]).details) == 1
    _, _, trailers = translate(domain.Invalid("x", "field"))
    assert len(status_pb2.Status.FromString(dict(trailers)["x-titus-error-bin"]).details) == 2


@pytest.mark.usefixtures("details")
def test_trailers_are_never_larger_than_clients_take() -> None:
    many = [Violation(f"field.{number}" * 20, "ü" * 500) for number in range(1_000)]
    _, _, trailers = translate(errors.broken_rules(many))
    found = dict(trailers)
    assert len(found["x-titus-error"]) <= 2_048
    assert found["x-titus-error"].isascii()
    assert found["x-titus-error"].isprintable()
    assert len(found["x-titus-error-bin"]) < 4_096
    assert status_pb2.Status.FromString(found["x-titus-error-bin"]).details


def test_the_context_of_rest_errors() -> None:
    _, body = rest_reply(errors.broken_rules(TWO), debug=True)
    assert body["errorContext"]["constraintViolations"] == {"a.b": "wrong", "c": "worse"}
    _, body = rest_reply(errors.job_not_found("j"), debug=True)
    assert "constraintViolations" not in body["errorContext"]
