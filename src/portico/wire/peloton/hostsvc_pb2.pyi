from portico.wire.mesos import mesos_pb2 as _mesos_pb2
from portico.wire.mesos import containers_pb2 as _containers_pb2
from portico.wire.mesos import offers_pb2 as _offers_pb2
from portico.wire.mesos import operations_pb2 as _operations_pb2
from portico.wire.mesos import resources_pb2 as _resources_pb2
from portico.wire.mesos import tasks_pb2 as _tasks_pb2
from portico.wire.mesos import usage_pb2 as _usage_pb2
from portico.wire.mesos import values_pb2 as _values_pb2
from portico.wire.peloton import peloton_pb2 as _peloton_pb2
from portico.wire.peloton import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HostFilterResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN: _ClassVar[HostFilterResult]
    MATCH: _ClassVar[HostFilterResult]
    INSUFFICIENT_OFFER_RESOURCES: _ClassVar[HostFilterResult]
    MISMATCH_CONSTRAINTS: _ClassVar[HostFilterResult]
    MISMATCH_GPU: _ClassVar[HostFilterResult]
    MISMATCH_STATUS: _ClassVar[HostFilterResult]
    MISMATCH_MAX_HOST_LIMIT: _ClassVar[HostFilterResult]
    NO_OFFER: _ClassVar[HostFilterResult]
UNKNOWN: HostFilterResult
MATCH: HostFilterResult
INSUFFICIENT_OFFER_RESOURCES: HostFilterResult
MISMATCH_CONSTRAINTS: HostFilterResult
MISMATCH_GPU: HostFilterResult
MISMATCH_STATUS: HostFilterResult
MISMATCH_MAX_HOST_LIMIT: HostFilterResult
NO_OFFER: HostFilterResult

class HostOffer(_message.Message):
    __slots__ = ("hostname", "agentId", "resources", "attributes")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    AGENTID_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    agentId: _values_pb2.AgentID
    resources: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Resource]
    attributes: _containers.RepeatedCompositeFieldContainer[_values_pb2.Attribute]
    def __init__(self, hostname: _Optional[str] = ..., agentId: _Optional[_Union[_values_pb2.AgentID, _Mapping]] = ..., resources: _Optional[_Iterable[_Union[_resources_pb2.Resource, _Mapping]]] = ..., attributes: _Optional[_Iterable[_Union[_values_pb2.Attribute, _Mapping]]] = ...) -> None: ...

class LaunchableTask(_message.Message):
    __slots__ = ("taskId", "config", "ports", "volume")
    class PortsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    TASKID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    taskId: _values_pb2.TaskID
    config: _task_pb2.TaskConfig
    ports: _containers.ScalarMap[str, int]
    volume: Volume
    def __init__(self, taskId: _Optional[_Union[_values_pb2.TaskID, _Mapping]] = ..., config: _Optional[_Union[_task_pb2.TaskConfig, _Mapping]] = ..., ports: _Optional[_Mapping[str, int]] = ..., volume: _Optional[_Union[Volume, _Mapping]] = ...) -> None: ...

class ExecutorOnAgent(_message.Message):
    __slots__ = ("executorId", "agentId")
    EXECUTORID_FIELD_NUMBER: _ClassVar[int]
    AGENTID_FIELD_NUMBER: _ClassVar[int]
    executorId: _values_pb2.ExecutorID
    agentId: _values_pb2.AgentID
    def __init__(self, executorId: _Optional[_Union[_values_pb2.ExecutorID, _Mapping]] = ..., agentId: _Optional[_Union[_values_pb2.AgentID, _Mapping]] = ...) -> None: ...

class QuantityControl(_message.Message):
    __slots__ = ("maxHosts",)
    MAXHOSTS_FIELD_NUMBER: _ClassVar[int]
    maxHosts: int
    def __init__(self, maxHosts: _Optional[int] = ...) -> None: ...

