"""A service with one method of each kind, for the tests of the servers that carry it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import grpc
import grpc.aio

from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration, translate_plainly

SERVICE = "test.Echo"
LOOPBACK = Address("127.0.0.1", 0)


def parse(raw: bytes) -> str:
    return raw.decode("utf-8")


def serialise(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")  # the library encodes a str before it asks


class Echo:
    """Behaviours; `raises` and `seen` steer and show what they did."""

    def __init__(self) -> None:
        self.raises: BaseException | None = None
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.seen: list[object] = []

    async def one(self, request, context):
        if self.raises is not None:
            raise self.raises
        return request

    async def wrong(self, request, context):
        return 7

    async def slow(self, request, context):
        self.entered.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return request

    async def many(self, request, context):
        for letter in request:
            yield letter
        if self.raises is not None:
            raise self.raises

    async def written(self, request, context):
        for letter in request:
            await context.write(letter)

    async def forever(self, request, context):
        yield "first"
        self.entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    async def join(self, requests, context):
        if self.raises is not None:
            await anext(requests)
            self.entered.set()
            raise self.raises
        return "".join([text async for text in requests])

    async def chat(self, requests, context):
        async for text in requests:
            if self.raises is not None:
                raise self.raises
            yield text.upper()

    async def aborts(self, request, context):
        await context.abort(grpc.StatusCode.DATA_LOSS, "said by the service")

    async def codes(self, request, context):
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("set by the service")

    async def inner_cancel(self, request, context):
        raise asyncio.CancelledError

    def add(self, server) -> None:
        single = {
            "One": self.one,
            "Wrong": self.wrong,
            "Slow": self.slow,
            "Aborts": self.aborts,
            "Codes": self.codes,
            "InnerCancel": self.inner_cancel,
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(behaviour, parse, serialise) for name, behaviour in single.items()
        }
        for name, behaviour in {"Many": self.many, "Written": self.written, "Forever": self.forever}.items():
            handlers[name] = grpc.unary_stream_rpc_method_handler(behaviour, parse, serialise)
        handlers["Join"] = grpc.stream_unary_rpc_method_handler(self.join, parse, serialise)
        handlers["Chat"] = grpc.stream_stream_rpc_method_handler(self.chat, parse, serialise)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    def registration(self, translate=translate_plainly) -> Registration:
        endless = frozenset({f"/{SERVICE}/Forever"})
        return Registration(self.add, (SERVICE,), door="test", translate=translate, endless=endless)


class Client:
    """Calls of one method of each kind."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel

    def one(self, name: str, request: str = "hello", **more):
        return self.channel.unary_unary(f"/{SERVICE}/{name}", serialise, parse)(request, **more)

    def many(self, name: str, request: str = "abc", **more):
        return self.channel.unary_stream(f"/{SERVICE}/{name}", serialise, parse)(request, **more)

    def join(self, requests: Iterable[str]):
        return self.channel.stream_unary(f"/{SERVICE}/Join", serialise, parse)(iter(requests))

    def chat(self, requests: list[str]):
        return self.channel.stream_stream(f"/{SERVICE}/Chat", serialise, parse)(iter(requests))


class Running:
    """A server with its client."""

    def __init__(self, server: GrpcServer, address: Address, client: Client, metrics: Metrics) -> None:
        self.server = server
        self.address = address
        self.client = client
        self.metrics = metrics

    def count(self, method: str, code: str) -> int:
        return self.metrics.grpc_calls.count((f"/{SERVICE}/{method}", code))


@asynccontextmanager
async def running(
    echo: Echo, settings: GrpcSettings | None = None, *, opened: bool = True, translate=translate_plainly
) -> AsyncIterator[Running]:
    """Serve the echo on a free port."""
    metrics = Metrics()
    server = GrpcServer([echo.registration(translate)], metrics, settings)
    (address,) = await server.start([LOOPBACK])
    if opened:
        await server.open()
    try:
        async with grpc.aio.insecure_channel(str(address)) as channel:
            yield Running(server, address, Client(channel), metrics)
    finally:
        await server.stop(0)
