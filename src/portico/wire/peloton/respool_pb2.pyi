from portico.wire.peloton import changelog_pb2 as _changelog_pb2
from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SchedulingPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN: _ClassVar[SchedulingPolicy]
    PriorityFIFO: _ClassVar[SchedulingPolicy]
UNKNOWN: SchedulingPolicy
PriorityFIFO: SchedulingPolicy

class ResourcePoolPath(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: str
    def __init__(self, value: _Optional[str] = ...) -> None: ...

class ResourceConfig(_message.Message):
    __slots__ = ("kind", "reservation", "limit", "share")
    KIND_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    reservation: float
    limit: float
    share: float
    def __init__(self, kind: _Optional[str] = ..., reservation: _Optional[float] = ..., limit: _Optional[float] = ..., share: _Optional[float] = ...) -> None: ...

class ResourcePoolConfig(_message.Message):
    __slots__ = ("changeLog", "name", "owningTeam", "ldapGroups", "description", "resources", "parent", "policy")
    CHANGELOG_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OWNINGTEAM_FIELD_NUMBER: _ClassVar[int]
    LDAPGROUPS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    changeLog: _changelog_pb2.ChangeLog
    name: str
    owningTeam: str
    ldapGroups: _containers.RepeatedScalarFieldContainer[str]
    description: str
    resources: _containers.RepeatedCompositeFieldContainer[ResourceConfig]
    parent: _peloton_pb2.ResourcePoolID
    policy: SchedulingPolicy
    def __init__(self, changeLog: _Optional[_Union[_changelog_pb2.ChangeLog, _Mapping]] = ..., name: _Optional[str] = ..., owningTeam: _Optional[str] = ..., ldapGroups: _Optional[_Iterable[str]] = ..., description: _Optional[str] = ..., resources: _Optional[_Iterable[_Union[ResourceConfig, _Mapping]]] = ..., parent: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., policy: _Optional[_Union[SchedulingPolicy, str]] = ...) -> None: ...

class ResourceUsage(_message.Message):
    __slots__ = ("kind", "allocation", "slack")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_FIELD_NUMBER: _ClassVar[int]
    SLACK_FIELD_NUMBER: _ClassVar[int]
    kind: str
    allocation: float
    slack: float
    def __init__(self, kind: _Optional[str] = ..., allocation: _Optional[float] = ..., slack: _Optional[float] = ...) -> None: ...

class ResourcePoolInfo(_message.Message):
    __slots__ = ("id", "config", "parent", "children", "usage")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    config: ResourcePoolConfig
    parent: _peloton_pb2.ResourcePoolID
    children: _containers.RepeatedCompositeFieldContainer[_peloton_pb2.ResourcePoolID]
    usage: _containers.RepeatedCompositeFieldContainer[ResourceUsage]
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., config: _Optional[_Union[ResourcePoolConfig, _Mapping]] = ..., parent: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., children: _Optional[_Iterable[_Union[_peloton_pb2.ResourcePoolID, _Mapping]]] = ..., usage: _Optional[_Iterable[_Union[ResourceUsage, _Mapping]]] = ...) -> None: ...

