"""TaskStatus messages, serialized. Pure: uuids and times are given.

Promises: a status with a uuid is one that wants to be acknowledged; what goes into the history has no data.
"""

from __future__ import annotations

import msgspec

from portico.domain.identity import SECOND, Instant
from portico.domain.runs import CheckKind, CheckResult
from portico.doors.mesos import states
from portico.doors.mesos.extension.records import Executor, Task
from portico.doors.mesos.states import Told
from portico.wire.mesos import mesos_pb2 as pb


class Where(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a status says of where its task is.

    `executor` is the framework's name of its executor, `container` the Run that its process belongs to, `parent` that
    of the executor around it; `address` is the agent's ip, which the container shares.
    """

    agent: str = ""
    executor: str = ""
    container: str = ""
    parent: str = ""
    address: str = ""


def where(task: Task, agent: str, executor: Executor | None = None, address: str = "") -> Where:
    """Say where a task is; `executor` is its own, None for a command's built-in one."""
    if executor is None:
        return Where(agent, task.task if task.command else "", task.id, address=address)
    if executor.default:
        return Where(agent, executor.executor, task.id, executor.id, address)
    return Where(agent, executor.executor, executor.id, address=address)


def status(
    told: Told, task: str, place: Where, at: Instant, uuid: bytes = b"", *, unreachable_at: Instant | None = None
) -> bytes:
    """Write a status of the task with this id of its framework's; `at` is when it came to be so."""
    message = pb.TaskStatus(
        task_id=pb.TaskID(value=task),
        state=told.state,
        source=told.source,
        reason=told.reason or None,
        message=told.message or None,
        healthy=told.healthy,
        timestamp=at / SECOND,
        uuid=uuid or None,
    )
    if told.checked is not None:
        _check(message.check_status, told.checked)
    if unreachable_at:
        message.unreachable_time.nanoseconds = unreachable_at * 1000
    _locate(message, place)
    return message.SerializeToString()


def relayed(said: pb.TaskStatus, place: Where, at: Instant) -> bytes:
    """Write what a custom executor, or its agent for it, says of its task, with what the agent adds to it."""
    message = pb.TaskStatus()
    message.CopyFrom(said)
    if message.source != pb.TaskStatus.SOURCE_AGENT:
        message.source = pb.TaskStatus.SOURCE_EXECUTOR
    if not message.HasField("timestamp"):
        message.timestamp = at / SECOND
    given = pb.ContainerStatus()
    given.CopyFrom(message.container_status)
    _locate(message, place)
    if given.network_infos:
        del message.container_status.network_infos[:]
    message.container_status.MergeFrom(given)
    return message.SerializeToString()


def removed(task: Task, agent: str, at: Instant) -> bytes:
    """Write the end of a task whose framework is gone; nobody is told."""
    return status(states.FRAMEWORK_REMOVED, task.task, Where(agent), at)


def reconciled(task: Task, place: Where, capabilities: frozenset[str], at: Instant) -> bytes:
    """Write the newest state of a task for a framework that asks."""
    newest = pb.TaskStatus.FromString(task.statuses[-1]) if task.statuses else None
    told = Told(
        states.visible(task.state, capabilities),
        states.MASTER,
        "REASON_RECONCILIATION",
        "Reconciliation: Latest task state",
        newest.healthy if newest is not None and newest.HasField("healthy") else None,
    )
    away = task.unreachable_at if task.state == "TASK_UNREACHABLE" else None
    written = status(told, task.task, place, at, unreachable_at=away)
    if newest is None or not newest.HasField("check_status"):
        return written
    message = pb.TaskStatus.FromString(written)
    message.check_status.CopyFrom(newest.check_status)
    return message.SerializeToString()


def without_data(status: bytes) -> bytes:
    """Give a status as the history keeps it."""
    message = pb.TaskStatus.FromString(status)
    if not message.HasField("data"):
        return status
    message.ClearField("data")
    return message.SerializeToString()


def _check(status: pb.CheckStatusInfo, seen: CheckResult) -> None:
    """Write what a check saw: the part of its type, without a result where there is none."""
    match seen.kind:
        case CheckKind.COMMAND:
            status.type = pb.CheckInfo.COMMAND
            status.command.SetInParent()
            if seen.value is not None:
                status.command.exit_code = seen.value
        case CheckKind.HTTP:
            status.type = pb.CheckInfo.HTTP
            status.http.SetInParent()
            if seen.value is not None:
                status.http.status_code = seen.value


def _locate(message: pb.TaskStatus, place: Where) -> None:
    if place.agent:
        message.agent_id.value = place.agent
    if place.executor:
        message.executor_id.value = place.executor
    if place.container:
        message.container_status.container_id.value = place.container
    if place.parent:
        message.container_status.container_id.parent.value = place.parent
    if place.address:
        message.container_status.network_infos.add().ip_addresses.add().ip_address = place.address
