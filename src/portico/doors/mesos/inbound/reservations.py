"""RESERVE and UNRESERVE, from frameworks and from operators. Pure; raises Invalid with what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from portico.domain.errors import Invalid
from portico.domain.slices import UNRESERVED
from portico.doors.mesos.extension.plans import Reserve, Unreserve
from portico.doors.mesos.resources import check_resource, to_held
from portico.wire.mesos import mesos_pb2 as pb


def reserve(resources: Sequence[pb.Resource], node: str, principal: str = "") -> Reserve:
    """Read what is to be reserved on a node; `principal` is whom the caller was authenticated as, empty for nobody."""
    if not resources:
        raise Invalid("No resources to reserve", "resources")
    for resource in resources:
        check_resource(resource)
        _check_dynamic(resource)
        said = resource.reservation.principal if resource.reservation.HasField("principal") else ""
        if principal and said != principal:
            raise Invalid(
                f"A reserve operation was attempted by authenticated principal '{principal}', which does not match a "
                f"reserved resource in the request with principal '{said}'",
                "resources.reservation.principal",
            )
        if resource.disk.HasField("persistence"):
            raise Invalid("A persistent volume already exists on reserved resources", "resources.disk.persistence")
    return Reserve(to_held(resources, node))


def reserve_for(
    resources: Sequence[pb.Resource], node: str, role: str, roles: Sequence[str], principal: str
) -> Reserve:
    """Read what a framework with these roles wants reserved from an offer for `role`."""
    wanted = reserve(resources, node, principal)
    for resource in resources:
        if resource.role != role:
            raise Invalid(
                f"A reserve operation for role '{resource.role}' was attempted on resources allocated to '{role}'",
                "resources.role",
            )
        if resource.role not in roles:
            raise Invalid(f"The framework is not subscribed to role '{resource.role}'", "resources.role")
    return wanted


def unreserve(resources: Sequence[pb.Resource], node: str) -> Unreserve:
    """Read what is to be given back on a node."""
    if not resources:
        raise Invalid("No resources to unreserve", "resources")
    for resource in resources:
        check_resource(resource)
        _check_dynamic(resource)
        if resource.disk.HasField("persistence"):
            identity = resource.disk.persistence.id
            raise Invalid(
                f"A dynamically reserved persistent volume '{identity}' cannot be unreserved directly. "
                "Please destroy the persistent volume first then unreserve the resource",
                "resources.disk.persistence",
            )
    return Unreserve(to_held(resources, node))


def _check_dynamic(resource: pb.Resource) -> None:
    if resource.role == UNRESERVED or not resource.HasField("reservation"):
        raise Invalid(f"Resource '{resource.name}' is not dynamically reserved", "resources.reservation")
