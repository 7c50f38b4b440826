"""Event streams: the records on their way to one subscriber, and how a stream ends.

Owns the queue between whoever makes events and one HTTP response. Promises: each record leaves as one chunk, in
order; the queue never grows past its bounds, a subscriber that lets it is cut off; the end is told exactly once, with
its reason. Must never wait in `send`: one slow subscriber delays nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum

import msgspec
import structlog
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Send

_IN_A_ROW = 100  # records written before others on the loop get their turn; a connection that takes them never waits
DRAIN_SECONDS = 10.0  # what a closed stream's last records may take

_log = structlog.get_logger(__name__)


class StreamEnd(Enum):
    """Why a stream is over."""

    CLOSED = "closed by the server"
    LEFT = "left by the subscriber"
    SLOW = "the subscriber did not read fast enough"
    STOPPED = "the server is stopping"


class StreamBounds(msgspec.Struct, frozen=True):
    """What may wait for a subscriber besides what the connection itself buffers; one record may always wait."""

    records: int = 100_000
    bytes: int = 32 << 20


OnEnd = Callable[[StreamEnd], None]
Record = bytes | Callable[[], bytes]
"""A framed record, or what makes it when its turn comes: many small ones that wait cost no step of the loop."""
UNMADE = 256
"""Bytes that a record counts which is not made yet."""
_DEFAULT_BOUNDS = StreamBounds()


def _ignore(_end: StreamEnd) -> None:
    """Do nothing: nobody asked to be told."""


def _size(record: Record) -> int:
    return len(record) if isinstance(record, bytes) else UNMADE


class Stream:
    """The outgoing records of one subscriber; `on_end` is told the reason once the connection is let go."""

    def __init__(self, on_end: OnEnd = _ignore, bounds: StreamBounds = _DEFAULT_BOUNDS) -> None:
        self._on_end = on_end
        self._bounds = bounds
        self._waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._end: StreamEnd | None = None
        self._told = False
        self._changed = asyncio.Event()  # there is something to write, or nothing will follow
        self._cut = asyncio.Event()  # what waits is given up
        self._draining: asyncio.TimerHandle | None = None

    @property
    def end(self) -> StreamEnd | None:
        """Give the reason why no more records are taken, None while they are."""
        return self._end

    @property
    def waiting(self) -> tuple[int, int]:
        """Count the records and bytes that wait."""
        return len(self._waiting), self._waiting_bytes

    def send(self, record: Record) -> bool:
        """Queue one record; False if the stream has ended or ends now because too much waits already."""
        if self._end is not None:
            return False
        total = self._waiting_bytes + _size(record)
        if self._waiting and (total > self._bounds.bytes or len(self._waiting) >= self._bounds.records):
            self._give_up(StreamEnd.SLOW)
            return False
        self._waiting.append(record)
        self._waiting_bytes = total
        self._changed.set()
        return True

    def close(self, last_record: bytes | None = None) -> None:
        """End the stream behind the records that wait and, if given, one last record."""
        if self._end is None:
            if last_record is not None:
                self._waiting.append(last_record)
                self._waiting_bytes += len(last_record)
            self._end = StreamEnd.CLOSED
            self._changed.set()
            self._draining = asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._cut.set)

    def abandon(self) -> None:
        """End a stream whose response never began: its subscriber is gone."""
        self._give_up(StreamEnd.LEFT)
        self._tell()

    async def deliver(self, receive: Receive, send: Send, abort: Callable[[], None] | None) -> None:
        """Write records to a response that has begun, until the stream ends.

        `abort` drops the connection at once; without one the response of a subscriber that does not read is left
        unfinished for the server to close.
        """
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._write(send))
                leaving = group.create_task(self._watch(receive))
                cut = group.create_task(self._cut.wait())
                await asyncio.wait((writing, leaving, cut), return_when=asyncio.FIRST_COMPLETED)
                finished = writing.done() and self._end is StreamEnd.CLOSED
                if not finished and not leaving.done() and abort is not None:
                    abort()
                    await leaving  # then the server knows, and does not take the response for forgotten
                for task in (writing, leaving, cut):
                    task.cancel()
        finally:
            self._give_up(StreamEnd.STOPPED)
            self._tell()

    async def _write(self, send: Send) -> None:
        """Write one chunk per record; ends the response once the stream is closed and nothing waits."""
        waiting, changed = self._waiting, self._changed
        while True:
            for _ in range(min(len(waiting), _IN_A_ROW)):
                record = waiting.popleft()
                self._waiting_bytes -= _size(record)
                body = record if isinstance(record, bytes) else record()
                await send({"type": "http.response.body", "body": body, "more_body": True})
                if not waiting:  # what waited may have been given up meanwhile
                    break
            if waiting:
                await asyncio.sleep(0)
                continue
            if self._end is not None:
                break
            changed.clear()
            await changed.wait()
        if self._end is StreamEnd.CLOSED and not self._cut.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, receive: Receive) -> None:
        """Wait until the subscriber is gone."""
        message: AsgiMessage = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()
        self._give_up(StreamEnd.LEFT)

    def _give_up(self, end: StreamEnd) -> None:
        """Take no more records and drop those that wait."""
        self._end = self._end or end
        if self._draining is not None:
            self._draining.cancel()
        self._waiting.clear()
        self._waiting_bytes = 0
        self._changed.set()
        self._cut.set()

    def _tell(self) -> None:
        """Tell the owner once."""
        if not self._told:
            self._told = True
            assert self._end is not None
            try:
                self._on_end(self._end)
            except Exception:  # noqa: BLE001 — the response is over either way, and its error must not be taken for the request's
                _log.exception("stream_end_failed")
