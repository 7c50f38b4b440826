"""Task logs over HTTP: where `logLocation.ui` and `logLocation.liveStream` lead.

`/titus/logs/ID` streams a file of the task's sandbox and follows it until the task is over, `/titus/tasks/ID` lists the
sandbox for people; with `container=NAME` both mean a further container of the task, whose sandbox is its own. Promises:
no path leads out of the sandbox (the node refuses it); a follower costs one small question at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from html import escape
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from portico.control.queries import FileRange, GetRun, ListFiles, ReadFile
from portico.domain.errors import PorticoError
from portico.domain.frames import FileFact
from portico.domain.runs import Run
from portico.doors.titus import errors
from portico.doors.titus.control import Asking
from portico.doors.titus.extension.looking import FindTask
from portico.doors.titus.extension.records import TitusTask
from portico.doors.titus.inbound.mounts import MAIN
from portico.doors.titus.rest.gateway import refusal

LIVE = "/titus/logs"
PAGES = "/titus/tasks"
ENDLESS = frozenset({LIVE})
DEFAULT_FILE = "stdout"
CHUNK = 64 << 10
LONGEST_NAME = 63
"""Letters of a container's name; more of one that is not there are not repeated."""
PAUSE = 0.25
"""Seconds between two looks at a file that has not grown."""


class Logs:
    """The routes."""

    def __init__(self, control: Asking) -> None:
        self._control = control

    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes to be served."""
        return [Route(LIVE + "/{id}", self.live), Route(PAGES + "/{id}", self.page)]

    async def live(self, request: Request) -> Response:
        """Stream the file `f`, by default the standard output, as it grows."""
        task, container = _asked(request)
        file = request.query_params.get("f", DEFAULT_FILE)
        try:
            run = task if container == MAIN else _run_of(await self._task(task), container)
            first: FileRange = await self._control.ask(ReadFile(run, file, 0, CHUNK))
        except PorticoError as error:
            return refusal(request, error)
        return StreamingResponse(self._follow(run, file, first), media_type="application/octet-stream")

    async def _follow(self, run: str, file: str, part: FileRange) -> AsyncIterator[bytes]:
        offset = 0
        over = False
        while True:
            if part.data:
                offset += len(part.data)
                yield part.data
            elif part.size < offset:
                offset = 0  # the file was rotated: its beginning is new
            elif over:
                return
            else:
                await asyncio.sleep(PAUSE)
            try:
                over = over or (not part.data and (await self._run(run)).ended)
                part = await self._control.ask(ReadFile(run, file, offset, CHUNK))
            except PorticoError:
                return  # the task or its sandbox is gone; what was sent is all there was

    async def _run(self, identity: str) -> Run:
        run: Run = await self._control.ask(GetRun(identity))
        return run

    async def _task(self, identity: str) -> TitusTask:
        task: TitusTask = await self._control.ask(FindTask(identity))
        return task

    async def page(self, request: Request) -> Response:
        """List the sandbox of a container, each file a link, below links to all containers where there are several."""
        identity, container = _asked(request)
        folder = request.query_params.get("path", "")
        try:
            task = await self._task(identity)
            run = _run_of(task, container)
            files: tuple[FileFact, ...] = await self._control.ask(ListFiles(run, folder))
        except PorticoError as error:
            return refusal(request, error)
        facts = sorted(files, key=lambda fact: (not fact.directory, fact.path))
        rows = "".join(_row(identity, container, fact) for fact in facts)
        title = f"task {escape(identity)}" + ("" if container == MAIN else f", container {escape(container)}")
        return HTMLResponse(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>{_links(task)}"
            f"<table><tr><th>file<th>bytes</tr>{rows}</table></html>"
        )


def _asked(request: Request) -> tuple[str, str]:
    """Read which task and which of its containers is meant."""
    return request.path_params["id"], request.query_params.get("container", "") or MAIN


def _run_of(task: TitusTask, container: str) -> str:
    """Name the Run of a container; raises NotFound when the task has none of that name."""
    if container == MAIN:
        return task.id
    run = next((one.run for one in task.containers if one.name == container), "")
    if not run:
        raise errors.not_found(f"Task {task.id} has no container {container[:LONGEST_NAME]!r}")
    return run


def _links(task: TitusTask) -> str:
    """Write links to all containers of a task; nothing where there is only one."""
    if not task.containers:
        return ""
    names = (MAIN, *(one.name for one in task.containers))
    links = (f'<a href="{PAGES}/{task.id}{_query(name)}">{escape(name)}</a>' for name in names)
    return f"<p>containers: {' '.join(links)}</p>"


def _row(identity: str, container: str, fact: FileFact) -> str:
    """Write one line of a listing: a folder leads to its own page, a file to its content."""
    place, key = (PAGES, "path") if fact.directory else (LIVE, "f")
    address = f"{place}/{identity}{_query(container, key, fact.path)}"
    name = escape(fact.path) + ("/" if fact.directory else "")
    return f'<tr><td><a href="{address}">{name}</a><td>{"" if fact.directory else fact.size}</tr>'


def _query(container: str, key: str = "", value: str = "") -> str:
    """Write the query of a link; a main container's names no container."""
    pairs = {key: value} if key else {}
    if container != MAIN:
        pairs["container"] = container
    return escape("?" + urlencode(pairs, safe="/", quote_via=quote)) if pairs else ""
