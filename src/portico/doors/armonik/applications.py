"""The RPC of armonik.api.grpc.v1.applications.Applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc.aio

from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.applications import read_applications
from portico.doors.armonik.sending import add_encoded, in_slices
from portico.wire.armonik import applications_pb2 as pb
from portico.wire.armonik import applications_pb2_grpc

SERVICE = "armonik.api.grpc.v1.applications.Applications"


class Applications(applications_pb2_grpc.ApplicationsServicer):
    """One method per RPC."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ListApplications(self, request: pb.ListApplicationsRequest, context: Any) -> Any:
        """Give a page of the applications that tasks have, as an encoded ListApplicationsResponse."""
        total, rows = await self._control.ask(read_applications(request, self._control.calls.naming))
        page = pb.ListApplicationsResponse(page=request.page, page_size=request.page_size, total=total)
        return await in_slices(rows, _raws) + page.SerializeToString()


def _raws(rows: Sequence[tuple[str, str, str, str, int]]) -> bytes:
    raws = [
        pb.ApplicationRaw(name=name, version=version, namespace=namespace, service=service)
        for name, version, namespace, service, _count in rows
    ]
    return pb.ListApplicationsResponse(applications=raws).SerializeToString()


def add_to_server(service: Applications, server: grpc.aio.Server) -> None:
    """Register the RPC."""
    applications_pb2_grpc.add_ApplicationsServicer_to_server(service, server)
    add_encoded(server, SERVICE, {"ListApplications": (pb.ListApplicationsRequest, service.ListApplications)})
