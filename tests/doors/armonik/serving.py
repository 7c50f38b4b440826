"""The services of the door behind a real server on loopback, over a real plane on the store in memory."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
import grpc.aio
import pytest
from calls.stage import PARTITIONS, FakeAgent, Stage
from google.protobuf.duration_pb2 import Duration
from harness import make_plane

from portico.doors.armonik import events, health, results, submitter, versions
from portico.doors.armonik.errors import translate
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration
from portico.wire.armonik import (
    events_pb2_grpc,
    health_checks_pb2_grpc,
    objects_pb2,
    results_pb2_grpc,
    submitter_pb2_grpc,
    versions_pb2_grpc,
)

ENDLESS = events.ENDLESS | results.ENDLESS | submitter.ENDLESS
CORE_VERSION = "1.2.3"


class Served(Stage):
    """A plane with its services; `results`, `events`, ... are stubs."""

    def __init__(self, plane, channel, server, address):
        super().__init__(plane)
        self.channel = channel
        self.server = server
        self.address = address
        self.results_rpc = results_pb2_grpc.ResultsStub(channel)
        self.events_rpc = events_pb2_grpc.EventsStub(channel)
        self.submitter = submitter_pb2_grpc.SubmitterStub(channel)
        self.health = health_checks_pb2_grpc.HealthChecksServiceStub(channel)
        self.versions = versions_pb2_grpc.VersionsStub(channel)

    async def session_text(self, *partitions, **options):
        return self.calls.session_text(await self.session(*partitions, **options))

    def agent(self, partition="default"):
        return FakeAgent(self.plane, partition)

    def texts(self, numbers):
        return [self.calls.result_text(number) for number in numbers]

    def call_texts(self, numbers):
        return [self.book.text(number) for number in numbers]


def task_options(**given):
    values = {"max_duration": Duration(seconds=60), "max_retries": 2, "priority": 1, **given}
    return objects_pb2.TaskOptions(**values)


async def read_all(messages):
    async for _ in messages:
        pass


async def refused(call):
    """Give code and details of a call that fails."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (read_all(call) if hasattr(call, "__aiter__") else call)
    return caught.value.code(), caught.value.details()


@contextlib.asynccontextmanager
async def served(objects=None):
    plane = make_plane()
    plane.calls.partitions = dict(PARTITIONS)
    if objects is not None:
        plane.calls.objects = objects
    plane.start([], [])
    door = [
        (results, results.Results(plane)),
        (events, events.Events(plane)),
        (submitter, submitter.Submitter(plane)),
        (health, health.HealthChecks(plane, None)),
        (versions, versions.Versions(CORE_VERSION)),
    ]
    registrations = [
        Registration(
            lambda server, module=module, service=service: module.add_to_server(service, server),
            (module.SERVICE,),
            "armonik",
            translate,
            ENDLESS,
        )
        for module, service in door
    ]
    server = GrpcServer(registrations, Metrics())
    (address,) = await server.start([Address("127.0.0.1", 0)])
    await server.open()
    loops = [asyncio.ensure_future(loop) for loop in (plane.calls.agents.run(), plane.calls.clearing.run())]
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    try:
        async with grpc.aio.insecure_channel(str(address), options=options) as channel:
            yield Served(plane, channel, server, str(address))
    finally:
        for loop in loops:
            loop.cancel()
        ended = await asyncio.gather(*loops, return_exceptions=True)
        plane.calls.watching.close_all()
        await server.stop(0)
        for one in ended:
            if not isinstance(one, asyncio.CancelledError):
                raise one


def story(play, **given):
    """Run an async test against a server."""

    async def run():
        async with served(**given) as at:
            await play(at)

    asyncio.run(run())


async def until(happened, seconds=10):
    """Let time pass until something is so."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.002)
