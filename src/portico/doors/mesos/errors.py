"""Domain errors as HTTP replies: one table."""

from __future__ import annotations

from portico.domain.errors import (
    AlreadyExists,
    Compacted,
    Conflict,
    Damaged,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    PorticoError,
    Unavailable,
)
from portico.doors.mesos.serving.exchange import Reply, text_reply

_STATUS: tuple[tuple[type[PorticoError], int], ...] = (
    (Invalid, 400),
    (NotFound, 404),
    (Forbidden, 403),
    (AlreadyExists, 409),
    (Conflict, 409),
    (Exhausted, 503),
    (Unavailable, 503),
    (Compacted, 503),
    (Damaged, 500),
)


def error_reply(error: PorticoError) -> Reply:
    """Answer an error that a core raised."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    return text_reply(status, str(error))
