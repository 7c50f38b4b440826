"""The RPC of armonik.api.grpc.v1.health_checks.HealthChecksService: how the parts of the server are.

Promises: what is said is found out when it is asked: rows are read, the folder of large data is written to. A part that
cannot say how it is within TIMEOUT is not healthy; the text of what ails it goes along.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Protocol

import grpc.aio
import msgspec

from portico.control.calls.queries import ListSessions
from portico.control.calls.sheets import SESSIONS
from portico.control.queries import Query
from portico.domain.errors import Exhausted, PorticoError
from portico.store.sheets import Field, SheetQuery
from portico.wire.armonik import health_checks_pb2 as pb
from portico.wire.armonik import health_checks_pb2_grpc

SERVICE = "armonik.api.grpc.v1.health_checks.HealthChecksService"
TIMEOUT = 5.0
"""Seconds."""
LITTLE = 256 << 20
"""Free bytes below which there is not much room for large data."""

_HEALTHY = pb.HealthStatusEnum.HEALTH_STATUS_ENUM_HEALTHY
_DEGRADED = pb.HealthStatusEnum.HEALTH_STATUS_ENUM_DEGRADED
_UNHEALTHY = pb.HealthStatusEnum.HEALTH_STATUS_ENUM_UNHEALTHY


class Room(Protocol):
    """Knows whether changes are taken."""

    def check_room(self) -> None:
        """Raise Exhausted while too many wait to be written, Unavailable once the store has failed."""
        ...


class Examined(Protocol):
    """Control, as it is examined."""

    @property
    def committer(self) -> Room:
        """Give what takes changes."""
        ...

    @property
    def started(self) -> bool:
        """Tell whether everything that was under way has been picked up."""
        ...

    async def ask(self, query: Query) -> Any:
        """Answer a query."""
        ...


class Finding(msgspec.Struct, frozen=True):
    """How a part is, and why it is not healthy."""

    status: pb.HealthStatusEnum
    message: str = ""


_WELL = Finding(_HEALTHY)


class HealthChecks(health_checks_pb2_grpc.HealthChecksServiceServicer):
    """The one method; `objects` is the folder of large data, None when they are kept in memory."""

    def __init__(self, control: Examined, objects: Path | None) -> None:
        self._control = control
        self._objects = objects

    async def CheckHealth(self, request: pb.CheckHealthRequest, context: Any) -> pb.CheckHealthResponse:
        """Tell how the rows, the large data and the queues are."""
        database, large = await asyncio.gather(_within(self._database()), _within(self._large()))
        named = {"database": database, "object": large, "queue": self._queues()}
        return pb.CheckHealthResponse(
            services=[
                pb.CheckHealthResponse.ServiceHealth(name=name, message=finding.message, healthy=finding.status)
                for name, finding in named.items()
            ]
        )

    async def _database(self) -> Finding:
        """Read rows, and see whether changes are taken."""
        query = SheetQuery(SESSIONS.name, order=((Field("number"), True),), limit=1)
        try:
            await self._control.ask(ListSessions(query, counted=False))
            self._control.committer.check_room()
        except Exhausted as error:
            return Finding(_DEGRADED, str(error))
        except PorticoError as error:
            return Finding(_UNHEALTHY, str(error))
        return _WELL

    async def _large(self) -> Finding:
        return _WELL if self._objects is None else await asyncio.to_thread(_examine, self._objects)

    def _queues(self) -> Finding:
        """The queues are in memory: they work as long as changes leave."""
        if not self._control.started:
            return Finding(_UNHEALTHY, "the server is starting")
        try:
            self._control.committer.check_room()
        except Exhausted:
            return _WELL  # what is queued goes on
        except PorticoError as error:
            return Finding(_UNHEALTHY, str(error))
        return _WELL


async def _within(examination: Awaitable[Finding]) -> Finding:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await examination
    except TimeoutError:
        return Finding(_DEGRADED, f"no answer within {TIMEOUT:g} s")


def _examine(folder: Path) -> Finding:
    """Write to a folder, leaving nothing, and look how much room there is."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
            file.flush()
            room = os.fstatvfs(file.fileno())
    except OSError as error:
        return Finding(_UNHEALTHY, f"large data cannot be written: {error.strerror}")
    free = room.f_bavail * room.f_frsize
    if free < LITTLE:
        return Finding(_DEGRADED, f"{free} bytes are left for large data")
    return _WELL


def add_to_server(service: HealthChecks, server: grpc.aio.Server) -> None:
    """Register the RPC."""
    health_checks_pb2_grpc.add_HealthChecksServiceServicer_to_server(service, server)
