"""What a caller asks for in headers holds for every RPC of every service."""

import asyncio
import contextlib

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2
from google.rpc import status_pb2

from portico.doors.titus.callers import current_caller
from portico.doors.titus.calling import ReadingServer
from portico.doors.titus.errors import translate
from portico.doors.titus.federation import FederatedCapacityGroups
from portico.doors.titus.neighbours import elsewhere
from portico.doors.titus.neighbours.cell import Cell
from portico.doors.titus.neighbours.health import Health
from portico.doors.titus.neighbours.membership import Membership
from portico.doors.titus.neighbours.supervisor import Supervisor
from portico.doors.titus.services import ADDERS, ENDLESS, PACKAGE
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration
from portico.wire.titus import agent_api_pb2, cluster_membership_api_pb2, federation_capacity_api_pb2, health_pb2
from portico.wire.titus import master_api_pb2 as master_pb

CELL = Cell(name="c", stack="", member="h:1", host="h", grpc_port=1, http_port=2, started_at=1, secure=False)
NOTHING = empty_pb2.Empty()
DEBUG = (("x-titus-debug", "true"),)
REFUSALS = (
    ("SupervisorService/StopBeingLeader", NOTHING),
    ("SupervisorService/GetMasterInstance", master_pb.MasterInstanceId(instanceId="nobody")),
    ("ClusterMembershipService/GetMember", cluster_membership_api_pb2.MemberId(id="nobody")),
    (
        "FederatedCapacityGroupService/GetFederatedCapacityGroup",
        federation_capacity_api_pb2.GetFederatedCapacityGroupRequest(),
    ),
    ("AgentManagementService/GetInstanceGroups", NOTHING),
)


class Watched(Health):
    """Health that notes who asked."""

    def __init__(self):
        super().__init__(lambda: CELL, lambda: 5, lambda: True)
        self.callers = []

    async def Check(self, request, context):  # noqa: N802 — named by the wire
        self.callers.append(current_caller())
        return await super().Check(request, context)


class At:
    def __init__(self, channel, health):
        self.channel, self.health = channel, health

    async def call(self, name, request, metadata=()):
        return await self.channel.unary_unary(f"/{PACKAGE}.{name}", type(request).SerializeToString)(
            request, metadata=metadata
        )


@contextlib.asynccontextmanager
async def served():
    health = Watched()
    services = {
        "Health": health,
        "SupervisorService": Supervisor(lambda: CELL),
        "ClusterMembershipService": Membership(lambda: CELL, lambda: 5),
        "FederatedCapacityGroupService": FederatedCapacityGroups(),
    }

    def add(server):
        reading = ReadingServer(server, lambda _context: "cert")
        for name, service in services.items():
            ADDERS[name](service, reading)
        elsewhere.add_to_server(reading)

    names = tuple(f"{PACKAGE}.{name}" for name in services)
    server = GrpcServer([Registration(add, (*names, *elsewhere.SERVICE_NAMES), "titus", translate, ENDLESS)], Metrics())
    (address,) = await server.start([Address("127.0.0.1", 0)])
    await server.open()
    try:
        async with grpc.aio.insecure_channel(str(address)) as channel:
            yield At(channel, health)
    finally:
        await server.stop(0)


def story(play):
    async def run():
        async with served() as at:
            await play(at)

    asyncio.run(run())


def test_every_service_tells_details_of_errors_to_those_who_ask():
    async def play(at):
        for name, request in REFUSALS:
            for metadata, wanted in ((DEBUG, True), ((), False)):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await at.call(name, request, metadata)
                trailers = dict(caught.value.trailing_metadata())
                assert ("x-titus-error-bin" in trailers) is wanted, name
                assert trailers["x-titus-error"] == caught.value.details(), name
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await at.call(name, request, (("x-titus-callmetadata-bin", b"\xff"),))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, name

    story(play)


def test_streams_tell_details_of_errors_to_those_who_ask():
    async def play(at):
        name = f"/{PACKAGE}.AgentManagementService/ObserveAgents"
        request = agent_api_pb2.AgentQuery()
        stream = at.channel.unary_stream(name, agent_api_pb2.AgentQuery.SerializeToString)(request, metadata=DEBUG)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(aiter(stream))
        trailer = dict(caught.value.trailing_metadata())["x-titus-error-bin"]
        assert status_pb2.Status.FromString(trailer).code == grpc.StatusCode.UNIMPLEMENTED.value[0]

    story(play)


def test_a_method_finds_its_caller_and_who_that_was_proven_to_be():
    async def play(at):
        request = health_pb2.HealthCheckRequest()
        await at.call("Health/Check", request)
        await at.call("Health/Check", request, (("x-titus-callerid", "me"), ("x-titus-compression", "gzip")))
        assert [caller.id for caller in at.health.callers] == ["cert", "me"]
        assert [caller.compression for caller in at.health.callers] == ["", "gzip"]

    story(play)


class Context:
    """What a call is told, and what it does to its reply."""

    packed = None

    def invocation_metadata(self):
        return (("x-titus-compression", "gzip"),)

    def set_compression(self, kind):
        self.packed = kind


def test_replies_are_packed_whatever_the_service():
    added = {}

    class Server:
        def add_generic_rpc_handlers(self, handlers):
            pass

        def add_registered_method_handlers(self, service_name, method_handlers):
            added.update(method_handlers)

    async def play():
        ADDERS["SupervisorService"](Supervisor(lambda: CELL), ReadingServer(Server(), lambda _context: ""))
        context = Context()
        await added["GetMasterInstances"].unary_unary(NOTHING, context)
        assert context.packed is grpc.Compression.Gzip
        context = Context()
        stream = added["ObserveEvents"].unary_stream(NOTHING, context)
        await anext(stream)
        await stream.aclose()
        assert context.packed is grpc.Compression.Gzip

    asyncio.run(play())
