"""Virtual paths of sandboxes and of the server's log, and what is read there.

A sandbox is `/slaves/A/frameworks/F/executors/E/runs/C`; `latest` stands for the newest run of a live executor, and a
task in a task group's executor has its own below `containers/`. Promises: nothing outside of sandboxes is read.
"""

from __future__ import annotations

import stat
from collections.abc import Awaitable
from typing import Any, Protocol

import msgspec

from portico.control.queries import FileRange, GetRun, ListFiles, Query, ReadFile
from portico.domain.errors import Invalid, NotFound
from portico.domain.frames import FileFact
from portico.domain.runs import Run
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.operator.log_tail import LogTail
from portico.doors.mesos.outbound.residents import framework_of

LOG = "/master/log"
LATEST = "latest"
NESTED = "containers"
MOST_BYTES = 16 * 4096
"""Sixteen pages, the most that one reading gives."""

LAST_OFFSET = (1 << 63) - 1
"""The last one that a file can have."""

_STEPS = ("slaves", "frameworks", "executors", "runs")


class Asks(Protocol):
    """What is needed of control."""

    def ask(self, query: Query) -> Awaitable[Any]:
        """Answer a query."""
        ...


class Entry(msgspec.Struct, frozen=True):
    """One file as the API tells it; `modified` in microseconds."""

    path: str
    size: int
    mode: int
    modified: int
    user: str


class _Place(msgspec.Struct, frozen=True):
    """Where a virtual path leads: a Run's sandbox, the path of that, and the path inside."""

    run: str
    prefix: str
    inside: str
    user: str


class Files:
    """All that can be read through this master."""

    def __init__(self, control: Asks, standing: Standing, log: LogTail) -> None:
        self._control = control
        self._standing = standing
        self._log = log

    async def browse(self, path: str) -> list[Entry]:
        """List a directory, or a file as itself. Raises Invalid, NotFound, Unavailable."""
        if path.rstrip("/") == LOG:
            return [Entry(LOG, self._log.size, stat.S_IFREG | 0o644, self._standing.plane.clock.now(), "root")]
        place = await self._find(path)
        found: tuple[FileFact, ...] = await self._control.ask(ListFiles(place.run, place.inside))
        return [_entry(fact, place) for fact in found]

    async def read(self, path: str, offset: int, length: int | None = None) -> FileRange:
        """Read from a file; offset -1 asks for its size only. Raises Invalid, NotFound, Unavailable."""
        most = MOST_BYTES if length is None else min(length, MOST_BYTES)
        if offset < -1 or most < 0:
            raise Invalid("Negative offset or length provided", "read_file")
        offset = min(offset, LAST_OFFSET)
        if path.rstrip("/") == LOG:
            return FileRange(self._log.read(offset, most) if offset >= 0 else b"", self._log.size)
        place = await self._find(path)
        try:
            found: FileRange = await self._control.ask(ReadFile(place.run, place.inside, offset, most))
        except NotFound:
            await self._control.ask(ListFiles(place.run, place.inside))  # raises again when nothing is there
            raise Invalid(f"'{path}' is no file that can be read", "path") from None
        return found

    async def _find(self, path: str) -> _Place:
        """Find what a path means."""
        if not path:
            raise Invalid("Expecting 'path=value' in query", "path")
        steps = [step for step in path.split("/") if step]
        if ".." in steps:
            raise Invalid(f"'{path}' must not lead out of its directory", "path")
        if len(steps) < 2 * len(_STEPS) or tuple(steps[0:8:2]) != _STEPS:
            raise NotFound(f"No file is at '{path}'")
        agent, framework, executor, identity = steps[1:8:2]
        if identity == LATEST:
            identity = self._newest(agent, framework, executor)
        run = await self._run(identity, path)
        node = self._standing.nodes_by_agent.get(agent)
        if node is None or run.node != node or framework_of(run) != framework:
            raise NotFound(f"No file is at '{path}'")
        taken, inside = 8, steps[8:]
        if len(inside) > 1 and inside[0] == NESTED:
            nested = await self._run(inside[1], path)
            if nested.parent != run.id:
                raise NotFound(f"No file is at '{path}'")
            run, taken, inside = nested, taken + 2, inside[2:]
        return _Place(run.id, "/" + "/".join(steps[:taken]), "/".join(inside), run.spec.user or "root")

    async def _run(self, identity: str, path: str) -> Run:
        try:
            run: Run = await self._control.ask(GetRun(identity))
        except NotFound:
            raise NotFound(f"No file is at '{path}'") from None
        return run

    def _newest(self, agent: str, framework: str, executor: str) -> str:
        """Name the Run behind a live executor, or behind a command task, whose executor has the task's name."""
        standing = self._standing
        found = standing.find_executor(framework, executor, standing.nodes_by_agent.get(agent, ""))
        if found is not None:
            return found.id
        task = standing.find_task(framework, executor)
        return task.id if task is not None else LATEST


def _entry(fact: FileFact, place: _Place) -> Entry:
    kind = stat.S_IFDIR if fact.directory else stat.S_IFREG
    mode = fact.mode if stat.S_IFMT(fact.mode) else kind | fact.mode
    return Entry(f"{place.prefix}/{fact.path}", fact.size, mode, fact.modified, place.user)
