from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from portico.wire.peloton import query_pb2 as _query_pb2
from portico.wire.peloton import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetTaskRequest(_message.Message):
    __slots__ = ("jobId", "instanceId")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    INSTANCEID_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    instanceId: int
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., instanceId: _Optional[int] = ...) -> None: ...

class GetTaskResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _task_pb2.TaskInfo
    def __init__(self, result: _Optional[_Union[_task_pb2.TaskInfo, _Mapping]] = ...) -> None: ...

class ListTasksRequest(_message.Message):
    __slots__ = ("jobId", "range")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    range: _task_pb2.InstanceRange
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., range: _Optional[_Union[_task_pb2.InstanceRange, _Mapping]] = ...) -> None: ...

class ListTasksResponse(_message.Message):
    __slots__ = ("tasks",)
    class TasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: _task_pb2.TaskInfo
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[_task_pb2.TaskInfo, _Mapping]] = ...) -> None: ...
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.MessageMap[int, _task_pb2.TaskInfo]
    def __init__(self, tasks: _Optional[_Mapping[int, _task_pb2.TaskInfo]] = ...) -> None: ...

class StartTasksRequest(_message.Message):
    __slots__ = ("jobId", "ranges")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    ranges: _containers.RepeatedCompositeFieldContainer[_task_pb2.InstanceRange]
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., ranges: _Optional[_Iterable[_Union[_task_pb2.InstanceRange, _Mapping]]] = ...) -> None: ...

class StartTasksResponse(_message.Message):
    __slots__ = ("started", "failed")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    started: _containers.RepeatedScalarFieldContainer[int]
    failed: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, started: _Optional[_Iterable[int]] = ..., failed: _Optional[_Iterable[int]] = ...) -> None: ...

class StopTasksRequest(_message.Message):
    __slots__ = ("jobId", "ranges")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    ranges: _containers.RepeatedCompositeFieldContainer[_task_pb2.InstanceRange]
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., ranges: _Optional[_Iterable[_Union[_task_pb2.InstanceRange, _Mapping]]] = ...) -> None: ...

class StopTasksResponse(_message.Message):
    __slots__ = ("stopped", "failed")
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    stopped: _containers.RepeatedScalarFieldContainer[int]
    failed: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, stopped: _Optional[_Iterable[int]] = ..., failed: _Optional[_Iterable[int]] = ...) -> None: ...

class RestartTasksRequest(_message.Message):
    __slots__ = ("jobId", "ranges")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    ranges: _containers.RepeatedCompositeFieldContainer[_task_pb2.InstanceRange]
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., ranges: _Optional[_Iterable[_Union[_task_pb2.InstanceRange, _Mapping]]] = ...) -> None: ...

class RestartTasksResponse(_message.Message):
    __slots__ = ("stopped", "failed")
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    stopped: _containers.RepeatedScalarFieldContainer[int]
    failed: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, stopped: _Optional[_Iterable[int]] = ..., failed: _Optional[_Iterable[int]] = ...) -> None: ...

class QueryTasksRequest(_message.Message):
    __slots__ = ("jobId", "spec", "pagination")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    spec: _task_pb2.QuerySpec
    pagination: _query_pb2.PaginationSpec
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., spec: _Optional[_Union[_task_pb2.QuerySpec, _Mapping]] = ..., pagination: _Optional[_Union[_query_pb2.PaginationSpec, _Mapping]] = ...) -> None: ...

class QueryTasksResponse(_message.Message):
    __slots__ = ("records", "pagination")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[_task_pb2.TaskInfo]
    pagination: _query_pb2.Pagination
    def __init__(self, records: _Optional[_Iterable[_Union[_task_pb2.TaskInfo, _Mapping]]] = ..., pagination: _Optional[_Union[_query_pb2.Pagination, _Mapping]] = ...) -> None: ...

class BrowseSandboxRequest(_message.Message):
    __slots__ = ("jobId", "instanceId")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    INSTANCEID_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    instanceId: int
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., instanceId: _Optional[int] = ...) -> None: ...

class BrowseSandboxResponse(_message.Message):
    __slots__ = ("hostname", "port", "paths")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    port: str
    paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, hostname: _Optional[str] = ..., port: _Optional[str] = ..., paths: _Optional[_Iterable[str]] = ...) -> None: ...

class TaskEventsError(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class GetEventsRequest(_message.Message):
    __slots__ = ("jobId", "instanceId")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    INSTANCEID_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    instanceId: int
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., instanceId: _Optional[int] = ...) -> None: ...

class GetEventsResponse(_message.Message):
    __slots__ = ("result", "error")
    class Events(_message.Message):
        __slots__ = ("event",)
        EVENT_FIELD_NUMBER: _ClassVar[int]
        event: _containers.RepeatedCompositeFieldContainer[_task_pb2.TaskEvent]
        def __init__(self, event: _Optional[_Iterable[_Union[_task_pb2.TaskEvent, _Mapping]]] = ...) -> None: ...
    class Error(_message.Message):
        __slots__ = ("eventError",)
        EVENTERROR_FIELD_NUMBER: _ClassVar[int]
        eventError: TaskEventsError
        def __init__(self, eventError: _Optional[_Union[TaskEventsError, _Mapping]] = ...) -> None: ...
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[GetEventsResponse.Events]
    error: GetEventsResponse.Error
    def __init__(self, result: _Optional[_Iterable[_Union[GetEventsResponse.Events, _Mapping]]] = ..., error: _Optional[_Union[GetEventsResponse.Error, _Mapping]] = ...) -> None: ...
