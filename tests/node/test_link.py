from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from node.control import play

from portico.domain.errors import Invalid
from portico.domain.frames import Heartbeat, Refused, Register, ToAgent, Welcome
from portico.domain.framing import encode
from portico.domain.identity import Instant
from portico.node.link import Link, parse_address


def registration() -> Register:
    return Register("n", "s", "i", "b", {}, (), {}, 0)


@contextlib.asynccontextmanager
async def peer() -> AsyncIterator[
    tuple[Link, asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]], list[ToAgent], list[int]]
]:
    callers: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await callers.put((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    heard: list[ToAgent] = []
    losses: list[int] = []
    link = Link(f"tcp:127.0.0.1:{port}", registration, heard.append, lambda: losses.append(1))
    task = asyncio.create_task(link.run())
    try:
        yield link, callers, heard, losses
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


def test_it_registers_before_anything_else_and_again_after_each_loss() -> None:
    async def story() -> None:
        async with peer() as (link, callers, heard, losses):
            expected = encode(registration())
            for number, word in enumerate((encode(Refused("not you")), b"\0\0\0\1\xc1", b"\xff\xff\xff\xff"), 1):
                reader, writer = await callers.get()
                assert await reader.readexactly(len(expected)) == expected
                link.send(Heartbeat(Instant(1)))  # nobody has welcomed us: not sent
                writer.write(word)
                assert await reader.read() == b""
                assert len(losses) == number
            reader, writer = await callers.get()
            await reader.readexactly(len(expected))
            writer.write(encode(Welcome(3, 0)))
            while not link.welcomed:
                await asyncio.sleep(0)
            beat = encode(Heartbeat(Instant(2)))
            link.send(Heartbeat(Instant(2)))
            assert await reader.readexactly(len(beat)) == beat
            assert heard == [Welcome(3, 0)]

    play(story())


@pytest.mark.parametrize(
    ("address", "place"),
    [("unix:/a/b", "/a/b"), ("tcp:localhost:80", ("localhost", 80)), ("tcp:[::1]:80", ("::1", 80))],
)
def test_addresses(address: str, place: object) -> None:
    assert parse_address(address) == place


@pytest.mark.parametrize("address", ["", "unix:", "tcp:x", "tcp::5", "tcp:h:p", "http://x"])
def test_no_addresses(address: str) -> None:
    with pytest.raises(Invalid):
        parse_address(address)
