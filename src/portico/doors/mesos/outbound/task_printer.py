"""Tasks as JSON, printed for a hundred thousand at a time without a Task message in between.

Promises: the same text means the same as the Task that TaskWriter writes.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension.records import Agent, Executor, Task
from portico.doors.mesos.outbound.status_printer import StatusPrinter
from portico.doors.mesos.outbound.task_infos import Shared, Tails
from portico.doors.mesos.outbound.task_writer import executor_name
from portico.wire.mesos import mesos_pb2 as pb

_json = msgspec.json.Encoder().encode
_STATES = {name: b',"state":%b' % _json(name) for name, _ in pb.TaskState.items()}
_PARTS: Mapping[str, type] = {"labels": pb.Labels, "discovery": pb.DiscoveryInfo, "container": pb.ContainerInfo}


class TaskPrinter:
    """Prints the tasks of one moment; `agents` are by node, `executors` by Run."""

    def __init__(self, agents: Mapping[str, Agent], executors: Mapping[str, Executor]) -> None:
        self._agents = agents
        self._executors = executors
        self._heads: dict[tuple[str, str], bytes] = {}
        self._tail = Tails(_print).tail
        self._print_status = StatusPrinter().print

    def print(self, task: Task) -> bytes:
        """Print one task."""
        whose = (task.framework, task.node)
        pieces = [
            b'{"name":',
            _json(task.name),
            b',"task_id":{"value":',
            _json(task.task),
            self._heads.get(whose) or self._head(*whose),
            _STATES[task.state],
            self._tail(task.info),
        ]
        if task.statuses:
            printed = [self._print_status(status) for status in task.statuses]
            pieces += (b',"statuses":[', b",".join(printed), b"]")
        if task.executor:
            pieces.append(b',"executor_id":{"value":%b}' % _json(executor_name(task, self._executors)))
        if task.pending:
            pieces.append(_under_way(task))
        pieces.append(b"}")
        return b"".join(pieces)

    def _head(self, framework: str, node: str) -> bytes:
        agent = self._agents.get(node)
        told = _json(agent.agent if agent is not None else "")
        head = b'},"framework_id":{"value":%b},"agent_id":{"value":%b}' % (_json(framework), told)
        self._heads[framework, node] = head
        return head


def _print(shared: Shared) -> bytes:
    """Print what a task has of its TaskInfo, each part behind a comma."""
    pieces = []
    if shared.resources:
        texts = (jsonpb.encode_serialized(pb.Resource, data) for data in shared.resources)
        pieces.append(b',"resources":[%b]' % b",".join(texts))
    for name, data in shared.others.items():
        text = _json(data.decode()) if name == "user" else jsonpb.encode_serialized(_PARTS[name], data)
        pieces.append(b',"%b":%b' % (name.encode(), text))
    return b"".join(pieces)


def _under_way(task: Task) -> bytes:
    """Print the update that its framework has not acknowledged."""
    told = pb.Task(status_update_uuid=task.pending[0].uuid)
    told.status_update_state = pb.TaskStatus.FromString(task.pending[0].status).state
    return b"," + jsonpb.encode(told)[1:-1]
