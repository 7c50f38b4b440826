"""Domain errors as HTTP statuses."""

from __future__ import annotations

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

STATUS: dict[type[PorticoError], int] = {
    Invalid: 400,
    Forbidden: 403,
    NotFound: 404,
    AlreadyExists: 409,
    Conflict: 409,
    Compacted: 410,
    Exhausted: 429,
    Unavailable: 503,
}
