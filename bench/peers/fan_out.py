"""The bare peer of streams: a grpc.aio server that hands ready bytes to the streams that are open.

What it costs is grpc itself. A stream's request names its group. Prints its address; then reads one JSON line with
watchers, bytes, per_second, burst and seconds, waits for so many streams, sends each group messages in bursts at that
rate, and prints how many each group got. Ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import uvloop

SERVICE = "bench.FanOut"

Queue = asyncio.Queue[bytes]


class FanOut:
    def __init__(self) -> None:
        self._groups: dict[bytes, set[Queue]] = {}
        self._joined = asyncio.Condition()

    async def observe(self, request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
        queue: Queue = asyncio.Queue()
        group = self._groups.setdefault(request, set())
        group.add(queue)
        async with self._joined:
            self._joined.notify_all()
        try:
            while True:
                yield await queue.get()
        finally:
            group.discard(queue)

    async def wait_for(self, watchers: int) -> None:
        async with self._joined:
            await self._joined.wait_for(lambda: sum(map(len, self._groups.values())) >= watchers)

    async def send(self, size: int, per_second: float, burst: int, seconds: float) -> int:
        """Send bursts to one group after the other, evenly over the time."""
        groups = list(self._groups.values())
        bursts = round(seconds * per_second / burst)
        begun = time.monotonic()
        for count in range(bursts):
            for place, group in enumerate(groups):
                due = begun + (count + place / len(groups)) * burst / per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                for _ in range(burst):
                    message = bytes(size - 7) + b"\x20" + _varint(int(time.time() * 1_000))
                    for queue in group:
                        queue.put_nowait(message)
        return bursts * burst


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*parts, number))


async def serve() -> None:
    fan_out = FanOut()
    server = grpc.aio.server()
    handlers = {"Observe": grpc.unary_stream_rpc_method_handler(fan_out.observe)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    await fan_out.wait_for(order["watchers"])
    sent = await fan_out.send(int(order["bytes"]), order["per_second"], int(order["burst"]), order["seconds"])
    print(json.dumps({"sent": sent}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(serve())
