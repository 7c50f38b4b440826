"""Operations of an ACCEPT, in order, as plans. Pure.

Promises: a wrong operation costs only itself; nothing that is wrong in itself gets any further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Micros
from portico.doors.mesos.extension.plans import Dropped, Launch, Operation
from portico.doors.mesos.extension.records import Framework
from portico.doors.mesos.inbound import reservations, tasks, volumes
from portico.doors.mesos.inbound.surroundings import Surroundings
from portico.doors.mesos.resources import fill_role
from portico.wire.mesos import mesos_pb2 as pb

_Op = pb.Offer.Operation
_PART = {
    _Op.LAUNCH: "launch",
    _Op.LAUNCH_GROUP: "launch_group",
    _Op.RESERVE: "reserve",
    _Op.UNRESERVE: "unreserve",
    _Op.CREATE: "create",
    _Op.DESTROY: "destroy",
}


class Asked(msgspec.Struct, frozen=True):
    """Who accepts, on which agent, in which role.

    `principal` is whom the framework was authenticated as, empty for nobody; `endpoint` is `ip:port` of the agent,
    `volumes` the absolute path of its node's folder of persistent volumes.
    """

    framework: Framework
    node: str
    agent: str
    role: str
    principal: str = ""
    endpoint: str = ""
    volumes: str = ""
    limit_disk: bool = False
    shutdown_grace: Micros = Micros(5 * SECOND)

    @property
    def surroundings(self) -> Surroundings:
        """What of it tasks are told."""
        info = pb.FrameworkInfo.FromString(self.framework.info)
        return Surroundings(
            framework=self.framework.id,
            role=self.role,
            agent=self.agent,
            node=self.node,
            user=self.framework.user,
            principal=self.principal,
            roles=self.framework.roles,
            capabilities=self.framework.capabilities,
            checkpoint=info.checkpoint,
            slave_pid=f"slave(1)@{self.endpoint}" if self.endpoint else "",
            endpoint=self.endpoint,
            volumes=self.volumes,
            limit_disk=self.limit_disk,
            shutdown_grace=self.shutdown_grace,
        )


MOST_AT_ONCE = 25
"""Tasks of one LAUNCH that are read in one go; a longer one is as many."""


def read(operations: Iterable[pb.Offer.Operation], asked: Asked) -> Iterator[Operation]:
    """Read the operations of one ACCEPT, each when it is asked for."""
    around = asked.surroundings
    for operation in operations:
        infos = operation.launch.task_infos
        if operation.type == _Op.LAUNCH and len(infos) > MOST_AT_ONCE:
            for start in range(0, len(infos), MOST_AT_ONCE):
                yield _launch(infos[start : start + MOST_AT_ONCE], around)
        else:
            yield read_one(operation, around)


def _launch(infos: Iterable[pb.TaskInfo], around: Surroundings) -> Launch:
    return Launch(tuple(tasks.read_task(info, around) for info in infos))


def read_one(operation: pb.Offer.Operation, around: Surroundings) -> Operation:
    """Read one operation."""
    kind = _Op.Type.Name(operation.type)
    part = _PART.get(operation.type)
    if part is None:
        return Dropped(kind, "The type of the operation is not known")
    if not operation.HasField(part):
        return Dropped(kind, f"Expecting '{part}' to be present")
    match operation.type:
        case _Op.LAUNCH:
            return _launch(operation.launch.task_infos, around)
        case _Op.LAUNCH_GROUP:
            return tasks.read_group(operation.launch_group.executor, operation.launch_group.task_group.tasks, around)
    try:
        return _relabelling(operation, around)
    except Invalid as error:
        return Dropped(kind, str(error))


def _relabelling(operation: pb.Offer.Operation, around: Surroundings) -> Operation:
    match operation.type:
        case _Op.RESERVE:
            wanted = _allocated(operation.reserve.resources, around)
            return reservations.reserve_for(wanted, around.node, around.role, around.roles, around.principal)
        case _Op.UNRESERVE:
            return reservations.unreserve(_allocated(operation.unreserve.resources, around), around.node)
        case _Op.CREATE:
            shareable = "SHARED_RESOURCES" in around.capabilities
            made = _allocated(operation.create.volumes, around)
            return volumes.create(made, around.principal, shareable=shareable)
        case _:
            return volumes.destroy(_allocated(operation.destroy.volumes, around))


def _allocated(resources: Iterable[pb.Resource], around: Surroundings) -> list[pb.Resource]:
    copies = [_copy(resource) for resource in resources]
    fill_role(copies, around.role)
    return copies


def _copy(resource: pb.Resource) -> pb.Resource:
    copy = pb.Resource()
    copy.CopyFrom(resource)
    return copy


def tasks_named(operations: Iterable[pb.Offer.Operation]) -> Iterator[tuple[str, str, str]]:
    """Name the tasks that operations would launch: task, agent and executor; the last is empty for a command."""
    for operation in operations:
        if operation.type == _Op.LAUNCH:
            for info in operation.launch.task_infos:
                yield info.task_id.value, info.agent_id.value, info.executor.executor_id.value
        elif operation.type == _Op.LAUNCH_GROUP:
            executor = operation.launch_group.executor.executor_id.value
            for info in operation.launch_group.task_group.tasks:
                yield info.task_id.value, info.agent_id.value, executor
