"""Services of the API that this cell does not have: every call of theirs is refused with the reason.

The table is all there is: service and reason; the RPCs are read off the wire contract.
"""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from portico.doors.titus import errors
from portico.wire.titus import agent_api_pb2, job_activity_history_pb2, vpc_api_pb2

_VPC = "addresses and security groups belong to the network of a cloud; tasks have the network of their node"

ELSEWHERE: dict[ServiceDescriptor, str] = {
    agent_api_pb2.DESCRIPTOR.services_by_name["AgentManagementService"]: (
        "machines are not managed through this API: Portico's own console and command line show and drain nodes"
    ),
    job_activity_history_pb2.DESCRIPTOR.services_by_name["JobActivityHistoryService"]: (
        "scaling activities are not kept apart: a job's own events and attributes tell who changed its capacity and why"
    ),
    **{
        vpc_api_pb2.DESCRIPTOR.services_by_name[name]: _VPC
        for name in (
            "UserIPService",
            "ValidatorIPService",
            "IPService",
            "TitusAgentVPCInformationService",
            "TitusAgentSecurityGroupService",
        )
    },
}
"""Each service that is not served, and why."""

SERVICE_NAMES = tuple(service.full_name for service in ELSEWHERE)


def add_to_server(server: grpc.aio.Server) -> None:
    """Register the refusals."""
    for service, reason in ELSEWHERE.items():
        methods = {method.name: _handler(service, method, reason) for method in service.methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, methods),))


def _handler(service: ServiceDescriptor, method: MethodDescriptor, reason: str) -> grpc.RpcMethodHandler[Any, Any]:
    """Refuse one RPC, a stream with its first message."""
    text = f"{service.name}.{method.name} is not served by this cell: {reason}"
    parse = GetMessageClass(method.input_type).FromString

    async def refuse(_request: Any, _context: Any) -> Any:
        raise errors.unimplemented(text)

    async def refuse_stream(_request: Any, _context: Any) -> Any:
        raise errors.unimplemented(text)
        yield b""  # makes it a stream

    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(refuse_stream, parse)
    return grpc.unary_unary_rpc_method_handler(refuse, parse)
