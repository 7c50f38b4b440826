"""The load of calls with one request: the same client for every server, in a process of its own.

Sends ready-made requests and does not parse answers, so that both sides of a comparison pay the same here. Reads one
JSON line with address, method, requests (base64), in_flight, seconds and whether answers are streams; prints one with
the figures. A stream is read to its end.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable

import grpc.aio

WARM_UP = 200


Call = Callable[[bytes], Awaitable[bytes]]


def reading(channel: grpc.aio.Channel, method: str) -> Call:
    """Give a call that reads a stream to its end."""
    open_stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(method)

    async def read(request: bytes) -> bytes:
        return b"".join([piece async for piece in open_stream(request)])

    return read


async def measure(
    address: str, method: str, requests: list[bytes], in_flight: int, seconds: float, *, stream: bool
) -> dict[str, float]:
    async with grpc.aio.insecure_channel(address) as channel:
        call: Call = reading(channel, method) if stream else channel.unary_unary(method)
        source = itertools.cycle(requests)
        size = 0
        for _ in range(WARM_UP):
            size = len(await call(next(source)))
        latencies: list[float] = []
        begun = time.perf_counter()
        stop = begun + seconds

        async def ask() -> None:
            before = time.perf_counter()
            while before < stop:
                await call(next(source))
                after = time.perf_counter()
                latencies.append(after - before)
                before = after

        await asyncio.gather(*(ask() for _ in range(in_flight)))
        elapsed = time.perf_counter() - begun
    latencies.sort()
    return {
        "per_second": len(latencies) / elapsed,
        "median": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
        "answer_bytes": size,
    }


def main() -> None:
    order = json.loads(sys.stdin.readline())
    requests = [base64.b64decode(request) for request in order["requests"]]
    found = asyncio.run(
        measure(
            order["address"],
            order["method"],
            requests,
            int(order["in_flight"]),
            float(order["seconds"]),
            stream=order["stream"],
        )
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
