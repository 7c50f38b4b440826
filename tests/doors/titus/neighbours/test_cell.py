"""What tells of the cell itself: supervisor, membership and health, and the services it does not have."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from doors.titus.neighbours.neighbour_stage import CONTEXT
from google.protobuf import empty_pb2

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError, translate
from portico.doors.titus.neighbours import elsewhere
from portico.doors.titus.neighbours.cell import Cell
from portico.doors.titus.neighbours.health import Health
from portico.doors.titus.neighbours.membership import LONGEST_LABEL, MOST_LABELS, Membership
from portico.doors.titus.neighbours.supervisor import Supervisor
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration
from portico.wire.titus import agent_api_pb2_grpc, health_pb2, job_activity_history_pb2_grpc, vpc_api_pb2_grpc
from portico.wire.titus import cluster_membership_api_pb2 as members_pb
from portico.wire.titus import master_api_pb2 as master_pb

CELL = Cell(
    name="cell1", stack="main", member="h:1", host="h", grpc_port=1, http_port=2, started_at=1_000, secure=False
)
NOTHING = empty_pb2.Empty()
LOOPBACK = Address("127.0.0.1", 0)


def cell():
    return CELL


async def refused(call, code):
    with pytest.raises(TitusError) as caught:
        await call
    assert caught.value.code is code


def test_the_supervisor_knows_one_leader():
    async def play():
        supervisor = Supervisor(cell)
        (instance,) = (await supervisor.GetMasterInstances(NOTHING, CONTEXT)).instances
        assert instance.status.state == master_pb.MasterStatus.LeaderActivated
        assert [(port.protocol, port.portNumber) for port in instance.serverPorts] == [("grpc", 1), ("http", 2)]
        assert await supervisor.GetMasterInstance(master_pb.MasterInstanceId(instanceId="h:1"), CONTEXT) == instance
        unknown = master_pb.MasterInstanceId(instanceId="other")
        await refused(supervisor.GetMasterInstance(unknown, CONTEXT), Code.NOT_FOUND)
        await refused(supervisor.StopBeingLeader(NOTHING, CONTEXT), Code.UNIMPLEMENTED)
        events = supervisor.ObserveEvents(NOTHING, CONTEXT)
        assert (await anext(events)).masterInstanceUpdate.instance == instance
        upcoming = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not upcoming.done()
        upcoming.cancel()

    asyncio.run(play())


class Members:
    def __init__(self):
        self.at = 5_000
        self.service = Membership(cell, lambda: self.at)

    async def update(self, member="h:1", **labels):
        request = members_pb.UpdateMemberLabelsRequest(memberId=member, labels=labels)
        return await self.service.UpdateMemberLabels(request, CONTEXT)

    async def delete(self, *keys, member="h:1"):
        request = members_pb.DeleteMemberLabelsRequest(memberId=member, keys=keys)
        return await self.service.DeleteMemberLabels(request, CONTEXT)


def test_the_only_member_leads():
    async def play():
        members = Members()
        (revision,) = (await members.service.GetMembers(NOTHING, CONTEXT)).revisions
        assert revision.current.leadershipState == members_pb.ClusterMember.Leader
        assert (revision.current.enabled, revision.code, revision.timestamp) == (True, "started", 5_000)
        assert dict(revision.current.labels) == {"titus.cell": "cell1", "titus.stack": "main"}
        assert await members.service.GetMember(members_pb.MemberId(id="h:1"), CONTEXT) == revision
        await refused(members.service.GetMember(members_pb.MemberId(id="x"), CONTEXT), Code.NOT_FOUND)
        await refused(members.service.StopBeingLeader(NOTHING, CONTEXT), Code.UNIMPLEMENTED)
        enable = members_pb.EnableMemberRequest(memberId="h:1", enabled=True)
        assert await members.service.EnableMember(enable, CONTEXT) == revision
        enable.enabled = False
        await refused(members.service.EnableMember(enable, CONTEXT), Code.UNIMPLEMENTED)

    asyncio.run(play())


def test_labels_change_and_are_bounded():
    async def play():
        members = Members()
        revision = await members.update(a="1", b="2")
        assert revision.current.labels["a"] == "1"
        assert (revision.code, revision.timestamp) == ("updated", 5_000)
        revision = await members.delete("a", "never")
        assert {"b"} <= set(revision.current.labels)
        assert "a" not in revision.current.labels
        await refused(members.update(member="x", a="1"), Code.NOT_FOUND)
        await refused(members.delete("b", member="x"), Code.NOT_FOUND)
        await refused(members.update(a="x" * LONGEST_LABEL), Code.INVALID_ARGUMENT)
        await refused(members.update(**{f"k{n}": "" for n in range(MOST_LABELS)}), Code.INVALID_ARGUMENT)

    asyncio.run(play())


def test_events_are_a_snapshot_then_the_newest_change():
    async def play():
        members = Members()
        streams = [members.service.Events(NOTHING, CONTEXT) for _ in range(2)]
        for events in streams:
            (revision,) = (await anext(events)).snapshot.revisions
            assert revision.code == "started"
        await members.update(a="1")
        await members.update(a="2")
        for events in streams:
            assert (await anext(events)).memberUpdated.revision.current.labels["a"] == "2"
        upcoming = [asyncio.ensure_future(anext(events)) for events in streams]
        await asyncio.sleep(0)
        assert not any(one.done() for one in upcoming)
        await members.update(a="3")
        told = await asyncio.gather(*upcoming)
        assert {event.memberUpdated.revision.current.labels["a"] for event in told} == {"3"}

    asyncio.run(play())


def test_health_follows_the_server():
    async def play():
        ready = [True]
        health = Health(cell, lambda: 3_500, lambda: ready[0])
        reply = await health.Check(health_pb2.HealthCheckRequest(), CONTEXT)
        (server,) = reply.details
        assert reply.status == server.details.status == health_pb2.HealthCheckResponse.SERVING
        assert (server.details.cell, server.details.leader, server.details.active) == ("cell1", True, True)
        assert server.details.uptime.ToMilliseconds() == 2_500
        ready[0] = False
        reply = await health.Check(health_pb2.HealthCheckRequest(), CONTEXT)
        assert reply.status == health_pb2.HealthCheckResponse.NOT_SERVING

    asyncio.run(play())


STUBS = {
    "AgentManagementService": agent_api_pb2_grpc.AgentManagementServiceStub,
    "JobActivityHistoryService": job_activity_history_pb2_grpc.JobActivityHistoryServiceStub,
    "UserIPService": vpc_api_pb2_grpc.UserIPServiceStub,
    "ValidatorIPService": vpc_api_pb2_grpc.ValidatorIPServiceStub,
    "IPService": vpc_api_pb2_grpc.IPServiceStub,
    "TitusAgentVPCInformationService": vpc_api_pb2_grpc.TitusAgentVPCInformationServiceStub,
    "TitusAgentSecurityGroupService": vpc_api_pb2_grpc.TitusAgentSecurityGroupServiceStub,
}


def test_what_is_served_elsewhere_is_refused_with_its_reason():
    async def play():
        registration = Registration(elsewhere.add_to_server, elsewhere.SERVICE_NAMES, "titus", translate)
        server = GrpcServer([registration], Metrics())
        (address,) = await server.start([LOOPBACK])
        await server.open()
        asked = 0
        async with grpc.aio.insecure_channel(f"{address.host}:{address.port}") as channel:
            for service, reason in elsewhere.ELSEWHERE.items():
                stub = STUBS[service.name](channel)
                for method in service.methods:
                    with pytest.raises(grpc.aio.AioRpcError) as caught:
                        await _call(getattr(stub, method.name), method)
                    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
                    assert method.name in caught.value.details()
                    assert reason in caught.value.details()
                    asked += 1
        await server.stop(0)
        assert asked == 26

    asyncio.run(play())


async def _call(call, method):
    request = method.input_type._concrete_class()
    if method.server_streaming:
        async for _ in call(request):
            raise AssertionError("a refusal has no messages")
    else:
        await call(request)
