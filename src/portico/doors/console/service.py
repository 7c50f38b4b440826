"""The routes of /portico/v1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from portico.control.commands import BackUp, Command, DrainNode, StopRun
from portico.control.queries import GetInstance, GetOverview, GetRun, ListJobs, ListNodes, ListPools, Query
from portico.domain.errors import PorticoError
from portico.domain.events import Event, Selector
from portico.domain.identity import Revision
from portico.domain.jobs import JobMode
from portico.doors.console import inbound, outbound

PREFIX = "/portico/v1"
ENDLESS = frozenset({f"{PREFIX}/events"})
OWN_TABLES = dict.fromkeys(("nodes", "pools", "volumes", "call_naming"), "portico")
"""Tables of the cores whose records are no door's."""
_encode = msgspec.json.encode


class Control(Protocol):
    """What the door needs of control."""

    async def submit(self, command: Command) -> Any:
        """Carry out a command."""
        ...

    async def ask(self, query: Query) -> Any:
        """Answer a query."""
        ...

    def watch(self, selector: Selector, after: Revision | None = None) -> AsyncIterator[Event]:
        """Yield changes."""
        ...


class RequestStop(Protocol):
    """Asks the server to stop."""

    def __call__(self, *, stop_runs: bool) -> None:
        """Ask, with or without ending its Runs."""
        ...


class Console:
    """One method per route; `doors` tells of tables whose door's they are."""

    def __init__(self, control: Control, request_stop: RequestStop, doors: Mapping[str, str]) -> None:
        self._control = control
        self._request_stop = request_stop
        self._doors = OWN_TABLES | dict(doors)

    def routes(self) -> list[BaseRoute]:
        """Give the routes to be served."""
        get, post = ["GET"], ["POST"]
        table: list[tuple[str, Callable[[Request], Any], list[str]]] = [
            ("/overview", self.overview, get),
            ("/kinds", self.kinds, get),
            ("/kinds/{name:path}/schedule", self.schedule, post),
            ("/instances", self.instances, get),
            ("/instances/cancel", self.cancel, post),
            ("/instances/{id}", self.instance, get),
            ("/sessions", self.sessions, get),
            ("/runs", self.runs, get),
            ("/runs/{id}", self.run, get),
            ("/runs/{id}/stop", self.stop, post),
            ("/runs/{id}/files", self.files, get),
            ("/runs/{id}/file", self.file, get),
            ("/nodes", self.nodes, get),
            ("/nodes/{id:path}/drain", self.drain, post),
            ("/pools", self.pools, get),
            ("/events", self.events, get),
            ("/backup", self.backup, post),
            ("/shutdown", self.shutdown, post),
        ]
        return [Route(PREFIX + path, endpoint, methods=methods) for path, endpoint, methods in table]

    async def overview(self, _request: Request) -> Response:
        """Give counts for a status line."""
        return _json(await self._control.ask(GetOverview()))

    async def kinds(self, _request: Request) -> Response:
        """List the kinds."""
        jobs = await self._control.ask(ListJobs("jobv1", JobMode.DEMAND))
        return _json([outbound.kind(job) for job in jobs])

    async def schedule(self, request: Request) -> Response:
        """Add an instance of a kind."""
        said = await inbound.body(request, inbound.ScheduleBody)
        instance = await self._control.submit(inbound.schedule(request.path_params["name"], said))
        return _json(outbound.instance(instance), 201)

    async def instances(self, request: Request) -> Response:
        """List instances."""
        found = await self._control.ask(inbound.list_instances(request))
        return _json([outbound.instance(instance) for instance in found])

    async def instance(self, request: Request) -> Response:
        """Give one instance."""
        return _json(outbound.instance(await self._control.ask(GetInstance(request.path_params["id"]))))

    async def cancel(self, request: Request) -> Response:
        """Cancel instances."""
        said = await inbound.body(request, inbound.CancelBody)
        cancelled = await self._control.submit(inbound.cancel(said))
        return _json([outbound.instance(instance) for instance in cancelled])

    async def sessions(self, request: Request) -> Response:
        """List the newest sessions."""
        return _json([outbound.session(view) for view in await self._control.ask(inbound.recent_sessions(request))])

    async def runs(self, request: Request) -> Response:
        """List Runs."""
        return _json([outbound.run(run) for run in await self._control.ask(inbound.list_runs(request))])

    async def run(self, request: Request) -> Response:
        """Give one Run."""
        return _json(outbound.run(await self._control.ask(GetRun(request.path_params["id"]))))

    async def stop(self, request: Request) -> Response:
        """Stop a Run."""
        said = await inbound.body(request, inbound.StopBody)
        run = await self._control.submit(StopRun(request.path_params["id"], inbound.grace(said)))
        return _json(outbound.run(run), 202)

    async def files(self, request: Request) -> Response:
        """List a directory of a Run's sandbox."""
        return _json([outbound.file(fact) for fact in await self._control.ask(inbound.list_files(request))])

    async def file(self, request: Request) -> Response:
        """Give a range of a file; the header X-Portico-Size tells the size of the whole."""
        part = await self._control.ask(inbound.read_file(request))
        headers = {"X-Portico-Size": str(part.size), "X-Content-Type-Options": "nosniff"}
        return Response(part.data, media_type="application/octet-stream", headers=headers)

    async def nodes(self, _request: Request) -> Response:
        """List nodes."""
        return _json([outbound.node(view) for view in await self._control.ask(ListNodes())])

    async def drain(self, request: Request) -> Response:
        """Drain a node, or put it back."""
        said = await inbound.body(request, inbound.DrainBody)
        await self._control.submit(DrainNode(request.path_params["id"], said.drain))
        return _json({"id": request.path_params["id"], "drain": said.drain})

    async def pools(self, _request: Request) -> Response:
        """List pools."""
        return _json([outbound.pool(view) for view in await self._control.ask(ListPools())])

    async def events(self, request: Request) -> Response:
        """Stream changes, one JSON object a line; an error ends the stream with an object that says it."""
        selector, after = inbound.selector(request)
        events = self._control.watch(selector, after)
        return StreamingResponse(_lines(events, self._doors), media_type="application/x-ndjson")

    async def backup(self, request: Request) -> Response:
        """Copy the store to a file on the server's machine."""
        said = await inbound.body(request, inbound.BackupBody)
        await self._control.submit(BackUp(said.target))
        return _json({"target": said.target}, 201)

    async def shutdown(self, request: Request) -> Response:
        """Ask the server to stop."""
        said = await inbound.body(request, inbound.ShutdownBody)
        self._request_stop(stop_runs=said.stop_runs)
        return _json({"stopping": True, "stop_runs": said.stop_runs}, 202)


async def _lines(events: AsyncIterator[Event], doors: Mapping[str, str]) -> AsyncIterator[bytes]:
    try:
        async for event in events:
            yield _encode(outbound.event(event, doors.get(event.table))) + b"\n"
    except PorticoError as error:
        yield _encode({"error": {"code": type(error).__name__.lower(), "message": str(error)}}) + b"\n"


def _json(value: Any, status: int = 200) -> Response:
    return Response(_encode(value), status_code=status, media_type="application/json")


def routes(control: Control, request_stop: RequestStop, doors: Mapping[str, str]) -> Sequence[BaseRoute]:
    """Give the door's routes; `doors` names the door of each table that is one door's own."""
    return Console(control, request_stop, doors).routes()
