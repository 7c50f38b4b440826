from portico.wire.peloton import job_pb2 as _job_pb2
from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from portico.wire.peloton import update_pb2 as _update_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateUpdateRequest(_message.Message):
    __slots__ = ("jobId", "jobConfig", "updateConfig")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    JOBCONFIG_FIELD_NUMBER: _ClassVar[int]
    UPDATECONFIG_FIELD_NUMBER: _ClassVar[int]
    jobId: _peloton_pb2.JobID
    jobConfig: _job_pb2.JobConfig
    updateConfig: _update_pb2.UpdateConfig
    def __init__(self, jobId: _Optional[_Union[_peloton_pb2.JobID, _Mapping]] = ..., jobConfig: _Optional[_Union[_job_pb2.JobConfig, _Mapping]] = ..., updateConfig: _Optional[_Union[_update_pb2.UpdateConfig, _Mapping]] = ...) -> None: ...

class CreateUpdateResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _update_pb2.UpdateID
    def __init__(self, result: _Optional[_Union[_update_pb2.UpdateID, _Mapping]] = ...) -> None: ...

class GetUpdateRequest(_message.Message):
    __slots__ = ("updateId",)
    UPDATEID_FIELD_NUMBER: _ClassVar[int]
    updateId: _update_pb2.UpdateID
    def __init__(self, updateId: _Optional[_Union[_update_pb2.UpdateID, _Mapping]] = ...) -> None: ...

class GetUpdateResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _update_pb2.UpdateInfo
    def __init__(self, result: _Optional[_Union[_update_pb2.UpdateInfo, _Mapping]] = ...) -> None: ...

class ListUpdatesRequest(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    def __init__(self, limit: _Optional[int] = ...) -> None: ...

class ListUpdatesResponse(_message.Message):
    __slots__ = ("updateInfo",)
    UPDATEINFO_FIELD_NUMBER: _ClassVar[int]
    updateInfo: _containers.RepeatedCompositeFieldContainer[_update_pb2.UpdateInfo]
    def __init__(self, updateInfo: _Optional[_Iterable[_Union[_update_pb2.UpdateInfo, _Mapping]]] = ...) -> None: ...

class PauseUpdateRequest(_message.Message):
    __slots__ = ("updateId",)
    UPDATEID_FIELD_NUMBER: _ClassVar[int]
    updateId: _update_pb2.UpdateID
    def __init__(self, updateId: _Optional[_Union[_update_pb2.UpdateID, _Mapping]] = ...) -> None: ...

class PauseUpdateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeUpdateRequest(_message.Message):
    __slots__ = ("updateId",)
    UPDATEID_FIELD_NUMBER: _ClassVar[int]
    updateId: _update_pb2.UpdateID
    def __init__(self, updateId: _Optional[_Union[_update_pb2.UpdateID, _Mapping]] = ...) -> None: ...

class ResumeUpdateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RollbackUpdateRequest(_message.Message):
    __slots__ = ("updateId",)
    UPDATEID_FIELD_NUMBER: _ClassVar[int]
    updateId: _update_pb2.UpdateID
    def __init__(self, updateId: _Optional[_Union[_update_pb2.UpdateID, _Mapping]] = ...) -> None: ...

class RollbackUpdateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AbortUpdateRequest(_message.Message):
    __slots__ = ("updateId", "softAbort")
    UPDATEID_FIELD_NUMBER: _ClassVar[int]
    SOFTABORT_FIELD_NUMBER: _ClassVar[int]
    updateId: _update_pb2.UpdateID
    softAbort: bool
    def __init__(self, updateId: _Optional[_Union[_update_pb2.UpdateID, _Mapping]] = ..., softAbort: _Optional[bool] = ...) -> None: ...

class AbortUpdateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
