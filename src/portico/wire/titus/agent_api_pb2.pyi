from google.protobuf import empty_pb2 as _empty_pb2
from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InstanceLifecycleState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    StartInitiated: _ClassVar[InstanceLifecycleState]
    Started: _ClassVar[InstanceLifecycleState]
    KillInitiated: _ClassVar[InstanceLifecycleState]
    Stopped: _ClassVar[InstanceLifecycleState]
    InstanceStateUnknown: _ClassVar[InstanceLifecycleState]

class HealthState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Unknown: _ClassVar[HealthState]
    Healthy: _ClassVar[HealthState]
    Unhealthy: _ClassVar[HealthState]

class InstanceGroupLifecycleState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Inactive: _ClassVar[InstanceGroupLifecycleState]
    Active: _ClassVar[InstanceGroupLifecycleState]
    PhasedOut: _ClassVar[InstanceGroupLifecycleState]
    Removable: _ClassVar[InstanceGroupLifecycleState]
StartInitiated: InstanceLifecycleState
Started: InstanceLifecycleState
KillInitiated: InstanceLifecycleState
Stopped: InstanceLifecycleState
InstanceStateUnknown: InstanceLifecycleState
Unknown: HealthState
Healthy: HealthState
Unhealthy: HealthState
Inactive: InstanceGroupLifecycleState
Active: InstanceGroupLifecycleState
PhasedOut: InstanceGroupLifecycleState
Removable: InstanceGroupLifecycleState

class InstanceLifecycleStatus(_message.Message):
    __slots__ = ("state", "launchTimestamp")
    STATE_FIELD_NUMBER: _ClassVar[int]
    LAUNCHTIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    state: InstanceLifecycleState
    launchTimestamp: int
    def __init__(self, state: _Optional[_Union[InstanceLifecycleState, str]] = ..., launchTimestamp: _Optional[int] = ...) -> None: ...

class HealthStatus(_message.Message):
    __slots__ = ("sourceId", "state", "detail", "timestamp", "components")
    SOURCEID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    sourceId: str
    state: HealthState
    detail: str
    timestamp: int
    components: _containers.RepeatedCompositeFieldContainer[HealthStatus]
    def __init__(self, sourceId: _Optional[str] = ..., state: _Optional[_Union[HealthState, str]] = ..., detail: _Optional[str] = ..., timestamp: _Optional[int] = ..., components: _Optional[_Iterable[_Union[HealthStatus, _Mapping]]] = ...) -> None: ...

class InstanceGroupLifecycleStatus(_message.Message):
    __slots__ = ("state", "detail", "timestamp")
    STATE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    state: InstanceGroupLifecycleState
    detail: str
    timestamp: int
    def __init__(self, state: _Optional[_Union[InstanceGroupLifecycleState, str]] = ..., detail: _Optional[str] = ..., timestamp: _Optional[int] = ...) -> None: ...

