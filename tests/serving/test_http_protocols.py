"""Both parsers keep the server's promises: bounded heads, and responses that can be dropped at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from portico.serving.addresses import Address
from portico.serving.http_protocols import ABORT, HttpParser
from portico.serving.http_requests import Requests
from portico.serving.http_server import HttpServer, HttpSettings
from portico.serving.metrics import Metrics

HEAD_BYTES = 8_000


async def app(scope, receive, send):
    """Answer with the path; drop the connection where the path says so."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/drop":
        await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})
        scope["extensions"][ABORT]()
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    await send({"type": "http.response.body", "body": scope["path"].encode(), "more_body": False})


@asynccontextmanager
async def connection(parser):
    settings = HttpSettings(parser=parser, header_bytes=HEAD_BYTES)
    server = HttpServer(Requests(app, Metrics(), [], frozenset()), settings)
    (address,) = await server.start([Address("127.0.0.1", 0)])
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            await server.stop(1.0)


@pytest.mark.parametrize("parser", HttpParser)
def test_requests_follow_each_other_on_a_connection(parser):
    async def run():
        async with connection(parser) as (reader, writer):
            for number in range(3):
                writer.write(b"GET /%d HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n\r\n" % (number, b"y" * 3_000))
                assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"2\r\n/%d\r\n0\r\n\r\n" % number)

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"GET / HTTP/1.1\r\n"])
def test_a_head_that_never_ends_is_refused(parser, start):
    async def run():
        async with connection(parser) as (reader, writer):
            writer.write(start)
            answered = asyncio.create_task(reader.readline())
            while not answered.done():
                writer.write(b"X-A: bcd\r\n" * 50 if start.endswith(b"\n") else b"a" * 500)
                await asyncio.sleep(0.001)
            assert (await answered).startswith(b"HTTP/1.1 4")
            assert await reader.read() is not None  # and closed
            writer.transport.abort()

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_a_head_in_many_pieces_is_taken(parser):
    async def run():
        async with connection(parser) as (reader, writer):
            for byte in b"GET /slowly HTTP/1.1\r\nHost: x\r\n\r\n":
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"/slowly\r\n0\r\n\r\n")

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_a_body_may_be_longer_than_a_head(parser):
    async def run():
        async with connection(parser) as (reader, writer):
            body = b"z" * (3 * HEAD_BYTES)
            writer.write(b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
            for start in range(0, len(body), 1_000):
                writer.write(body[start : start + 1_000])
                await asyncio.sleep(0)
            assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"/long\r\n0\r\n\r\n")

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_a_response_can_drop_its_connection(parser):
    async def run():
        async with connection(parser) as (reader, writer):
            writer.write(b"GET /drop HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readuntil(b"0\r\n\r\n")

    asyncio.run(run())
