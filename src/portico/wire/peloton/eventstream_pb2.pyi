from portico.wire.mesos import mesos_pb2 as _mesos_pb2
from portico.wire.mesos import containers_pb2 as _containers_pb2
from portico.wire.mesos import offers_pb2 as _offers_pb2
from portico.wire.mesos import operations_pb2 as _operations_pb2
from portico.wire.mesos import resources_pb2 as _resources_pb2
from portico.wire.mesos import tasks_pb2 as _tasks_pb2
from portico.wire.mesos import usage_pb2 as _usage_pb2
from portico.wire.mesos import values_pb2 as _values_pb2
from portico.wire.peloton import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Event(_message.Message):
    __slots__ = ("offset", "type", "mesosTaskStatus", "pelotonTaskEvent")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN_EVENT_TYPE: _ClassVar[Event.Type]
        MESOS_TASK_STATUS: _ClassVar[Event.Type]
        PELOTON_TASK_EVENT: _ClassVar[Event.Type]
    UNKNOWN_EVENT_TYPE: Event.Type
    MESOS_TASK_STATUS: Event.Type
    PELOTON_TASK_EVENT: Event.Type
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESOSTASKSTATUS_FIELD_NUMBER: _ClassVar[int]
    PELOTONTASKEVENT_FIELD_NUMBER: _ClassVar[int]
    offset: int
    type: Event.Type
    mesosTaskStatus: _tasks_pb2.TaskStatus
    pelotonTaskEvent: _task_pb2.TaskEvent
    def __init__(self, offset: _Optional[int] = ..., type: _Optional[_Union[Event.Type, str]] = ..., mesosTaskStatus: _Optional[_Union[_tasks_pb2.TaskStatus, _Mapping]] = ..., pelotonTaskEvent: _Optional[_Union[_task_pb2.TaskEvent, _Mapping]] = ...) -> None: ...

class OffsetOutOfRange(_message.Message):
    __slots__ = ("streamID", "minOffset", "maxOffset", "offsetRequested")
    STREAMID_FIELD_NUMBER: _ClassVar[int]
    MINOFFSET_FIELD_NUMBER: _ClassVar[int]
    MAXOFFSET_FIELD_NUMBER: _ClassVar[int]
    OFFSETREQUESTED_FIELD_NUMBER: _ClassVar[int]
    streamID: str
    minOffset: int
    maxOffset: int
    offsetRequested: int
    def __init__(self, streamID: _Optional[str] = ..., minOffset: _Optional[int] = ..., maxOffset: _Optional[int] = ..., offsetRequested: _Optional[int] = ...) -> None: ...

class ClientUnsupported(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class InvalidStreamID(_message.Message):
    __slots__ = ("currentStreamID",)
    CURRENTSTREAMID_FIELD_NUMBER: _ClassVar[int]
    currentStreamID: str
    def __init__(self, currentStreamID: _Optional[str] = ...) -> None: ...

class InvalidPurgeOffset(_message.Message):
    __slots__ = ("purgeOffset", "beginOffset")
    PURGEOFFSET_FIELD_NUMBER: _ClassVar[int]
    BEGINOFFSET_FIELD_NUMBER: _ClassVar[int]
    purgeOffset: int
    beginOffset: int
    def __init__(self, purgeOffset: _Optional[int] = ..., beginOffset: _Optional[int] = ...) -> None: ...

class InitStreamRequest(_message.Message):
    __slots__ = ("clientName",)
    CLIENTNAME_FIELD_NUMBER: _ClassVar[int]
    clientName: str
    def __init__(self, clientName: _Optional[str] = ...) -> None: ...

class InitStreamResponse(_message.Message):
    __slots__ = ("error", "streamID", "minOffset", "previousPurgeOffset")
    class Error(_message.Message):
        __slots__ = ("clientUnsupported",)
        CLIENTUNSUPPORTED_FIELD_NUMBER: _ClassVar[int]
        clientUnsupported: ClientUnsupported
        def __init__(self, clientUnsupported: _Optional[_Union[ClientUnsupported, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STREAMID_FIELD_NUMBER: _ClassVar[int]
    MINOFFSET_FIELD_NUMBER: _ClassVar[int]
    PREVIOUSPURGEOFFSET_FIELD_NUMBER: _ClassVar[int]
    error: InitStreamResponse.Error
    streamID: str
    minOffset: int
    previousPurgeOffset: int
    def __init__(self, error: _Optional[_Union[InitStreamResponse.Error, _Mapping]] = ..., streamID: _Optional[str] = ..., minOffset: _Optional[int] = ..., previousPurgeOffset: _Optional[int] = ...) -> None: ...

class WaitForEventsRequest(_message.Message):
    __slots__ = ("streamID", "purgeOffset", "beginOffset", "limit", "timeoutMs", "clientName")
    STREAMID_FIELD_NUMBER: _ClassVar[int]
    PURGEOFFSET_FIELD_NUMBER: _ClassVar[int]
    BEGINOFFSET_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUTMS_FIELD_NUMBER: _ClassVar[int]
    CLIENTNAME_FIELD_NUMBER: _ClassVar[int]
    streamID: str
    purgeOffset: int
    beginOffset: int
    limit: int
    timeoutMs: int
    clientName: str
    def __init__(self, streamID: _Optional[str] = ..., purgeOffset: _Optional[int] = ..., beginOffset: _Optional[int] = ..., limit: _Optional[int] = ..., timeoutMs: _Optional[int] = ..., clientName: _Optional[str] = ...) -> None: ...

class WaitForEventsResponse(_message.Message):
    __slots__ = ("error", "events")
    class Error(_message.Message):
        __slots__ = ("outOfRange", "clientUnsupported", "invalidStreamID", "invalidPurgeOffset")
        OUTOFRANGE_FIELD_NUMBER: _ClassVar[int]
        CLIENTUNSUPPORTED_FIELD_NUMBER: _ClassVar[int]
        INVALIDSTREAMID_FIELD_NUMBER: _ClassVar[int]
        INVALIDPURGEOFFSET_FIELD_NUMBER: _ClassVar[int]
        outOfRange: OffsetOutOfRange
        clientUnsupported: ClientUnsupported
        invalidStreamID: InvalidStreamID
        invalidPurgeOffset: InvalidPurgeOffset
        def __init__(self, outOfRange: _Optional[_Union[OffsetOutOfRange, _Mapping]] = ..., clientUnsupported: _Optional[_Union[ClientUnsupported, _Mapping]] = ..., invalidStreamID: _Optional[_Union[InvalidStreamID, _Mapping]] = ..., invalidPurgeOffset: _Optional[_Union[InvalidPurgeOffset, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    error: WaitForEventsResponse.Error
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, error: _Optional[_Union[WaitForEventsResponse.Error, _Mapping]] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...
