from portico.wire.peloton import eventstream_pb2 as _eventstream_pb2
from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from portico.wire.peloton import resmgr_pb2 as _resmgr_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetPreemptibleTasksFailure(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class GetPreemptibleTasksRequest(_message.Message):
    __slots__ = ("limit", "timeout")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    timeout: int
    def __init__(self, limit: _Optional[int] = ..., timeout: _Optional[int] = ...) -> None: ...

class GetPreemptibleTasksResponse(_message.Message):
    __slots__ = ("error", "tasks")
    class Error(_message.Message):
        __slots__ = ("timedout", "failure")
        TIMEDOUT_FIELD_NUMBER: _ClassVar[int]
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        timedout: RequestTimedout
        failure: GetPreemptibleTasksFailure
        def __init__(self, timedout: _Optional[_Union[RequestTimedout, _Mapping]] = ..., failure: _Optional[_Union[GetPreemptibleTasksFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    error: GetPreemptibleTasksResponse.Error
    tasks: _containers.RepeatedCompositeFieldContainer[_resmgr_pb2.Task]
    def __init__(self, error: _Optional[_Union[GetPreemptibleTasksResponse.Error, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[_resmgr_pb2.Task, _Mapping]]] = ...) -> None: ...

class ResourcePoolNotFound(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ResourcePoolNoPermission(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class EnqueueGangsFailure(_message.Message):
    __slots__ = ("failed",)
    class FailedTask(_message.Message):
        __slots__ = ("task", "message")
        TASK_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        task: _resmgr_pb2.Task
        message: str
        def __init__(self, task: _Optional[_Union[_resmgr_pb2.Task, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...
    FAILED_FIELD_NUMBER: _ClassVar[int]
    failed: _containers.RepeatedCompositeFieldContainer[EnqueueGangsFailure.FailedTask]
    def __init__(self, failed: _Optional[_Iterable[_Union[EnqueueGangsFailure.FailedTask, _Mapping]]] = ...) -> None: ...

class Gang(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_resmgr_pb2.Task]
    def __init__(self, tasks: _Optional[_Iterable[_Union[_resmgr_pb2.Task, _Mapping]]] = ...) -> None: ...

class EnqueueGangsRequest(_message.Message):
    __slots__ = ("resPool", "gangs")
    RESPOOL_FIELD_NUMBER: _ClassVar[int]
    GANGS_FIELD_NUMBER: _ClassVar[int]
    resPool: _peloton_pb2.ResourcePoolID
    gangs: _containers.RepeatedCompositeFieldContainer[Gang]
    def __init__(self, resPool: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., gangs: _Optional[_Iterable[_Union[Gang, _Mapping]]] = ...) -> None: ...

class EnqueueGangsResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("notFound", "noPermission", "failure")
        NOTFOUND_FIELD_NUMBER: _ClassVar[int]
        NOPERMISSION_FIELD_NUMBER: _ClassVar[int]
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        notFound: ResourcePoolNotFound
        noPermission: ResourcePoolNoPermission
        failure: EnqueueGangsFailure
        def __init__(self, notFound: _Optional[_Union[ResourcePoolNotFound, _Mapping]] = ..., noPermission: _Optional[_Union[ResourcePoolNoPermission, _Mapping]] = ..., failure: _Optional[_Union[EnqueueGangsFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: EnqueueGangsResponse.Error
    def __init__(self, error: _Optional[_Union[EnqueueGangsResponse.Error, _Mapping]] = ...) -> None: ...

class RequestTimedout(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class DequeueGangsFailure(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class DequeueGangsRequest(_message.Message):
    __slots__ = ("limit", "timeout", "type")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    limit: int
    timeout: int
    type: _resmgr_pb2.TaskType
    def __init__(self, limit: _Optional[int] = ..., timeout: _Optional[int] = ..., type: _Optional[_Union[_resmgr_pb2.TaskType, str]] = ...) -> None: ...

class DequeueGangsResponse(_message.Message):
    __slots__ = ("error", "gangs")
    class Error(_message.Message):
        __slots__ = ("timedout", "failure")
        TIMEDOUT_FIELD_NUMBER: _ClassVar[int]
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        timedout: RequestTimedout
        failure: DequeueGangsFailure
        def __init__(self, timedout: _Optional[_Union[RequestTimedout, _Mapping]] = ..., failure: _Optional[_Union[DequeueGangsFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    GANGS_FIELD_NUMBER: _ClassVar[int]
    error: DequeueGangsResponse.Error
    gangs: _containers.RepeatedCompositeFieldContainer[Gang]
    def __init__(self, error: _Optional[_Union[DequeueGangsResponse.Error, _Mapping]] = ..., gangs: _Optional[_Iterable[_Union[Gang, _Mapping]]] = ...) -> None: ...

class SetPlacementsFailure(_message.Message):
    __slots__ = ("failed",)
    class FailedPlacement(_message.Message):
        __slots__ = ("placement", "message")
        PLACEMENT_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        placement: _resmgr_pb2.Placement
        message: str
        def __init__(self, placement: _Optional[_Union[_resmgr_pb2.Placement, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...
    FAILED_FIELD_NUMBER: _ClassVar[int]
    failed: _containers.RepeatedCompositeFieldContainer[SetPlacementsFailure.FailedPlacement]
    def __init__(self, failed: _Optional[_Iterable[_Union[SetPlacementsFailure.FailedPlacement, _Mapping]]] = ...) -> None: ...

class SetPlacementsRequest(_message.Message):
    __slots__ = ("placements",)
    PLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    placements: _containers.RepeatedCompositeFieldContainer[_resmgr_pb2.Placement]
    def __init__(self, placements: _Optional[_Iterable[_Union[_resmgr_pb2.Placement, _Mapping]]] = ...) -> None: ...

class SetPlacementsResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("failure",)
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        failure: SetPlacementsFailure
        def __init__(self, failure: _Optional[_Union[SetPlacementsFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: SetPlacementsResponse.Error
    def __init__(self, error: _Optional[_Union[SetPlacementsResponse.Error, _Mapping]] = ...) -> None: ...

class GetPlacementsFailure(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class GetPlacementsRequest(_message.Message):
    __slots__ = ("limit", "timeout")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    timeout: int
    def __init__(self, limit: _Optional[int] = ..., timeout: _Optional[int] = ...) -> None: ...

class GetPlacementsResponse(_message.Message):
    __slots__ = ("error", "placements")
    class Error(_message.Message):
        __slots__ = ("failure",)
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        failure: GetPlacementsFailure
        def __init__(self, failure: _Optional[_Union[GetPlacementsFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    error: GetPlacementsResponse.Error
    placements: _containers.RepeatedCompositeFieldContainer[_resmgr_pb2.Placement]
    def __init__(self, error: _Optional[_Union[GetPlacementsResponse.Error, _Mapping]] = ..., placements: _Optional[_Iterable[_Union[_resmgr_pb2.Placement, _Mapping]]] = ...) -> None: ...

class NotifyTaskUpdatesError(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class NotifyTaskUpdatesRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_eventstream_pb2.Event]
    def __init__(self, events: _Optional[_Iterable[_Union[_eventstream_pb2.Event, _Mapping]]] = ...) -> None: ...

class NotifyTaskUpdatesResponse(_message.Message):
    __slots__ = ("error", "purgeOffset")
    class Error(_message.Message):
        __slots__ = ("error",)
        ERROR_FIELD_NUMBER: _ClassVar[int]
        error: NotifyTaskUpdatesError
        def __init__(self, error: _Optional[_Union[NotifyTaskUpdatesError, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PURGEOFFSET_FIELD_NUMBER: _ClassVar[int]
    error: NotifyTaskUpdatesResponse.Error
    purgeOffset: int
    def __init__(self, error: _Optional[_Union[NotifyTaskUpdatesResponse.Error, _Mapping]] = ..., purgeOffset: _Optional[int] = ...) -> None: ...

class GetTasksByHostsRequest(_message.Message):
    __slots__ = ("hostnames", "type")
    HOSTNAMES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    hostnames: _containers.RepeatedScalarFieldContainer[str]
    type: _resmgr_pb2.TaskType
    def __init__(self, hostnames: _Optional[_Iterable[str]] = ..., type: _Optional[_Union[_resmgr_pb2.TaskType, str]] = ...) -> None: ...

class TaskList(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_resmgr_pb2.Task]
    def __init__(self, tasks: _Optional[_Iterable[_Union[_resmgr_pb2.Task, _Mapping]]] = ...) -> None: ...

class GetTasksByHostsResponse(_message.Message):
    __slots__ = ("error", "hostTasksMap")
    class Error(_message.Message):
        __slots__ = ("message",)
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        message: str
        def __init__(self, message: _Optional[str] = ...) -> None: ...
    class HostTasksMapEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: TaskList
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[TaskList, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    HOSTTASKSMAP_FIELD_NUMBER: _ClassVar[int]
    error: GetTasksByHostsResponse.Error
    hostTasksMap: _containers.MessageMap[str, TaskList]
    def __init__(self, error: _Optional[_Union[GetTasksByHostsResponse.Error, _Mapping]] = ..., hostTasksMap: _Optional[_Mapping[str, TaskList]] = ...) -> None: ...

class GetActiveTasksRequest(_message.Message):
    __slots__ = ("jobID", "respoolID")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    RESPOOLID_FIELD_NUMBER: _ClassVar[int]
    jobID: str
    respoolID: str
    def __init__(self, jobID: _Optional[str] = ..., respoolID: _Optional[str] = ...) -> None: ...

class GetActiveTasksResponse(_message.Message):
    __slots__ = ("error", "taskStatesMap")
    class Error(_message.Message):
        __slots__ = ("message",)
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        message: str
        def __init__(self, message: _Optional[str] = ...) -> None: ...
    class TaskStatesMapEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TASKSTATESMAP_FIELD_NUMBER: _ClassVar[int]
    error: GetActiveTasksResponse.Error
    taskStatesMap: _containers.ScalarMap[str, str]
    def __init__(self, error: _Optional[_Union[GetActiveTasksResponse.Error, _Mapping]] = ..., taskStatesMap: _Optional[_Mapping[str, str]] = ...) -> None: ...

class KillTasksRequest(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_peloton_pb2.TaskID]
    def __init__(self, tasks: _Optional[_Iterable[_Union[_peloton_pb2.TaskID, _Mapping]]] = ...) -> None: ...

class TasksNotFound(_message.Message):
    __slots__ = ("task", "message")
    TASK_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    task: _peloton_pb2.TaskID
    message: str
    def __init__(self, task: _Optional[_Union[_peloton_pb2.TaskID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class KillTasksError(_message.Message):
    __slots__ = ("task", "message")
    TASK_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    task: _peloton_pb2.TaskID
    message: str
    def __init__(self, task: _Optional[_Union[_peloton_pb2.TaskID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class KillTasksResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("notFound", "killError")
        NOTFOUND_FIELD_NUMBER: _ClassVar[int]
        KILLERROR_FIELD_NUMBER: _ClassVar[int]
        notFound: TasksNotFound
        killError: KillTasksError
        def __init__(self, notFound: _Optional[_Union[TasksNotFound, _Mapping]] = ..., killError: _Optional[_Union[KillTasksError, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: _containers.RepeatedCompositeFieldContainer[KillTasksResponse.Error]
    def __init__(self, error: _Optional[_Iterable[_Union[KillTasksResponse.Error, _Mapping]]] = ...) -> None: ...
