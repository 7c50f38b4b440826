"""What the node has, as messages of the agent's API. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from portico.doors.mesos.outpost.operator.containers import Measured
from portico.doors.mesos.outpost.operator.files import Listed
from portico.doors.mesos.outpost.words import AgentState
from portico.wire.mesos import agent_pb2
from portico.wire.mesos import mesos_pb2 as pb

_R = agent_pb2.Response
_KINDS = ("pending", "queued", "launched", "terminated", "completed")


def tasks(state: AgentState) -> agent_pb2.Response.GetTasks:
    """Write GET_TASKS."""
    lists: dict[str, list[pb.Task]] = {f"{kind}_tasks": [] for kind in _KINDS}
    for entry in state.tasks:
        lists[f"{entry.kind}_tasks"].append(pb.Task.FromString(entry.task))
    return _R.GetTasks(**lists)


def executors(state: AgentState) -> agent_pb2.Response.GetExecutors:
    """Write GET_EXECUTORS."""
    message = _R.GetExecutors()
    for entry in state.executors:
        target = message.completed_executors if entry.ended else message.executors
        target.add().executor_info.MergeFromString(entry.info)
    return message


def frameworks(state: AgentState) -> agent_pb2.Response.GetFrameworks:
    """Write GET_FRAMEWORKS."""
    message = _R.GetFrameworks()
    for info in state.frameworks:
        message.frameworks.add().framework_info.MergeFromString(info)
    for info in state.completed_frameworks:
        message.completed_frameworks.add().framework_info.MergeFromString(info)
    return message


def containers(measured: Iterable[Measured]) -> agent_pb2.Response.GetContainers:
    """Write GET_CONTAINERS."""
    message = _R.GetContainers()
    for one in measured:
        message.containers.add(
            framework_id=pb.FrameworkID(value=one.fact.framework),
            executor_id=pb.ExecutorID(value=one.fact.executor),
            executor_name=one.name,
            container_id=one.status.container_id,
            container_status=one.status,
            resource_statistics=one.statistics,
        )
    return message


def file_infos(listed: Iterable[Listed]) -> list[pb.FileInfo]:
    """Write a listing."""
    return [
        pb.FileInfo(
            path=entry.path,
            nlink=2 if entry.directory else 1,
            size=entry.size,
            mtime=pb.TimeInfo(nanoseconds=entry.modified * 1000),
            mode=entry.mode,
            uid=entry.uid,
            gid=entry.gid,
        )
        for entry in listed
    ]
