"""Services of the API that are not served on the public port: every call of theirs is refused with the reason.

They are the two ends of the channel between a worker and the agent beside it; see `outpost`.
"""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from portico.doors.armonik.errors import Refused
from portico.wire.armonik import agent_pb2, worker_pb2

ELSEWHERE: dict[ServiceDescriptor, str] = {
    agent_pb2.DESCRIPTOR.services_by_name["Agent"]: (
        "an agent answers its own worker alone, at ComputePlane__AgentChannel__Address"
    ),
    worker_pb2.DESCRIPTOR.services_by_name["Worker"]: (
        "a worker answers the agent beside it, at ComputePlane__WorkerChannel__Address"
    ),
}
"""Each service that is not served, and why."""

SERVICE_NAMES = tuple(service.full_name for service in ELSEWHERE)


def add_to_server(name: str, server: grpc.aio.Server) -> None:
    """Register the refusals of one service, by its full name."""
    service, reason = next((service, reason) for service, reason in ELSEWHERE.items() if service.full_name == name)
    methods = {method.name: _handler(service, method, reason) for method in service.methods}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))


def _handler(service: ServiceDescriptor, method: MethodDescriptor, reason: str) -> grpc.RpcMethodHandler[Any, Any]:
    text = f"{service.name}.{method.name} is not served here: {reason}"
    parse = GetMessageClass(method.input_type).FromString

    async def refuse(_request: Any, _context: Any) -> Any:
        raise Refused(grpc.StatusCode.UNIMPLEMENTED, text)

    if method.client_streaming:
        return grpc.stream_unary_rpc_method_handler(refuse, parse)
    return grpc.unary_unary_rpc_method_handler(refuse, parse)
