"""The operators' event stream: the state of one moment, then every change of tasks and agents after it.

One Follower reads the plane's changes for all subscribers and writes each event once. Promises: a subscriber gets
SUBSCRIBED first, and then each change of a later revision once, in order; one that falls too far behind is cut off.
What is told is durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Protocol, cast

import structlog

from portico.domain.errors import PorticoError
from portico.domain.events import Event, Selector
from portico.domain.identity import Instant, Revision
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.extension.snapshot import Snapshot, live, look
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.operator.changes import Changes
from portico.doors.mesos.serving.broadcasts import Broadcast
from portico.doors.mesos.serving.streams import OnEnd, Stream, StreamBounds

TABLES = frozenset({"mesos_tasks", "mesos_agents", "runs"})
MOST_EARLY = 50_000
"""Events kept for one subscriber while its first one is written."""

_log = structlog.get_logger(__name__)


class Watches(Protocol):
    """What is needed of control."""

    def watch(self, selector: Selector, after: Revision | None = None) -> AsyncIterator[Event]:
        """Yield changes."""
        ...


class Subscriber:
    """One event stream; what happens before its first event is sent waits."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._stream: Stream | None = None
        self._early: deque[tuple[Revision, Broadcast]] = deque()
        self._cut_off = False

    def begin(self, first: bytes, revision: Revision, on_end: OnEnd) -> Stream:
        """Open the stream with its first event, and send what has happened since that revision.

        The first event may be larger than everything that a stream lets wait otherwise.
        """
        usual = StreamBounds()
        stream = self._stream = Stream(on_end, StreamBounds(usual.records + MOST_EARLY, usual.bytes + len(first)))
        stream.send(first)
        for at, event in self._early:
            if at > revision:
                stream.send(event.record(self._encoding))
        self._early.clear()
        if self._cut_off:
            stream.close()
        return stream

    def send(self, revision: Revision, event: Broadcast) -> None:
        """Send an event, or keep it until the stream begins."""
        if self._stream is not None:
            self._stream.send(event.record(self._encoding))
        elif len(self._early) < MOST_EARLY and not self._cut_off:
            self._early.append((revision, event))
        else:
            self._cut_off = True

    def close(self) -> None:
        """Send what waits, then end."""
        self._cut_off = True
        if self._stream is not None:
            self._stream.close()


class Follower:
    """Follows the plane while somebody listens."""

    def __init__(self, control: Watches, standing: Standing, started_at: Instant) -> None:
        self._control = control
        self._standing = standing
        self._started_at = started_at
        self._subscribers: set[Subscriber] = set()
        self._start: Snapshot | None = None
        self._following = False
        self._wanted = asyncio.Event()

    def join(self, subscriber: Subscriber) -> None:
        """Tell someone what happens from now on; the moment it is told first must be taken after this."""
        self._subscribers.add(subscriber)
        if not self._following:
            self._following = True
            self._start = look(self._standing, self._started_at)
            self._wanted.set()

    def leave(self, subscriber: Subscriber) -> None:
        """Tell someone no more."""
        self._subscribers.discard(subscriber)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            start, self._start = self._start, None
            assert start is not None
            try:
                await self._follow(start)
            except PorticoError as error:
                _log.warning("operators cannot be told more", reason=str(error))
                self._following = False
                for subscriber in list(self._subscribers):
                    subscriber.close()

    async def _follow(self, start: Snapshot) -> None:
        """Tell changes until nobody listens. Raises Exhausted, Compacted."""
        changes = await asyncio.to_thread(Changes, start, lambda node: live(self._standing, self._started_at, node))
        await self._standing.plane.committer.settled(start.revision)
        revision = start.revision
        del start
        changing = cast("AsyncGenerator[Event]", self._control.watch(Selector(TABLES), revision))
        async with aclosing(changing) as events:
            async for event in events:
                if not self._subscribers:
                    self._following = False  # before anything is awaited: who joins now makes the next beginning
                    return
                message = changes.tell(event)
                if message is not None:
                    self._send(event.revision, Broadcast(message))

    def _send(self, revision: Revision, event: Broadcast) -> None:
        for subscriber in list(self._subscribers):
            subscriber.send(revision, event)
