from portico.wire.titus import job_api_pb2 as _job_api_pb2
from portico.wire.titus import jobs_pb2 as _jobs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobActivityQuery(_message.Message):
    __slots__ = ("jobId",)
    JOBID_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    def __init__(self, jobId: _Optional[str] = ...) -> None: ...

class ActivityRecord(_message.Message):
    __slots__ = ("jobId", "jobState", "timestamp", "callers", "callReason", "reasonCode", "reasonMessage", "capacity", "taskInfo")
    class CallerType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Unknown: _ClassVar[ActivityRecord.CallerType]
        Application: _ClassVar[ActivityRecord.CallerType]
        User: _ClassVar[ActivityRecord.CallerType]
    Unknown: ActivityRecord.CallerType
    Application: ActivityRecord.CallerType
    User: ActivityRecord.CallerType
    class Caller(_message.Message):
        __slots__ = ("id", "type", "context")
        class ContextEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
        ID_FIELD_NUMBER: _ClassVar[int]
        TYPE_FIELD_NUMBER: _ClassVar[int]
        CONTEXT_FIELD_NUMBER: _ClassVar[int]
        id: str
        type: ActivityRecord.CallerType
        context: _containers.ScalarMap[str, str]
        def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[ActivityRecord.CallerType, str]] = ..., context: _Optional[_Mapping[str, str]] = ...) -> None: ...
    class TaskInfo(_message.Message):
        __slots__ = ("taskId", "taskState")
        TASKID_FIELD_NUMBER: _ClassVar[int]
        TASKSTATE_FIELD_NUMBER: _ClassVar[int]
        taskId: str
        taskState: str
        def __init__(self, taskId: _Optional[str] = ..., taskState: _Optional[str] = ...) -> None: ...
    class Capacity(_message.Message):
        __slots__ = ("min", "max", "desired")
        MIN_FIELD_NUMBER: _ClassVar[int]
        MAX_FIELD_NUMBER: _ClassVar[int]
        DESIRED_FIELD_NUMBER: _ClassVar[int]
        min: int
        max: int
        desired: int
        def __init__(self, min: _Optional[int] = ..., max: _Optional[int] = ..., desired: _Optional[int] = ...) -> None: ...
    JOBID_FIELD_NUMBER: _ClassVar[int]
    JOBSTATE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    CALLREASON_FIELD_NUMBER: _ClassVar[int]
    REASONCODE_FIELD_NUMBER: _ClassVar[int]
    REASONMESSAGE_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    TASKINFO_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    jobState: str
    timestamp: int
    callers: _containers.RepeatedCompositeFieldContainer[ActivityRecord.Caller]
    callReason: str
    reasonCode: str
    reasonMessage: str
    capacity: ActivityRecord.Capacity
    taskInfo: ActivityRecord.TaskInfo
    def __init__(self, jobId: _Optional[str] = ..., jobState: _Optional[str] = ..., timestamp: _Optional[int] = ..., callers: _Optional[_Iterable[_Union[ActivityRecord.Caller, _Mapping]]] = ..., callReason: _Optional[str] = ..., reasonCode: _Optional[str] = ..., reasonMessage: _Optional[str] = ..., capacity: _Optional[_Union[ActivityRecord.Capacity, _Mapping]] = ..., taskInfo: _Optional[_Union[ActivityRecord.TaskInfo, _Mapping]] = ...) -> None: ...

class ActivityQueryResult(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ActivityRecord]
    def __init__(self, items: _Optional[_Iterable[_Union[ActivityRecord, _Mapping]]] = ...) -> None: ...
