"""Streams and calls over real connections: chunks, departures, slow readers, stopping, and heartbeats under load."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest

from portico.doors.mesos.encoding.calls import decode_scheduler_call
from portico.doors.mesos.encoding.recordio import Splitter, frame
from portico.doors.mesos.serving.endpoints import GET, CallType, Endpoint
from portico.doors.mesos.serving.exchange import ACCEPTED, Reply, text_reply
from portico.doors.mesos.serving.heartbeats import Heartbeats
from portico.doors.mesos.serving.routing import Routing
from portico.doors.mesos.serving.streams import Stream, StreamBounds, StreamEnd
from portico.serving.addresses import Address
from portico.serving.http_protocols import HttpParser
from portico.serving.http_requests import Requests
from portico.serving.http_server import HttpServer, HttpSettings
from portico.serving.metrics import Metrics
from portico.wire.mesos import master_pb2, scheduler_pb2

PATH = "/api/v1/scheduler"
BEAT = frame(b'{"type":"HEARTBEAT"}')
CALL = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{more}\r\n{body}"


class Site:
    """A scheduler endpoint whose streams tests hold, and a large reply."""

    def __init__(self, bounds=None):
        self.bounds = bounds or StreamBounds()
        self.streams = []
        self.ends = asyncio.Queue()
        self.large = None
        call = CallType(scheduler_pb2.Call, "scheduler::Call", decode=decode_scheduler_call)
        self.app = Routing(
            [Endpoint(PATH, self.handle, call), Endpoint("/state", self.state, methods=GET)],
            lambda error: text_reply(500, str(error)),
        )

    async def handle(self, request):
        if request.message.type != scheduler_pb2.Call.SUBSCRIBE:
            return ACCEPTED
        stream = Stream(self.ends.put_nowait, self.bounds)
        self.streams.append(stream)
        stream.send(BEAT)
        return request.reply_stream(stream, ((b"mesos-stream-id", b"s-1"),))

    async def state(self, request) -> Reply:
        return await request.reply_aside(self.large)


@asynccontextmanager
async def served(site, parser=HttpParser.HTTPTOOLS):
    server = HttpServer(Requests(site.app, Metrics(), [PATH], frozenset()), HttpSettings(parser=parser))
    (address,) = await server.start([Address("127.0.0.1", 0)])
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        try:
            yield address.port
        finally:
            await server.stop(1.0)


class Client:
    """A connection that reads raw chunks."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port, **options):
        return cls(*await asyncio.open_connection("127.0.0.1", port, **options))

    def call(self, body, more="", path=PATH):
        self.writer.write(CALL.format(path=path, size=len(body), more=more, body=body).encode())

    async def head(self):
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def chunk(self):
        size = int(await self.reader.readline(), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def subscribe(self, more=""):
        self.call('{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}', more)
        return await self.head()

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()


@pytest.mark.parametrize("parser", HttpParser)
@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
def test_each_record_is_one_chunk_of_a_chunked_response(parser, more):
    async def run():
        site = Site()
        async with served(site, parser) as port:
            client = await Client.connect(port)
            head = await client.subscribe(more)
            assert head.startswith("HTTP/1.1 200 ")
            assert "transfer-encoding: chunked" in head.lower()
            assert "mesos-stream-id: s-1" in head.lower()
            assert await client.chunk() == BEAT
            (stream,) = site.streams
            sent = [frame(b"x" * size) for size in (0, 1, 70_000, 2)]
            for record in sent:
                stream.send(record)
            assert [await client.chunk() for _ in sent] == sent
            stream.close(frame(b"last"))
            assert await client.chunk() == frame(b"last")
            assert await client.reader.readexactly(5) == b"0\r\n\r\n"
            assert await site.ends.get() is StreamEnd.CLOSED
            await client.close()

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_calls_are_answered_on_one_connection_without_a_body(parser):
    async def run():
        async with served(Site(), parser) as port:
            client = await Client.connect(port)
            for _ in range(3):
                client.call('{"type":"TEARDOWN"}')
                head = await client.head()
                assert head.startswith("HTTP/1.1 202 ")
                assert "content-length: 0" in head.lower()
            client.call("x")
            head = await client.head()
            assert head.startswith("HTTP/1.1 400 ")
            await client.close()

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_a_subscriber_that_leaves_is_noticed_at_once(parser):
    async def run():
        site = Site()
        async with served(site, parser) as port:
            client = await Client.connect(port)
            await client.subscribe()
            await client.close()
            assert await site.ends.get() is StreamEnd.LEFT
            assert not site.streams[0].send(BEAT)

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_a_subscriber_that_stops_reading_is_cut_off_and_its_connection_dropped(parser):
    async def run():
        site = Site(StreamBounds(bytes=1 << 20))
        async with served(site, parser) as port:
            client = await Client.connect(port, limit=1 << 10)
            await client.subscribe()
            record = frame(b"x" * 100_000)
            while site.streams[0].send(record):
                await asyncio.sleep(0)
            assert await site.ends.get() is StreamEnd.SLOW
            rest = b""
            with suppress(ConnectionError):
                rest = await client.reader.read()  # ends: the connection is gone
            assert not rest.endswith(b"0\r\n\r\n")
            client.writer.transport.abort()

    asyncio.run(run())


@pytest.mark.parametrize("parser", HttpParser)
def test_stopping_the_server_ends_streams_cleanly(parser):
    async def run():
        site = Site()
        async with served(site, parser) as port:
            client = await Client.connect(port)
            await client.subscribe()
            assert await client.chunk() == BEAT
        assert await client.reader.readexactly(5) == b"0\r\n\r\n"
        assert await site.ends.get() is StreamEnd.STOPPED
        await client.close()

    asyncio.run(run())


def tasks(count):
    """Make a state of many tasks."""
    response = master_pb2.Response(type="GET_STATE")
    for number in range(count):
        task = response.get_state.get_tasks.tasks.add(name=f"task {number}", state="TASK_RUNNING")
        task.task_id.value, task.framework_id.value, task.agent_id.value = f"t-{number}", "f-1", f"a-{number % 100}"
        task.resources.add(name="cpus", type="SCALAR").scalar.value = 0.5
        task.statuses.add(state="TASK_RUNNING", uuid=b"u" * 16).task_id.value = f"t-{number}"
    return response


@pytest.mark.slow
def test_heartbeats_are_in_time_while_a_large_state_is_written():
    async def run():
        site, interval = Site(), 0.1
        site.large = tasks(40_000)
        beats = Heartbeats(interval)
        async with served(site) as port:
            beating = asyncio.create_task(beats.run())
            client = await Client.connect(port)
            await client.subscribe()
            await client.chunk()
            beats.add(site.streams[0], BEAT)
            other = await Client.connect(port)
            other.writer.write(b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answering = asyncio.create_task(other.reader.readuntil(b"\r\n\r\n"))
            loop, times = asyncio.get_running_loop(), []
            while not answering.done() or len(times) < 3:
                assert await client.chunk() == BEAT
                times.append(loop.time())
            delays = [later - earlier - interval for earlier, later in pairwise(times)]
            assert max(delays) < 0.5
            beating.cancel()
            other.writer.transport.abort()
            await client.close()

    asyncio.run(run())


def test_a_stream_in_records_is_what_a_splitter_reads():
    async def run():
        site = Site()
        async with served(site) as port:
            client = await Client.connect(port)
            await client.subscribe()
            site.streams[0].send(frame(b"a"))
            site.streams[0].close(frame(b"b"))
            splitter, found = Splitter(), []
            while len(found) < 3:
                found += splitter.feed(await client.chunk())
            assert found == [b'{"type":"HEARTBEAT"}', b"a", b"b"]
            await client.close()

    asyncio.run(run())
