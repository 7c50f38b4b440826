"""The bare peer of lookups: a grpc.aio server that sends every message back as it came, or pours out so many bytes.

It knows no message type, so what it costs is grpc itself. `Pour` streams one message of as many bytes as the request
says in digits. Prints its address and serves until
its standard input closes, so that it cannot outlive whoever started it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc

SERVICE = "bench.Echo"
METHOD = f"/{SERVICE}/Send"


async def send(request: bytes, _: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


async def pour(request: bytes, _: grpc.aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
    yield bytes(int(request))


async def serve() -> None:
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Send": grpc.unary_unary_rpc_method_handler(send),
        "Pour": grpc.unary_stream_rpc_method_handler(pour),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(serve())
