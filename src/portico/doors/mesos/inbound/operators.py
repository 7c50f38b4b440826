"""What operators ask of the master: reservations, volumes, quotas and weights. Pure.

Raises Invalid for what is wrong (400) and Conflict for what does not fit (409), with upstream's texts; facts about the
present are given.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from portico.domain.errors import Conflict, Invalid
from portico.domain.resources import WHOLE, Amounts, covers, subtract
from portico.domain.slices import UNRESERVED
from portico.doors.mesos.extension.plans import Create, Destroy, Reserve, Unreserve
from portico.doors.mesos.inbound import reservations, volumes
from portico.doors.mesos.inbound.names import ANYBODY, check_role
from portico.doors.mesos.resources import LARGEST, check_resource, thousandths
from portico.wire.mesos import master_pb2, quota_pb2
from portico.wire.mesos import mesos_pb2 as pb

Read = TypeVar("Read")


# ---- reservations and volumes ----------------------------------------------------------------------------------


def reserve(call: master_pb2.Call.ReserveResources, node: str, principal: str = "") -> Reserve:
    """Read what is to be reserved on an agent's node."""
    return _read("RESERVE", call.resources, lambda: reservations.reserve(call.resources, node, principal))


def unreserve(call: master_pb2.Call.UnreserveResources, node: str) -> Unreserve:
    """Read what is to be given back on an agent's node."""
    return _read("UNRESERVE", call.resources, lambda: reservations.unreserve(call.resources, node))


def create(call: master_pb2.Call.CreateVolumes, principal: str = "") -> Create:
    """Read the volumes to be made."""
    return _read("CREATE", call.volumes, lambda: volumes.create(call.volumes, principal))


def destroy(call: master_pb2.Call.DestroyVolumes) -> Destroy:
    """Read the volumes to be removed."""
    return _read("DESTROY", call.volumes, lambda: volumes.destroy(call.volumes))


def _read(kind: str, resources: Iterable[pb.Resource], read: Callable[[], Read]) -> Read:
    try:
        _check_unallocated(resources)
        return read()
    except Invalid as error:
        raise Invalid(f"Invalid {kind} operation: {error}", error.field) from error


def _check_unallocated(resources: Iterable[pb.Resource]) -> None:
    for resource in resources:
        if resource.HasField("allocation_info"):
            text = f"'allocation_info' of resource '{resource.name}' must not be set by an operator"
            raise Invalid(text, "resources.allocation_info")


# ---- quota -----------------------------------------------------------------------------------------------------


class Quota(msgspec.Struct, frozen=True):
    """A role's guarantee in thousandths; `info` is the QuotaInfo told of it, `force` skips the check of capacity."""

    role: str
    guarantee: dict[str, int]
    info: bytes
    force: bool = False


def quota(
    request: quota_pb2.QuotaRequest, existing: Container[str], principal: str = "", *, hierarchical: bool = False
) -> Quota:
    """Read a quota to be set; `existing` are the roles that have one."""
    try:
        _check_quota_role(request, existing, hierarchical=hierarchical)
        guarantee = _guarantee(request.guarantee)
    except Invalid as error:
        raise Invalid(f"Failed to validate set quota request: {error}", f"quota_request.{error.field}") from error
    info = quota_pb2.QuotaInfo(role=request.role, principal=principal or None, guarantee=request.guarantee)
    return Quota(request.role, guarantee, info.SerializeToString(), request.force)


def _check_quota_role(request: quota_pb2.QuotaRequest, existing: Container[str], *, hierarchical: bool) -> None:
    if not request.role:
        raise Invalid("QuotaInfo must specify a role", "role")
    if request.role == ANYBODY:
        raise Invalid("QuotaInfo must not specify the default '*' role", "role")
    try:
        check_role(request.role, hierarchical=hierarchical)
    except Invalid as error:
        raise Invalid(f"QuotaInfo with invalid role: {error}", "role") from error
    if request.role in existing:
        raise Invalid(f"Cannot set quota for role '{request.role}' which already has quota", "role")


