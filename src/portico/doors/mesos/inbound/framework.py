"""FrameworkInfo: who subscribes, and what is wrong with it. Pure."""

from __future__ import annotations

import msgspec

from portico.domain.errors import Invalid
from portico.domain.identity import Instant, Micros
from portico.doors.mesos.extension.records import Framework
from portico.doors.mesos.inbound import durations
from portico.doors.mesos.inbound.names import check_id, check_role
from portico.wire.mesos import mesos_pb2 as pb
from portico.wire.mesos import scheduler_pb2

_Capability = pb.FrameworkInfo.Capability


def check_ids(call: scheduler_pb2.Call) -> None:
    """Raise Invalid unless a SUBSCRIBE names the same framework twice, or not at all."""
    info = call.subscribe.framework_info
    said = call.framework_id.value if call.HasField("framework_id") else None
    named = info.id.value if info.HasField("id") and info.id.value else None
    if (said or None) != named:
        raise Invalid("'framework_id' differs from 'subscribe.framework_info.id'", "framework_id")


def draft(info: pb.FrameworkInfo, principal: str | None = None, *, hierarchical: bool = False) -> Framework:
    """Read who subscribes as a draft of its record: without times, and without an id for one that is new.

    `principal` is whom the caller was authenticated as, if anybody. Raises Invalid with the text of the ERROR event
    that a framework which cannot be taken is told. `hierarchical` allows roles below roles.
    """
    if info.id.value:
        _check("'FrameworkInfo.id' is invalid", info.id.value)
    if any(char in info.user for char in "\0\n:/"):
        raise Invalid(f"'FrameworkInfo.user' cannot be '{info.user}'", "user")
    if principal and info.principal != principal and info.HasField("principal"):
        text = f"Framework principal '{info.principal}' does not match authenticated principal '{principal}'"
        raise Invalid(text, "principal")
    capabilities = frozenset(
        _Capability.Type.Name(one.type) for one in info.capabilities if one.type != _Capability.UNKNOWN
    )
    return Framework(
        id=info.id.value,
        info=info.SerializeToString(),
        name=info.name,
        user=info.user,
        roles=_roles(info, multiple="MULTI_ROLE" in capabilities, hierarchical=hierarchical),
        principal=info.principal or principal or "",
        capabilities=capabilities,
        failover_timeout=_failover_timeout(info.failover_timeout),
        checkpoint=info.checkpoint,
        registered_at=Instant(0),
    )


def renew(old: Framework, draft: Framework) -> Framework:
    """Read a framework that comes back: who runs its tasks, under which principal, and whether they are checkpointed
    stays as it was."""
    before, info = pb.FrameworkInfo.FromString(old.info), pb.FrameworkInfo.FromString(draft.info)
    info.user, info.checkpoint = before.user, before.checkpoint
    info.principal = before.principal
    if not before.HasField("principal"):
        info.ClearField("principal")
    return msgspec.structs.replace(
        draft,
        info=info.SerializeToString(),
        user=old.user,
        principal=old.principal,
        checkpoint=old.checkpoint,
        registered_at=old.registered_at,
    )


def named(draft: Framework, identity: str) -> Framework:
    """Give a new framework its id."""
    info = pb.FrameworkInfo.FromString(draft.info)
    info.id.value = identity
    return msgspec.structs.replace(draft, id=identity, info=info.SerializeToString())


def _roles(info: pb.FrameworkInfo, *, multiple: bool, hierarchical: bool) -> tuple[str, ...]:
    if not multiple:
        if info.roles:
            raise Invalid("'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable", "roles")
        _check_role("role", info.role, hierarchical=hierarchical)
        return (info.role,)
    if info.HasField("role"):
        raise Invalid("'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable", "role")
    for role in info.roles:
        _check_role("roles", role, hierarchical=hierarchical)
    twice = [role for index, role in enumerate(info.roles) if role in info.roles[:index]]
    if twice:
        raise Invalid(f"'FrameworkInfo.roles' contains duplicate items: {', '.join(twice)}", "roles")
    return tuple(info.roles)


def _check_role(field: str, role: str, *, hierarchical: bool) -> None:
    try:
        check_role(role, field, hierarchical=hierarchical)
    except Invalid as error:
        raise Invalid(f"'FrameworkInfo.{field}' is not valid: {error}", field) from error


def _check(what: str, identity: str) -> None:
    try:
        check_id(identity, "id")
    except Invalid as error:
        raise Invalid(f"{what}: {error}", "id") from error


def _failover_timeout(value: float) -> Micros:
    try:
        return durations.seconds(value, "failover_timeout")
    except Invalid as error:
        raise Invalid(f"The framework failover_timeout ({value:g}secs) is invalid: {error}", error.field) from error
