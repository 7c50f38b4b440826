"""Workers that do not behave as they should: see the names below."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

import grpc.aio

from portico.armonik_worker.serving import target
from portico.wire.armonik.objects_pb2 import Empty, Output
from portico.wire.armonik.worker_pb2 import HealthCheckReply, ProcessReply

KIND = sys.argv[1]
checks = itertools.count(1)


async def process(request, context):
    if KIND == "garbage":
        return b"\xff\xff\xff\xff"
    return (ProcessReply() if KIND == "empty" else ProcessReply(output=Output(ok=Empty()))).SerializeToString()


async def health(request, context):
    if KIND == "unable" and next(checks) < 5:
        return HealthCheckReply(status=HealthCheckReply.NOT_SERVING).SerializeToString()
    return HealthCheckReply(status=HealthCheckReply.SERVING).SerializeToString()


async def main():
    server = grpc.aio.server()
    methods = {"Process": grpc.unary_unary_rpc_method_handler(process)}
    if KIND != "mute":
        methods["HealthCheck"] = grpc.unary_unary_rpc_method_handler(health)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("armonik.api.grpc.v1.worker.Worker", methods),)
    )
    server.add_insecure_port(target("Worker", os.environ))
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
