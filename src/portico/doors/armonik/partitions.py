"""The RPCs of armonik.api.grpc.v1.partitions.Partitions: a handful of things, chosen in memory."""

from __future__ import annotations

from typing import Any

import grpc.aio

from portico.control.calls.queries import ListPartitions
from portico.domain.calls.values import Partition
from portico.domain.errors import NotFound
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.matching import choose
from portico.doors.armonik.inbound.pages import read_list
from portico.doors.armonik.inbound.partition_fields import PARTITION_FIELDS
from portico.doors.armonik.outbound.partitions import partition_raw
from portico.wire.armonik import partitions_pb2 as pb
from portico.wire.armonik import partitions_pb2_grpc

SERVICE = "armonik.api.grpc.v1.partitions.Partitions"


class Partitions(partitions_pb2_grpc.PartitionsServicer):
    """One method per RPC."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ListPartitions(self, request: pb.ListPartitionsRequest, context: Any) -> pb.ListPartitionsResponse:
        """Give a page of partitions."""
        query = read_list(request, "", PARTITION_FIELDS, self._control.calls.naming)
        total, page = choose(await self._all(), query, lambda partition, field: getattr(partition, field.column))
        return pb.ListPartitionsResponse(
            partitions=[partition_raw(partition) for partition in page],
            page=request.page,
            page_size=request.page_size,
            total=total,
        )

    async def GetPartition(self, request: pb.GetPartitionRequest, context: Any) -> pb.GetPartitionResponse:
        """Give one partition."""
        found = next((partition for partition in await self._all() if partition.id == request.id), None)
        if found is None:
            raise NotFound(f"Partition was not found: {request.id}")
        return pb.GetPartitionResponse(partition=partition_raw(found))

    async def _all(self) -> tuple[Partition, ...]:
        partitions: tuple[Partition, ...] = await self._control.ask(ListPartitions())
        return partitions


def add_to_server(service: Partitions, server: grpc.aio.Server) -> None:
    """Register the RPCs."""
    partitions_pb2_grpc.add_PartitionsServicer_to_server(service, server)
