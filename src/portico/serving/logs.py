"""Logs: one line per happening, on standard error, for people or as JSON.

Promises: nothing is written to standard output, which belongs to the `ready` line; lines of libraries go the same way
as ours; each line carries the request in hand and what was bound with `structlog.contextvars` (run, job).
"""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from portico.domain.errors import Invalid
from portico.serving import request_context

Form = Literal["console", "json"]
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# What these say at lower levels is about their own insides.
_QUIETER = {"uvicorn": logging.WARNING, "asyncio": logging.WARNING, "grpc": logging.WARNING}


def add_request(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add id, door and method of the request in hand, where the line has none of its own."""
    request = request_context.current()
    if request.request_id:
        event.setdefault("request_id", request.request_id)
        event.setdefault("method", request.method)
        if request.door:
            event.setdefault("door", request.door)
    return event


def configure(level: str = "info", form: Form = "console", stream: TextIO | None = None) -> None:
    """Send all logs of the process to `stream`, standard error by default; Invalid for an unknown level."""
    number = _LEVELS.get(level.lower())
    if number is None:
        raise Invalid(f"unknown level {level!r}; expected one of {', '.join(_LEVELS)}", "logs.level")
    target = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_request,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    _configure_structlog(number, shared)
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(shared, form, colours=target.isatty()))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(number)
    for name, floor in _QUIETER.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(number, floor))


def _configure_structlog(level: int, shared: list[Processor]) -> None:
    """Hand our own lines to the standard library's root logger, filtered before they are built."""
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _formatter(shared: list[Processor], form: Form, *, colours: bool) -> logging.Formatter:
    """Build what turns an event into a line."""
    last: list[Processor]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
