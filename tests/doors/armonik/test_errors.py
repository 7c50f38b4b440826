"""The table from domain errors to statuses."""

import inspect

import pytest
from grpc import StatusCode

from portico.domain import errors
from portico.doors.armonik.errors import STATUSES, UNKNOWN, Refused, translate


def test_every_domain_error_has_a_status():
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.PorticoError)}
    assert kinds == set(STATUSES)


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (errors.Invalid("is empty", "task_creations"), StatusCode.INVALID_ARGUMENT, "task_creations: is empty"),
        (errors.Invalid("Max priority is 100"), StatusCode.INVALID_ARGUMENT, "Max priority is 100"),
        (errors.NotFound("Session was not found: s"), StatusCode.NOT_FOUND, "Session was not found: s"),
        (
            errors.Conflict("The session transition is invalid"),
            StatusCode.FAILED_PRECONDITION,
            "The session transition is invalid",
        ),
        (errors.AlreadyExists("a"), StatusCode.ALREADY_EXISTS, "a"),
        (errors.Exhausted("too much"), StatusCode.RESOURCE_EXHAUSTED, "too much"),
        (errors.Forbidden("no"), StatusCode.PERMISSION_DENIED, "no"),
        (errors.Unavailable("later"), StatusCode.UNAVAILABLE, "later"),
        (errors.IllegalTransition("secret"), StatusCode.UNKNOWN, UNKNOWN),
        (errors.Damaged("secret"), StatusCode.UNKNOWN, UNKNOWN),
        (errors.Compacted("secret"), StatusCode.UNKNOWN, UNKNOWN),
        (errors.PorticoError("secret"), StatusCode.UNKNOWN, UNKNOWN),
        (Refused(StatusCode.UNAUTHENTICATED, "who?"), StatusCode.UNAUTHENTICATED, "who?"),
    ],
)
def test_an_error_looks_as_clients_know_it(error, status, text):
    assert translate(error) == (status, text, ())


def test_an_error_that_is_not_in_the_table_counts_as_its_kind():
    class Gone(errors.NotFound):
        pass

    assert translate(Gone("x")) == (StatusCode.NOT_FOUND, "x", ())
