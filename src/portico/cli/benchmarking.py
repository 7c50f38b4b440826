"""The command that measures a running server with a kind of its own.

Promises: an instance's latency is counted from the sending of its request to the news of its end, both seen by this
process; what did not succeed is counted, not hidden.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from cyclopts import Parameter

from portico.cli import rendering, words
from portico.cli.connection import Quiet, Record, Server
from portico.cli.failures import SUCCESS, Failed, Misused
from portico.cli.options import Asked

MOST_IN_FLIGHT = 10_000
SENDERS = 8
"""Connections by which instances are scheduled; more of them cost this process more than they bring."""

LISTEN_SECONDS = 1.0
"""How long to listen before looking whether everything has been heard of already."""


def bench(
    kind: str,
    /,
    *arguments: str,
    count: Annotated[int, Parameter(name=["--count", "-n"])] = 1_000,
    in_flight: int = 64,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> int:
    """Run instances of a kind through the server and measure them; exit code 1 when one did not succeed.

    Parameters
    ----------
    kind
        What to run; best one that does nothing, such as a command kind `true`.
    arguments
        Its arguments.
    count
        How many instances.
    in_flight
        How many of them at one time.
    """
    if count < 1 or not 1 <= in_flight <= MOST_IN_FLIGHT:
        raise Misused(f"--count starts at 1, --in-flight is from 1 to {MOST_IN_FLIGHT}")
    measure = Measure(target, kind, list(arguments))
    begun = time.perf_counter()
    measure.run(count, in_flight)
    seconds = time.perf_counter() - begun
    told = summary(measure.latencies, measure.states, seconds)
    if target.json:
        rendering.objects([{"id": kind, "state": "measured", **told}])
    else:
        _show(told)
    return SUCCESS if measure.states == {words.SUCCEEDED: count} else Failed.code


def summary(latencies: list[float], states: dict[str, int], seconds: float) -> Record:
    """Give the figures: per second, and milliseconds at percentiles."""
    ordered = sorted(latencies)
    picked = {f"p{part}_ms": round(percentile(ordered, part) * 1000, 2) for part in (50, 90, 99)}
    return {
        "count": len(ordered),
        "states": states,
        "seconds": round(seconds, 3),
        "per_second": round(len(ordered) / seconds, 1),
        **picked,
        "max_ms": round(ordered[-1] * 1000, 2),
    }


def percentile(ordered: list[float], part: int) -> float:
    """Give the least value that is not below `part` percent of them."""
    return ordered[max(-(-len(ordered) * part // 100) - 1, 0)]


def _show(told: Record) -> None:
    rendering.facts(
        [
            ("instances", f"{told['count']}: {words.counts(told['states'])}"),
            ("took", f"{told['seconds']:g} s"),
            ("rate", f"{told['per_second']:g} per second"),
            ("latency", f"p50 {told['p50_ms']:g} ms, p90 {told['p90_ms']:g} ms, p99 {told['p99_ms']:g} ms"),
            ("slowest", f"{told['max_ms']:g} ms"),
        ]
    )


class Measure:
    """One measurement: some threads send, the calling one listens."""

    def __init__(self, target: Asked, kind: str, arguments: list[str]) -> None:
        self.latencies: list[float] = []
        self.states: dict[str, int] = {}
        self._target = target
        self._kind = kind
        self._body: Record = {"arguments": arguments}
        self._lock = threading.Lock()
        self._begun: dict[str, float] = {}
        self._ended: dict[str, tuple[float, str]] = {}
        self._unsent = 0
        self._left = 0
        self._slots = threading.Semaphore(0)
        self._failure: BaseException | None = None

    def run(self, count: int, in_flight: int) -> None:
        """Schedule `count` instances, so many unfinished at most, and wait for all ends; raises what went wrong."""
        self._unsent = self._left = count
        self._slots = threading.Semaphore(in_flight)
        senders = min(SENDERS, in_flight, count)
        with Server(self._target) as server, ThreadPoolExecutor(senders) as pool:
            revision = server.get("overview")["revision"]
            try:
                for _ in range(senders):
                    pool.submit(self._send_all)
                while self._left and self._failure is None:
                    revision = self._listen(server, revision)
            finally:
                self._unsent = 0
                self._slots.release(senders)  # so that no sender waits for an end that nobody hears
        if self._failure is not None:
            raise self._failure

    def _send_all(self) -> None:
        """Send requests until none is left."""
        try:
            with Server(self._target) as server:
                while self._take():
                    begun = time.perf_counter()
                    identity = server.post("kinds", self._kind, "schedule", body=self._body)["id"]
                    with self._lock:
                        self._begun[identity] = begun
                        self._match(identity)
        except Failed as error:
            self._failure = error

    def _take(self) -> bool:
        """Take one of the requests that are to be sent, once there is a slot for it."""
        self._slots.acquire()
        with self._lock:
            self._unsent -= 1
            return self._unsent >= 0

    def _listen(self, server: Server, revision: int) -> int:
        """Hear of ends until all have been counted or nothing more comes; gives the revision to go on from."""
        try:
            for event in server.events({"table": "instances", "after": revision}, LISTEN_SECONDS):
                revision = event["revision"]
                if event["state"] in words.ENDED and event["record"]["kind"] == self._kind:
                    with self._lock:
                        self._ended[event["id"]] = (time.perf_counter(), event["state"])
                        self._match(event["id"])
                if not self._left or self._failure is not None:
                    return revision
        except Quiet:
            return revision
        raise Failed("the server stopped")

    def _match(self, identity: str) -> None:
        """Count an instance whose beginning and end are both known; either may be learnt first."""
        if identity not in self._begun or identity not in self._ended:
            return
        ended, state = self._ended.pop(identity)
        self.latencies.append(ended - self._begun.pop(identity))
        self.states[state] = self.states.get(state, 0) + 1
        self._left -= 1
        self._slots.release()
