"""Many readers of streams: the same client for every server, in a process of its own.

Reads one JSON line with address, method, requests (base64, taken in turn), marker (base64) and watchers. Prints `ready`
once every stream is past the marker (where there is one), then on the next line of input what was received since:
messages of the least and the most informed reader, their mean size, the seconds from the first to the last, and the
median lag in milliseconds, by the varint of milliseconds since the epoch with which messages end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import sys
import time
from typing import Any

import grpc.aio
import uvloop

CHANNELS = 10
TIME_BYTES = 6
QUIET = 1.0
"""Seconds without a message after which none is on its way any more."""
EVERY = 16
"""Of so many messages the lag of one is taken."""


class Readers:
    def __init__(self, marker: bytes, watchers: int) -> None:
        self._marker = marker
        self.counts = [0] * watchers
        self._behind = watchers
        self.begun = asyncio.Event()
        self.size = self.total = 0
        self.lags: list[float] = []
        self.first = self.last = 0.0

    async def read(self, number: int, call: grpc.aio.UnaryStreamCall[bytes, bytes]) -> None:
        if self._marker:
            while await call.read() != self._marker:
                pass
        self._behind -= 1
        if not self._behind:
            self.begun.set()
        while (message := await call.read()) is not grpc.aio.EOF:
            now = time.time()
            self.first = self.first or now
            self.last = now
            self.counts[number] += 1
            self.size += len(message)
            self.total += 1
            if self.total % EVERY == 0:
                self.lags.append(now * 1_000 - _time(message))

    async def quiet(self) -> None:
        """Wait until nothing has come for a while."""
        while (silence := time.time() - self.last) < QUIET:  # noqa: ASYNC110 — silence is no event
            await asyncio.sleep(QUIET - silence)


def _time(message: bytes) -> int:
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(message[-TIME_BYTES:]))


async def watch(order: dict[str, Any]) -> None:
    watchers = int(order["watchers"])
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(order["address"], options) for _ in range(min(CHANNELS, watchers))]
    readers = Readers(base64.b64decode(order["marker"]), watchers)
    requests = [base64.b64decode(request) for request in order["requests"]]
    streams = [
        channels[number % len(channels)].unary_stream(order["method"])(requests[number % len(requests)])  # type: ignore[var-annotated]
        for number in range(watchers)
    ]
    reading = [asyncio.ensure_future(readers.read(number, call)) for number, call in enumerate(streams)]
    await readers.begun.wait()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await readers.quiet()
    found = {
        "least": min(readers.counts),
        "most": max(readers.counts),
        "bytes": readers.size / max(1, readers.total),
        "seconds": readers.last - readers.first,
        "lag": statistics.median(readers.lags) if readers.lags else 0.0,
    }
    print(json.dumps(found), flush=True)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(watch(json.loads(sys.stdin.readline())))
