from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Tier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Flex: _ClassVar[Tier]
    Critical: _ClassVar[Tier]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SystemLevel: _ClassVar[Level]
    TierLevel: _ClassVar[Level]
    CapacityGroupLevel: _ClassVar[Level]
    JobLevel: _ClassVar[Level]
    TaskLevel: _ClassVar[Level]

class MountPerm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RO: _ClassVar[MountPerm]
    WO: _ClassVar[MountPerm]
    RW: _ClassVar[MountPerm]

class Day(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    Monday: _ClassVar[Day]
    Tuesday: _ClassVar[Day]
    Wednesday: _ClassVar[Day]
    Thursday: _ClassVar[Day]
    Friday: _ClassVar[Day]
    Saturday: _ClassVar[Day]
    Sunday: _ClassVar[Day]
Flex: Tier
Critical: Tier
SystemLevel: Level
TierLevel: Level
CapacityGroupLevel: Level
JobLevel: Level
TaskLevel: Level
RO: MountPerm
WO: MountPerm
RW: MountPerm
Monday: Day
Tuesday: Day
Wednesday: Day
Thursday: Day
Friday: Day
Saturday: Day
Sunday: Day

class CallMetadata(_message.Message):
    __slots__ = ("callerId", "callers", "callReason", "callPath", "debug")
    class CallerType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Unknown: _ClassVar[CallMetadata.CallerType]
        Application: _ClassVar[CallMetadata.CallerType]
        User: _ClassVar[CallMetadata.CallerType]
    Unknown: CallMetadata.CallerType
    Application: CallMetadata.CallerType
    User: CallMetadata.CallerType
    class Caller(_message.Message):
        __slots__ = ("id", "type", "context")
        class ContextEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
        ID_FIELD_NUMBER: _ClassVar[int]
        TYPE_FIELD_NUMBER: _ClassVar[int]
        CONTEXT_FIELD_NUMBER: _ClassVar[int]
        id: str
        type: CallMetadata.CallerType
        context: _containers.ScalarMap[str, str]
        def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[CallMetadata.CallerType, str]] = ..., context: _Optional[_Mapping[str, str]] = ...) -> None: ...
    CALLERID_FIELD_NUMBER: _ClassVar[int]
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    CALLREASON_FIELD_NUMBER: _ClassVar[int]
    CALLPATH_FIELD_NUMBER: _ClassVar[int]
    DEBUG_FIELD_NUMBER: _ClassVar[int]
    callerId: str
    callers: _containers.RepeatedCompositeFieldContainer[CallMetadata.Caller]
    callReason: str
    callPath: _containers.RepeatedScalarFieldContainer[str]
    debug: bool
    def __init__(self, callerId: _Optional[str] = ..., callers: _Optional[_Iterable[_Union[CallMetadata.Caller, _Mapping]]] = ..., callReason: _Optional[str] = ..., callPath: _Optional[_Iterable[str]] = ..., debug: _Optional[bool] = ...) -> None: ...

