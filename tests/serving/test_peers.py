"""Who is at the other end of a gRPC connection."""

from __future__ import annotations

import asyncio
import ssl

import grpc
import grpc.aio
from serving import certificates
from serving.echo import LOOPBACK, Echo, parse, serialise

from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.metrics import Metrics
from portico.serving.peers import PEER_METADATA, Peer, encode_peer, fingerprints, peer_of
from portico.serving.registration import Registration


class Asking(Echo):
    def __init__(self):
        super().__init__()
        self.peers = []

    async def who(self, request, context):
        self.peers.append(peer_of(context))
        return request

    def add(self, server):
        handlers = {"Who": grpc.unary_unary_rpc_method_handler(self.who, parse, serialise)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Who", handlers),))


def asked(settings, open_channel, metadata=()):
    """Give what the server made of one caller."""

    async def run():
        service = Asking()
        server = GrpcServer([Registration(service.add, ("test.Who",))], Metrics(), settings)
        (address,) = await server.start([LOOPBACK])
        await server.open()
        try:
            async with open_channel(f"localhost:{address.port}") as channel:
                await channel.unary_unary("/test.Who/Who", serialise, parse)("x", metadata=metadata)
        finally:
            await server.stop(0)
        return service.peers

    return asyncio.run(run())


def test_nobody_is_proven_without_a_certificate():
    assert asked(None, grpc.aio.insecure_channel) == [None]


def test_a_caller_cannot_say_who_it_is():
    claim = encode_peer(Peer("root", ("00",)))
    assert asked(None, grpc.aio.insecure_channel, ((PEER_METADATA, claim),)) == [None]


def test_a_certificate_proves_its_subject(tmp_path):
    files = certificates.make(tmp_path, with_clients=True)
    pair = ((tmp_path / "client.key").read_bytes(), (tmp_path / "client.pem").read_bytes())
    credentials = grpc.ssl_channel_credentials(files.certificate.read_bytes(), *pair)
    peers = asked(GrpcSettings(tls=files), lambda target: grpc.aio.secure_channel(target, credentials))
    wanted = fingerprints(ssl.PEM_cert_to_DER_cert((tmp_path / "client.pem").read_text()))
    assert peers == [Peer("alice", wanted)]
    assert [len(one) for one in wanted] == [40, 64]
