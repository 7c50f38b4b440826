"""How fast a worker process carries out calls: `python bench/worker.py [--calls 20000] [--rounds 200]`.

Prints one JSON line for each measurement. The peer of the batch is a bare loop in a process of its own that reads
the same frames, calls the same function and echoes a small ready-made answer for each call: what a worker would be
without conversion, bookkeeping, acknowledgements and an attended link.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portico.domain.frames import Ack, Calls, CallsReport, Invoke, WorkerHello, WorkerReady
from portico.domain.framing import Splitter, decode, encode, from_peer

BATCH = 1000
ACKNOWLEDGED_TOGETHER = 100
KINDS = """
import portico

@portico.kind
def nothing(): pass

@portico.kind
def add(left: int, right: int) -> int: return left + right
"""
PEER = """
import socket, sys
from portico.domain.frames import CallEnd, CallKey, Calls, CallsReport
from portico.domain.framing import Splitter, decode, encode, to_worker

def nothing(): pass

link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
answer = encode(CallsReport(1, (CallKey("0" * 36, 1),), 1, (CallEnd("0" * 36, 1, 1, 1),)))
splitter = Splitter()
while data := link.recv(65536):
    for body in splitter.feed(data):
        for call in decode(to_worker, body).calls:
            nothing()
            link.sendall(answer)
"""


class Control:
    """The other end of the link, as plain as possible."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._splitter = Splitter()
        self._acknowledged = 0

    def greet(self) -> None:
        assert isinstance(self._read()[0], WorkerHello)
        self._link.sendall(encode(WorkerReady()))

    def run(self, calls: Calls, *, acknowledge: bool = True) -> float:
        """Send calls, wait for all their ends, and give the seconds it took."""
        frame, waiting = encode(calls), len(calls.calls)
        acknowledged = self._acknowledged
        start = time.perf_counter()
        self._link.sendall(frame)
        while waiting:
            reports = self._read()
            for report in reports:
                assert isinstance(report, CallsReport)
                assert all(end.error is None for end in report.ended)
                waiting -= len(report.ended)
            # Control acknowledges what one commit has made durable, which is many reports when they come fast.
            if acknowledge and (not waiting or reports[-1].sequence - acknowledged >= ACKNOWLEDGED_TOGETHER):
                acknowledged = self._acknowledged = reports[-1].sequence
                self._link.sendall(encode(Ack(acknowledged)))
        return time.perf_counter() - start

    def _read(self) -> list[WorkerHello | CallsReport]:
        while True:
            data = self._link.recv(1 << 18)
            if not data:
                raise ConnectionError("the worker is gone")
            frames = [decode(from_peer, body) for body in self._splitter.feed(data)]
            if frames:
                return frames


def batch(function: str, count: int, arguments: tuple[str, ...] = ()) -> Calls:
    return Calls(tuple(Invoke(f"{os.urandom(16).hex()}{place:04}", 1, function, arguments) for place in range(count)))


@contextmanager
def process(folder: Path, command: list[str], environment: dict[str, str]) -> Iterator[Control]:
    path = folder / f"{len(list(folder.iterdir()))}.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with subprocess.Popen(
            [*command, str(path)], env={**os.environ, **environment, "PORTICO_WORKER_LINK": f"unix:{path}"}
        ) as child:
            link, _ = server.accept()
            try:
                yield Control(link)
            finally:
                child.kill()
                link.close()


def worker(folder: Path):  # noqa: ANN201 — a context manager of Control
    (folder / "bench_kinds.py").write_text(KINDS)
    environment = {
        "PORTICO_RUN_ID": "bench",
        "PORTICO_RUN_TOKEN": "1",
        "PORTICO_WORKER_MODULES": "bench_kinds",
        "PORTICO_WORKER_PATH": str(folder),
    }
    return process(folder, [sys.executable, "-m", "portico.doors.jobv1.outpost.worker"], environment)


def throughput(control: Control, function: str, calls: int, arguments: tuple[str, ...], *, acknowledge: bool) -> float:
    control.run(batch(function, BATCH, arguments), acknowledge=acknowledge)
    seconds = [
        control.run(batch(function, BATCH, arguments), acknowledge=acknowledge) for _ in range(max(1, calls // BATCH))
    ]
    return BATCH / statistics.median(seconds)


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def latency(who: str, control: Control, rounds: int, *, acknowledge: bool, bare_ms: float = 0.0) -> float:
    """Measure one call at a time, close together, then with pauses in which the worker comes to rest."""
    times = sorted(control.run(batch("nothing", 1), acknowledge=acknowledge) * 1000 for _ in range(rounds))
    rested = []
    for _ in range(20):
        time.sleep(0.3)
        rested.append(control.run(batch("nothing", 1), acknowledge=acknowledge) * 1000)
    median = statistics.median(times)
    say(
        bench="worker.latency",
        who=who,
        depth=1,
        median_ms=round(median, 3),
        p99_ms=round(times[int(len(times) * 0.99)], 3),
        after_a_pause_ms=round(statistics.median(rested), 3),
        **({"ratio_to_peer": round(median / bare_ms, 2)} if bare_ms else {}),
    )
    return median


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with process(folder, [sys.executable, "-c", PEER], {}) as control:
            bare = throughput(control, "nothing", given.calls, (), acknowledge=False)
            say(bench="worker.batch", peer="bare loop", batch=BATCH, calls_per_second=round(bare))
            bare_ms = latency("bare loop", control, given.rounds, acknowledge=False)
        with worker(folder) as control:
            control.greet()
            for function, arguments in (("nothing", ()), ("add", ("1", "2"))):
                rate = throughput(control, function, given.calls, arguments, acknowledge=True)
                say(
                    bench="worker.batch",
                    kind=function,
                    batch=BATCH,
                    calls_per_second=round(rate),
                    ratio_to_peer=round(rate / bare, 2),
                )
            latency("worker", control, given.rounds, acknowledge=True, bare_ms=bare_ms)


if __name__ == "__main__":
    main()
