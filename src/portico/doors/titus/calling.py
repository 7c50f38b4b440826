"""Reading callers where services are registered, so that no RPC does without.

Promises: before a method is called its caller has been read, errors carry what that asked for, and replies are packed
as it wishes; call metadata that cannot be read is refused, whatever the method.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
import grpc.aio

from portico.doors.titus.callers import caller_of

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Proven = Callable[[Any], str]
"""Names who a call was proven to come from; empty for nobody."""


class ReadingServer:
    """Stands before a server while services are added to it."""

    def __init__(self, server: grpc.aio.Server, proven: Proven) -> None:
        self._server = server
        self._proven = proven

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Add handlers that are asked for each method."""
        self._server.add_generic_rpc_handlers(tuple(_ReadingHandler(one, self._proven) for one in handlers))

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Handler]) -> None:
        """Add handlers by method name."""
        read = {name: _reading(handler, self._proven) for name, handler in method_handlers.items()}
        self._server.add_registered_method_handlers(service_name, read)


class _ReadingHandler(grpc.GenericRpcHandler):
    def __init__(self, inner: grpc.GenericRpcHandler, proven: Proven) -> None:
        self._inner = inner
        self._proven = proven

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        found = self._inner.service(handler_call_details)
        return None if found is None else _reading(found, self._proven)


def _read_caller(context: Context, proven: Proven) -> None:
    """Read who calls, and pack the reply as they ask."""
    caller = caller_of(context.invocation_metadata() or (), proven(context))
    if caller.compression == "gzip":
        context.set_compression(grpc.Compression.Gzip)


def _reading(handler: Handler, proven: Proven) -> Handler:
    """Give a handler that reads the caller first; no RPC of the API takes many messages and gives one."""
    parse, write = handler.request_deserializer, handler.response_serializer
    if not handler.response_streaming:
        unary: Any = handler.unary_unary

        async def call(request: Any, context: Context) -> Any:
            _read_caller(context, proven)
            return await unary(request, context)

        return grpc.unary_unary_rpc_method_handler(call, parse, write)
    streaming: Any = handler.stream_stream if handler.request_streaming else handler.unary_stream

    async def stream(request: Any, context: Context) -> AsyncIterator[Any]:
        _read_caller(context, proven)
        async with aclosing(streaming(request, context)) as messages:
            async for message in messages:
                yield message

    if handler.request_streaming:
        return grpc.stream_stream_rpc_method_handler(stream, parse, write)
    return grpc.unary_stream_rpc_method_handler(stream, parse, write)
