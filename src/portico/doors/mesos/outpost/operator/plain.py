"""What the node has, as the older JSON endpoints tell it. Pure."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.outpost.operator.containers import Measured
from portico.doors.mesos.outpost.operator.files import Listed
from portico.doors.mesos.outpost.operator.paths import LOG, directory_of
from portico.doors.mesos.outpost.operator.site import Site
from portico.doors.mesos.outpost.words import AgentState, ExecutorEntry
from portico.wire.mesos import mesos_pb2 as pb

Plain = dict[str, Any]
_MICROS = 1_000_000
_SCALARS = ("cpus", "mem", "disk", "gpus")
_EXECUTOR_TASKS = {
    "launched": "tasks",
    "terminated": "tasks",
    "queued": "queued_tasks",
    "pending": "queued_tasks",
    "completed": "completed_tasks",
}


def resources(every: Iterable[pb.Resource]) -> Plain:
    """Sum resources by name; ports are ranges as text."""
    found: Plain = dict.fromkeys(_SCALARS, 0.0)
    ranges: list[str] = []
    for resource in every:
        if resource.type == pb.Value.SCALAR:
            found[resource.name] = found.get(resource.name, 0.0) + resource.scalar.value
        elif resource.type == pb.Value.RANGES:
            ranges += [f"{one.begin}-{one.end}" for one in resource.ranges.range]
    if ranges:
        found["ports"] = f"[{', '.join(ranges)}]"
    return found


def task(message: pb.Task) -> Plain:
    """Write a task."""
    said: Plain = {
        "id": message.task_id.value,
        "name": message.name,
        "framework_id": message.framework_id.value,
        "executor_id": message.executor_id.value,
        "slave_id": message.agent_id.value,
        "state": pb.TaskState.Name(message.state),
        "resources": resources(message.resources),
        "statuses": [_status(status) for status in message.statuses],
    }
    if message.HasField("labels"):
        said["labels"] = jsonpb.to_plain(message.labels).get("labels", [])
    for part in ("discovery", "container"):
        if message.HasField(part):
            said[part] = jsonpb.to_plain(getattr(message, part))
    return said


def _status(message: pb.TaskStatus) -> Plain:
    said: Plain = {"state": pb.TaskState.Name(message.state), "timestamp": message.timestamp}
    if message.HasField("healthy"):
        said["healthy"] = message.healthy
    if message.HasField("container_status"):
        said["container_status"] = jsonpb.to_plain(message.container_status)
    return said


def agent(state: AgentState, site: Site) -> Plain:
    """Write the whole agent."""
    info = pb.AgentInfo.FromString(state.agent_info)
    have = list(info.resources)
    reserved: dict[str, list[pb.Resource]] = {}
    for resource in have:
        if resource.role != "*":
            reserved.setdefault(resource.role, []).append(resource)
    return {
        "version": site.version,
        "start_time": site.started_at,
        "id": state.agent,
        "pid": f"slave(1)@{site.address}",
        "hostname": info.hostname,
        "resources": resources(have),
        "reserved_resources": {role: resources(some) for role, some in reserved.items()},
        "unreserved_resources": resources(one for one in have if one.role == "*"),
        "attributes": {attribute.name: _value(attribute) for attribute in info.attributes},
        "flags": site.flags,
        "external_log_file": str(site.log),
        "frameworks": [_framework(state, entry, site.directory, active=True) for entry in state.frameworks],
        "completed_frameworks": [
            _framework(state, entry, site.directory, active=False) for entry in state.completed_frameworks
        ],
    }


def places(state: AgentState, site: Site) -> list[str]:
    """Name the paths under which the log and the sandboxes of executors are read, command tasks' that ended too."""
    found = {LOG: None}
    for entry in state.executors:
        name = pb.ExecutorInfo.FromString(entry.info).executor_id.value
        found[directory_of(entry.run, entry.framework, name, state, site.directory)] = None
    for task in (pb.Task.FromString(entry.task) for entry in state.tasks):
        if task.statuses:
            told = task.statuses[-1]
            run, name = told.container_status.container_id.value, told.executor_id.value
            if name == task.task_id.value:
                found[directory_of(run, task.framework_id.value, name, state, site.directory)] = None
    return list(found)


def _value(attribute: pb.Attribute) -> object:
    return attribute.scalar.value if attribute.type == pb.Value.SCALAR else attribute.text.value


def _framework(state: AgentState, entry: bytes, directory: Path, *, active: bool) -> Plain:
    info = pb.FrameworkInfo.FromString(entry)
    framework = info.id.value
    tasks = [
        (found.kind, message)
        for found in state.tasks
        if (message := pb.Task.FromString(found.task)).framework_id.value == framework
    ]
    executors = [
        (found.ended, _executor(state, found, tasks, directory))
        for found in state.executors
        if found.framework == framework
    ]
    return {
        "id": framework,
        "name": info.name,
        "user": info.user,
        "role": info.role,
        "hostname": info.hostname,
        "failover_timeout": info.failover_timeout,
        "checkpoint": info.checkpoint,
        "active": active,
        "executors": [executor for ended, executor in executors if not ended],
        "completed_executors": [executor for ended, executor in executors if ended],
    }


def _executor(state: AgentState, entry: ExecutorEntry, tasks: list[tuple[str, pb.Task]], directory: Path) -> Plain:
    info = pb.ExecutorInfo.FromString(entry.info)
    name = info.executor_id.value
    said: Plain = {
        "id": name,
        "name": info.name,
        "source": info.source,
        "container": entry.run,
        "directory": directory_of(entry.run, entry.framework, name, state, directory),
        "resources": resources(info.resources),
        "tasks": [],
        "queued_tasks": [],
        "completed_tasks": [],
    }
    for kind, message in tasks:
        if (message.executor_id.value or message.task_id.value) == name:
            said[_EXECUTOR_TASKS[kind]].append(task(message))
    return said


def container(measured: Measured, *, full: bool) -> Plain:
    """Write a container and what it uses; `full` with its id and status."""
    said: Plain = {
        "executor_id": measured.fact.executor,
        "executor_name": measured.name,
        "framework_id": measured.fact.framework,
        "source": measured.source,
        "statistics": jsonpb.to_plain(measured.statistics) if measured.statistics is not None else {},
    }
    if full:
        said["container_id"] = measured.status.container_id.value
        said["status"] = jsonpb.to_plain(measured.status)
    return said


def listed(entry: Listed) -> Plain:
    """Write an entry of a listing."""
    return {
        "path": entry.path,
        "mode": stat.filemode(entry.mode),
        "nlink": 2 if entry.directory else 1,
        "size": entry.size,
        "mtime": entry.modified / _MICROS,
        "uid": entry.uid,
        "gid": entry.gid,
    }
