"""SupervisorService: the one server there is, which leads for as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf import empty_pb2

from portico.doors.titus import errors
from portico.doors.titus.neighbours.cell import Cell
from portico.wire.titus import master_api_pb2, master_api_pb2_grpc


class Supervisor(master_api_pb2_grpc.SupervisorServiceServicer):
    """The servicer; `cell` is asked when it is needed, since ports are known late."""

    def __init__(self, cell: Callable[[], Cell]) -> None:
        self._cell = cell

    async def GetMasterInstances(self, request: empty_pb2.Empty, context: Any) -> master_api_pb2.MasterInstances:
        """List the only instance."""
        return master_api_pb2.MasterInstances(instances=[self._instance()])

    async def GetMasterInstance(
        self, request: master_api_pb2.MasterInstanceId, context: Any
    ) -> master_api_pb2.MasterInstance:
        """Give the only instance, by its id."""
        if request.instanceId != self._cell().member:
            raise errors.not_found(f"TitusMaster instance not found: {request.instanceId[:200]}")
        return self._instance()

    async def StopBeingLeader(self, request: empty_pb2.Empty, context: Any) -> empty_pb2.Empty:
        """Refuse: nobody else could take over."""
        raise errors.unimplemented("this cell has one server; there is nobody to hand the leadership to")

    async def ObserveEvents(
        self, request: empty_pb2.Empty, context: Any
    ) -> AsyncIterator[master_api_pb2.SupervisorEvent]:
        """Tell of the instance once; it does not change while it lives."""
        update = master_api_pb2.SupervisorEvent.MasterInstanceUpdate(instance=self._instance())
        yield master_api_pb2.SupervisorEvent(masterInstanceUpdate=update)
        await asyncio.get_running_loop().create_future()

    def _instance(self) -> master_api_pb2.MasterInstance:
        cell = self._cell()
        status = master_api_pb2.MasterStatus
        return master_api_pb2.MasterInstance(
            instanceId=cell.member,
            ipAddress=cell.host,
            status=status(
                state=status.LeaderActivated,
                reasonCode="leader",
                reasonMessage="the only server of its cell",
                timestamp=cell.started_at,
            ),
            instanceGroupId=cell.name,
            serverPorts=[
                master_api_pb2.ServerPort(portNumber=cell.grpc_port, protocol="grpc", secure=cell.secure),
                master_api_pb2.ServerPort(portNumber=cell.http_port, protocol="http", secure=cell.secure),
            ],
            labels={"titus.cell": cell.name, "titus.stack": cell.stack},
        )
