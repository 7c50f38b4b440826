"""The real routes of the console over a scripted control, on a real socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette

from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.queries import (
    FileRange,
    GetInstance,
    GetOverview,
    GetRun,
    ListInstances,
    ListJobs,
    ListNodes,
    ListRuns,
    Overview,
    ReadFile,
    RecentSessions,
    SessionView,
)
from portico.domain.errors import NotFound, PorticoError
from portico.domain.events import Event, Selector
from portico.domain.identity import Instant, Revision
from portico.domain.jobs import Instance, InstanceState, Job, JobMode, Template
from portico.domain.runs import Run, RunSpec, RunState
from portico.doors.console.service import routes
from portico.serving.http_errors import on_domain_error

NOW = Instant(1_780_000_000_000_000)


def an_instance(number: int, state: InstanceState = InstanceState.WAITING, **more: Any) -> Instance:
    """Make an instance; ids differ in their ends only, as those of one second do."""
    fields = {"job": "kind/hello", "door": "jobv1", "created_at": NOW, "scheduled_at": NOW, "due_at": NOW, **more}
    return Instance(id=f"01a20202-0000-7000-8000-{number:012d}", state=state, **fields)


def a_run(number: int, state: RunState, **more: Any) -> Run:
    """Make a Run."""
    fields = {"door": "jobv1", "job": "kind/hello", "pool": "/jobv1", "spec": RunSpec(), "amounts": {}, **more}
    return Run(id=f"01a20303-0000-7000-8000-{number:012d}", created_at=NOW, state=state, **fields)


class Plot:
    """What is there, and what happens once somebody watches."""

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.runs: dict[str, Run] = {}
        self.sessions: list[SessionView] = []
        self.kinds = ["hello"]
        self.functions: list[str] = []
        self.revision = self.before = 7
        self.happens: list[Instance] = []
        self.stays_open = False
        self.failure: PorticoError | None = None
        self.output: list[bytes] = [b""]
        self.asked: list[Any] = []
        self.stopped: list[bool] = []

    def add(self, *records: Instance | Run) -> None:
        """Have these."""
        for record in records:
            table: dict[str, Any] = self.instances if isinstance(record, Instance) else self.runs
            table[record.id] = record

    async def submit(self, command: Any) -> Any:
        """Carry out a command, as far as the tests need it."""
        self.asked.append(command)
        if isinstance(command, ScheduleKind):
            if command.kind not in self.kinds:
                raise NotFound(f"registered job not found: {command.kind}")
            made = an_instance(len(self.instances) + 1, arguments=command.arguments)
            self.add(made)
            return made
        if isinstance(command, CancelInstances):
            named = [record for record in self.instances.values() if record.id == command.id]
            return [record for record in named if not record.ended or record.recurring]
        raise AssertionError(command)

    async def ask(self, query: Any) -> Any:  # noqa: C901, PLR0911 — one answer for each query
        """Answer a query."""
        self.asked.append(query)
        if self.failure is not None:
            raise self.failure
        match query:
            case GetOverview():
                return Overview(self.revision, 1, 1, {}, {"running": 2}, len(self.kinds), 0, {"completed": 3})
            case RecentSessions():
                return self.sessions[-query.newest :]
            case GetInstance():
                return _one(self.instances, query.id)
            case ListInstances():
                return list(self.instances.values())
            case GetRun():
                return _one(self.runs, query.id)
            case ListRuns():
                return [run for run in self.runs.values() if query.instance in ("", run.instance)]
            case ListNodes():
                return []
            case ListJobs():
                return [
                    Job(
                        id=f"kind/{name}",
                        door="jobv1",
                        pool="/jobv1",
                        mode=JobMode.DEMAND,
                        created_at=NOW,
                        template=Template(function=name if name in self.functions else ""),
                    )
                    for name in self.kinds
                ]
            case ReadFile():
                return self._read(query)
        raise AssertionError(query)

    def _read(self, query: ReadFile) -> FileRange:
        """Give part of the output; each look at the end finds what comes next, and the Run ends with the last."""
        text = self.output[0]
        if len(self.output) > 1 and query.offset >= len(text):
            text += self.output.pop(1)
            self.output[0] = text
        if len(self.output) == 1:
            for record in self.runs.values():
                self.runs[record.id] = a_run(int(record.id[-12:]), RunState.SUCCEEDED)
        if query.offset < 0:
            return FileRange(b"", len(text))
        return FileRange(text[query.offset : query.offset + min(query.length, 10)], len(text))

    async def watch(self, selector: Selector, after: Revision | None = None) -> AsyncIterator[Event]:
        """Let happen what is to happen."""
        self.asked.append((selector, after))
        for number, record in enumerate(self.happens, self.before + 1):
            self.instances[record.id] = record
            yield Event(Revision(number), NOW, "instances", record.id, record.job, record)
        self.happens.clear()
        if self.stays_open:
            await asyncio.Event().wait()

    def stop(self, *, stop_runs: bool) -> None:
        """Hear that the server is to stop."""
        self.stopped.append(stop_runs)


def _one(records: dict[str, Any], identity: str) -> Any:
    if identity not in records:
        raise NotFound(f"no record {identity}")
    return records[identity]


class Console:
    """Serves a plot in a thread."""

    def __init__(self, plot: Plot) -> None:
        app = Starlette(routes=[*routes(plot, plot.stop, {})], exception_handlers={PorticoError: on_domain_error})
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
