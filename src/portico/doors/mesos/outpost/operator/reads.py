"""The older GET endpoints of an agent: state, containers, files, metrics."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec

from portico.domain.errors import Invalid, PorticoError
from portico.doors.mesos.outpost.operator import plain
from portico.doors.mesos.outpost.operator.calls import AgentCalls
from portico.doors.mesos.outpost.operator.containers import Measuring
from portico.doors.mesos.outpost.operator.files import PAGE, SIZE_ONLY, Files
from portico.doors.mesos.outpost.operator.site import Site
from portico.doors.mesos.outpost.operator.streams import until_taken
from portico.doors.mesos.serving.endpoints import GET, POST, Endpoint
from portico.doors.mesos.serving.exchange import OK, Reply, Request
from portico.doors.mesos.serving.streams import Stream

READ_REALM = "mesos-agent-readonly"
WRITE_REALM = "mesos-agent-readwrite"
_JSON = "application/json"
_CALLBACK = "text/javascript"


class Reads:
    """Answers the older GET endpoints."""

    def __init__(
        self, site: Site, calls: AgentCalls, files: Files, measuring: Measuring, group: asyncio.TaskGroup
    ) -> None:
        self._site = site
        self._calls = calls
        self._files = files
        self._measuring = measuring
        self._group = group

    def endpoints(self) -> list[Endpoint]:
        """Give the endpoints, with and without `.json`, and below the agent's own path too."""
        return [
            *_both("state", self._state, own=True),
            *_both("containers", self._containers, own=True),
            *_both("monitor/statistics", self._statistics, own=True),
            *_both("files/browse", self._browse),
            *_both("files/read", self._read),
            *_both("files/download", self._download),
            *_both("files/debug", self._places),
            *_both("flags", self._flags, own=True),
            *_both("metrics/snapshot", self._metrics),
            Endpoint("/version", self._version, methods=GET, realm=READ_REALM),
            Endpoint("/health", self._health, methods=GET, realm=READ_REALM),
            Endpoint("/slave(1)/health", self._health, methods=GET, realm=READ_REALM),
            Endpoint("/logging/toggle", self._toggle, methods=GET | POST, realm=WRITE_REALM),
        ]

    async def _state(self, request: Request) -> Reply:
        state = await self._calls.state()
        return await asyncio.to_thread(lambda: reply(request, plain.agent(state, self._site)))

    async def _containers(self, request: Request) -> Reply:
        return reply(request, [plain.container(one, full=True) for one in await self._measuring.measure()])

    async def _statistics(self, request: Request) -> Reply:
        return reply(request, [plain.container(one, full=False) for one in await self._measuring.measure()])

    async def _browse(self, request: Request) -> Reply:
        return reply(request, [plain.listed(entry) for entry in await self._files.browse(_path(request))])

    async def _read(self, request: Request) -> Reply:
        offset, length = _number(request, "offset", SIZE_ONLY), _number(request, "length", PAGE)
        data, size = await self._files.read(_path(request), max(offset, SIZE_ONLY), length if length >= 0 else PAGE)
        text = data.decode(errors="replace")
        return reply(request, {"data": text, "offset": size if offset < 0 else offset})

    async def _places(self, request: Request) -> Reply:
        """Tell every place that can be browsed: the sandboxes, and the log."""
        state = await self._calls.state()
        return reply(request, {path: path for path in plain.places(state, self._site)})

    async def _download(self, request: Request) -> Reply:
        path = _path(request)
        _, pieces = await self._files.download(path)
        name = path.rstrip("/").rpartition("/")[2]
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        stream = Stream()
        self._group.create_task(_send_all(pieces, stream))
        headers = ((b"content-type", media_type.encode()), (b"content-disposition", disposition.encode()))
        return Reply(200, headers=headers, stream=stream)

    async def _flags(self, request: Request) -> Reply:
        return reply(request, {"flags": self._site.flags})

    async def _metrics(self, request: Request) -> Reply:
        return reply(request, await self._calls.gauges())

    async def _version(self, request: Request) -> Reply:
        return reply(request, {"version": self._site.version})

    async def _health(self, _request: Request) -> Reply:
        return OK

    async def _toggle(self, request: Request) -> Reply:
        level, duration = request.parameters.get("level"), request.parameters.get("duration")
        if (level is None) != (duration is None):
            raise Invalid("Expecting both 'level=value' and 'duration=value' in query", "level")
        if level is not None and duration is not None:
            self._calls.logging.change(_number(request, "level", 0), _seconds(duration))
        return Reply(200, str(self._calls.logging.level).encode(), "text/plain; charset=utf-8")


_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "secs": 1.0, "mins": 60.0, "hrs": 3600.0, "days": 86_400.0}


def _seconds(text: str) -> float:
    """Read a duration such as `10secs` or `1.5mins`."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = _UNITS.get(text[len(digits) :])
    try:
        if unit is not None:
            return float(digits) * unit
    except ValueError:
        unit = None
    raise Invalid(f"Failed to parse '{text}' as a duration such as 10secs", "duration")


def _both(name: str, handler: Callable[[Request], Awaitable[Reply]], *, own: bool = False) -> list[Endpoint]:
    paths = [f"/{name}", f"/{name}.json"]
    if own:
        paths += [f"/slave(1)/{name}", f"/slave(1)/{name}.json"]
    return [Endpoint(path, handler, methods=GET, realm=READ_REALM) for path in paths]


def reply(request: Request, said: Any) -> Reply:
    """Reply with JSON, or a script that calls what the query names as `jsonp`."""
    body = msgspec.json.encode(said)
    callback = request.parameters.get("jsonp", "")
    if not callback:
        return Reply(200, body, _JSON)
    if not callback.replace(".", "").replace("_", "").replace("$", "").isalnum():
        raise Invalid("'jsonp' must name a function", "jsonp")
    return Reply(200, callback.encode() + b"(" + body + b");", _CALLBACK)


def _path(request: Request) -> str:
    path = request.parameters.get("path", "")
    if not path:
        raise Invalid("Expecting 'path=value' in query.", "path")
    return path


def _number(request: Request, name: str, default: int) -> int:
    text = request.parameters.get(name, "")
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or int(digits) >= 1 << 63:
        raise Invalid(f"Failed to parse {name}: '{text}' is no number", name)
    return int(text)


async def _send_all(pieces: AsyncIterator[bytes], stream: Stream) -> None:
    """Send a file, as fast as it is taken; one that cannot be read to its end is cut off."""
    try:
        async for piece in pieces:
            stream.send(piece)
            await until_taken(stream)
            if stream.end is not None:
                return
    except PorticoError:
        stream.abandon()
        return
    stream.close()
