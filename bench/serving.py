"""What the server's own stack adds to a unary gRPC call, beside the bare library in the same run.

A bare and a full server run in processes of their own and answer the same echo; one client process calls them in turn
for short rounds, so that drift of the machine meets both. Prints one JSON object per line: name, value, unit; the
comparisons also goal and ratio, which is value over goal: above 1 is better than asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import time
from multiprocessing.connection import Connection
from typing import Any

import grpc
import grpc.aio

from portico.serving import logs
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration

ECHO = "/bench.Echo/Echo"
GOAL = 0.95
METHODS_OF_ALL_DOORS = 150


async def echo(request: bytes, _context: Any) -> bytes:
    """Answer with the request."""
    return request


def add_echo(server: grpc.aio.Server, extra: int = 0) -> None:
    """Add the echo the way generated code does, with further methods that nobody calls."""
    methods = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    methods |= {f"Idle{number}": grpc.unary_unary_rpc_method_handler(echo) for number in range(extra)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", methods),))
    if extra:
        server.add_registered_method_handlers("bench.Echo", methods)


async def serve_bare(pipe: Connection, extra: int) -> None:
    """Serve with the library alone."""
    server = grpc.aio.server()
    add_echo(server, extra)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await answer(pipe, port)
    await server.stop(0)


async def serve_full(pipe: Connection, extra: int) -> None:
    """Serve with the whole stack."""
    logs.configure("info", "json")
    registration = Registration(lambda server: add_echo(server, extra), ("bench.Echo",), door="bench")
    server = GrpcServer([registration], Metrics())
    (address,) = await server.start([Address("127.0.0.1", 0)])
    await server.open()
    await answer(pipe, address.port)
    await server.stop(0)


async def answer(pipe: Connection, port: int) -> None:
    """Tell the port, then the CPU seconds used whenever asked, until told to stop."""
    pipe.send(port)
    while await asyncio.to_thread(pipe.recv) == "cpu":
        used = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send(used.ru_utime + used.ru_stime)


def run_server(kind: str, extra: int, loop: str, pipe: Connection) -> None:
    """Be a server process."""
    factory = None
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 — only for this comparison

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve_full(pipe, extra) if kind == "full" else serve_bare(pipe, extra))


class Server:
    """A server in a process of its own."""

    def __init__(self, kind: str, extra: int = 0, loop: str = "asyncio") -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=run_server, args=(kind, extra, loop, theirs), daemon=True)
        self.process.start()
        self.port = self.pipe.recv()
        self.rates: list[float] = []
        self.latencies: list[float] = []
        self.cpu: list[float] = []

    def cpu_seconds(self) -> float:
        """Ask for the CPU time used so far."""
        self.pipe.send("cpu")
        return self.pipe.recv()

    def forget(self) -> None:
        """Drop what was measured so far."""
        self.rates.clear()
        self.latencies.clear()
        self.cpu.clear()

    def best_rate(self) -> float:
        """Give the rate of the best quarter of the rounds."""
        return statistics.quantiles(self.rates, n=4)[2]

    def close(self) -> None:
        """End the process."""
        self.pipe.send("stop")
        self.process.join(10)


async def measure(server: Server, stub: Any, calls: int, at_once: int) -> None:
    """Call for one round and keep rate, latencies and the server's CPU time per call."""
    before = server.cpu_seconds()
    began = time.perf_counter()

    async def caller(count: int) -> None:
        for _ in range(count):
            start = time.perf_counter()
            await stub(b"x" * 64)
            server.latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(caller(calls // at_once) for _ in range(at_once)))
    server.rates.append(calls / (time.perf_counter() - began))
    server.cpu.append((server.cpu_seconds() - before) / calls * 1e6)


def report(name: str, value: float, unit: str, **more: float) -> None:
    """Print one figure."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, **more}), flush=True)


async def alternate(servers: dict[str, Server], rounds: int, calls: int, at_once: int) -> None:
    """Call the servers in turn, the order turned each round; the first round warms up and is forgotten."""
    channels = {name: grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") for name, server in servers.items()}
    stubs = {name: channel.unary_unary(ECHO) for name, channel in channels.items()}
    names = list(servers)
    for number in range(rounds + 1):
        for name in names if number % 2 else reversed(names):
            await measure(servers[name], stubs[name], calls, at_once)
        if number == 0:
            for server in servers.values():
                server.forget()
    for channel in channels.values():
        await channel.close()


def compare(label: str, servers: dict[str, Server], rounds: int, calls: int, at_once: int) -> None:
    """Measure servers side by side and print their figures.

    Rates and CPU times are those of the best quarter of the rounds, which other work on the machine disturbed least;
    the ratio of CPU times is the median over pairs of neighbouring rounds.
    """
    asyncio.run(alternate(servers, rounds, calls, at_once))
    for name, server in servers.items():
        cuts = statistics.quantiles(server.latencies, n=100)
        report(f"{label}_{name}_rate", server.best_rate(), "calls/s")
        report(f"{label}_{name}_p50", cuts[49] * 1e6, "us")
        report(f"{label}_{name}_p99", cuts[98] * 1e6, "us")
        report(f"{label}_{name}_cpu", statistics.quantiles(server.cpu, n=4)[0], "us/call")
    (bare_name, bare), (other_name, other) = servers.items()
    ratio = other.best_rate() / bare.best_rate()
    report(f"{label}_{other_name}_to_{bare_name}", ratio, "ratio", goal=GOAL, ratio=round(ratio / GOAL, 3))
    ratio = statistics.median(theirs / ours for theirs, ours in zip(bare.cpu, other.cpu, strict=True))
    report(f"{label}_{other_name}_to_{bare_name}_cpu", ratio, "ratio", goal=GOAL, ratio=round(ratio / GOAL, 3))
    for server in servers.values():
        server.close()


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--calls", type=int, default=160)
    parser.add_argument("--uvloop", action="store_true", help="compare with uvloop, if it is installed")
    chosen = parser.parse_args()
    for label, at_once in (("one", 1), ("sixteen", 16)):
        compare(label, {"bare": Server("bare"), "full": Server("full")}, chosen.rounds, chosen.calls, at_once)
    many = {"bare": Server("bare", METHODS_OF_ALL_DOORS), "full": Server("full", METHODS_OF_ALL_DOORS)}
    compare("many_methods", many, chosen.rounds, chosen.calls, 16)
    if chosen.uvloop:
        loops = {"asyncio": Server("full"), "uvloop": Server("full", loop="uvloop")}
        compare("loop", loops, chosen.rounds, chosen.calls, 16)


if __name__ == "__main__":
    main()
