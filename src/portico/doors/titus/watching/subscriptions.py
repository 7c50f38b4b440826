"""One watcher: what waits for it, and how its stream ends.

Owns the queue between the follower and one stream. Promises: messages leave in the order in which they were sent; the
queue never grows past its bounds: a watcher that lets it loses what waits and is refused. Must never wait in `send`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import msgspec

from portico.doors.titus import errors
from portico.wire.titus.base_pb2 import KeepAliveRequest


class Bounds(msgspec.Struct, frozen=True):
    """What may wait for one watcher."""

    messages: int = 10_000
    bytes: int = 16 << 20


_USUAL = Bounds()


class Subscription:
    """One stream's messages. `since` is the revision that its snapshot shows; only later changes are for it.

    `archived` tells that it wants to hear of what is archived, `until_over` that it ends with the first job that does.
    `asked` tells that a request of its client waits for its place among the changes; `latest` is the newest of those
    that came meanwhile.
    """

    __slots__ = (
        "_answer",
        "_bounds",
        "_failure",
        "_over",
        "_size",
        "_waiting",
        "_wake",
        "archived",
        "asked",
        "latest",
        "since",
        "until_over",
    )

    def __init__(self, since: int, *, archived: bool = True, until_over: bool = False, bounds: Bounds = _USUAL) -> None:
        self.since = since
        self.archived = archived
        self.until_over = until_over
        self.asked = False
        self.latest: KeepAliveRequest | None = None
        self._bounds = bounds
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._over = False
        self._failure: Exception | None = None
        self._answer: bytes | None = None

    @property
    def over(self) -> bool:
        """Tell whether nothing more will be taken."""
        return self._over

    def send(self, message: bytes) -> None:
        """Queue a message; a watcher for which too much waits is cut off."""
        if self._over:
            return
        size = self._size + len(message)
        if self._waiting and (size > self._bounds.bytes or len(self._waiting) >= self._bounds.messages):
            self.fail(errors.too_slow())
            return
        self._waiting.append(message)
        self._size = size
        self._answer = None
        self._wake.set()

    def answer(self, message: bytes) -> None:
        """Queue the answer to a request; it takes the place of an earlier one behind which nothing has happened."""
        if self._answer is not None and self._waiting and self._waiting[-1] is self._answer and not self._over:
            self._size -= len(self._waiting.pop())
        self.send(message)
        self._answer = message

    def finish(self) -> None:
        """End the stream behind what waits."""
        self._over = True
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """End the stream with an error; what waits is given up."""
        if self._over:
            return
        self._over = True
        self._failure = error
        self._waiting.clear()
        self._size = 0
        self._wake.set()

    async def messages(self) -> AsyncIterator[bytes]:
        """Yield messages until the end of the stream; raises what it was ended with."""
        waiting = self._waiting
        while True:
            while waiting:
                message = waiting.popleft()
                self._size -= len(message)
                yield message
            if self._failure is not None:
                raise self._failure
            if self._over:
                return
            self._wake.clear()
            await self._wake.wait()
