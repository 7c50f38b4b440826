from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClusterMemberAddress(_message.Message):
    __slots__ = ("ipAddress", "portNumber", "protocol", "secure", "description")
    IPADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORTNUMBER_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    SECURE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ipAddress: str
    portNumber: int
    protocol: str
    secure: bool
    description: str
    def __init__(self, ipAddress: _Optional[str] = ..., portNumber: _Optional[int] = ..., protocol: _Optional[str] = ..., secure: _Optional[bool] = ..., description: _Optional[str] = ...) -> None: ...

class ClusterMember(_message.Message):
    __slots__ = ("memberId", "enabled", "registered", "leadershipState", "addresses", "labels")
    class LeadershipState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Disabled: _ClassVar[ClusterMember.LeadershipState]
        NonLeader: _ClassVar[ClusterMember.LeadershipState]
        Leader: _ClassVar[ClusterMember.LeadershipState]
        Unknown: _ClassVar[ClusterMember.LeadershipState]
    Disabled: ClusterMember.LeadershipState
    NonLeader: ClusterMember.LeadershipState
    Leader: ClusterMember.LeadershipState
    Unknown: ClusterMember.LeadershipState
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MEMBERID_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    LEADERSHIPSTATE_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    memberId: str
    enabled: bool
    registered: bool
    leadershipState: ClusterMember.LeadershipState
    addresses: _containers.RepeatedCompositeFieldContainer[ClusterMemberAddress]
    labels: _containers.ScalarMap[str, str]
    def __init__(self, memberId: _Optional[str] = ..., enabled: _Optional[bool] = ..., registered: _Optional[bool] = ..., leadershipState: _Optional[_Union[ClusterMember.LeadershipState, str]] = ..., addresses: _Optional[_Iterable[_Union[ClusterMemberAddress, _Mapping]]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ClusterMembershipRevision(_message.Message):
    __slots__ = ("current", "code", "message", "timestamp")
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    current: ClusterMember
    code: str
    message: str
    timestamp: int
    def __init__(self, current: _Optional[_Union[ClusterMember, _Mapping]] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., timestamp: _Optional[int] = ...) -> None: ...

class ClusterMembershipEvent(_message.Message):
    __slots__ = ("snapshot", "memberUpdated", "memberRemoved")
    class Snapshot(_message.Message):
        __slots__ = ("revisions",)
        REVISIONS_FIELD_NUMBER: _ClassVar[int]
        revisions: _containers.RepeatedCompositeFieldContainer[ClusterMembershipRevision]
        def __init__(self, revisions: _Optional[_Iterable[_Union[ClusterMembershipRevision, _Mapping]]] = ...) -> None: ...
    class MemberUpdated(_message.Message):
        __slots__ = ("revision",)
        REVISION_FIELD_NUMBER: _ClassVar[int]
        revision: ClusterMembershipRevision
        def __init__(self, revision: _Optional[_Union[ClusterMembershipRevision, _Mapping]] = ...) -> None: ...
    class MemberRemoved(_message.Message):
        __slots__ = ("revision",)
        REVISION_FIELD_NUMBER: _ClassVar[int]
        revision: ClusterMembershipRevision
        def __init__(self, revision: _Optional[_Union[ClusterMembershipRevision, _Mapping]] = ...) -> None: ...
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    MEMBERUPDATED_FIELD_NUMBER: _ClassVar[int]
    MEMBERREMOVED_FIELD_NUMBER: _ClassVar[int]
    snapshot: ClusterMembershipEvent.Snapshot
    memberUpdated: ClusterMembershipEvent.MemberUpdated
    memberRemoved: ClusterMembershipEvent.MemberRemoved
    def __init__(self, snapshot: _Optional[_Union[ClusterMembershipEvent.Snapshot, _Mapping]] = ..., memberUpdated: _Optional[_Union[ClusterMembershipEvent.MemberUpdated, _Mapping]] = ..., memberRemoved: _Optional[_Union[ClusterMembershipEvent.MemberRemoved, _Mapping]] = ...) -> None: ...

class MemberId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ClusterMembers(_message.Message):
    __slots__ = ("members",)
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedCompositeFieldContainer[ClusterMember]
    def __init__(self, members: _Optional[_Iterable[_Union[ClusterMember, _Mapping]]] = ...) -> None: ...

class ClusterMembershipQueryRequest(_message.Message):
    __slots__ = ("filteringCriteria", "fields")
    class FilteringCriteriaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FILTERINGCRITERIA_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    filteringCriteria: _containers.ScalarMap[str, str]
    fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, filteringCriteria: _Optional[_Mapping[str, str]] = ..., fields: _Optional[_Iterable[str]] = ...) -> None: ...

class ClusterMembershipRevisions(_message.Message):
    __slots__ = ("revisions",)
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[ClusterMembershipRevision]
    def __init__(self, revisions: _Optional[_Iterable[_Union[ClusterMembershipRevision, _Mapping]]] = ...) -> None: ...

class UpdateMemberLabelsRequest(_message.Message):
    __slots__ = ("memberId", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MEMBERID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    memberId: str
    labels: _containers.ScalarMap[str, str]
    def __init__(self, memberId: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class DeleteMemberLabelsRequest(_message.Message):
    __slots__ = ("memberId", "keys")
    MEMBERID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    memberId: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, memberId: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...

class EnableMemberRequest(_message.Message):
    __slots__ = ("memberId", "enabled")
    MEMBERID_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    memberId: str
    enabled: bool
    def __init__(self, memberId: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...
