"""What is known about the request in hand, wherever code of its task looks.

Owns one context variable. A request id from the caller is kept only when it is short and plain, since it goes to
logs and replies; otherwise a new one is made: unguessable per process, counted within it.
"""

from __future__ import annotations

import itertools
import re
import secrets
from contextvars import ContextVar

import msgspec

_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")
_PROCESS = secrets.token_hex(6)
_COUNT = itertools.count(1)

REQUEST_ID_HEADER = "x-request-id"


class RequestContext(msgspec.Struct, frozen=True, gc=False):
    """One request: `deadline` in seconds of the event loop's clock, None without one; `caller` is empty if unproven."""

    request_id: str
    door: str
    method: str
    deadline: float | None = None
    caller: str = ""


NO_REQUEST = RequestContext("", "", "")
_current: ContextVar[RequestContext] = ContextVar("portico_request", default=NO_REQUEST)

current = _current.get
enter = _current.set
leave = _current.reset


def new_request_id() -> str:
    """Make an id that no other request of any process has."""
    return f"{_PROCESS}-{next(_COUNT):x}"


def accept_request_id(offered: str) -> str:
    """Keep the caller's id when it is fit for logs and headers, else make one."""
    return offered if _SANE.fullmatch(offered) else new_request_id()