class Page(_message.Message):
    __slots__ = ("pageNumber", "pageSize", "cursor")
    PAGENUMBER_FIELD_NUMBER: _ClassVar[int]
    PAGESIZE_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    pageNumber: int
    pageSize: int
    cursor: str
    def __init__(self, pageNumber: _Optional[int] = ..., pageSize: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class Pagination(_message.Message):
    __slots__ = ("currentPage", "hasMore", "totalPages", "totalItems", "cursor", "cursorPosition")
    CURRENTPAGE_FIELD_NUMBER: _ClassVar[int]
    HASMORE_FIELD_NUMBER: _ClassVar[int]
    TOTALPAGES_FIELD_NUMBER: _ClassVar[int]
    TOTALITEMS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    CURSORPOSITION_FIELD_NUMBER: _ClassVar[int]
    currentPage: Page
    hasMore: bool
    totalPages: int
    totalItems: int
    cursor: str
    cursorPosition: int
    def __init__(self, currentPage: _Optional[_Union[Page, _Mapping]] = ..., hasMore: _Optional[bool] = ..., totalPages: _Optional[int] = ..., totalItems: _Optional[int] = ..., cursor: _Optional[str] = ..., cursorPosition: _Optional[int] = ...) -> None: ...

class RetryPolicy(_message.Message):
    __slots__ = ("immediate", "delayed", "exponentialBackOff")
    class Immediate(_message.Message):
        __slots__ = ("retries",)
        RETRIES_FIELD_NUMBER: _ClassVar[int]
        retries: int
        def __init__(self, retries: _Optional[int] = ...) -> None: ...
    class Delayed(_message.Message):
        __slots__ = ("initialDelayMs", "delayMs", "retries")
        INITIALDELAYMS_FIELD_NUMBER: _ClassVar[int]
        DELAYMS_FIELD_NUMBER: _ClassVar[int]
        RETRIES_FIELD_NUMBER: _ClassVar[int]
        initialDelayMs: int
        delayMs: int
        retries: int
        def __init__(self, initialDelayMs: _Optional[int] = ..., delayMs: _Optional[int] = ..., retries: _Optional[int] = ...) -> None: ...
    class ExponentialBackOff(_message.Message):
        __slots__ = ("initialDelayMs", "maxDelayIntervalMs", "retries")
        INITIALDELAYMS_FIELD_NUMBER: _ClassVar[int]
        MAXDELAYINTERVALMS_FIELD_NUMBER: _ClassVar[int]
        RETRIES_FIELD_NUMBER: _ClassVar[int]
        initialDelayMs: int
        maxDelayIntervalMs: int
        retries: int
        def __init__(self, initialDelayMs: _Optional[int] = ..., maxDelayIntervalMs: _Optional[int] = ..., retries: _Optional[int] = ...) -> None: ...
    IMMEDIATE_FIELD_NUMBER: _ClassVar[int]
    DELAYED_FIELD_NUMBER: _ClassVar[int]
    EXPONENTIALBACKOFF_FIELD_NUMBER: _ClassVar[int]
    immediate: RetryPolicy.Immediate
    delayed: RetryPolicy.Delayed
    exponentialBackOff: RetryPolicy.ExponentialBackOff
    def __init__(self, immediate: _Optional[_Union[RetryPolicy.Immediate, _Mapping]] = ..., delayed: _Optional[_Union[RetryPolicy.Delayed, _Mapping]] = ..., exponentialBackOff: _Optional[_Union[RetryPolicy.ExponentialBackOff, _Mapping]] = ...) -> None: ...

class TokenBucketPolicy(_message.Message):
    __slots__ = ("capacity", "initialNumberOfTokens", "fixedIntervalRefillStrategy")
    class FixedIntervalRefillStrategy(_message.Message):
        __slots__ = ("refillRate", "intervalMs")
        REFILLRATE_FIELD_NUMBER: _ClassVar[int]
        INTERVALMS_FIELD_NUMBER: _ClassVar[int]
        refillRate: int
        intervalMs: int
        def __init__(self, refillRate: _Optional[int] = ..., intervalMs: _Optional[int] = ...) -> None: ...
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    INITIALNUMBEROFTOKENS_FIELD_NUMBER: _ClassVar[int]
    FIXEDINTERVALREFILLSTRATEGY_FIELD_NUMBER: _ClassVar[int]
    capacity: int
    initialNumberOfTokens: int
    fixedIntervalRefillStrategy: TokenBucketPolicy.FixedIntervalRefillStrategy
    def __init__(self, capacity: _Optional[int] = ..., initialNumberOfTokens: _Optional[int] = ..., fixedIntervalRefillStrategy: _Optional[_Union[TokenBucketPolicy.FixedIntervalRefillStrategy, _Mapping]] = ...) -> None: ...

class Reference(_message.Message):
    __slots__ = ("system", "tier", "capacityGroup", "jobId", "taskId")
    class System(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CAPACITYGROUP_FIELD_NUMBER: _ClassVar[int]
    JOBID_FIELD_NUMBER: _ClassVar[int]
    TASKID_FIELD_NUMBER: _ClassVar[int]
    system: Reference.System
    tier: Tier
    capacityGroup: str
    jobId: str
    taskId: str
    def __init__(self, system: _Optional[_Union[Reference.System, _Mapping]] = ..., tier: _Optional[_Union[Tier, str]] = ..., capacityGroup: _Optional[str] = ..., jobId: _Optional[str] = ..., taskId: _Optional[str] = ...) -> None: ...

class ResourceDimension(_message.Message):
    __slots__ = ("cpu", "gpu", "memoryMB", "diskMB", "networkMbps")
    CPU_FIELD_NUMBER: _ClassVar[int]
    GPU_FIELD_NUMBER: _ClassVar[int]
    MEMORYMB_FIELD_NUMBER: _ClassVar[int]
    DISKMB_FIELD_NUMBER: _ClassVar[int]
    NETWORKMBPS_FIELD_NUMBER: _ClassVar[int]
    cpu: int
    gpu: int
    memoryMB: int
    diskMB: int
    networkMbps: int
    def __init__(self, cpu: _Optional[int] = ..., gpu: _Optional[int] = ..., memoryMB: _Optional[int] = ..., diskMB: _Optional[int] = ..., networkMbps: _Optional[int] = ...) -> None: ...

class TimeWindow(_message.Message):
    __slots__ = ("days", "hourlyTimeWindows", "timeZone")
    class HourlyTimeWindow(_message.Message):
        __slots__ = ("startHour", "endHour")
        STARTHOUR_FIELD_NUMBER: _ClassVar[int]
        ENDHOUR_FIELD_NUMBER: _ClassVar[int]
        startHour: int
        endHour: int
        def __init__(self, startHour: _Optional[int] = ..., endHour: _Optional[int] = ...) -> None: ...
    DAYS_FIELD_NUMBER: _ClassVar[int]
    HOURLYTIMEWINDOWS_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[Day]
    hourlyTimeWindows: _containers.RepeatedCompositeFieldContainer[TimeWindow.HourlyTimeWindow]
    timeZone: str
    def __init__(self, days: _Optional[_Iterable[_Union[Day, str]]] = ..., hourlyTimeWindows: _Optional[_Iterable[_Union[TimeWindow.HourlyTimeWindow, _Mapping]]] = ..., timeZone: _Optional[str] = ...) -> None: ...

class ContainerHealthProvider(_message.Message):
    __slots__ = ("name", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class AddressLocation(_message.Message):
    __slots__ = ("region", "availabilityZone", "subnetId")
    REGION_FIELD_NUMBER: _ClassVar[int]
    AVAILABILITYZONE_FIELD_NUMBER: _ClassVar[int]
    SUBNETID_FIELD_NUMBER: _ClassVar[int]
    region: str
    availabilityZone: str
    subnetId: str
    def __init__(self, region: _Optional[str] = ..., availabilityZone: _Optional[str] = ..., subnetId: _Optional[str] = ...) -> None: ...

class AddressAllocation(_message.Message):
    __slots__ = ("addressLocation", "uuid", "address", "ipv6Address")
    ADDRESSLOCATION_FIELD_NUMBER: _ClassVar[int]
    UUID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IPV6ADDRESS_FIELD_NUMBER: _ClassVar[int]
    addressLocation: AddressLocation
    uuid: str
    address: str
    ipv6Address: str
    def __init__(self, addressLocation: _Optional[_Union[AddressLocation, _Mapping]] = ..., uuid: _Optional[str] = ..., address: _Optional[str] = ..., ipv6Address: _Optional[str] = ...) -> None: ...

class StaticIPAddressIDs(_message.Message):
    __slots__ = ("uuids",)
    UUIDS_FIELD_NUMBER: _ClassVar[int]
    uuids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, uuids: _Optional[_Iterable[str]] = ...) -> None: ...

class SignedAddressAllocation(_message.Message):
    __slots__ = ("addressAllocation", "signedAddressAllocation", "authoritativePublicKey", "hostPublicKey", "hostPublicKeySignature", "message", "messageSignature")
    ADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    SIGNEDADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    AUTHORITATIVEPUBLICKEY_FIELD_NUMBER: _ClassVar[int]
    HOSTPUBLICKEY_FIELD_NUMBER: _ClassVar[int]
    HOSTPUBLICKEYSIGNATURE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGESIGNATURE_FIELD_NUMBER: _ClassVar[int]
    addressAllocation: AddressAllocation
    signedAddressAllocation: bytes
    authoritativePublicKey: bytes
    hostPublicKey: bytes
    hostPublicKeySignature: bytes
    message: bytes
    messageSignature: bytes
    def __init__(self, addressAllocation: _Optional[_Union[AddressAllocation, _Mapping]] = ..., signedAddressAllocation: _Optional[bytes] = ..., authoritativePublicKey: _Optional[bytes] = ..., hostPublicKey: _Optional[bytes] = ..., hostPublicKeySignature: _Optional[bytes] = ..., message: _Optional[bytes] = ..., messageSignature: _Optional[bytes] = ...) -> None: ...

class DataRecordMetadata(_message.Message):
    __slots__ = ("description", "callMetadata", "timestamp")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CALLMETADATA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    description: str
    callMetadata: CallMetadata
    timestamp: int
    def __init__(self, description: _Optional[str] = ..., callMetadata: _Optional[_Union[CallMetadata, _Mapping]] = ..., timestamp: _Optional[int] = ...) -> None: ...

class Version(_message.Message):
    __slots__ = ("timestamp",)
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    timestamp: int
    def __init__(self, timestamp: _Optional[int] = ...) -> None: ...

class KeepAliveRequest(_message.Message):
    __slots__ = ("requestId", "timestamp")
    REQUESTID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    requestId: int
    timestamp: int
    def __init__(self, requestId: _Optional[int] = ..., timestamp: _Optional[int] = ...) -> None: ...

class KeepAliveResponse(_message.Message):
    __slots__ = ("request", "timestamp")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    request: KeepAliveRequest
    timestamp: int
    def __init__(self, request: _Optional[_Union[KeepAliveRequest, _Mapping]] = ..., timestamp: _Optional[int] = ...) -> None: ...
