from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLLING_FORWARD: _ClassVar[State]
    ROLLING_BACK: _ClassVar[State]
    PAUSED: _ClassVar[State]
    SUCCEEDED: _ClassVar[State]
    ROLLED_BACK: _ClassVar[State]
    ABORTED: _ClassVar[State]
ROLLING_FORWARD: State
ROLLING_BACK: State
PAUSED: State
SUCCEEDED: State
ROLLED_BACK: State
ABORTED: State

class UpdateID(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: str
    def __init__(self, value: _Optional[str] = ...) -> None: ...

class UpdateConfig(_message.Message):
    __slots__ = ("batchSize", "batchPercentage", "stopBeforeUpdate", "startPaused")
    BATCHSIZE_FIELD_NUMBER: _ClassVar[int]
    BATCHPERCENTAGE_FIELD_NUMBER: _ClassVar[int]
    STOPBEFOREUPDATE_FIELD_NUMBER: _ClassVar[int]
    STARTPAUSED_FIELD_NUMBER: _ClassVar[int]
    batchSize: int
    batchPercentage: float
    stopBeforeUpdate: bool
    startPaused: bool
    def __init__(self, batchSize: _Optional[int] = ..., batchPercentage: _Optional[float] = ..., stopBeforeUpdate: _Optional[bool] = ..., startPaused: _Optional[bool] = ...) -> None: ...

class UpdateStatus(_message.Message):
    __slots__ = ("numTasksDone", "numTasksRemaining", "state")
    NUMTASKSDONE_FIELD_NUMBER: _ClassVar[int]
    NUMTASKSREMAINING_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    numTasksDone: int
    numTasksRemaining: int
    state: State
    def __init__(self, numTasksDone: _Optional[int] = ..., numTasksRemaining: _Optional[int] = ..., state: _Optional[_Union[State, str]] = ...) -> None: ...

class UpdateInfo(_message.Message):
    __slots__ = ("updateId", "config", "status", "jobId")
    UPDATEID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    JOBID_FIELD_NUMBER: _ClassVar[int]
    updateId: UpdateID
    config: UpdateConfig
    status: UpdateStatus
    jobId: _peloton_pb2.JobID
    def __init__(self, updateId: _Optional[_Union[UpdateID, _Mapping]] = ..., config: _Optional[_Union[UpdateConfig, _Mapping]] = ..., status: _Optional[_Union[UpdateStatus, _Mapping]] = ..., jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ...) -> None: ...
