"""How HTTP requests end badly: one table from domain error to status, one shape of body.

The body is `{"error": {"code", "message", "field", "request_id"}}`; doors whose wire wants another shape answer
themselves and raise nothing.
"""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

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
from portico.serving import request_context

STATUSES: dict[type[PorticoError], tuple[int, str]] = {
    Invalid: (400, "invalid"),
    Forbidden: (403, "forbidden"),
    NotFound: (404, "not_found"),
    AlreadyExists: (409, "already_exists"),
    Conflict: (409, "conflict"),
    Compacted: (410, "compacted"),
    Exhausted: (429, "exhausted"),
    Unavailable: (503, "unavailable"),
    PorticoError: (500, "failed"),
}
_CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    500: "internal",
    503: "unavailable",
}


class BodyTooLarge(HTTPException):
    """The request's body has more bytes than the server takes."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"the body has more than {most} bytes")


def error_response(status: int, code: str, message: str, field: str = "") -> Response:
    """Build the one shape of error."""
    request_id = request_context.current().request_id
    body = {"error": {"code": code, "message": message, "field": field, "request_id": request_id}}
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def domain_response(error: PorticoError) -> Response:
    """Answer a domain error by the table."""
    status, code = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    return error_response(status, code, str(error), error.field if isinstance(error, Invalid) else "")


def http_response(error: HTTPException) -> Response:
    """Answer an error of the framework: no such route, wrong method, body too large."""
    response = error_response(error.status_code, _CODES.get(error.status_code, "failed"), error.detail)
    response.headers.update(error.headers or {})
    return response


async def on_domain_error(_request: Request, error: Exception) -> Response:
    """Handle what routes raise from the tree of domain errors."""
    assert isinstance(error, PorticoError)
    return domain_response(error)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Handle what the framework raises."""
    assert isinstance(error, HTTPException)
    return http_response(error)
