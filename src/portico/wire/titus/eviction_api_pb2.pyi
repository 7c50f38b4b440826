from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EvictionQuota(_message.Message):
    __slots__ = ("target", "quota", "message")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    target: _base_pb2.Reference
    quota: int
    message: str
    def __init__(self, target: _Optional[_Union[_base_pb2.Reference, _Mapping]] = ..., quota: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class CapacityGroupId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class TierId(_message.Message):
    __slots__ = ("tier",)
    TIER_FIELD_NUMBER: _ClassVar[int]
    tier: _base_pb2.Tier
    def __init__(self, tier: _Optional[_Union[_base_pb2.Tier, str]] = ...) -> None: ...

class TaskTerminateRequest(_message.Message):
    __slots__ = ("taskId", "reason")
    TASKID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    taskId: str
    reason: str
    def __init__(self, taskId: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class TaskTerminateResponse(_message.Message):
    __slots__ = ("allowed", "reasonCode", "reasonMessage")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    REASONCODE_FIELD_NUMBER: _ClassVar[int]
    REASONMESSAGE_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    reasonCode: str
    reasonMessage: str
    def __init__(self, allowed: _Optional[bool] = ..., reasonCode: _Optional[str] = ..., reasonMessage: _Optional[str] = ...) -> None: ...

class ObserverEventRequest(_message.Message):
    __slots__ = ("includeSnapshot",)
    INCLUDESNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    includeSnapshot: bool
    def __init__(self, includeSnapshot: _Optional[bool] = ...) -> None: ...

class EvictionServiceEvent(_message.Message):
    __slots__ = ("snapshotEnd", "evictionQuotaEvent", "taskTerminationEvent")
    class SnapshotEnd(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class EvictionQuotaEvent(_message.Message):
        __slots__ = ("quota",)
        QUOTA_FIELD_NUMBER: _ClassVar[int]
        quota: EvictionQuota
        def __init__(self, quota: _Optional[_Union[EvictionQuota, _Mapping]] = ...) -> None: ...
    class TaskTerminationEvent(_message.Message):
        __slots__ = ("taskId", "approved", "reason", "restrictionCode", "restrictionMessage")
        TASKID_FIELD_NUMBER: _ClassVar[int]
        APPROVED_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        RESTRICTIONCODE_FIELD_NUMBER: _ClassVar[int]
        RESTRICTIONMESSAGE_FIELD_NUMBER: _ClassVar[int]
        taskId: str
        approved: bool
        reason: str
        restrictionCode: str
        restrictionMessage: str
        def __init__(self, taskId: _Optional[str] = ..., approved: _Optional[bool] = ..., reason: _Optional[str] = ..., restrictionCode: _Optional[str] = ..., restrictionMessage: _Optional[str] = ...) -> None: ...
    SNAPSHOTEND_FIELD_NUMBER: _ClassVar[int]
    EVICTIONQUOTAEVENT_FIELD_NUMBER: _ClassVar[int]
    TASKTERMINATIONEVENT_FIELD_NUMBER: _ClassVar[int]
    snapshotEnd: EvictionServiceEvent.SnapshotEnd
    evictionQuotaEvent: EvictionServiceEvent.EvictionQuotaEvent
    taskTerminationEvent: EvictionServiceEvent.TaskTerminationEvent
    def __init__(self, snapshotEnd: _Optional[_Union[EvictionServiceEvent.SnapshotEnd, _Mapping]] = ..., evictionQuotaEvent: _Optional[_Union[EvictionServiceEvent.EvictionQuotaEvent, _Mapping]] = ..., taskTerminationEvent: _Optional[_Union[EvictionServiceEvent.TaskTerminationEvent, _Mapping]] = ...) -> None: ...