def _guarantee(resources: Sequence[pb.Resource]) -> dict[str, int]:
    if not resources:
        raise Invalid("QuotaInfo with empty 'guarantee'", "guarantee")
    found: dict[str, int] = {}
    for resource in resources:
        _check_guaranteed(resource)
        if resource.name in found:
            raise Invalid(f"QuotaInfo contains duplicate resource name '{resource.name}'", "guarantee")
        found[resource.name] = thousandths(resource.scalar.value)
    return found


def _check_guaranteed(resource: pb.Resource) -> None:
    for field, what in _NOT_IN_QUOTA.items():
        if resource.HasField(field):
            raise Invalid(f"QuotaInfo must not contain {what}", f"guarantee.{field}")
    if resource.type != pb.Value.SCALAR:
        raise Invalid("QuotaInfo must not include non-scalar resources", "guarantee")
    try:
        check_resource(resource)
    except Invalid as error:
        raise Invalid(f"QuotaInfo with invalid resource: {error}", "guarantee") from error
    if resource.role != UNRESERVED:
        raise Invalid("QuotaInfo must not specify a role of its resources", "guarantee.role")


_NOT_IN_QUOTA = {
    "reservation": "ReservationInfo",
    "disk": "DiskInfo",
    "revocable": "RevocableInfo",
    "shared": "SharedInfo",
    "allocation_info": "AllocationInfo",
}


def check_capacity(wish: Quota, capacity: Amounts, guaranteed: Iterable[Mapping[str, int]]) -> None:
    """Raise Conflict when the cluster is too small for a quota beside those that were `guaranteed` before.

    `capacity` is what all agents have that is not statically reserved.
    """
    if wish.force:
        return
    left = capacity
    for other in guaranteed:
        left = subtract(left, other)
    if not covers(left, wish.guarantee):
        raise Conflict(
            "Heuristic capacity check for set quota request failed: Not enough available cluster capacity to "
            "reasonably satisfy quota request; the force flag can be used to override this check"
        )


def quota_removal(role: str, existing: Container[str], known: Container[str], *, hierarchical: bool = False) -> str:
    """Read the role whose quota is to be removed; `known` are the roles that the master has heard of."""
    prefix = "Failed to remove quota: "
    try:
        check_role(role, hierarchical=hierarchical)
    except Invalid as error:
        raise Invalid(f"{prefix}{error}", "remove_quota.role") from error
    if role in existing:
        return role
    if role not in known:
        raise Invalid(f"{prefix}Unknown role: '{role}'", "remove_quota.role")
    raise Invalid(f"{prefix}Role '{role}' has no quota set", "remove_quota.role")


# ---- weights ---------------------------------------------------------------------------------------------------


class Weight(msgspec.Struct, frozen=True):
    """How much a role's share counts; 1.0 is what a role without one has."""

    role: str
    weight: float


def weights(
    infos: Iterable[pb.WeightInfo], whitelist: Container[str] | None = None, *, hierarchical: bool = False
) -> tuple[Weight, ...]:
    """Read weights to be set, the last for a role; `whitelist` are the roles there may be, None for any."""
    found: dict[str, Weight] = {}
    for info in infos:
        try:
            check_role(info.role, hierarchical=hierarchical)
        except Invalid as error:
            raise Invalid(f"Invalid role '{info.role}' in weights: {error}", "weight_infos.role") from error
        if whitelist is not None and info.role not in whitelist:
            raise Invalid(f"Unknown role: '{info.role}'", "weight_infos.role")
        if not info.weight > 0 or info.weight * WHOLE > LARGEST:
            wanted = f"Weights must be positive, {LARGEST / WHOLE:g} at most"
            raise Invalid(f"Invalid weight '{info.weight:g}' for role '{info.role}': {wanted}", "weight_infos.weight")
        found[info.role] = Weight(info.role, info.weight)
    return tuple(found.values())
