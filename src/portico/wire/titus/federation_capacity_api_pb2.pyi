from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FederatedCapacityGroup(_message.Message):
    __slots__ = ("capacityGroupName", "federatedCapacity", "resourcePool", "cellPercentDist")
    class CellPercentDistEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    CAPACITYGROUPNAME_FIELD_NUMBER: _ClassVar[int]
    FEDERATEDCAPACITY_FIELD_NUMBER: _ClassVar[int]
    RESOURCEPOOL_FIELD_NUMBER: _ClassVar[int]
    CELLPERCENTDIST_FIELD_NUMBER: _ClassVar[int]
    capacityGroupName: str
    federatedCapacity: FederatedCapacity
    resourcePool: str
    cellPercentDist: _containers.ScalarMap[str, int]
    def __init__(self, capacityGroupName: _Optional[str] = ..., federatedCapacity: _Optional[_Union[FederatedCapacity, _Mapping]] = ..., resourcePool: _Optional[str] = ..., cellPercentDist: _Optional[_Mapping[str, int]] = ...) -> None: ...

class FederatedCapacity(_message.Message):
    __slots__ = ("instanceCount", "resourceDimension")
    INSTANCECOUNT_FIELD_NUMBER: _ClassVar[int]
    RESOURCEDIMENSION_FIELD_NUMBER: _ClassVar[int]
    instanceCount: int
    resourceDimension: _base_pb2.ResourceDimension
    def __init__(self, instanceCount: _Optional[int] = ..., resourceDimension: _Optional[_Union[_base_pb2.ResourceDimension, _Mapping]] = ...) -> None: ...

class CreateFederatedCapacityGroupRequest(_message.Message):
    __slots__ = ("federatedCapacityGroup",)
    FEDERATEDCAPACITYGROUP_FIELD_NUMBER: _ClassVar[int]
    federatedCapacityGroup: FederatedCapacityGroup
    def __init__(self, federatedCapacityGroup: _Optional[_Union[FederatedCapacityGroup, _Mapping]] = ...) -> None: ...

class CreateFederatedCapacityGroupResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpdateFederatedCapacityRequest(_message.Message):
    __slots__ = ("capacityGroupName", "federatedCapacity")
    CAPACITYGROUPNAME_FIELD_NUMBER: _ClassVar[int]
    FEDERATEDCAPACITY_FIELD_NUMBER: _ClassVar[int]
    capacityGroupName: str
    federatedCapacity: FederatedCapacity
    def __init__(self, capacityGroupName: _Optional[str] = ..., federatedCapacity: _Optional[_Union[FederatedCapacity, _Mapping]] = ...) -> None: ...

class UpdateFederatedCapacityResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteFederatedCapacityGroupRequest(_message.Message):
    __slots__ = ("capacityGroupName",)
    CAPACITYGROUPNAME_FIELD_NUMBER: _ClassVar[int]
    capacityGroupName: str
    def __init__(self, capacityGroupName: _Optional[str] = ...) -> None: ...

class DeleteFederatedCapacityGroupResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetFederatedCapacityGroupRequest(_message.Message):
    __slots__ = ("capacityGroupNames",)
    CAPACITYGROUPNAMES_FIELD_NUMBER: _ClassVar[int]
    capacityGroupNames: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, capacityGroupNames: _Optional[_Iterable[str]] = ...) -> None: ...

class GetFederatedCapacityGroupResponse(_message.Message):
    __slots__ = ("federatedCapacityGroups",)
    FEDERATEDCAPACITYGROUPS_FIELD_NUMBER: _ClassVar[int]
    federatedCapacityGroups: _containers.RepeatedCompositeFieldContainer[FederatedCapacityGroup]
    def __init__(self, federatedCapacityGroups: _Optional[_Iterable[_Union[FederatedCapacityGroup, _Mapping]]] = ...) -> None: ...
