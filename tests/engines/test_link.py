import asyncio
import tempfile
from pathlib import Path

import pytest

from portico.domain import framing
from portico.domain.errors import Forbidden
from portico.domain.frames import Ack, Heartbeat, Refused, Welcome
from portico.engines.link import LinkServer


class Session:
    def __init__(self, line):
        self.line = line
        self.heard = []
        self.gone = asyncio.Event()

    def receive(self, frame):
        if frame.runs == 13:
            raise RuntimeError("a defect")
        self.heard.append(frame)
        self.line.send(Ack(len(self.heard)))

    def lost(self):
        self.gone.set()


class Reception:
    def __init__(self):
        self.sessions = []

    def connect(self, first, line):
        if first.runs == 99:
            raise Forbidden("wrong secret")
        session = Session(line)
        self.sessions.append(session)
        line.send(Welcome(1, 0))
        return session


async def hear(reader):
    size = int.from_bytes(await reader.readexactly(4), "big")
    return framing.decode(framing.to_agent, await reader.readexactly(size))


def with_link(story):
    async def run():
        with tempfile.TemporaryDirectory() as folder:
            reception = Reception()
            server = LinkServer(reception, Path(folder) / "link.sock")
            await server.open()
            try:
                await story(reception, Path(folder) / "link.sock", server)
            finally:
                await server.close()

    asyncio.run(run())


async def greet(path, runs=0):
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(framing.encode(Heartbeat(0, runs)))
    return reader, writer


def test_frames_go_both_ways_and_a_lost_line_is_told():
    async def story(reception, path, _server):
        reader, writer = await greet(path)
        assert await hear(reader) == Welcome(1, 0)
        writer.write(framing.encode(Heartbeat(1)) + framing.encode(Heartbeat(2)))
        assert [await hear(reader), await hear(reader)] == [Ack(1), Ack(2)]
        writer.close()
        await reception.sessions[0].gone.wait()

    with_link(story)


@pytest.mark.parametrize("garbage", [b"\xff" * 40, b"\0\0\0\3abc", framing.encode(Ack(1))])
def test_garbage_costs_only_its_own_line(garbage):
    async def story(reception, path, _server):
        good = await greet(path)
        assert await hear(good[0]) == Welcome(1, 0)
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(garbage)
        assert isinstance(await hear(reader), Refused)
        assert await reader.read() == b""
        good[1].write(framing.encode(Heartbeat(1)))
        assert await hear(good[0]) == Ack(1)
        writer.close()
        good[1].close()
        assert len(reception.sessions) == 1

    with_link(story)


def test_a_refused_peer_is_told_why_and_a_defect_ends_only_its_line():
    async def story(reception, path, _server):
        reader, writer = await greet(path, runs=99)
        assert await hear(reader) == Refused("wrong secret")
        assert await reader.read() == b""
        writer.close()
        reader, writer = await greet(path)
        assert await hear(reader) == Welcome(1, 0)
        writer.write(framing.encode(Heartbeat(0, 13)))
        assert await reader.read() == b""
        await reception.sessions[0].gone.wait()
        writer.close()

    with_link(story)


def test_the_socket_is_for_its_owner_and_a_leftover_is_replaced():
    async def story(reception, path, _server):
        assert path.stat().st_mode & 0o077 == 0
        second = LinkServer(reception, path)
        await second.open()
        reader, writer = await greet(path)
        assert await hear(reader) == Welcome(1, 0)
        writer.close()
        await second.close()

    with_link(story)
