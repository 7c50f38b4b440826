from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContainerExt(_message.Message):
    __slots__ = ("ebsMounts",)
    class EBS(_message.Message):
        __slots__ = ("ebsARN", "mountPoint", "mountPerm")
        EBSARN_FIELD_NUMBER: _ClassVar[int]
        MOUNTPOINT_FIELD_NUMBER: _ClassVar[int]
        MOUNTPERM_FIELD_NUMBER: _ClassVar[int]
        ebsARN: str
        mountPoint: str
        mountPerm: _base_pb2.MountPerm
        def __init__(self, ebsARN: _Optional[str] = ..., mountPoint: _Optional[str] = ..., mountPerm: _Optional[_Union[_base_pb2.MountPerm, str]] = ...) -> None: ...
    EBSMOUNTS_FIELD_NUMBER: _ClassVar[int]
    ebsMounts: _containers.RepeatedCompositeFieldContainer[ContainerExt.EBS]
    def __init__(self, ebsMounts: _Optional[_Iterable[_Union[ContainerExt.EBS, _Mapping]]] = ...) -> None: ...
