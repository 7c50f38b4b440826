"""All services of the door, as they are registered: each behind its permissions, with the streams that never end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc.aio
import msgspec

from portico.control.plane import Plane
from portico.doors.armonik import (
    applications,
    elsewhere,
    events,
    health,
    partitions,
    results,
    sessions,
    submitter,
    tasks,
    versions,
)
from portico.doors.armonik.access import Access, guarded
from portico.doors.armonik.authentication import AuthenticationService
from portico.wire.armonik import (
    applications_pb2,
    auth_pb2,
    auth_pb2_grpc,
    events_pb2,
    health_checks_pb2,
    partitions_pb2,
    results_pb2,
    sessions_pb2,
    submitter_pb2,
    tasks_pb2,
    versions_pb2,
)

DOOR = "armonik"
AUTHENTICATION = "armonik.api.grpc.v1.auth.Authentication"
_DESCRIBED = {
    service.full_name: service
    for module in (
        applications_pb2,
        auth_pb2,
        events_pb2,
        health_checks_pb2,
        partitions_pb2,
        results_pb2,
        sessions_pb2,
        submitter_pb2,
        tasks_pb2,
        versions_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
}


_NONE: frozenset[str] = frozenset()


class Facts(msgspec.Struct, frozen=True):
    """What services tell or look at: the server's version, the folder of large data (None in memory), and how many
    bytes of data clients should put into a message.
    """

    version: str
    objects: Path | None
    chunk: int


class Served(msgspec.Struct, frozen=True):
    """One service: how it is added to a server, its full name, and those of its streams that never end."""

    add: Callable[[grpc.aio.Server], None]
    name: str
    endless: frozenset[str] = frozenset()


def permission_of(service: str, rpc: str) -> str:
    """Name the permission that an RPC asks for; whoever it is, everybody may ask who they are."""
    if service == AUTHENTICATION:
        return ""
    return f"{_DESCRIBED[service].name.removesuffix('Service')}:{rpc}"


def permissions() -> list[str]:
    """Name all permissions of RPCs."""
    found = (permission_of(name, rpc.name) for name, service in _DESCRIBED.items() for rpc in service.methods)
    return sorted(permission for permission in found if permission)


def services(control: Plane, access: Access, facts: Facts) -> list[Served]:
    """Give all services that the public port has, and those that it refuses."""
    found: list[tuple[Any, Any, str, frozenset[str]]] = [
        (applications.add_to_server, applications.Applications(control), applications.SERVICE, _NONE),
        (events.add_to_server, events.Events(control), events.SERVICE, events.ENDLESS),
        (health.add_to_server, health.HealthChecks(control, facts.objects), health.SERVICE, _NONE),
        (partitions.add_to_server, partitions.Partitions(control), partitions.SERVICE, _NONE),
        (results.add_to_server, results.Results(control, facts.chunk), results.SERVICE, results.ENDLESS),
        (sessions.add_to_server, sessions.Sessions(control), sessions.SERVICE, _NONE),
        (submitter.add_to_server, submitter.Submitter(control, facts.chunk), submitter.SERVICE, submitter.ENDLESS),
        (tasks.add_to_server, tasks.Tasks(control), tasks.SERVICE, _NONE),
        (versions.add_to_server, versions.Versions(facts.version), versions.SERVICE, _NONE),
        (auth_pb2_grpc.add_AuthenticationServicer_to_server, AuthenticationService(access), AUTHENTICATION, _NONE),
    ]
    served = [
        Served(guarded(partial(add, service), access, permission_of), name, endless)
        for add, service, name, endless in found
    ]
    refused = [Served(partial(elsewhere.add_to_server, name), name) for name in elsewhere.SERVICE_NAMES]
    return [*served, *refused]
