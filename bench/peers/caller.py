"""The load of unary calls: the same client for every server, in a process of its own.

Sends ready-made requests and does not parse answers, so that both sides of a comparison pay the same here. Reads one
JSON line with address, method, requests (base64), in_flight and seconds; prints one with the figures.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
import time

import grpc.aio

WARM_UP = 200


async def measure(address: str, method: str, requests: list[bytes], in_flight: int, seconds: float) -> dict[str, float]:
    async with grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
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
        measure(order["address"], order["method"], requests, int(order["in_flight"]), float(order["seconds"]))
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
