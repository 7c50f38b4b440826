"""TaskInfo: one task, alone, in an executor, or in a group. Pure.

Promises: a task that is wrong has a `problem` and costs only itself, or its group; what a task says and no Run can be
is kept in `info`, or refused by its name.
"""

from __future__ import annotations

from collections.abc import Iterable

from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import Form, HealthCheck, RunSpec, StatusCheck
from portico.doors.mesos.extension.plans import ExecutorPlan, Held, LaunchGroup, TaskPlan
from portico.doors.mesos.inbound import (
    checks,
    commands,
    containers,
    demands,
    durations,
    environments,
    executors,
)
from portico.doors.mesos.inbound.names import check_id
from portico.doors.mesos.inbound.surroundings import Surroundings
from portico.wire.mesos import mesos_pb2 as pb

TASK_GRACE = Micros(3 * SECOND)
"""How long a task has to end that does not say so itself."""


LARGEST_GROUP = 30 << 20
"""Bytes of all tasks of a group, somewhat less than a call may have; they travel to their node in several frames."""
MOST_IN_GROUP = 1_000
"""Tasks of a group: they begin in one transaction."""


def read_task(message: pb.TaskInfo, around: Surroundings) -> TaskPlan:
    """Read a task that is launched by itself."""
    info = pb.TaskInfo()
    info.CopyFrom(message)
    try:
        _check(info, around)
        _check_alone(info)
        held = _held(info, around)
        if not info.HasField("executor"):
            spec = _process(info, held, around, info.task_id.value, around.shutdown_grace)
            return _plan(info, held, spec)
        executor = executors.for_task(info.executor, around)
        demands.check_together((info.resources, info.executor.resources))
        return _plan(info, held, _hosted(info, held, around), executor)
    except Invalid as error:
        return _wrong(message, str(error))


def read_group(executor: pb.ExecutorInfo, messages: Iterable[pb.TaskInfo], around: Surroundings) -> LaunchGroup:
    """Read a group of tasks; one that is wrong makes the group wrong."""
    within = pb.ExecutorInfo()
    within.CopyFrom(executor)
    infos = list(messages)
    try:
        plan = executors.for_group(within, around)
    except Invalid as error:
        tasks = tuple(_wrong(message, str(error)) for message in infos)
        return LaunchGroup(executors.unread(executor), tasks, str(error))
    tasks = tuple(_read_member(message, within, plan, around) for message in infos)
    return LaunchGroup(plan, tasks, _group_problem(tasks))


def _group_problem(tasks: tuple[TaskPlan, ...]) -> str:
    if not tasks:
        return "Task group cannot be empty"
    if len(tasks) > MOST_IN_GROUP:
        return f"Task group has {len(tasks)} tasks, more than {MOST_IN_GROUP}"
    size = sum(len(task.info) for task in tasks)
    if size > LARGEST_GROUP:
        return f"Task group has {size} bytes, more than {LARGEST_GROUP}"
    names: set[str] = set()
    for task in tasks:
        if task.task in names:
            return f"Task '{task.task}' is in its group more than once"
        names.add(task.task)
    return next((f"Task '{task.task}' is invalid: {task.problem}" for task in tasks if task.problem), "")


def _read_member(message: pb.TaskInfo, within: pb.ExecutorInfo, plan: ExecutorPlan, around: Surroundings) -> TaskPlan:
    info = pb.TaskInfo()
    info.CopyFrom(message)
    try:
        _check(info, around)
        _check_member(info, plan)
        held = _held(info, around)
        demands.check_together((info.resources, within.resources))
        if not plan.default:
            return _plan(info, held, _hosted(info, held, around))
        spec = _process(info, held, around, plan.executor, plan.grace)
        return _plan(info, held, spec)
    except Invalid as error:
        return _wrong(message, str(error))


def _check_alone(info: pb.TaskInfo) -> None:
    if info.HasField("executor") == info.HasField("command"):
        raise Invalid("Task should have at least one (but not both) of CommandInfo or ExecutorInfo present", "task")


def _check_member(info: pb.TaskInfo, plan: ExecutorPlan) -> None:
    if plan.default and not info.HasField("command"):
        raise Invalid("'TaskInfo.command' must be set for a task of the 'DEFAULT' executor", "task.command")
    if info.HasField("executor"):
        raise Invalid("'TaskInfo.executor' must not be set", "task.executor")
    if not info.HasField("container"):
        return
    if info.container.type == pb.ContainerInfo.DOCKER or info.container.HasField("docker"):
        raise Invalid("Docker ContainerInfo is not supported on the task", "task.container.docker")
    if info.container.network_infos:
        raise Invalid("NetworkInfos must not be set on the task", "task.container.network_infos")