class AgentInstance(_message.Message):
    __slots__ = ("id", "instanceGroupId", "ipAddress", "hostname", "lifecycleStatus", "healthStatus", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
    IPADDRESS_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLESTATUS_FIELD_NUMBER: _ClassVar[int]
    HEALTHSTATUS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    id: str
    instanceGroupId: str
    ipAddress: str
    hostname: str
    lifecycleStatus: InstanceLifecycleStatus
    healthStatus: HealthStatus
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[str] = ..., instanceGroupId: _Optional[str] = ..., ipAddress: _Optional[str] = ..., hostname: _Optional[str] = ..., lifecycleStatus: _Optional[_Union[InstanceLifecycleStatus, _Mapping]] = ..., healthStatus: _Optional[_Union[HealthStatus, _Mapping]] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class AgentInstanceGroup(_message.Message):
    __slots__ = ("id", "instanceType", "instanceResources", "tier", "min", "desired", "current", "max", "isLaunchEnabled", "isTerminateEnabled", "lifecycleStatus", "launchTimestamp", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    INSTANCETYPE_FIELD_NUMBER: _ClassVar[int]
    INSTANCERESOURCES_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    DESIRED_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    ISLAUNCHENABLED_FIELD_NUMBER: _ClassVar[int]
    ISTERMINATEENABLED_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLESTATUS_FIELD_NUMBER: _ClassVar[int]
    LAUNCHTIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    id: str
    instanceType: str
    instanceResources: _base_pb2.ResourceDimension
    tier: _base_pb2.Tier
    min: int
    desired: int
    current: int
    max: int
    isLaunchEnabled: bool
    isTerminateEnabled: bool
    lifecycleStatus: InstanceGroupLifecycleStatus
    launchTimestamp: int
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[str] = ..., instanceType: _Optional[str] = ..., instanceResources: _Optional[_Union[_base_pb2.ResourceDimension, _Mapping]] = ..., tier: _Optional[_Union[_base_pb2.Tier, str]] = ..., min: _Optional[int] = ..., desired: _Optional[int] = ..., current: _Optional[int] = ..., max: _Optional[int] = ..., isLaunchEnabled: _Optional[bool] = ..., isTerminateEnabled: _Optional[bool] = ..., lifecycleStatus: _Optional[_Union[InstanceGroupLifecycleStatus, _Mapping]] = ..., launchTimestamp: _Optional[int] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class AgentChangeEvent(_message.Message):
    __slots__ = ("instanceGroupUpdate", "instanceGroupRemoved", "agentInstanceUpdate", "agentInstanceRemoved", "snapshotEnd")
    class InstanceGroupUpdate(_message.Message):
        __slots__ = ("instanceGroup",)
        INSTANCEGROUP_FIELD_NUMBER: _ClassVar[int]
        instanceGroup: AgentInstanceGroup
        def __init__(self, instanceGroup: _Optional[_Union[AgentInstanceGroup, _Mapping]] = ...) -> None: ...
    class InstanceGroupRemoved(_message.Message):
        __slots__ = ("instanceGroupId",)
        INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
        instanceGroupId: str
        def __init__(self, instanceGroupId: _Optional[str] = ...) -> None: ...
    class InstanceUpdate(_message.Message):
        __slots__ = ("instance",)
        INSTANCE_FIELD_NUMBER: _ClassVar[int]
        instance: AgentInstance
        def __init__(self, instance: _Optional[_Union[AgentInstance, _Mapping]] = ...) -> None: ...
    class InstanceRemoved(_message.Message):
        __slots__ = ("instanceId",)
        INSTANCEID_FIELD_NUMBER: _ClassVar[int]
        instanceId: str
        def __init__(self, instanceId: _Optional[str] = ...) -> None: ...
    class SnapshotEnd(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    INSTANCEGROUPUPDATE_FIELD_NUMBER: _ClassVar[int]
    INSTANCEGROUPREMOVED_FIELD_NUMBER: _ClassVar[int]
    AGENTINSTANCEUPDATE_FIELD_NUMBER: _ClassVar[int]
    AGENTINSTANCEREMOVED_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOTEND_FIELD_NUMBER: _ClassVar[int]
    instanceGroupUpdate: AgentChangeEvent.InstanceGroupUpdate
    instanceGroupRemoved: AgentChangeEvent.InstanceGroupRemoved
    agentInstanceUpdate: AgentChangeEvent.InstanceUpdate
    agentInstanceRemoved: AgentChangeEvent.InstanceRemoved
    snapshotEnd: AgentChangeEvent.SnapshotEnd
    def __init__(self, instanceGroupUpdate: _Optional[_Union[AgentChangeEvent.InstanceGroupUpdate, _Mapping]] = ..., instanceGroupRemoved: _Optional[_Union[AgentChangeEvent.InstanceGroupRemoved, _Mapping]] = ..., agentInstanceUpdate: _Optional[_Union[AgentChangeEvent.InstanceUpdate, _Mapping]] = ..., agentInstanceRemoved: _Optional[_Union[AgentChangeEvent.InstanceRemoved, _Mapping]] = ..., snapshotEnd: _Optional[_Union[AgentChangeEvent.SnapshotEnd, _Mapping]] = ...) -> None: ...

class AgentQuery(_message.Message):
    __slots__ = ("page", "filteringCriteria", "fields")
    class FilteringCriteriaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PAGE_FIELD_NUMBER: _ClassVar[int]
    FILTERINGCRITERIA_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    page: _base_pb2.Page
    filteringCriteria: _containers.ScalarMap[str, str]
    fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, page: _Optional[_Union[_base_pb2.Page, _Mapping]] = ..., filteringCriteria: _Optional[_Mapping[str, str]] = ..., fields: _Optional[_Iterable[str]] = ...) -> None: ...

class Id(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class AgentInstanceGroups(_message.Message):
    __slots__ = ("agentInstanceGroups",)
    AGENTINSTANCEGROUPS_FIELD_NUMBER: _ClassVar[int]
    agentInstanceGroups: _containers.RepeatedCompositeFieldContainer[AgentInstanceGroup]
    def __init__(self, agentInstanceGroups: _Optional[_Iterable[_Union[AgentInstanceGroup, _Mapping]]] = ...) -> None: ...

class AgentInstances(_message.Message):
    __slots__ = ("agentInstances",)
    AGENTINSTANCES_FIELD_NUMBER: _ClassVar[int]
    agentInstances: _containers.RepeatedCompositeFieldContainer[AgentInstance]
    def __init__(self, agentInstances: _Optional[_Iterable[_Union[AgentInstance, _Mapping]]] = ...) -> None: ...

class TierUpdate(_message.Message):
    __slots__ = ("instanceGroupId", "tier")
    INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    instanceGroupId: str
    tier: _base_pb2.Tier
    def __init__(self, instanceGroupId: _Optional[str] = ..., tier: _Optional[_Union[_base_pb2.Tier, str]] = ...) -> None: ...

class InstanceGroupLifecycleStateUpdate(_message.Message):
    __slots__ = ("instanceGroupId", "lifecycleState", "detail")
    INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLESTATE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    instanceGroupId: str
    lifecycleState: InstanceGroupLifecycleState
    detail: str
    def __init__(self, instanceGroupId: _Optional[str] = ..., lifecycleState: _Optional[_Union[InstanceGroupLifecycleState, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class InstanceGroupAttributesUpdate(_message.Message):
    __slots__ = ("instanceGroupId", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    instanceGroupId: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, instanceGroupId: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class DeleteInstanceGroupAttributesRequest(_message.Message):
    __slots__ = ("instanceGroupId", "keys")
    INSTANCEGROUPID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    instanceGroupId: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, instanceGroupId: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentInstanceAttributesUpdate(_message.Message):
    __slots__ = ("agentInstanceId", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENTINSTANCEID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    agentInstanceId: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, agentInstanceId: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class DeleteAgentInstanceAttributesRequest(_message.Message):
    __slots__ = ("agentInstanceId", "keys")
    AGENTINSTANCEID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    agentInstanceId: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, agentInstanceId: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...
