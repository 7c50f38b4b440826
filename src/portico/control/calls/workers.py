"""Workers: processes that carry out Calls, one connection each.

Owns what is known of one connected worker. Promises: only the Run that Portico started, with its token, may speak as
that worker; a report is acknowledged when it is durable.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

from portico.domain.errors import Forbidden
from portico.domain.frames import Ack, CallsReport, Invoke, Shutdown, WorkerHello, WorkerReady
from portico.domain.runs import Run, RunState

if TYPE_CHECKING:
    from portico.control.cluster.gateway import Line
    from portico.control.plane import Plane

ACK_PAUSE = 0.02
"""Seconds for which an acknowledgement waits for the next Calls, which take it along: to hear of it by itself costs a
sleeping worker, and the server, as much as a whole report. A worker keeps what it has told until then."""

_ALIVE = frozenset({RunState.LAUNCHING, RunState.RUNNING, RunState.UNREACHABLE})


class Worker:
    """One worker process: what it has been given and has not finished."""

    __slots__ = ("fleet", "leased", "line", "open", "outbox", "owed", "run", "running")

    def __init__(self, run: str, fleet: str, line: Line | None) -> None:
        self.run = run
        self.fleet = fleet
        self.line = line
        self.open = True
        self.leased: dict[str, int] = {}
        self.outbox: list[Invoke] = []
        self.owed = 0
        self.running = ""

    def forget(self, call: str) -> None:
        """Count a Call as not held any more."""
        self.leased.pop(call, None)

    def acknowledge(self) -> None:
        """Say up to which report everything is durable, unless it has been said."""
        owed = self.take_owed()
        if owed and self.line is not None:
            self.line.send(Ack(owed))

    def take_owed(self) -> int:
        """Give the number of the last durable report for whoever says it now; 0 when it has been said."""
        owed, self.owed = self.owed, 0
        return owed

    def close(self) -> None:
        """Let go of the connection."""
        if self.line is not None:
            self.line.close()
            self.line = None
        self.open = False


class WorkerSession:
    """One registered connection of one worker."""

    def __init__(self, plane: Plane, worker: Worker, line: Line) -> None:
        self._plane = plane
        self.worker = worker
        self.line = line
        self._acknowledging: asyncio.TimerHandle | None = None

    def receive(self, frame: CallsReport) -> None:
        """Take one report."""
        if self.worker.line is not self.line:
            self.line.close()
            return
        with self._plane.begin() as tx:
            self._plane.fleets.take(tx, self.worker, frame)
            tx.after(lambda: self._acknowledge_soon(frame.sequence))

    def _acknowledge_soon(self, sequence: int) -> None:
        self.worker.owed = sequence
        if self._acknowledging is None:
            self._acknowledging = asyncio.get_running_loop().call_later(ACK_PAUSE, self._acknowledge)

    def _acknowledge(self) -> None:
        self._acknowledging = None
        self.worker.acknowledge()

    def lost(self) -> None:
        """Hear that the connection is gone; its leases stay while its Run lives."""
        if self._acknowledging is not None:
            self._acknowledging.cancel()
            self._acknowledging = None
        if self.worker.line is self.line:
            self.worker.line = None
            self.worker.open = False


def welcome(plane: Plane, hello: WorkerHello, line: Line) -> WorkerSession:
    """Take a worker's connection; raises Forbidden when it is not one of ours."""
    if not hmac.compare_digest(hello.secret, plane.secret):
        raise Forbidden("wrong secret")
    run = plane.state.runs.get(hello.run)
    if run is None or run.state not in _ALIVE or run.token != hello.token:
        raise Forbidden(f"no live Run {hello.run} with that token")
    if run.labels.get("portico.fleet") != hello.fleet:
        raise Forbidden(f"Run {hello.run} is not a worker of {hello.fleet}")
    former = plane.fleets[hello.fleet].workers.pop(hello.run, None)
    if former is not None:
        former.close()
    worker = Worker(hello.run, hello.fleet, line)
    outdated = _outdated(plane, run)
    worker.open = run.stop is None and not outdated
    worker.running = hello.running
    with plane.begin() as tx:
        tx.after(lambda: line.send(WorkerReady()))
        plane.fleets.joined(tx, worker, hello.holding)
        if outdated:
            tx.after(lambda: line.send(Shutdown(stop_runs=False, grace=run.grace)))
    return WorkerSession(plane, worker, line)


def _outdated(plane: Plane, run: Run) -> bool:
    """Tell whether a worker was started for other code or settings than its fleet has now."""
    job = plane.state.jobs.get(run.job)
    return job is None or job.template.spec != run.spec
