"""Task logs over HTTP: where `logLocation.ui` and `logLocation.liveStream` lead.

`/titus/logs/ID` streams a file of the task's sandbox and follows it until the task is over, `/titus/tasks/ID` lists the
sandbox for people. Promises: no path leads out of the sandbox (the node refuses it); a follower costs one small
question at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from portico.control.queries import FileRange, GetRun, ListFiles, ReadFile
from portico.domain.errors import PorticoError
from portico.domain.frames import FileFact
from portico.domain.runs import Run
from portico.doors.titus.control import Asking
from portico.doors.titus.rest.gateway import refusal

LIVE = "/titus/logs"
PAGES = "/titus/tasks"
ENDLESS = frozenset({LIVE})
DEFAULT_FILE = "stdout"
CHUNK = 64 << 10
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
        run, file = request.path_params["id"], request.query_params.get("f", DEFAULT_FILE)
        try:
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

    async def page(self, request: Request) -> Response:
        """List the sandbox of a task, each file a link."""
        identity, folder = request.path_params["id"], request.query_params.get("path", "")
        try:
            files: tuple[FileFact, ...] = await self._control.ask(ListFiles(identity, folder))
        except PorticoError as error:
            return refusal(request, error)
        rows = "".join(_row(identity, fact) for fact in sorted(files, key=lambda fact: (not fact.directory, fact.path)))
        title = f"task {escape(identity)}"
        return HTMLResponse(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
            f"<table><tr><th>file<th>bytes</tr>{rows}</table></html>"
        )


def _row(identity: str, fact: FileFact) -> str:
    """Write one line of a listing: a folder leads to its own page, a file to its content."""
    place = f"{PAGES}/{identity}?path=" if fact.directory else f"{LIVE}/{identity}?f="
    name = escape(fact.path) + ("/" if fact.directory else "")
    return f'<tr><td><a href="{place}{quote(fact.path)}">{name}</a><td>{"" if fact.directory else fact.size}</tr>'
