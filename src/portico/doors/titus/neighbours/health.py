"""Health: whether the cell serves, and since when its only server leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import duration_pb2, timestamp_pb2

from portico.doors.titus.neighbours.cell import Cell
from portico.wire.titus import health_pb2, health_pb2_grpc


class Health(health_pb2_grpc.HealthServicer):
    """The servicer; `now` gives milliseconds since the epoch, `ready` whether work is taken."""

    def __init__(self, cell: Callable[[], Cell], now: Callable[[], int], ready: Callable[[], bool]) -> None:
        self._cell = cell
        self._now = now
        self._ready = ready

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> health_pb2.HealthCheckResponse:
        """Tell the state of the cell and of its server."""
        cell, reply = self._cell(), health_pb2.HealthCheckResponse
        status = reply.SERVING if self._ready() else reply.NOT_SERVING
        began = timestamp_pb2.Timestamp()
        began.FromMilliseconds(cell.started_at)
        uptime = duration_pb2.Duration()
        uptime.FromMilliseconds(max(0, self._now() - cell.started_at))
        details = reply.Details(
            status=status,
            cell=cell.name,
            leader=True,
            active=self._ready(),
            electionTimestamp=began,
            activationTimestamp=began,
            activationTime=duration_pb2.Duration(),
            uptime=uptime,
        )
        return reply(status=status, details=[reply.ServerStatus(details=details)])
