"""The life of a gRPC server: addresses, readiness, identity, reflection and the way it stops."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from serving import certificates
from serving.echo import LOOPBACK, SERVICE, Client, Echo, running

from portico.domain.errors import AlreadyExists, Invalid, NotFound, Unavailable
from portico.serving import request_context
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration

Code = grpc.StatusCode
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def fails(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def health_of(at, service: str) -> int:
    stub = health_pb2_grpc.HealthStub(at.client.channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status


def test_until_opened_calls_are_refused_and_health_says_so():
    async def story():
        async with running(Echo(), opened=False) as at:
            failure = await fails(at.client.one("One"))
            assert (failure.code(), failure.details()) == (Code.UNAVAILABLE, "the server is starting")
            assert [await health_of(at, name) for name in ("", SERVICE)] == [NOT_SERVING, NOT_SERVING]
            await at.server.open()
            assert await at.client.one("One") == "hello"
            assert [await health_of(at, name) for name in ("", SERVICE)] == [SERVING, SERVING]
            await at.server.set_serving(SERVICE, serving=False)
            assert [await health_of(at, name) for name in ("", SERVICE)] == [SERVING, NOT_SERVING]
            with pytest.raises(NotFound):
                await at.server.set_serving("no.Such", serving=True)

    asyncio.run(story())


def test_a_port_in_use_is_refused_in_one_sentence():
    async def story():
        async with running(Echo()) as at:
            second = GrpcServer([], Metrics())
            with pytest.raises(Unavailable, match=rf"cannot listen on 127\.0\.0\.1:{at.address.port}: .* in use"):
                await second.start([at.address])
            with pytest.raises(Unavailable, match="in use"):
                await second.start([Address("localhost", at.address.port)])

    asyncio.run(story())


def test_after_stop_the_port_is_free_again():
    async def story():
        async with running(Echo()) as at:
            await at.server.stop(0)
            again = GrpcServer([Echo().registration()], Metrics())
            assert await again.start([at.address]) == [at.address]
            await again.stop(0)

    asyncio.run(story())


def test_several_addresses_and_servers_share_nothing_but_metrics():
    async def story():
        metrics = Metrics()
        first = GrpcServer([Echo().registration()], metrics, name="first")
        second = GrpcServer([Echo().registration()], metrics, name="second")
        addresses = [*await first.start([LOOPBACK, LOOPBACK]), *await second.start([LOOPBACK])]
        assert len({address.port for address in addresses}) == 3
        await first.open()
        await second.open()
        for address in addresses:
            async with grpc.aio.insecure_channel(str(address)) as channel:
                assert await Client(channel).one("One") == "hello"
        assert 'portico_grpc_calls_under_way{server="second"}' in metrics.exposition().decode()
        await first.stop(0)
        await second.stop(0)

    asyncio.run(story())


def test_a_service_may_be_registered_once():
    async def story():
        with pytest.raises(AlreadyExists, match=SERVICE):
            GrpcServer([Echo().registration(), Echo().registration()], Metrics())

    asyncio.run(story())


def test_reflection_names_the_services():
    async def story():
        async with running(Echo()) as at:
            stub = reflection_pb2_grpc.ServerReflectionStub(at.client.channel)
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            (answer,) = [answer async for answer in stub.ServerReflectionInfo(iter([ask]))]
            names = {service.name for service in answer.list_services_response.service}
            assert names == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}

    asyncio.run(story())


def test_every_call_but_health_and_reflection_wants_the_token():
    async def story():
        async with running(Echo(), GrpcSettings(token="s3cret")) as at:
            for wrong in ((), (("authorization", "Bearer s3cre"),), (("authorization", "Basic s3cret"),)):
                failure = await fails(at.client.one("One", metadata=wrong))
                assert failure.code() is Code.UNAUTHENTICATED
                assert "s3cret" not in failure.details()
                assert (await fails(at.client.many("Written", metadata=wrong).read())).code() is Code.UNAUTHENTICATED
            assert await at.client.one("One", metadata=(("authorization", "Bearer s3cret"),)) == "hello"
            assert await health_of(at, "") == SERVING
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            stub = reflection_pb2_grpc.ServerReflectionStub(at.client.channel)
            assert [answer async for answer in stub.ServerReflectionInfo(iter([ask]))]

    asyncio.run(story())


def test_tls_with_the_servers_certificate(tmp_path):
    files = certificates.make(tmp_path)

    async def story():
        async with running(Echo(), GrpcSettings(tls=files)) as at:
            trust = grpc.ssl_channel_credentials(files.certificate.read_bytes())
            async with grpc.aio.secure_channel(f"localhost:{at.address.port}", trust) as channel:
                assert await Client(channel).one("One") == "hello"
            assert (await fails(at.client.one("One", timeout=5))).code() is Code.UNAVAILABLE

    asyncio.run(story())


def test_with_a_client_authority_the_callers_certificate_names_the_caller(tmp_path):
    files = certificates.make(tmp_path, with_clients=True)

    class Looks(Echo):
        async def one(self, request, context):
            return request_context.current().caller

    async def story():
        async with running(Looks(), GrpcSettings(tls=files)) as at:
            root = files.certificate.read_bytes()
            pair = ((tmp_path / "client.key").read_bytes(), (tmp_path / "client.pem").read_bytes())
            known, unknown = grpc.ssl_channel_credentials(root, *pair), grpc.ssl_channel_credentials(root)
            async with grpc.aio.secure_channel(f"localhost:{at.address.port}", known) as channel:
                assert await Client(channel).one("One") == "alice"
            async with grpc.aio.secure_channel(f"localhost:{at.address.port}", unknown) as channel:
                assert (await fails(Client(channel).one("One", timeout=5))).code() is Code.UNAVAILABLE

    asyncio.run(story())


def test_key_material_that_cannot_be_used_is_named(tmp_path):
    files = certificates.make(tmp_path)
    files.key.write_text("no key")

    async def story():
        server = GrpcServer([], Metrics(), GrpcSettings(tls=files))
        with pytest.raises(Invalid, match=r"^auth\.tls_cert: .*server\.key are no PEM certificate with its key"):
            await server.start([LOOPBACK])
        files.key.unlink()
        with pytest.raises(Invalid, match=r"^auth\.tls_key: cannot read .*server\.key"):
            await server.start([LOOPBACK])

    asyncio.run(story())


def test_a_draining_server_finishes_what_is_under_way_and_refuses_the_rest():
    async def story():
        echo = Echo()
        async with running(echo) as at:
            watch = health_pb2_grpc.HealthStub(at.client.channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
            assert (await watch.read()).status == SERVING
            slow = at.client.one("Slow")
            await echo.entered.wait()
            async with asyncio.TaskGroup() as group:
                stopping = group.create_task(at.server.stop(10))
                assert (await watch.read()).status == NOT_SERVING
                async with grpc.aio.insecure_channel(str(at.address)) as fresh:
                    refused = await fails(Client(fresh).one("One"))
                    assert refused.code() in {Code.UNAVAILABLE, Code.CANCELLED}  # the library's own, if it has begun
                assert not stopping.done()
                echo.release.set()
                assert await slow == "hello"
            assert (await fails(watch.read())).code() is Code.UNAVAILABLE
            assert not echo.cancelled.is_set()

    asyncio.run(story())


def test_endless_streams_do_not_use_up_the_grace():
    async def story():
        echo = Echo()
        async with running(echo) as at:
            stream = at.client.many("Forever")
            assert await stream.read() == "first"
            await echo.entered.wait()
            async with asyncio.timeout(5):
                await at.server.stop(3_600)
            failure = await fails(stream.read())
            assert (failure.code(), failure.details()) == (Code.UNAVAILABLE, "the server is stopping")
            assert echo.cancelled.is_set()
            assert at.count("Forever", "UNAVAILABLE") == 1

    asyncio.run(story())


def test_past_the_grace_calls_are_cancelled():
    async def story():
        echo = Echo()
        async with running(echo) as at:
            slow = at.client.one("Slow")
            await echo.entered.wait()
            async with asyncio.timeout(5):
                await at.server.stop(0.05)
            assert echo.cancelled.is_set()
            assert (await fails(slow)).code() in {Code.UNAVAILABLE, Code.CANCELLED}
            assert at.count("Slow", "CANCELLED") == 1

    asyncio.run(story())


def test_a_registration_may_only_add_handlers():
    async def story():
        def add(server):
            server.add_insecure_port("127.0.0.1:0")

        with pytest.raises(AttributeError, match="add_insecure_port"):
            await GrpcServer([Registration(add, ("x.Y",))], Metrics()).start([LOOPBACK])

    asyncio.run(story())


def test_clients_that_ping_all_the_time_are_tolerated():
    options = [
        ("grpc.keepalive_time_ms", 50),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]

    async def story():
        echo = Echo()
        async with running(echo) as at, grpc.aio.insecure_channel(str(at.address), options=options) as channel:
            slow = Client(channel).one("Slow", timeout=1.2)
            await echo.entered.wait()
            # The end must be the deadline, not a GOAWAY for too many pings.
            assert (await fails(slow)).code() is Code.DEADLINE_EXCEEDED
            assert await Client(channel).one("One") == "hello"

    asyncio.run(story())
