"""What is written to a connection at about the same time leaves in one go, in order, and not late."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from portico.serving.http_protocols import Corked


class Pipe(asyncio.Transport):
    """Remembers what it was told to send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.said: list[str] = []

    def writelines(self, list_of_data: Any) -> None:
        self.sent.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return bool(self.said)

    def close(self) -> None:
        self.said.append("close")

    def abort(self) -> None:
        self.said.append("abort")


def story(play: Coroutine[Any, Any, None]) -> None:
    asyncio.run(play)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def corked() -> tuple[Pipe, Corked]:
    pipe = Pipe()
    return pipe, Corked(pipe, asyncio.get_running_loop())


def test_head_and_body_leave_together_and_at_once() -> None:
    async def play() -> None:
        pipe, transport = corked()
        for piece in (b"head ", b"", b"body"):
            transport.write(piece)
        assert not pipe.sent
        await turns(2)
        assert pipe.sent == [b"head body"]
        transport.write(b"next")
        await turns(2)
        assert pipe.sent == [b"head body", b"next"]

    story(play())


def test_answers_of_successive_turns_leave_together_and_still_leave() -> None:
    async def play() -> None:
        pipe, transport = corked()
        for number in range(100):
            transport.write(b"%d " % number)
            await turns(1)
        await turns(2)
        assert b"".join(pipe.sent) == b"".join(b"%d " % number for number in range(100))
        assert 5 <= len(pipe.sent) <= 10

    story(play())


def test_much_leaves_at_once() -> None:
    async def play() -> None:
        pipe, transport = corked()
        transport.write(b"a")
        transport.write(bytes(1 << 16))
        assert [len(sent) for sent in pipe.sent] == [(1 << 16) + 1]
        transport.write(b"b")
        await turns(3)
        assert pipe.sent[1:] == [b"b"]

    story(play())


def test_a_connection_is_closed_behind_what_was_written_and_aborted_before() -> None:
    async def play() -> None:
        pipe, transport = corked()
        transport.write(b"last")
        transport.close()
        transport.write(b"too late")
        await turns(3)
        assert (pipe.sent, pipe.said) == ([b"last"], ["close"])
        pipe, transport = corked()
        transport.write(b"lost")
        transport.abort()
        await turns(3)
        assert (pipe.sent, pipe.said) == ([], ["abort"])

    story(play())
