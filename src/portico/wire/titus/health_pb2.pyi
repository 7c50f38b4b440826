import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HealthCheckRequest(_message.Message):
    __slots__ = ("service",)
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: str
    def __init__(self, service: _Optional[str] = ...) -> None: ...

class HealthCheckResponse(_message.Message):
    __slots__ = ("status", "details")
    class ServingStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[HealthCheckResponse.ServingStatus]
        SERVING: _ClassVar[HealthCheckResponse.ServingStatus]
        NOT_SERVING: _ClassVar[HealthCheckResponse.ServingStatus]
    UNKNOWN: HealthCheckResponse.ServingStatus
    SERVING: HealthCheckResponse.ServingStatus
    NOT_SERVING: HealthCheckResponse.ServingStatus
    class ServerStatus(_message.Message):
        __slots__ = ("details", "error")
        DETAILS_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        details: HealthCheckResponse.Details
        error: HealthCheckResponse.Unknown
        def __init__(self, details: _Optional[_Union[HealthCheckResponse.Details, _Mapping]] = ..., error: _Optional[_Union[HealthCheckResponse.Unknown, _Mapping]] = ...) -> None: ...
    class Unknown(_message.Message):
        __slots__ = ("cell", "errorCode", "message")
        CELL_FIELD_NUMBER: _ClassVar[int]
        ERRORCODE_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        cell: str
        errorCode: str
        message: str
        def __init__(self, cell: _Optional[str] = ..., errorCode: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
    class Details(_message.Message):
        __slots__ = ("status", "cell", "leader", "active", "electionTimestamp", "activationTimestamp", "activationTime", "uptime", "serviceActivationTimes")
        STATUS_FIELD_NUMBER: _ClassVar[int]
        CELL_FIELD_NUMBER: _ClassVar[int]
        LEADER_FIELD_NUMBER: _ClassVar[int]
        ACTIVE_FIELD_NUMBER: _ClassVar[int]
        ELECTIONTIMESTAMP_FIELD_NUMBER: _ClassVar[int]
        ACTIVATIONTIMESTAMP_FIELD_NUMBER: _ClassVar[int]
        ACTIVATIONTIME_FIELD_NUMBER: _ClassVar[int]
        UPTIME_FIELD_NUMBER: _ClassVar[int]
        SERVICEACTIVATIONTIMES_FIELD_NUMBER: _ClassVar[int]
        status: HealthCheckResponse.ServingStatus
        cell: str
        leader: bool
        active: bool
        electionTimestamp: _timestamp_pb2.Timestamp
        activationTimestamp: _timestamp_pb2.Timestamp
        activationTime: _duration_pb2.Duration
        uptime: _duration_pb2.Duration
        serviceActivationTimes: _containers.RepeatedCompositeFieldContainer[ServiceActivation]
        def __init__(self, status: _Optional[_Union[HealthCheckResponse.ServingStatus, str]] = ..., cell: _Optional[str] = ..., leader: _Optional[bool] = ..., active: _Optional[bool] = ..., electionTimestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., activationTimestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., activationTime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., uptime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., serviceActivationTimes: _Optional[_Iterable[_Union[ServiceActivation, _Mapping]]] = ...) -> None: ...
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    status: HealthCheckResponse.ServingStatus
    details: _containers.RepeatedCompositeFieldContainer[HealthCheckResponse.ServerStatus]
    def __init__(self, status: _Optional[_Union[HealthCheckResponse.ServingStatus, str]] = ..., details: _Optional[_Iterable[_Union[HealthCheckResponse.ServerStatus, _Mapping]]] = ...) -> None: ...

class ServiceActivation(_message.Message):
    __slots__ = ("name", "activationTime")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACTIVATIONTIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    activationTime: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., activationTime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
