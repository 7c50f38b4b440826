"""The services of the wire, by name: how each is added to a server, and what its RPCs take and give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from portico.doors.titus.service import add_to_server
from portico.wire.titus import (
    autoscale_api_pb2,
    autoscale_api_pb2_grpc,
    cluster_membership_api_pb2,
    cluster_membership_api_pb2_grpc,
    eviction_api_pb2,
    eviction_api_pb2_grpc,
    federation_capacity_api_pb2,
    federation_capacity_api_pb2_grpc,
    health_pb2,
    health_pb2_grpc,
    job_api_pb2,
    loadbalancer_api_pb2,
    loadbalancer_api_pb2_grpc,
    master_api_pb2,
    master_api_pb2_grpc,
    scheduler_api_pb2,
    scheduler_api_pb2_grpc,
    task_relocation_api_pb2,
    task_relocation_api_pb2_grpc,
)

PACKAGE = "com.netflix.titus"
Add = Callable[[Any, Any], None]

ADDERS: Mapping[str, Add] = {
    "JobManagementService": add_to_server,
    "AutoScalingService": autoscale_api_pb2_grpc.add_AutoScalingServiceServicer_to_server,
    "ClusterMembershipService": cluster_membership_api_pb2_grpc.add_ClusterMembershipServiceServicer_to_server,
    "EvictionService": eviction_api_pb2_grpc.add_EvictionServiceServicer_to_server,
    "FederatedCapacityGroupService": (
        federation_capacity_api_pb2_grpc.add_FederatedCapacityGroupServiceServicer_to_server
    ),
    "Health": health_pb2_grpc.add_HealthServicer_to_server,
    "LoadBalancerService": loadbalancer_api_pb2_grpc.add_LoadBalancerServiceServicer_to_server,
    "SchedulerService": scheduler_api_pb2_grpc.add_SchedulerServiceServicer_to_server,
    "SupervisorService": master_api_pb2_grpc.add_SupervisorServiceServicer_to_server,
    "TaskRelocationService": task_relocation_api_pb2_grpc.add_TaskRelocationServiceServicer_to_server,
}
_DESCRIBED = {
    service.name: service
    for module in (
        autoscale_api_pb2,
        cluster_membership_api_pb2,
        eviction_api_pb2,
        federation_capacity_api_pb2,
        health_pb2,
        job_api_pb2,
        loadbalancer_api_pb2,
        master_api_pb2,
        scheduler_api_pb2,
        task_relocation_api_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
}
ENDLESS = frozenset(
    f"/{PACKAGE}.{service.name}/{method.name}"
    for service in _DESCRIBED.values()
    for method in service.methods
    if method.server_streaming
)
"""Streams that go on until their client or the server ends them."""


def method(service: str, rpc: str) -> MethodDescriptor:
    """Describe an RPC."""
    found: MethodDescriptor = _DESCRIBED[service].methods_by_name[rpc]
    return found
