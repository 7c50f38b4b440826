from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MasterStatus(_message.Message):
    __slots__ = ("state", "reasonCode", "reasonMessage", "timestamp")
    class MasterState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Starting: _ClassVar[MasterStatus.MasterState]
        Inactive: _ClassVar[MasterStatus.MasterState]
        NonLeader: _ClassVar[MasterStatus.MasterState]
        LeaderActivating: _ClassVar[MasterStatus.MasterState]
        LeaderActivated: _ClassVar[MasterStatus.MasterState]
    Starting: MasterStatus.MasterState
    Inactive: MasterStatus.MasterState
    NonLeader: MasterStatus.MasterState
    LeaderActivating: MasterStatus.MasterState
    LeaderActivated: MasterStatus.MasterState
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASONCODE_FIELD_NUMBER: _ClassVar[int]
    REASONMESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    state: MasterStatus.MasterState
    reasonCode: str
    reasonMessage: str
    timestamp: int
    def __init__(self, state: _Optional[_Union[MasterStatus.MasterState, str]] = ..., reasonCode: _Optional[str] = ..., reasonMessage: _Optional[str] = ..., timestamp: _Optional[int] = ...) -> None: ...

class ServerPort(_message.Message):
    __slots__ = ("portNumber", "protocol", "secure", "description")
    PORTNUMBER_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    SECURE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    portNumber: int
    protocol: str
    secure: bool
    description: str
    def __init__(self, portNumber: _Optional[int] = ..., protocol: _Optional[str] = ..., secure: _Optional[bool] = ..., description: _Optional[str] = ...) -> None: ...

class MasterInstance(_message.Message):
    __slots__ = ("instanceId", "ipAddress", "status", "statusHistory", "instanceGroupId", "serverPorts", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    INSTANCEID_FIELD_NUMBER: _ClassVar[int]
    IPADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUSHISTORY_FIELD_NUMBER: _ClassVar[int]
    INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
    SERVERPORTS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    instanceId: str
    ipAddress: str
    status: MasterStatus
    statusHistory: _containers.RepeatedCompositeFieldContainer[MasterStatus]
    instanceGroupId: str
    serverPorts: _containers.RepeatedCompositeFieldContainer[ServerPort]
    labels: _containers.ScalarMap[str, str]
    def __init__(self, instanceId: _Optional[str] = ..., ipAddress: _Optional[str] = ..., status: _Optional[_Union[MasterStatus, _Mapping]] = ..., statusHistory: _Optional[_Iterable[_Union[MasterStatus, _Mapping]]] = ..., instanceGroupId: _Optional[str] = ..., serverPorts: _Optional[_Iterable[_Union[ServerPort, _Mapping]]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class SupervisorEvent(_message.Message):
    __slots__ = ("masterInstanceUpdate", "masterInstanceRemoved")
    class MasterInstanceUpdate(_message.Message):
        __slots__ = ("instance",)
        INSTANCE_FIELD_NUMBER: _ClassVar[int]
        instance: MasterInstance
        def __init__(self, instance: _Optional[_Union[MasterInstance, _Mapping]] = ...) -> None: ...
    class MasterInstanceRemoved(_message.Message):
        __slots__ = ("instanceId",)
        INSTANCEID_FIELD_NUMBER: _ClassVar[int]
        instanceId: str
        def __init__(self, instanceId: _Optional[str] = ...) -> None: ...
    MASTERINSTANCEUPDATE_FIELD_NUMBER: _ClassVar[int]
    MASTERINSTANCEREMOVED_FIELD_NUMBER: _ClassVar[int]
    masterInstanceUpdate: SupervisorEvent.MasterInstanceUpdate
    masterInstanceRemoved: SupervisorEvent.MasterInstanceRemoved
    def __init__(self, masterInstanceUpdate: _Optional[_Union[SupervisorEvent.MasterInstanceUpdate, _Mapping]] = ..., masterInstanceRemoved: _Optional[_Union[SupervisorEvent.MasterInstanceRemoved, _Mapping]] = ...) -> None: ...

class MasterInstanceId(_message.Message):
    __slots__ = ("instanceId",)
    INSTANCEID_FIELD_NUMBER: _ClassVar[int]
    instanceId: str
    def __init__(self, instanceId: _Optional[str] = ...) -> None: ...

class MasterInstances(_message.Message):
    __slots__ = ("instances",)
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    instances: _containers.RepeatedCompositeFieldContainer[MasterInstance]
    def __init__(self, instances: _Optional[_Iterable[_Union[MasterInstance, _Mapping]]] = ...) -> None: ...
