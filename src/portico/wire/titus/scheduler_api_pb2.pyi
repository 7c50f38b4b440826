from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Match(_message.Message):
    __slots__ = ("selectExpression", "matchExpression")
    SELECTEXPRESSION_FIELD_NUMBER: _ClassVar[int]
    MATCHEXPRESSION_FIELD_NUMBER: _ClassVar[int]
    selectExpression: str
    matchExpression: str
    def __init__(self, selectExpression: _Optional[str] = ..., matchExpression: _Optional[str] = ...) -> None: ...

class Should(_message.Message):
    __slots__ = ("match",)
    MATCH_FIELD_NUMBER: _ClassVar[int]
    match: Match
    def __init__(self, match: _Optional[_Union[Match, _Mapping]] = ...) -> None: ...

class Must(_message.Message):
    __slots__ = ("match",)
    MATCH_FIELD_NUMBER: _ClassVar[int]
    match: Match
    def __init__(self, match: _Optional[_Union[Match, _Mapping]] = ...) -> None: ...

class SystemSelector(_message.Message):
    __slots__ = ("id", "description", "enabled", "priority", "reason", "timestamp", "should", "must")
    ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SHOULD_FIELD_NUMBER: _ClassVar[int]
    MUST_FIELD_NUMBER: _ClassVar[int]
    id: str
    description: str
    enabled: bool
    priority: int
    reason: str
    timestamp: int
    should: Should
    must: Must
    def __init__(self, id: _Optional[str] = ..., description: _Optional[str] = ..., enabled: _Optional[bool] = ..., priority: _Optional[int] = ..., reason: _Optional[str] = ..., timestamp: _Optional[int] = ..., should: _Optional[_Union[Should, _Mapping]] = ..., must: _Optional[_Union[Must, _Mapping]] = ...) -> None: ...

class SystemSelectorId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class SystemSelectors(_message.Message):
    __slots__ = ("systemSelectors",)
    SYSTEMSELECTORS_FIELD_NUMBER: _ClassVar[int]
    systemSelectors: _containers.RepeatedCompositeFieldContainer[SystemSelector]
    def __init__(self, systemSelectors: _Optional[_Iterable[_Union[SystemSelector, _Mapping]]] = ...) -> None: ...

class SystemSelectorUpdate(_message.Message):
    __slots__ = ("id", "systemSelector")
    ID_FIELD_NUMBER: _ClassVar[int]
    SYSTEMSELECTOR_FIELD_NUMBER: _ClassVar[int]
    id: str
    systemSelector: SystemSelector
    def __init__(self, id: _Optional[str] = ..., systemSelector: _Optional[_Union[SystemSelector, _Mapping]] = ...) -> None: ...

class SchedulingResultRequest(_message.Message):
    __slots__ = ("taskId",)
    TASKID_FIELD_NUMBER: _ClassVar[int]
    taskId: str
    def __init__(self, taskId: _Optional[str] = ...) -> None: ...

class SchedulingResultEvent(_message.Message):
    __slots__ = ("success", "failures")
    class Success(_message.Message):
        __slots__ = ("message",)
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        message: str
        def __init__(self, message: _Optional[str] = ...) -> None: ...
    class Failure(_message.Message):
        __slots__ = ("reason", "failureCount", "agentIdSamples")
        REASON_FIELD_NUMBER: _ClassVar[int]
        FAILURECOUNT_FIELD_NUMBER: _ClassVar[int]
        AGENTIDSAMPLES_FIELD_NUMBER: _ClassVar[int]
        reason: str
        failureCount: int
        agentIdSamples: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, reason: _Optional[str] = ..., failureCount: _Optional[int] = ..., agentIdSamples: _Optional[_Iterable[str]] = ...) -> None: ...
    class Failures(_message.Message):
        __slots__ = ("failures",)
        FAILURES_FIELD_NUMBER: _ClassVar[int]
        failures: _containers.RepeatedCompositeFieldContainer[SchedulingResultEvent.Failure]
        def __init__(self, failures: _Optional[_Iterable[_Union[SchedulingResultEvent.Failure, _Mapping]]] = ...) -> None: ...
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    success: SchedulingResultEvent.Success
    failures: SchedulingResultEvent.Failures
    def __init__(self, success: _Optional[_Union[SchedulingResultEvent.Success, _Mapping]] = ..., failures: _Optional[_Union[SchedulingResultEvent.Failures, _Mapping]] = ...) -> None: ...
