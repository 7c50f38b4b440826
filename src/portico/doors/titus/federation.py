"""FederatedCapacityGroupService: what a federation of cells would answer, which this cell is not.

Its groups say how one size is spread over cells in percent, and have no tier: a single cell can neither keep the
spread nor know what it is to guarantee. Capacity groups of this cell are at `/api/v2/management/applications`.
"""

from __future__ import annotations

from typing import Any

from portico.doors.titus import errors
from portico.wire.titus import federation_capacity_api_pb2 as pb
from portico.wire.titus import federation_capacity_api_pb2_grpc

_WHY = (
    "FederatedCapacityGroupService is served by a federation of cells only; "
    "the capacity groups of this cell are at /api/v2/management/applications"
)


class FederatedCapacityGroups(federation_capacity_api_pb2_grpc.FederatedCapacityGroupServiceServicer):
    """The servicer: every call is refused with the reason."""

    async def CreateFederatedCapacityGroup(
        self, request: pb.CreateFederatedCapacityGroupRequest, context: Any
    ) -> pb.CreateFederatedCapacityGroupResponse:
        """Refuse."""
        raise errors.unimplemented(_WHY)

    async def UpdateFederatedCapacity(
        self, request: pb.UpdateFederatedCapacityRequest, context: Any
    ) -> pb.UpdateFederatedCapacityResponse:
        """Refuse."""
        raise errors.unimplemented(_WHY)

    async def DeleteFederatedCapacityGroup(
        self, request: pb.DeleteFederatedCapacityGroupRequest, context: Any
    ) -> pb.DeleteFederatedCapacityGroupResponse:
        """Refuse."""
        raise errors.unimplemented(_WHY)

    async def GetFederatedCapacityGroup(
        self, request: pb.GetFederatedCapacityGroupRequest, context: Any
    ) -> pb.GetFederatedCapacityGroupResponse:
        """Refuse."""
        raise errors.unimplemented(_WHY)
