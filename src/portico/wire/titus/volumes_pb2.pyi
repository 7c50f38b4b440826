from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SharedContainerVolumeSource(_message.Message):
    __slots__ = ("sourceContainer", "sourcePath")
    SOURCECONTAINER_FIELD_NUMBER: _ClassVar[int]
    SOURCEPATH_FIELD_NUMBER: _ClassVar[int]
    sourceContainer: str
    sourcePath: str
    def __init__(self, sourceContainer: _Optional[str] = ..., sourcePath: _Optional[str] = ...) -> None: ...

class SaaSVolumeSource(_message.Message):
    __slots__ = ("SaaSVolumeID",)
    SAASVOLUMEID_FIELD_NUMBER: _ClassVar[int]
    SaaSVolumeID: str
    def __init__(self, SaaSVolumeID: _Optional[str] = ...) -> None: ...

class Volume(_message.Message):
    __slots__ = ("name", "sharedContainerVolumeSource", "SaaSVolumeSource")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAREDCONTAINERVOLUMESOURCE_FIELD_NUMBER: _ClassVar[int]
    SAASVOLUMESOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    sharedContainerVolumeSource: SharedContainerVolumeSource
    SaaSVolumeSource: SaaSVolumeSource
    def __init__(self, name: _Optional[str] = ..., sharedContainerVolumeSource: _Optional[_Union[SharedContainerVolumeSource, _Mapping]] = ..., SaaSVolumeSource: _Optional[_Union[SaaSVolumeSource, _Mapping]] = ...) -> None: ...

class VolumeMount(_message.Message):
    __slots__ = ("mountPath", "mountPropagation", "volumeName", "readOnly", "subPath")
    class MountPropagation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MountPropagationNone: _ClassVar[VolumeMount.MountPropagation]
        MountPropagationHostToContainer: _ClassVar[VolumeMount.MountPropagation]
        MountPropagationBidirectional: _ClassVar[VolumeMount.MountPropagation]
    MountPropagationNone: VolumeMount.MountPropagation
    MountPropagationHostToContainer: VolumeMount.MountPropagation
    MountPropagationBidirectional: VolumeMount.MountPropagation
    MOUNTPATH_FIELD_NUMBER: _ClassVar[int]
    MOUNTPROPAGATION_FIELD_NUMBER: _ClassVar[int]
    VOLUMENAME_FIELD_NUMBER: _ClassVar[int]
    READONLY_FIELD_NUMBER: _ClassVar[int]
    SUBPATH_FIELD_NUMBER: _ClassVar[int]
    mountPath: str
    mountPropagation: VolumeMount.MountPropagation
    volumeName: str
    readOnly: bool
    subPath: str
    def __init__(self, mountPath: _Optional[str] = ..., mountPropagation: _Optional[_Union[VolumeMount.MountPropagation, str]] = ..., volumeName: _Optional[str] = ..., readOnly: _Optional[bool] = ..., subPath: _Optional[str] = ...) -> None: ...