def _check(info: pb.TaskInfo, around: Surroundings) -> None:
    size = info.ByteSize() + info.labels.ByteSize()  # labels travel twice
    if size > executors.LARGEST:
        raise Invalid(f"Task has {size} bytes, more than {executors.LARGEST}", "task")
    try:
        check_id(info.task_id.value, "task.task_id")
    except Invalid as error:
        raise Invalid(f"Task ID is invalid: {error}", error.field) from error
    if info.agent_id.value != around.agent:
        text = f"Task uses invalid agent {info.agent_id.value} while agent {around.agent} is expected"
        raise Invalid(text, "task.agent_id")


def _held(info: pb.TaskInfo, around: Surroundings) -> Held:
    held = demands.read_demand(info.resources, around, "Task")
    if held == Held():
        raise Invalid("Task uses no resources", "task.resources")
    demands.check_together((info.resources,))
    return held


def _health(info: pb.TaskInfo) -> HealthCheck | None:
    if not info.HasField("health_check"):
        return None
    try:
        return checks.health_check(info.health_check)
    except Invalid as error:
        raise Invalid(f"Task uses invalid health check: {error}", error.field) from error


def _status_check(info: pb.TaskInfo) -> StatusCheck | None:
    if not info.HasField("check"):
        return None
    try:
        return checks.status_check(info.check)
    except Invalid as error:
        raise Invalid(f"Task uses invalid check: {error}", error.field) from error


def _process(info: pb.TaskInfo, held: Held, around: Surroundings, executor: str, grace: Micros) -> RunSpec:
    """Give the process of a task that has a command of its own; `executor` and its grace are for its environment."""
    mounts = demands.volume_mounts(info.resources, around)
    command = info.command
    try:
        own = commands.environment(command)
        fetch = commands.fetches(command)
        if not info.HasField("container"):
            setting = containers.on_host(command, mounts)
    except Invalid as error:
        raise Invalid(f"Task's CommandInfo is invalid: {error}", error.field) from error
    if info.HasField("container"):
        try:
            setting = containers.setting(info.container, command, mounts)
        except Invalid as error:
            raise Invalid(f"Task's ContainerInfo is invalid: {error}", error.field) from error
    said = environments.agent_environment(around, executor, grace, setting.sandbox)
    return RunSpec(
        argv=setting.argv,
        environment={**said, **own},
        user=command.user or around.user,
        fetch=fetch,
        limits=demands.limits(held, around),
        check=_health(info),
        status_check=_status_check(info),
        container=setting.container,
        rlimits=setting.rlimits,
        attach=setting.attach,
        folder_names=setting.folder_names,
        window=setting.window,
    )


def _hosted(info: pb.TaskInfo, held: Held, around: Surroundings) -> RunSpec:
    """Give a task that its executor runs: it is handed the TaskInfo, and everything in it is the executor's affair."""
    _health(info)
    _status_check(info)
    if any(resource.disk.HasField("persistence") for resource in info.resources):
        raise Invalid(
            "Persistent volumes of a task with an executor are not served; give them to the executor", "task.resources"
        )
    return RunSpec(form=Form.HOSTED, payload=info.SerializeToString(), limits=demands.limits(held, around))


def _plan(info: pb.TaskInfo, held: Held, spec: RunSpec, executor: ExecutorPlan | None = None) -> TaskPlan:
    grace = TASK_GRACE
    if info.kill_policy.HasField("grace_period"):
        grace = durations.nanoseconds(info.kill_policy.grace_period.nanoseconds, "kill_policy.grace_period")
    return TaskPlan(
        task=info.task_id.value,
        name=info.name,
        agent=info.agent_id.value,
        info=info.SerializeToString(),
        held=held,
        spec=spec,
        grace=grace,
        labels={one.key: one.value for one in info.labels.labels},
        executor=executor,
        revocable=any(piece.label.revocable for piece in held.slices),
    )


def _wrong(message: pb.TaskInfo, problem: str) -> TaskPlan:
    return TaskPlan(
        task=message.task_id.value,
        name=message.name,
        agent=message.agent_id.value,
        info=message.SerializeToString(),
        held=Held(),
        spec=RunSpec(form=Form.HOSTED),
        problem=problem,
    )
