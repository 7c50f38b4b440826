"""Errors as ArmoniK's clients know them: one table from domain errors to gRPC statuses.

Promises: a text is "<fixed title>: <detail>" as the core words it, and names the field where one is wrong; what is
nobody's fault but ours says nothing of itself.
"""

from __future__ import annotations

from grpc import StatusCode

from portico.domain.errors import (
    AlreadyExists,
    Compacted,
    Conflict,
    Damaged,
    Exhausted,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
    PorticoError,
    Unavailable,
)

Translation = tuple[StatusCode, str, tuple[tuple[str, str | bytes], ...]]
"""gRPC status, text and trailing metadata."""

UNKNOWN = "Unknown exception, see ArmoniK logs"

STATUSES: dict[type[PorticoError], StatusCode] = {
    PorticoError: StatusCode.UNKNOWN,
    Invalid: StatusCode.INVALID_ARGUMENT,
    NotFound: StatusCode.NOT_FOUND,
    AlreadyExists: StatusCode.ALREADY_EXISTS,
    Conflict: StatusCode.FAILED_PRECONDITION,
    IllegalTransition: StatusCode.UNKNOWN,
    Exhausted: StatusCode.RESOURCE_EXHAUSTED,
    Forbidden: StatusCode.PERMISSION_DENIED,
    Unavailable: StatusCode.UNAVAILABLE,
    Damaged: StatusCode.UNKNOWN,
    Compacted: StatusCode.UNKNOWN,
}
"""The status of each domain error; one that is not here has that of the kind it belongs to."""


class Refused(PorticoError):
    """An error that only this API knows, with the status that its clients expect."""

    def __init__(self, status: StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


def translate(error: PorticoError) -> Translation:
    """Give gRPC status, text and trailers of an error."""
    if isinstance(error, Refused):
        return error.status, str(error), ()
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status is StatusCode.UNKNOWN:
        return status, UNKNOWN, ()
    field = error.field if isinstance(error, Invalid) else ""
    return status, f"{field}: {error}" if field else str(error), ()