class HostFilter(_message.Message):
    __slots__ = ("resourceConstraint", "schedulingConstraint", "quantity")
    RESOURCECONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULINGCONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    resourceConstraint: ResourceConstraint
    schedulingConstraint: _task_pb2.Constraint
    quantity: QuantityControl
    def __init__(self, resourceConstraint: _Optional[_Union[ResourceConstraint, _Mapping]] = ..., schedulingConstraint: _Optional[_Union[_task_pb2.Constraint, _Mapping]] = ..., quantity: _Optional[_Union[QuantityControl, _Mapping]] = ...) -> None: ...

class ResourceConstraint(_message.Message):
    __slots__ = ("minimum", "numPorts")
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    NUMPORTS_FIELD_NUMBER: _ClassVar[int]
    minimum: _task_pb2.ResourceConfig
    numPorts: int
    def __init__(self, minimum: _Optional[_Union[_task_pb2.ResourceConfig, _Mapping]] = ..., numPorts: _Optional[int] = ...) -> None: ...

class InvalidArgument(_message.Message):
    __slots__ = ("message", "invalidTasks")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INVALIDTASKS_FIELD_NUMBER: _ClassVar[int]
    message: str
    invalidTasks: _containers.RepeatedCompositeFieldContainer[LaunchableTask]
    def __init__(self, message: _Optional[str] = ..., invalidTasks: _Optional[_Iterable[_Union[LaunchableTask, _Mapping]]] = ...) -> None: ...

class InvalidTaskIDs(_message.Message):
    __slots__ = ("message", "taskIds")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TASKIDS_FIELD_NUMBER: _ClassVar[int]
    message: str
    taskIds: _containers.RepeatedCompositeFieldContainer[_values_pb2.TaskID]
    def __init__(self, message: _Optional[str] = ..., taskIds: _Optional[_Iterable[_Union[_values_pb2.TaskID, _Mapping]]] = ...) -> None: ...

