"""ExecutorInfo: the built-in executor of task groups, and those that frameworks bring themselves. Pure."""

from __future__ import annotations

from portico.domain.errors import Invalid
from portico.domain.identity import Micros
from portico.domain.runs import Form, RunSpec
from portico.doors.mesos.extension.plans import ExecutorPlan, Held
from portico.doors.mesos.inbound import commands, containers, demands, durations, environments
from portico.doors.mesos.inbound.names import check_id
from portico.doors.mesos.inbound.surroundings import Surroundings
from portico.wire.mesos import mesos_pb2 as pb

LARGEST = 1 << 20
"""Bytes of a TaskInfo or ExecutorInfo: it reaches its executor's host in one line of text, which is bounded."""


def for_task(info: pb.ExecutorInfo, around: Surroundings) -> ExecutorPlan:
    """Read the executor of a task that is launched by itself; fills in framework id, type and role. Raises Invalid."""
    if not info.HasField("framework_id"):
        info.framework_id.value = around.framework
    if not info.HasField("type"):
        info.type = pb.ExecutorInfo.CUSTOM
    if info.type == pb.ExecutorInfo.DEFAULT:
        raise Invalid("An executor of type DEFAULT runs task groups only", "executor.type")
    return _read(info, around)


def for_group(info: pb.ExecutorInfo, around: Surroundings) -> ExecutorPlan:
    """Read the executor of a task group; fills in the role only. Raises Invalid."""
    if not info.HasField("framework_id"):
        raise Invalid("'ExecutorInfo.framework_id' must be set", "executor.framework_id")
    if not info.HasField("type"):
        raise Invalid("'ExecutorInfo.type' must be set", "executor.type")
    if info.ByteSize() > LARGEST:
        raise Invalid(f"Executor has {info.ByteSize()} bytes, more than {LARGEST}", "executor")
    plan = _read(info, around)
    demands.check_least(plan.held, plan.executor)
    if info.container.HasField("docker"):
        raise Invalid("Docker ContainerInfo is not supported on the executor", "executor.container.docker")
    return plan


def unread(info: pb.ExecutorInfo) -> ExecutorPlan:
    """Stand in for an executor that is wrong."""
    return ExecutorPlan(
        executor=info.executor_id.value,
        info=info.SerializeToString(),
        held=Held(),
        spec=RunSpec(form=Form.SCOPE),
        default=info.type == pb.ExecutorInfo.DEFAULT,
    )


def _read(info: pb.ExecutorInfo, around: Surroundings) -> ExecutorPlan:
    try:
        check_id(info.executor_id.value, "executor.executor_id")
    except Invalid as error:
        raise Invalid(f"Executor ID is invalid: {error}", error.field) from error
    if info.framework_id.value != around.framework:
        said = info.framework_id.value
        text = f"ExecutorInfo has an invalid FrameworkID (Actual: {said} vs Expected: {around.framework})"
        raise Invalid(text, "executor.framework_id")
    if info.type not in (pb.ExecutorInfo.DEFAULT, pb.ExecutorInfo.CUSTOM):
        raise Invalid("'ExecutorInfo.type' must be DEFAULT or CUSTOM", "executor.type")
    held = demands.read_demand(info.resources, around, "Executor")
    grace = _grace(info, around)
    default = info.type == pb.ExecutorInfo.DEFAULT
    spec = _scope(info, held, around) if default else _process(info, held, around, grace)
    return ExecutorPlan(
        executor=info.executor_id.value,
        info=info.SerializeToString(),
        held=held,
        spec=spec,
        default=default,
        grace=grace,
    )


def _grace(info: pb.ExecutorInfo, around: Surroundings) -> Micros:
    if not info.HasField("shutdown_grace_period"):
        return around.shutdown_grace
    return durations.nanoseconds(info.shutdown_grace_period.nanoseconds, "ExecutorInfo.shutdown_grace_period")


def _scope(info: pb.ExecutorInfo, held: Held, around: Surroundings) -> RunSpec:
    if info.HasField("command"):
        raise Invalid("'ExecutorInfo.command' must not be set for 'DEFAULT' executor", "executor.command")
    if info.HasField("container"):
        _check_scope_container(info.container)
    if any(resource.disk.HasField("persistence") for resource in info.resources):
        raise Invalid("Persistent volumes of a 'DEFAULT' executor are not served; give them to tasks", "executor")
    return RunSpec(form=Form.SCOPE, user=around.user, limits=demands.limits(held, around))


def _check_scope_container(container: pb.ContainerInfo) -> None:
    """Refuse what a scope, which has no process, cannot have."""
    if container.type != pb.ContainerInfo.MESOS:
        raise Invalid("'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor", "executor.container.type")
    if container.mesos.HasField("image"):
        raise Invalid(
            "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor", "executor.container"
        )
    for field in ("volumes", "network_infos"):
        if any(one.ByteSize() for one in getattr(container, field)):
            raise Invalid(
                f"'ExecutorInfo.container.{field}' is not served for 'DEFAULT' executor", "executor.container"
            )
    for field in ("hostname", "linux_info", "rlimit_info", "tty_info"):
        if container.HasField(field):
            raise Invalid(
                f"'ExecutorInfo.container.{field}' is not served for 'DEFAULT' executor", "executor.container"
            )


def _process(info: pb.ExecutorInfo, held: Held, around: Surroundings, grace: Micros) -> RunSpec:
    if not info.HasField("command"):
        raise Invalid("'ExecutorInfo.command' must be set for 'CUSTOM' executor", "executor.command")
    command = info.command
    mounts = demands.volume_mounts(info.resources, around)
    container = info.container if info.HasField("container") else None
    setting = containers.setting(container, command, mounts) if container else containers.on_host(command, mounts)
    said = environments.agent_environment(around, info.executor_id.value, grace, setting.sandbox)
    return RunSpec(
        argv=setting.argv,
        environment={**said, **commands.environment(command)},
        user=command.user or around.user,
        fetch=commands.fetches(command),
        limits=demands.limits(held, around),
        hosts=True,
        container=setting.container,
        rlimits=setting.rlimits,
        attach=setting.attach,
        folder_names=setting.folder_names,
    )
