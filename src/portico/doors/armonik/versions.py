"""The RPC of armonik.api.grpc.v1.versions.Versions."""

from __future__ import annotations

from typing import Any

import grpc.aio

from portico.wire.armonik import versions_pb2 as pb
from portico.wire.armonik import versions_pb2_grpc

SERVICE = "armonik.api.grpc.v1.versions.Versions"
API = "3.29.2"
"""The version of the interface that is served."""


class Versions(versions_pb2_grpc.VersionsServicer):
    """The one method; `core` is the version of this server."""

    def __init__(self, core: str) -> None:
        self._core = core

    async def ListVersions(self, request: pb.ListVersionsRequest, context: Any) -> pb.ListVersionsResponse:
        """Tell the versions of server and interface."""
        return pb.ListVersionsResponse(core=self._core, api=API)


def add_to_server(service: Versions, server: grpc.aio.Server) -> None:
    """Register the RPC."""
    versions_pb2_grpc.add_VersionsServicer_to_server(service, server)
