from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from portico.wire.peloton import volume_pb2 as _volume_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListVolumesRequest(_message.Message):
    __slots__ = ("jobId",)
    JOBID_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ...) -> None: ...

class ListVolumesResponse(_message.Message):
    __slots__ = ("volumes",)
    class VolumesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _volume_pb2.PersistentVolumeInfo
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_volume_pb2.PersistentVolumeInfo, _Mapping]] = ...) -> None: ...
    VOLUMES_FIELD_NUMBER: _ClassVar[int]
    volumes: _containers.MessageMap[str, _volume_pb2.PersistentVolumeInfo]
    def __init__(self, volumes: _Optional[_Mapping[str, _volume_pb2.PersistentVolumeInfo]] = ...) -> None: ...

class GetVolumeRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.VolumeID
    def __init__(self, id: _Optional[_Union[_peloton_pb2.VolumeID, _Mapping]] = ...) -> None: ...

class GetVolumeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _volume_pb2.PersistentVolumeInfo
    def __init__(self, result: _Optional[_Union[_volume_pb2.PersistentVolumeInfo, _Mapping]] = ...) -> None: ...

class DeleteVolumeRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.VolumeID
    def __init__(self, id: _Optional[_Union[_peloton_pb2.VolumeID, _Mapping]] = ...) -> None: ...

class DeleteVolumeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
