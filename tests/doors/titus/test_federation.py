"""A federation's service is there, and says why each of its calls is not served."""

from __future__ import annotations

import asyncio

import pytest

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.federation import FederatedCapacityGroups
from portico.wire.titus import federation_capacity_api_pb2 as pb

RPCS = [method.name for method in pb.DESCRIPTOR.services_by_name["FederatedCapacityGroupService"].methods]


@pytest.mark.parametrize("rpc", RPCS)
def test_each_call_is_refused_with_the_reason(rpc):
    with pytest.raises(TitusError, match="served by a federation of cells only") as caught:
        asyncio.run(getattr(FederatedCapacityGroups(), rpc)(None, None))
    assert caught.value.code is Code.UNIMPLEMENTED
