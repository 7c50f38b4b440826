"""How gRPC calls end: one place that turns whatever a service method raised into a status.

Promises: domain errors go through the door's own table; anything unexpected becomes INTERNAL with an id that stands
in the log beside the traceback, and no text of it reaches the caller.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
from typing import Any, TypeAlias

import grpc
import grpc.aio
import msgspec
from structlog.typing import FilteringBoundLogger

from portico.domain.errors import PorticoError
from portico.serving import request_context
from portico.serving.registration import Trailing, Translate

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Code = grpc.StatusCode

LONGEST_DETAILS = 4_096
"""Bytes on the wire."""
_CUT = "…"
_BY_NUMBER = {code.value[0]: code for code in Code}
# Ends that tell about the caller's request and not about the health of this server.
_EXPECTED = frozenset(
    {
        Code.CANCELLED,
        Code.INVALID_ARGUMENT,
        Code.NOT_FOUND,
        Code.ALREADY_EXISTS,
        Code.FAILED_PRECONDITION,
        Code.ABORTED,
        Code.OUT_OF_RANGE,
        Code.UNIMPLEMENTED,
    }
)


class Refusal(Exception):
    """A call that is turned away by the server itself, in the same words at every door."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class Ending(msgspec.Struct, frozen=True):
    """The status of a call; `told` when there is nobody left to tell, or the service has told already."""

    code: grpc.StatusCode
    details: str = ""
    trailing: Trailing = ()
    told: bool = False


def ending_of(error: BaseException, context: Context, translate: Translate, log: FilteringBoundLogger) -> Ending:
    """Decide how a call ends that raised `error`, and log it."""
    ending = _decide(error, context, translate, log)
    if ending.code in _EXPECTED:
        log.info("grpc_refused", code=ending.code.name, details=ending.details)
    elif ending.code is not Code.INTERNAL:
        log.warning("grpc_failed", code=ending.code.name, details=ending.details)
    return ending


def _decide(  # noqa: PLR0911 — one return for each kind of error
    error: BaseException, context: Context, translate: Translate, log: FilteringBoundLogger
) -> Ending:
    """Find the status of an error."""
    match error:
        case Refusal():
            return Ending(error.code, error.details)
        case PorticoError():
            return _translated(error, translate, log)
        case grpc.aio.AbortError():
            return Ending(code_of(context), context.details(), told=True)
        case grpc.aio.UsageError():
            return internal(error, log)
        case grpc.aio.BaseError():
            return Ending(Code.CANCELLED, "the connection ended", told=True)
        case asyncio.CancelledError():
            return _cancelled(error, log)
        case Exception():
            return internal(error, log)
        case _:
            return Ending(Code.UNKNOWN, told=True)  # the process is being ended


def _translated(error: PorticoError, translate: Translate, log: FilteringBoundLogger) -> Ending:
    """Ask the door's table."""
    try:
        code, details, trailing = translate(error)
    except Exception as defect:  # noqa: BLE001 — a hole in a door's table must not leave the caller without an answer
        return internal(defect, log)
    return Ending(code, fit(details), trailing)


def _cancelled(error: BaseException, log: FilteringBoundLogger) -> Ending:
    """Tell a call that was cancelled from one in which something awaited was cancelled."""
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        return internal(error, log)
    deadline = request_context.current().deadline
    if deadline is not None and asyncio.get_running_loop().time() >= deadline:
        return Ending(Code.DEADLINE_EXCEEDED, "the caller's deadline passed", told=True)
    return Ending(Code.CANCELLED, "cancelled", told=True)


def internal(error: BaseException, log: FilteringBoundLogger) -> Ending:
    """Log an unexpected exception under an id and tell the caller the id alone."""
    identity = request_context.new_request_id()
    log.error("internal_error", error_id=identity, exc_info=error)
    return Ending(Code.INTERNAL, f"internal error {identity}")


def fit(details: str) -> str:
    """Make text fit for a status: encodable, and bounded as it travels, since clients limit metadata to 8 KB."""
    text = details[: LONGEST_DETAILS + 1].encode("utf-8", "replace").decode()
    sizes = list(itertools.accumulate(map(_travelling_bytes, text)))
    if not sizes or sizes[-1] <= LONGEST_DETAILS:
        return text
    return text[: bisect.bisect_right(sizes, LONGEST_DETAILS - _travelling_bytes(_CUT))] + _CUT


def _travelling_bytes(character: str) -> int:
    """Count what a character of a status takes on the wire: all but printable ASCII goes as %XX for each byte."""
    return 1 if " " <= character <= "~" and character != "%" else 3 * len(character.encode())


def code_of(context: Context) -> grpc.StatusCode:
    """Give the code that a service has set, OK if none."""
    code: object = context.code()
    if code is None:
        return Code.OK
    if isinstance(code, int):
        return _BY_NUMBER.get(code, Code.UNKNOWN)
    return code if isinstance(code, grpc.StatusCode) else Code.UNKNOWN
