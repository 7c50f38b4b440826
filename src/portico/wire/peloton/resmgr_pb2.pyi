from portico.wire.mesos import mesos_pb2 as _mesos_pb2
from portico.wire.mesos import containers_pb2 as _containers_pb2
from portico.wire.mesos import offers_pb2 as _offers_pb2
from portico.wire.mesos import operations_pb2 as _operations_pb2
from portico.wire.mesos import resources_pb2 as _resources_pb2
from portico.wire.mesos import tasks_pb2 as _tasks_pb2
from portico.wire.mesos import usage_pb2 as _usage_pb2
from portico.wire.mesos import values_pb2 as _values_pb2
from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from portico.wire.peloton import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TaskType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN: _ClassVar[TaskType]
    BATCH: _ClassVar[TaskType]
    STATELESS: _ClassVar[TaskType]
    STATEFUL: _ClassVar[TaskType]
    DAEMON: _ClassVar[TaskType]
UNKNOWN: TaskType
BATCH: TaskType
STATELESS: TaskType
STATEFUL: TaskType
DAEMON: TaskType

class Task(_message.Message):
    __slots__ = ("name", "id", "jobId", "taskId", "resource", "priority", "preemptible", "labels", "constraint", "type", "numPorts", "minInstances", "hostname")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    JOBID_FIELD_NUMBER: _ClassVar[int]
    TASKID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PREEMPTIBLE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NUMPORTS_FIELD_NUMBER: _ClassVar[int]
    MININSTANCES_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: _peloton_pb2.TaskID
    jobId: _peloton_pb2.JobID
    taskId: _values_pb2.TaskID
    resource: _task_pb2.ResourceConfig
    priority: int
    preemptible: bool
    labels: _values_pb2.Labels
    constraint: _task_pb2.Constraint
    type: TaskType
    numPorts: int
    minInstances: int
    hostname: str
    def __init__(self, name: _Optional[str] = ..., id: _Optional[_Union[_peloton_pb2.TaskID, _Mapping]] = ..., jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., taskId: _Optional[_Union[_values_pb2.TaskID, _Mapping]] = ..., resource: _Optional[_Union[_task_pb2.ResourceConfig, _Mapping]] = ..., priority: _Optional[int] = ..., preemptible: _Optional[bool] = ..., labels: _Optional[_Union[_values_pb2.Labels, _Mapping]] = ..., constraint: _Optional[_Union[_task_pb2.Constraint, _Mapping]] = ..., type: _Optional[_Union[TaskType, str]] = ..., numPorts: _Optional[int] = ..., minInstances: _Optional[int] = ..., hostname: _Optional[str] = ...) -> None: ...

class Placement(_message.Message):
    __slots__ = ("tasks", "hostname", "agentId", "offerIds", "ports", "type")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    AGENTID_FIELD_NUMBER: _ClassVar[int]
    OFFERIDS_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_peloton_pb2.TaskID]
    hostname: str
    agentId: _values_pb2.AgentID
    offerIds: _containers.RepeatedCompositeFieldContainer[_values_pb2.OfferID]
    ports: _containers.RepeatedScalarFieldContainer[int]
    type: TaskType
    def __init__(self, tasks: _Optional[_Iterable[_Union[_peloton_pb2.TaskID, _Mapping]]] = ..., hostname: _Optional[str] = ..., agentId: _Optional[_Union[_values_pb2.AgentID, _Mapping]] = ..., offerIds: _Optional[_Iterable[_Union[_values_pb2.OfferID, _Mapping]]] = ..., ports: _Optional[_Iterable[int]] = ..., type: _Optional[_Union[TaskType, str]] = ...) -> None: ...