class ResourcePoolAlreadyExists(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class InvalidResourcePoolConfig(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ResourcePoolNotFound(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ResourcePoolPathNotFound(_message.Message):
    __slots__ = ("path", "message")
    PATH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    path: ResourcePoolPath
    message: str
    def __init__(self, path: _Optional[_Union[ResourcePoolPath, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class InvalidResourcePoolPath(_message.Message):
    __slots__ = ("path", "message")
    PATH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    path: ResourcePoolPath
    message: str
    def __init__(self, path: _Optional[_Union[ResourcePoolPath, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ResourcePoolIsBusy(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ResourcePoolIsNotLeaf(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ResourcePoolNotDeleted(_message.Message):
    __slots__ = ("id", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    message: str
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class CreateRequest(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: ResourcePoolConfig
    def __init__(self, config: _Optional[_Union[ResourcePoolConfig, _Mapping]] = ...) -> None: ...

class CreateResponse(_message.Message):
    __slots__ = ("error", "result")
    class Error(_message.Message):
        __slots__ = ("alreadyExists", "invalidResourcePoolConfig")
        ALREADYEXISTS_FIELD_NUMBER: _ClassVar[int]
        INVALIDRESOURCEPOOLCONFIG_FIELD_NUMBER: _ClassVar[int]
        alreadyExists: ResourcePoolAlreadyExists
        invalidResourcePoolConfig: InvalidResourcePoolConfig
        def __init__(self, alreadyExists: _Optional[_Union[ResourcePoolAlreadyExists, _Mapping]] = ..., invalidResourcePoolConfig: _Optional[_Union[InvalidResourcePoolConfig, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    error: CreateResponse.Error
    result: _peloton_pb2.ResourcePoolID
    def __init__(self, error: _Optional[_Union[CreateResponse.Error, _Mapping]] = ..., result: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("id", "includeChildPools")
    ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDECHILDPOOLS_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    includeChildPools: bool
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., includeChildPools: _Optional[bool] = ...) -> None: ...

class GetResponse(_message.Message):
    __slots__ = ("error", "poolinfo", "childPools")
    class Error(_message.Message):
        __slots__ = ("notFound",)
        NOTFOUND_FIELD_NUMBER: _ClassVar[int]
        notFound: ResourcePoolNotFound
        def __init__(self, notFound: _Optional[_Union[ResourcePoolNotFound, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    POOLINFO_FIELD_NUMBER: _ClassVar[int]
    CHILDPOOLS_FIELD_NUMBER: _ClassVar[int]
    error: GetResponse.Error
    poolinfo: ResourcePoolInfo
    childPools: _containers.RepeatedCompositeFieldContainer[ResourcePoolInfo]
    def __init__(self, error: _Optional[_Union[GetResponse.Error, _Mapping]] = ..., poolinfo: _Optional[_Union[ResourcePoolInfo, _Mapping]] = ..., childPools: _Optional[_Iterable[_Union[ResourcePoolInfo, _Mapping]]] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: ResourcePoolPath
    def __init__(self, path: _Optional[_Union[ResourcePoolPath, _Mapping]] = ...) -> None: ...

class DeleteResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("notFound", "isBusy", "isNotLeaf", "notDeleted")
        NOTFOUND_FIELD_NUMBER: _ClassVar[int]
        ISBUSY_FIELD_NUMBER: _ClassVar[int]
        ISNOTLEAF_FIELD_NUMBER: _ClassVar[int]
        NOTDELETED_FIELD_NUMBER: _ClassVar[int]
        notFound: ResourcePoolPathNotFound
        isBusy: ResourcePoolIsBusy
        isNotLeaf: ResourcePoolIsNotLeaf
        notDeleted: ResourcePoolNotDeleted
        def __init__(self, notFound: _Optional[_Union[ResourcePoolPathNotFound, _Mapping]] = ..., isBusy: _Optional[_Union[ResourcePoolIsBusy, _Mapping]] = ..., isNotLeaf: _Optional[_Union[ResourcePoolIsNotLeaf, _Mapping]] = ..., notDeleted: _Optional[_Union[ResourcePoolNotDeleted, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: DeleteResponse.Error
    def __init__(self, error: _Optional[_Union[DeleteResponse.Error, _Mapping]] = ...) -> None: ...

class UpdateRequest(_message.Message):
    __slots__ = ("id", "config")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.ResourcePoolID
    config: ResourcePoolConfig
    def __init__(self, id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ..., config: _Optional[_Union[ResourcePoolConfig, _Mapping]] = ...) -> None: ...

class UpdateResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("notFound", "invalidResourcePoolConfig")
        NOTFOUND_FIELD_NUMBER: _ClassVar[int]
        INVALIDRESOURCEPOOLCONFIG_FIELD_NUMBER: _ClassVar[int]
        notFound: ResourcePoolNotFound
        invalidResourcePoolConfig: InvalidResourcePoolConfig
        def __init__(self, notFound: _Optional[_Union[ResourcePoolNotFound, _Mapping]] = ..., invalidResourcePoolConfig: _Optional[_Union[InvalidResourcePoolConfig, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: UpdateResponse.Error
    def __init__(self, error: _Optional[_Union[UpdateResponse.Error, _Mapping]] = ...) -> None: ...

class LookupRequest(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: ResourcePoolPath
    def __init__(self, path: _Optional[_Union[ResourcePoolPath, _Mapping]] = ...) -> None: ...

class LookupResponse(_message.Message):
    __slots__ = ("error", "id")
    class Error(_message.Message):
        __slots__ = ("notFound", "invalidPath")
        NOTFOUND_FIELD_NUMBER: _ClassVar[int]
        INVALIDPATH_FIELD_NUMBER: _ClassVar[int]
        notFound: ResourcePoolPathNotFound
        invalidPath: InvalidResourcePoolPath
        def __init__(self, notFound: _Optional[_Union[ResourcePoolPathNotFound, _Mapping]] = ..., invalidPath: _Optional[_Union[InvalidResourcePoolPath, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    error: LookupResponse.Error
    id: _peloton_pb2.ResourcePoolID
    def __init__(self, error: _Optional[_Union[LookupResponse.Error, _Mapping]] = ..., id: _Optional[_Union[_peloton_pb2.ResourcePoolID, _Mapping]] = ...) -> None: ...

class QueryRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryResponse(_message.Message):
    __slots__ = ("error", "resourcePools")
    class Error(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RESOURCEPOOLS_FIELD_NUMBER: _ClassVar[int]
    error: QueryResponse.Error
    resourcePools: _containers.RepeatedCompositeFieldContainer[ResourcePoolInfo]
    def __init__(self, error: _Optional[_Union[QueryResponse.Error, _Mapping]] = ..., resourcePools: _Optional[_Iterable[_Union[ResourcePoolInfo, _Mapping]]] = ...) -> None: ...
