"""Output of containers as streams of ProcessIO records.

Promises: the container is read no faster than its subscriber reads, so that its switchboard knows who lags behind; a
stream that ends before its container does is cut off, not closed; heartbeats go on while nothing is said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from portico.domain.errors import Exhausted
from portico.domain.identity import SECOND, Micros
from portico.doors.mesos.outpost.operator.attaching import ERRORS, LOST, OUTPUT, OVER, Attached
from portico.doors.mesos.serving.exchange import Reply, Request
from portico.doors.mesos.serving.heartbeats import Heartbeats
from portico.doors.mesos.serving.streams import Stream, StreamEnd
from portico.wire.mesos import agent_pb2

log = logging.getLogger("portico.outpost")

HEARTBEAT = Micros(30 * SECOND)
MOST_STREAMS = 1_000
_AHEAD = 1 << 20
"""Bytes that may wait for a subscriber before its container is left unread."""
_PAUSE = 0.02

_IO = agent_pb2.ProcessIO
_STREAMS = {OUTPUT: _IO.Data.STDOUT, ERRORS: _IO.Data.STDERR}


class OutputStreams:
    """The streams under way; `run` makes their hearts beat."""

    def __init__(self, group: asyncio.TaskGroup, heartbeat: Micros = HEARTBEAT) -> None:
        self._group = group
        self._interval = heartbeat
        self._heartbeats = Heartbeats(heartbeat / SECOND)
        self._open = 0

    async def run(self) -> None:
        """Beat until cancelled."""
        await self._heartbeats.run()

    def open(self, request: Request, attached: Attached, on_left: Callable[[], None] | None = None) -> Reply:
        """Reply with what a container says from now on; `on_left` is told when the stream ends before the container.

        Raises Exhausted when there are too many streams.
        """
        if self._open >= MOST_STREAMS:
            attached.close()
            raise Exhausted(f"{MOST_STREAMS} streams of output are open already")
        self._open += 1

        def ended(_end: StreamEnd) -> None:
            attached.close()
            self._open -= 1
            if on_left is not None and not attached.over:
                on_left()

        stream = Stream(ended)
        self._group.create_task(_relay(request, attached, stream))
        self._heartbeats.add(stream, request.record(_heartbeat(self._interval)))
        return request.reply_stream(stream)


async def _relay(request: Request, attached: Attached, stream: Stream) -> None:
    """Pass on what the container says, until it or its subscriber ends."""
    try:
        while stream.end is None:
            kind, data = await attached.hear()
            if kind in (OVER, LOST):
                break
            if kind in _STREAMS:
                stream.send(request.record(output(_STREAMS[kind], data)))
            await until_taken(stream)
        if kind == OVER:
            stream.close()
        else:
            stream.abandon()
    except Exception:  # a defect met by one stream must not end the others
        log.exception("a stream of output failed")
        stream.abandon()


async def until_taken(stream: Stream) -> None:
    """Wait while too much waits for a stream's subscriber."""
    # A stream does not tell when it has been written.
    while stream.end is None and stream.waiting[1] > _AHEAD:  # noqa: ASYNC110 — see above
        await asyncio.sleep(_PAUSE)


def output(stream: agent_pb2.ProcessIO.Data.Type, data: bytes) -> agent_pb2.ProcessIO:
    """Write a piece of output."""
    return _IO(type=_IO.DATA, data=_IO.Data(type=stream, data=data))


def _heartbeat(interval: Micros) -> agent_pb2.ProcessIO:
    message = _IO(type=_IO.CONTROL)
    message.control.type = _IO.Control.HEARTBEAT
    message.control.heartbeat.interval.nanoseconds = interval * 1000
    return message
