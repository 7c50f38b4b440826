"""The Titus door's part of the composition: who a call or a request was proven to come from."""

import asyncio
from types import SimpleNamespace

import grpc
import grpc.aio
from serving import certificates
from starlette.requests import Request

from portico.composing import titus
from portico.doors.titus.callers import current_caller
from portico.doors.titus.services import ADDERS, PACKAGE
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.http_protocols import PEER
from portico.serving.metrics import Metrics
from portico.serving.peers import PEER_METADATA, Peer, encode_peer
from portico.serving.registration import Registration
from portico.wire.titus import health_pb2, health_pb2_grpc  # noqa: TID251 — a client of the door speaks its wire

ALICE = Peer("alice", ("aa", "bb"))


def context(peer, **facts):
    return SimpleNamespace(
        peer=lambda: peer,
        auth_context=lambda: facts.get("proven", {}),
        invocation_metadata=lambda: facts.get("metadata", ()),
    )


def test_a_call_is_its_certificates():
    handed_on = ((PEER_METADATA, encode_peer(ALICE)),)
    assert titus._proven_of_call(context("unix:/run/portico", metadata=handed_on)) == "alice"
    assert titus._proven_of_call(context("ipv4:127.0.0.1:1", metadata=handed_on)) == ""
    assert titus._proven_of_call(context("ipv4:127.0.0.1:1")) == ""


def test_a_request_is_its_certificates():
    def request(extensions):
        return Request({"type": "http", "headers": [], "extensions": extensions})

    assert titus._proven_of_request(request({PEER: lambda: ALICE})) == "alice"
    assert titus._proven_of_request(request({PEER: lambda: None})) == ""
    assert titus._proven_of_request(request({})) == ""


class Asked(health_pb2_grpc.HealthServicer):
    """Notes who asked."""

    def __init__(self):
        self.callers = []

    async def Check(self, request, context):  # noqa: N802 — named by the wire
        self.callers.append(current_caller().id)
        return health_pb2.HealthCheckResponse()


def test_over_tls_the_certificate_names_the_direct_caller(tmp_path):
    files = certificates.make(tmp_path, with_clients=True)
    pair = ((tmp_path / "client.key").read_bytes(), (tmp_path / "client.pem").read_bytes())
    trust = grpc.ssl_channel_credentials(files.certificate.read_bytes(), *pair)
    service = Asked()

    async def play():
        registration = Registration(
            lambda server: titus._add(ADDERS["Health"], service, server), (f"{PACKAGE}.Health",)
        )
        server = GrpcServer([registration], Metrics(), GrpcSettings(tls=files))
        (address,) = await server.start([Address("127.0.0.1", 0)])
        await server.open()
        try:
            async with grpc.aio.secure_channel(f"localhost:{address.port}", trust) as channel:
                stub = health_pb2_grpc.HealthStub(channel)
                await stub.Check(health_pb2.HealthCheckRequest())
                await stub.Check(health_pb2.HealthCheckRequest(), metadata=(("x-titus-directcallerid", "me"),))
        finally:
            await server.stop(0)

    asyncio.run(play())
    assert service.callers == ["alice", "me"]
