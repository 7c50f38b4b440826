"""The wrapping of service methods: handlers whose every step, reading and writing included, is inside one `try`.

Messages are parsed and serialised here rather than by the library, whose own answer to bytes that do not parse, or to
a reply of the wrong type, would be UNKNOWN with the exception's text.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Awaitable, Callable
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, cast

import grpc

from portico.serving.grpc_calls import Calls, Limits, Method
from portico.serving.grpc_ends import Code, Context, Refusal, code_of
from portico.serving.registration import Handler

REST_SECONDS = 1.0
"""How long the rest of a stream that is refused is read, and forgotten."""

Parse = Callable[[bytes], Any]
Serialise = Callable[[Any], bytes]
Behaviour = Callable[[Any, Context], Any]
Wrapped = Callable[[Any, Context], Awaitable[Any]]


def wrap(handler: Handler, method: Method, calls: Calls, limits: Limits) -> Handler:
    """Give a handler that answers like `handler` and goes through `calls`."""
    parse = _parser(handler, method)
    serialise = _serialiser(handler, limits.send_bytes)
    behaviour = _behaviour(handler, method)
    if handler.response_streaming:
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                _stream_out(behaviour, method, calls, None),
                parse,
                serialise,
            )
        return grpc.unary_stream_rpc_method_handler(
            _stream_out(behaviour, method, calls, parse),
            None,
            serialise,
        )
    if handler.request_streaming:
        return grpc.stream_unary_rpc_method_handler(
            _single_out(_reading_to_the_end(behaviour), method, calls, None, serialise),
            parse,
            None,
        )
    return grpc.unary_unary_rpc_method_handler(
        _single_out(behaviour, method, calls, parse, serialise),
        None,
        None,
    )


def _single_out(
    behaviour: Behaviour, method: Method, calls: Calls, parse: Parse | None, serialise: Serialise
) -> Wrapped:
    """Wrap a method with one reply."""

    async def call_once(request: Any, context: Context) -> bytes:
        call = calls.begin(method, context)
        try:
            calls.admit(call)
            reply = await behaviour(request if parse is None else parse(request), context)
            code = code_of(context)
            encoded = serialise(reply) if code is Code.OK else b""
        except BaseException as error:
            await calls.fail(call, error)
            raise
        asyncio.get_running_loop().call_soon(calls.finish, call, code)  # after the reply has gone on its way
        return encoded

    return call_once


def _reading_to_the_end(behaviour: Behaviour) -> Behaviour:
    """Let a caller whose stream a service refuses finish sending, for a moment.

    The client libraries may otherwise find the stream broken while they send, and tell of that instead of the refusal.
    Who is not admitted at all is not read from.
    """

    async def behave(requests: AsyncIterable[object], context: Context) -> Any:
        try:
            return await behaviour(requests, context)
        except Exception:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(REST_SECONDS):
                    async for _ in requests:
                        pass
            raise

    return behave


def _stream_out(behaviour: Behaviour, method: Method, calls: Calls, parse: Parse | None) -> Wrapped:
    """Wrap a method with a stream of replies, generated or written by itself."""
    writes_itself = iscoroutinefunction(behaviour)

    async def call_stream(request: Any, context: Context) -> None:
        call = calls.begin(method, context)
        try:
            calls.admit(call)
            replies = behaviour(request if parse is None else parse(request), context)
            if writes_itself:
                await replies
            else:
                await call.write_all(replies)
        except BaseException as error:
            await calls.fail(call, error)
            raise
        calls.finish(call, code_of(context))

    return call_stream


def _behaviour(handler: Handler, method: Method) -> Behaviour:
    """Give the service's function. The stand-ins of generated servicers are the only ones that may be synchronous."""
    kinds = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    behaviour: Any = next(kind for kind in kinds if kind is not None)
    if iscoroutinefunction(behaviour) or (handler.response_streaming and isasyncgenfunction(behaviour)):
        return cast("Behaviour", behaviour)
    if not behaviour.__module__.endswith("_pb2_grpc"):
        raise TypeError(f"{method.name} must be served by an async function")

    async def unimplemented(_request: object, _context: Context) -> None:
        raise Refusal(Code.UNIMPLEMENTED, f"{method.name} is not implemented")

    return unimplemented


def _parser(handler: Handler, method: Method) -> Parse:
    """Give the request's parser; bytes that do not parse cost only their own call."""
    given = handler.request_deserializer
    refusal = f"the request is not a message that {method.name} takes"

    def parse(raw: bytes) -> Any:
        try:
            return given(raw) if given is not None else raw
        except Exception as error:
            raise Refusal(Code.INVALID_ARGUMENT, refusal) from error

    return parse


def _serialiser(handler: Handler, most: int) -> Serialise:
    """Give the reply's serialiser; a reply over the limit is refused with its size."""
    given = handler.response_serializer

    def serialise(reply: Any) -> bytes:
        encoded: bytes = given(reply) if given is not None else reply
        if len(encoded) > most:
            raise Refusal(
                Code.RESOURCE_EXHAUSTED,
                f"the reply has {len(encoded)} bytes, this server sends at most {most}; ask for less at a time",
            )
        return encoded

    return serialise
