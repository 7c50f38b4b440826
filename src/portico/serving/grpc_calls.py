"""What every gRPC call goes through: admission, context, one translation of errors, counting.

Handlers are wrapped once, when their method is first called, instead of passing each call through interceptors, so
that a call costs a few microseconds more than without. Promises: a service method may raise domain errors; bad input
costs only its own call; every call is counted once, under a method that exists and one of gRPC's codes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from time import perf_counter
from typing import Any

import grpc
import grpc.aio
import msgspec
import structlog
from structlog.typing import FilteringBoundLogger

from portico.serving import request_context
from portico.serving.grpc_ends import Code, Context, Ending, Refusal, ending_of
from portico.serving.identity import BearerToken
from portico.serving.metrics import Histogram, Metrics
from portico.serving.registration import Registration
from portico.serving.request_context import REQUEST_ID_HEADER, RequestContext

STARTING = "the server is starting"
STOPPING = "the server is stopping"
_STOPPED = Ending(Code.UNAVAILABLE, STOPPING)


class Limits(msgspec.Struct, frozen=True):
    """`send_bytes` per message; `concurrent_calls` over all methods but health and reflection."""

    send_bytes: int
    concurrent_calls: int


class Method:
    """One method that exists: whose it is and how often it ended how. `open_to_all` goes without token and limits."""

    __slots__ = ("_latencies", "_series", "endless", "name", "open_to_all", "registration")

    def __init__(self, name: str, registration: Registration, metrics: Metrics, *, open_to_all: bool) -> None:
        self.name = name
        self.registration = registration
        self.endless = name in registration.endless
        self.open_to_all = open_to_all
        self._latencies = metrics.grpc_calls
        self._series: dict[grpc.StatusCode, Histogram] = {}

    def count(self, code: grpc.StatusCode, seconds: float) -> None:
        """Count the end of one call."""
        series = self._series.get(code)
        if series is None:
            series = self._series[code] = self._latencies.series((self.name, code.name))
        series.observe(seconds)


class Call:
    """One call under way."""

    __slots__ = ("context", "ending", "method", "request_id", "started", "task", "writing")

    def __init__(self, method: Method, context: Context, request_id: str) -> None:
        self.started = perf_counter()
        self.method = method
        self.context = context
        self.request_id = request_id
        self.task: asyncio.Task[Any] | None = None
        self.writing = False
        self.ending = False

    async def write_all(self, messages: AsyncIterable[object]) -> None:
        """Write what a service generates; the generator is closed before the call ends, however it ends."""
        try:
            async for message in messages:
                self.writing = True
                await self.context.write(message)
                self.writing = False
                if self.ending:
                    raise Refusal(Code.UNAVAILABLE, STOPPING)
        finally:
            close = getattr(messages, "aclose", None)
            if close is not None:
                await close()

    def end(self) -> None:
        """End an endless stream, after the message that is being written."""
        self.ending = True
        if self.task is not None and not self.writing:
            self.task.cancel()


class Calls:
    """All calls of one server."""

    def __init__(self, limits: Limits, token: BearerToken | None, *, names_callers: bool) -> None:
        self._limits = limits
        self._token = token
        self._names_callers = names_callers
        self._endless: set[Call] = set()
        self._fewer = asyncio.Event()
        self._log: FilteringBoundLogger = structlog.get_logger(__name__).bind()
        self.refusing: str | None = STARTING
        self.under_way = 0
        self.finite = 0  # those among them that end by themselves

    def begin(self, method: Method, context: Context) -> Call:
        """Make a call known and its context current; `finish` or `fail` follows."""
        offered = authorization = ""
        for key, value in context.invocation_metadata() or ():
            if key == REQUEST_ID_HEADER:
                offered = str(value)
            elif key == "authorization":
                authorization = str(value)
        request_id = request_context.accept_request_id(offered) if offered else request_context.new_request_id()
        call = Call(method, context, request_id)
        self.under_way += 1
        if method.endless:
            call.task = asyncio.current_task()
            self._endless.add(call)
        else:
            self.finite += 1
        remaining: float | None = context.time_remaining()
        deadline = None if remaining is None else asyncio.get_running_loop().time() + remaining
        caller = self._caller(context, authorization)
        door = method.registration.door
        request_context.enter(RequestContext(request_id, door, method.name, deadline, caller or ""))
        context.set_trailing_metadata(((REQUEST_ID_HEADER, request_id),))
        return call

    def admit(self, call: Call) -> None:
        """Raise Refusal unless the server takes calls, and this one."""
        if call.method.open_to_all:
            return
        if self.refusing is not None:
            raise Refusal(Code.UNAVAILABLE, self.refusing)
        if self._token is not None and not request_context.current().caller:
            raise Refusal(Code.UNAUTHENTICATED, "this server wants the metadata `authorization: Bearer <token>`")
        if self.under_way > self._limits.concurrent_calls:
            raise Refusal(Code.RESOURCE_EXHAUSTED, f"{self._limits.concurrent_calls} calls are under way already")

    def finish(self, call: Call, code: grpc.StatusCode) -> None:
        """Count a call that has ended."""
        seconds = perf_counter() - call.started
        call.method.count(code, seconds)
        self.under_way -= 1
        if call.method.endless:
            self._endless.discard(call)
        else:
            self.finite -= 1
        if self.refusing is not None:
            self._fewer.set()
        self._log.debug("grpc_call", code=code.name, seconds=seconds)

    async def fail(self, call: Call, error: BaseException) -> None:
        """End a call that raised; returns only when the error itself must go on its way."""
        if call.ending and isinstance(error, asyncio.CancelledError) and call.task is not None:
            call.task.uncancel()
            ending = _STOPPED
        else:
            ending = ending_of(error, call.context, call.method.registration.translate, self._log)
        self.finish(call, ending.code)
        if not ending.told:
            trailing = (*ending.trailing, (REQUEST_ID_HEADER, call.request_id))
            await call.context.abort(ending.code, ending.details, trailing)

    def _caller(self, context: Context, authorization: str) -> str:
        """Name the proven caller: the common name of its certificate, or `token`; empty for nobody."""
        if self._token is not None and not self._token.accepts(authorization):
            return ""
        if self._names_callers:
            names = list(context.auth_context().get("x509_common_name", ()))
            if names:
                return names[0].decode("utf-8", "replace")
        return "token" if self._token is not None else ""

    async def wait_for_finite(self) -> None:
        """Wait until only endless streams are under way; to be used once calls are refused."""
        while self.finite:
            self._fewer.clear()
            await self._fewer.wait()

    async def wait_for_all(self) -> None:
        """Wait until no call is under way; to be used once calls are refused."""
        while self.under_way:
            self._fewer.clear()
            await self._fewer.wait()

    def end_endless(self) -> None:
        """Tell the callers of endless streams that the server is stopping."""
        for call in list(self._endless):
            call.end()