class InvalidOffers(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class InvalidExecutors(_message.Message):
    __slots__ = ("message", "executors")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXECUTORS_FIELD_NUMBER: _ClassVar[int]
    message: str
    executors: _containers.RepeatedCompositeFieldContainer[ExecutorOnAgent]
    def __init__(self, message: _Optional[str] = ..., executors: _Optional[_Iterable[_Union[ExecutorOnAgent, _Mapping]]] = ...) -> None: ...

class ShutdownFailure(_message.Message):
    __slots__ = ("message", "executors")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXECUTORS_FIELD_NUMBER: _ClassVar[int]
    message: str
    executors: _containers.RepeatedCompositeFieldContainer[ExecutorOnAgent]
    def __init__(self, message: _Optional[str] = ..., executors: _Optional[_Iterable[_Union[ExecutorOnAgent, _Mapping]]] = ...) -> None: ...

class LaunchFailure(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class KillFailure(_message.Message):
    __slots__ = ("message", "taskIds")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TASKIDS_FIELD_NUMBER: _ClassVar[int]
    message: str
    taskIds: _containers.RepeatedCompositeFieldContainer[_values_pb2.TaskID]
    def __init__(self, message: _Optional[str] = ..., taskIds: _Optional[_Iterable[_Union[_values_pb2.TaskID, _Mapping]]] = ...) -> None: ...

class InvalidHostFilter(_message.Message):
    __slots__ = ("message", "invalid")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INVALID_FIELD_NUMBER: _ClassVar[int]
    message: str
    invalid: HostFilter
    def __init__(self, message: _Optional[str] = ..., invalid: _Optional[_Union[HostFilter, _Mapping]] = ...) -> None: ...

class AcquireHostOffersFailure(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class ClusterUnavailable(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class OperationsFailure(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class Volume(_message.Message):
    __slots__ = ("id", "containerPath", "resource")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONTAINERPATH_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    id: _peloton_pb2.VolumeID
    containerPath: str
    resource: _resources_pb2.Resource
    def __init__(self, id: _Optional[_Union[_peloton_pb2.VolumeID, _Mapping]] = ..., containerPath: _Optional[str] = ..., resource: _Optional[_Union[_resources_pb2.Resource, _Mapping]] = ...) -> None: ...

class OfferOperation(_message.Message):
    __slots__ = ("type", "reservationLabels", "reserve", "create", "launch", "destroy", "unreserve")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[OfferOperation.Type]
        LAUNCH: _ClassVar[OfferOperation.Type]
        RESERVE: _ClassVar[OfferOperation.Type]
        UNRESERVE: _ClassVar[OfferOperation.Type]
        CREATE: _ClassVar[OfferOperation.Type]
        DESTROY: _ClassVar[OfferOperation.Type]
    UNKNOWN: OfferOperation.Type
    LAUNCH: OfferOperation.Type
    RESERVE: OfferOperation.Type
    UNRESERVE: OfferOperation.Type
    CREATE: OfferOperation.Type
    DESTROY: OfferOperation.Type
    class Reserve(_message.Message):
        __slots__ = ("resources",)
        RESOURCES_FIELD_NUMBER: _ClassVar[int]
        resources: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Resource]
        def __init__(self, resources: _Optional[_Iterable[_Union[_resources_pb2.Resource, _Mapping]]] = ...) -> None: ...
    class Create(_message.Message):
        __slots__ = ("volume",)
        VOLUME_FIELD_NUMBER: _ClassVar[int]
        volume: Volume
        def __init__(self, volume: _Optional[_Union[Volume, _Mapping]] = ...) -> None: ...
    class Launch(_message.Message):
        __slots__ = ("tasks",)
        TASKS_FIELD_NUMBER: _ClassVar[int]
        tasks: _containers.RepeatedCompositeFieldContainer[LaunchableTask]
        def __init__(self, tasks: _Optional[_Iterable[_Union[LaunchableTask, _Mapping]]] = ...) -> None: ...
    class Destroy(_message.Message):
        __slots__ = ("volumeID",)
        VOLUMEID_FIELD_NUMBER: _ClassVar[int]
        volumeID: str
        def __init__(self, volumeID: _Optional[str] = ...) -> None: ...
    class Unreserve(_message.Message):
        __slots__ = ("label",)
        LABEL_FIELD_NUMBER: _ClassVar[int]
        label: str
        def __init__(self, label: _Optional[str] = ...) -> None: ...
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RESERVATIONLABELS_FIELD_NUMBER: _ClassVar[int]
    RESERVE_FIELD_NUMBER: _ClassVar[int]
    CREATE_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_FIELD_NUMBER: _ClassVar[int]
    DESTROY_FIELD_NUMBER: _ClassVar[int]
    UNRESERVE_FIELD_NUMBER: _ClassVar[int]
    type: OfferOperation.Type
    reservationLabels: _values_pb2.Labels
    reserve: OfferOperation.Reserve
    create: OfferOperation.Create
    launch: OfferOperation.Launch
    destroy: OfferOperation.Destroy
    unreserve: OfferOperation.Unreserve
    def __init__(self, type: _Optional[_Union[OfferOperation.Type, str]] = ..., reservationLabels: _Optional[_Union[_values_pb2.Labels, _Mapping]] = ..., reserve: _Optional[_Union[OfferOperation.Reserve, _Mapping]] = ..., create: _Optional[_Union[OfferOperation.Create, _Mapping]] = ..., launch: _Optional[_Union[OfferOperation.Launch, _Mapping]] = ..., destroy: _Optional[_Union[OfferOperation.Destroy, _Mapping]] = ..., unreserve: _Optional[_Union[OfferOperation.Unreserve, _Mapping]] = ...) -> None: ...

class OfferOperationsRequest(_message.Message):
    __slots__ = ("operations", "hostname")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[OfferOperation]
    hostname: str
    def __init__(self, operations: _Optional[_Iterable[_Union[OfferOperation, _Mapping]]] = ..., hostname: _Optional[str] = ...) -> None: ...

class OfferOperationsResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("failure", "invalidArgument", "invalidOffers")
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        INVALIDARGUMENT_FIELD_NUMBER: _ClassVar[int]
        INVALIDOFFERS_FIELD_NUMBER: _ClassVar[int]
        failure: OperationsFailure
        invalidArgument: InvalidArgument
        invalidOffers: InvalidOffers
        def __init__(self, failure: _Optional[_Union[OperationsFailure, _Mapping]] = ..., invalidArgument: _Optional[_Union[InvalidArgument, _Mapping]] = ..., invalidOffers: _Optional[_Union[InvalidOffers, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: OfferOperationsResponse.Error
    def __init__(self, error: _Optional[_Union[OfferOperationsResponse.Error, _Mapping]] = ...) -> None: ...

class AcquireHostOffersRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: HostFilter
    def __init__(self, filter: _Optional[_Union[HostFilter, _Mapping]] = ...) -> None: ...

class AcquireHostOffersResponse(_message.Message):
    __slots__ = ("error", "hostOffers", "filterResultCounts")
    class Error(_message.Message):
        __slots__ = ("invalidHostFilter", "failure")
        INVALIDHOSTFILTER_FIELD_NUMBER: _ClassVar[int]
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        invalidHostFilter: InvalidHostFilter
        failure: AcquireHostOffersFailure
        def __init__(self, invalidHostFilter: _Optional[_Union[InvalidHostFilter, _Mapping]] = ..., failure: _Optional[_Union[AcquireHostOffersFailure, _Mapping]] = ...) -> None: ...
    class FilterResultCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    HOSTOFFERS_FIELD_NUMBER: _ClassVar[int]
    FILTERRESULTCOUNTS_FIELD_NUMBER: _ClassVar[int]
    error: AcquireHostOffersResponse.Error
    hostOffers: _containers.RepeatedCompositeFieldContainer[HostOffer]
    filterResultCounts: _containers.ScalarMap[str, int]
    def __init__(self, error: _Optional[_Union[AcquireHostOffersResponse.Error, _Mapping]] = ..., hostOffers: _Optional[_Iterable[_Union[HostOffer, _Mapping]]] = ..., filterResultCounts: _Optional[_Mapping[str, int]] = ...) -> None: ...

class ReleaseHostOffersRequest(_message.Message):
    __slots__ = ("hostOffers",)
    HOSTOFFERS_FIELD_NUMBER: _ClassVar[int]
    hostOffers: _containers.RepeatedCompositeFieldContainer[HostOffer]
    def __init__(self, hostOffers: _Optional[_Iterable[_Union[HostOffer, _Mapping]]] = ...) -> None: ...

class ReleaseHostOffersResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: ReleaseHostOffersResponse.Error
    def __init__(self, error: _Optional[_Union[ReleaseHostOffersResponse.Error, _Mapping]] = ...) -> None: ...

class LaunchTasksRequest(_message.Message):
    __slots__ = ("hostname", "tasks", "agentId")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    AGENTID_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    tasks: _containers.RepeatedCompositeFieldContainer[LaunchableTask]
    agentId: _values_pb2.AgentID
    def __init__(self, hostname: _Optional[str] = ..., tasks: _Optional[_Iterable[_Union[LaunchableTask, _Mapping]]] = ..., agentId: _Optional[_Union[_values_pb2.AgentID, _Mapping]] = ...) -> None: ...

class LaunchTasksResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("invalidArgument", "launchFailure", "invalidOffers")
        INVALIDARGUMENT_FIELD_NUMBER: _ClassVar[int]
        LAUNCHFAILURE_FIELD_NUMBER: _ClassVar[int]
        INVALIDOFFERS_FIELD_NUMBER: _ClassVar[int]
        invalidArgument: InvalidArgument
        launchFailure: LaunchFailure
        invalidOffers: InvalidOffers
        def __init__(self, invalidArgument: _Optional[_Union[InvalidArgument, _Mapping]] = ..., launchFailure: _Optional[_Union[LaunchFailure, _Mapping]] = ..., invalidOffers: _Optional[_Union[InvalidOffers, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: LaunchTasksResponse.Error
    def __init__(self, error: _Optional[_Union[LaunchTasksResponse.Error, _Mapping]] = ...) -> None: ...

class ShutdownExecutorsRequest(_message.Message):
    __slots__ = ("executors",)
    EXECUTORS_FIELD_NUMBER: _ClassVar[int]
    executors: _containers.RepeatedCompositeFieldContainer[ExecutorOnAgent]
    def __init__(self, executors: _Optional[_Iterable[_Union[ExecutorOnAgent, _Mapping]]] = ...) -> None: ...

class ShutdownExecutorsResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("invalidExecutors", "shutdownFailure")
        INVALIDEXECUTORS_FIELD_NUMBER: _ClassVar[int]
        SHUTDOWNFAILURE_FIELD_NUMBER: _ClassVar[int]
        invalidExecutors: InvalidExecutors
        shutdownFailure: ShutdownFailure
        def __init__(self, invalidExecutors: _Optional[_Union[InvalidExecutors, _Mapping]] = ..., shutdownFailure: _Optional[_Union[ShutdownFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: ShutdownExecutorsResponse.Error
    def __init__(self, error: _Optional[_Union[ShutdownExecutorsResponse.Error, _Mapping]] = ...) -> None: ...

class KillTasksRequest(_message.Message):
    __slots__ = ("taskIds",)
    TASKIDS_FIELD_NUMBER: _ClassVar[int]
    taskIds: _containers.RepeatedCompositeFieldContainer[_values_pb2.TaskID]
    def __init__(self, taskIds: _Optional[_Iterable[_Union[_values_pb2.TaskID, _Mapping]]] = ...) -> None: ...

class KillTasksResponse(_message.Message):
    __slots__ = ("error",)
    class Error(_message.Message):
        __slots__ = ("invalidTaskIDs", "killFailure")
        INVALIDTASKIDS_FIELD_NUMBER: _ClassVar[int]
        KILLFAILURE_FIELD_NUMBER: _ClassVar[int]
        invalidTaskIDs: InvalidTaskIDs
        killFailure: KillFailure
        def __init__(self, invalidTaskIDs: _Optional[_Union[InvalidTaskIDs, _Mapping]] = ..., killFailure: _Optional[_Union[KillFailure, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: KillTasksResponse.Error
    def __init__(self, error: _Optional[_Union[KillTasksResponse.Error, _Mapping]] = ...) -> None: ...

class ReserveResourcesRequest(_message.Message):
    __slots__ = ("resources",)
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    resources: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Resource]
    def __init__(self, resources: _Optional[_Iterable[_Union[_resources_pb2.Resource, _Mapping]]] = ...) -> None: ...

class ReserveResourcesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnreserveResourcesRequest(_message.Message):
    __slots__ = ("resources",)
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    resources: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Resource]
    def __init__(self, resources: _Optional[_Iterable[_Union[_resources_pb2.Resource, _Mapping]]] = ...) -> None: ...

class UnreserveResourcesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateVolumesRequest(_message.Message):
    __slots__ = ("volumes",)
    VOLUMES_FIELD_NUMBER: _ClassVar[int]
    volumes: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Resource]
    def __init__(self, volumes: _Optional[_Iterable[_Union[_resources_pb2.Resource, _Mapping]]] = ...) -> None: ...

class CreateVolumesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DestroyVolumesRequest(_message.Message):
    __slots__ = ("volumes",)
    VOLUMES_FIELD_NUMBER: _ClassVar[int]
    volumes: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Resource]
    def __init__(self, volumes: _Optional[_Iterable[_Union[_resources_pb2.Resource, _Mapping]]] = ...) -> None: ...

class DestroyVolumesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Resource(_message.Message):
    __slots__ = ("kind", "capacity")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    kind: str
    capacity: float
    def __init__(self, kind: _Optional[str] = ..., capacity: _Optional[float] = ...) -> None: ...

class ClusterCapacityRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ClusterCapacityResponse(_message.Message):
    __slots__ = ("error", "resources", "physicalResources")
    class Error(_message.Message):
        __slots__ = ("clusterUnavailable",)
        CLUSTERUNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
        clusterUnavailable: ClusterUnavailable
        def __init__(self, clusterUnavailable: _Optional[_Union[ClusterUnavailable, _Mapping]] = ...) -> None: ...
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    PHYSICALRESOURCES_FIELD_NUMBER: _ClassVar[int]
    error: ClusterCapacityResponse.Error
    resources: _containers.RepeatedCompositeFieldContainer[Resource]
    physicalResources: _containers.RepeatedCompositeFieldContainer[Resource]
    def __init__(self, error: _Optional[_Union[ClusterCapacityResponse.Error, _Mapping]] = ..., resources: _Optional[_Iterable[_Union[Resource, _Mapping]]] = ..., physicalResources: _Optional[_Iterable[_Union[Resource, _Mapping]]] = ...) -> None: ...
