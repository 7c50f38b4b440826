"""Task messages of tasks, serialized, made for a hundred thousand at a time.

Promises: the same bytes mean the same as if TaskInfo and Task had been parsed and written.
"""

from __future__ import annotations

from collections.abc import Mapping

from portico.doors.mesos.extension.records import Agent, Executor, Task
from portico.doors.mesos.outbound import fields
from portico.doors.mesos.outbound.task_infos import Shared, Tails
from portico.wire.mesos import mesos_pb2 as pb

_TASK = {field.name: field.number for field in pb.Task.DESCRIPTOR.fields}
_STATES = {name: fields.number(_TASK["state"], value) for name, value in pb.TaskState.items()}
_NAME_TAG, _ID_TAG, _STATUS_TAG = (fields.tag(_TASK[name]) for name in ("name", "task_id", "statuses"))
_length_of = fields.length_of
_SHORT = 0x7E  # an id of fewer bytes has lengths of one byte, also around it
_NAMES = tuple(_NAME_TAG + _length_of(size) for size in range(_SHORT))
_IDS = tuple(_ID_TAG + _length_of(size + 2) + fields.tag(1) + _length_of(size) for size in range(_SHORT))
_STATUSES = fields.heads_of(_TASK["statuses"])


class TaskWriter:
    """Writes the tasks of one moment; `agents` are by node, `executors` by Run."""

    def __init__(self, agents: Mapping[str, Agent], executors: Mapping[str, Executor]) -> None:
        self._agents = agents
        self._executors = executors
        self._heads: dict[tuple[str, str], bytes] = {}
        self._tail = Tails(_write).tail

    def write(self, task: Task) -> bytes:
        """Write one task."""
        whose = (task.framework, task.node)
        name, identity = task.name.encode(), task.task.encode()
        short = len(name) < _SHORT and len(identity) < _SHORT
        pieces = [
            _NAMES[len(name)] if short else _NAME_TAG + _length_of(len(name)),
            name,
            _IDS[len(identity)] if short else fields.part(_TASK["task_id"], fields.part(1, identity)),
            identity if short else b"",
            self._heads.get(whose) or self._head(*whose),
            _STATES[task.state],
            self._tail(task.info),
        ]
        for status in task.statuses:
            size = len(status)
            pieces += (_STATUSES[size] if size < len(_STATUSES) else _STATUS_TAG + _length_of(size), status)
        if task.executor:
            pieces.append(fields.identity(_TASK["executor_id"], executor_name(task, self._executors)))
        if task.pending:
            pieces.append(_under_way(task))
        return b"".join(pieces)

    def _head(self, framework: str, node: str) -> bytes:
        """Write whose a task is and where; a command task has no executor of its own."""
        agent = self._agents.get(node)
        head = fields.identity(_TASK["framework_id"], framework)
        head += fields.identity(_TASK["agent_id"], agent.agent if agent is not None else "")
        self._heads[framework, node] = head
        return head


def executor_name(task: Task, executors: Mapping[str, Executor]) -> str:
    """Name the executor of a task that has one; one that has ended is told by the task's last status only."""
    executor = executors.get(task.executor)
    if executor is not None:
        return executor.executor
    told = pb.TaskStatus.FromString(task.statuses[-1]) if task.statuses else pb.TaskStatus()
    return told.executor_id.value


def _write(shared: Shared) -> bytes:
    written = fields.parts(_TASK["resources"], shared.resources)
    return written + b"".join(fields.part(_TASK[name], data) for name, data in shared.others.items())


def _under_way(task: Task) -> bytes:
    """Tell the update that its framework has not acknowledged."""
    head = task.pending[0]
    state = pb.TaskStatus.FromString(head.status).state
    return fields.number(_TASK["status_update_state"], state) + fields.part(_TASK["status_update_uuid"], head.uuid)
