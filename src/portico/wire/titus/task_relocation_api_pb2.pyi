from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TaskRelocationPlan(_message.Message):
    __slots__ = ("taskId", "reasonCode", "reasonMessage", "relocationTime", "decisionTime")
    TASKID_FIELD_NUMBER: _ClassVar[int]
    REASONCODE_FIELD_NUMBER: _ClassVar[int]
    REASONMESSAGE_FIELD_NUMBER: _ClassVar[int]
    RELOCATIONTIME_FIELD_NUMBER: _ClassVar[int]
    DECISIONTIME_FIELD_NUMBER: _ClassVar[int]
    taskId: str
    reasonCode: str
    reasonMessage: str
    relocationTime: int
    decisionTime: int
    def __init__(self, taskId: _Optional[str] = ..., reasonCode: _Optional[str] = ..., reasonMessage: _Optional[str] = ..., relocationTime: _Optional[int] = ..., decisionTime: _Optional[int] = ...) -> None: ...

class TaskRelocationStatus(_message.Message):
    __slots__ = ("state", "statusCode", "statusMessage")
    class TaskRelocationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Success: _ClassVar[TaskRelocationStatus.TaskRelocationState]
        Failure: _ClassVar[TaskRelocationStatus.TaskRelocationState]
    Success: TaskRelocationStatus.TaskRelocationState
    Failure: TaskRelocationStatus.TaskRelocationState
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATUSCODE_FIELD_NUMBER: _ClassVar[int]
    STATUSMESSAGE_FIELD_NUMBER: _ClassVar[int]
    state: TaskRelocationStatus.TaskRelocationState
    statusCode: str
    statusMessage: str
    def __init__(self, state: _Optional[_Union[TaskRelocationStatus.TaskRelocationState, str]] = ..., statusCode: _Optional[str] = ..., statusMessage: _Optional[str] = ...) -> None: ...

class TaskRelocationExecution(_message.Message):
    __slots__ = ("taskRelocationPlan", "relocationAttempts")
    TASKRELOCATIONPLAN_FIELD_NUMBER: _ClassVar[int]
    RELOCATIONATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    taskRelocationPlan: TaskRelocationPlan
    relocationAttempts: _containers.RepeatedCompositeFieldContainer[TaskRelocationStatus]
    def __init__(self, taskRelocationPlan: _Optional[_Union[TaskRelocationPlan, _Mapping]] = ..., relocationAttempts: _Optional[_Iterable[_Union[TaskRelocationStatus, _Mapping]]] = ...) -> None: ...

class RelocationTaskId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class TaskRelocationPlans(_message.Message):
    __slots__ = ("plans",)
    PLANS_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[TaskRelocationPlan]
    def __init__(self, plans: _Optional[_Iterable[_Union[TaskRelocationPlan, _Mapping]]] = ...) -> None: ...

class TaskRelocationExecutions(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[TaskRelocationExecution]
    def __init__(self, results: _Optional[_Iterable[_Union[TaskRelocationExecution, _Mapping]]] = ...) -> None: ...

class TaskRelocationQuery(_message.Message):
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

class RelocationEvent(_message.Message):
    __slots__ = ("snapshotEnd", "taskRelocationPlanUpdateEvent", "taskRelocationPlanRemoveEvent", "taskRelocationResultEvent")
    class SnapshotEnd(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class TaskRelocationPlanUpdateEvent(_message.Message):
        __slots__ = ("plan",)
        PLAN_FIELD_NUMBER: _ClassVar[int]
        plan: TaskRelocationPlan
        def __init__(self, plan: _Optional[_Union[TaskRelocationPlan, _Mapping]] = ...) -> None: ...
    class TaskRelocationPlanRemoveEvent(_message.Message):
        __slots__ = ("taskId",)
        TASKID_FIELD_NUMBER: _ClassVar[int]
        taskId: str
        def __init__(self, taskId: _Optional[str] = ...) -> None: ...
    class TaskRelocationResultEvent(_message.Message):
        __slots__ = ("result",)
        RESULT_FIELD_NUMBER: _ClassVar[int]
        result: TaskRelocationExecution
        def __init__(self, result: _Optional[_Union[TaskRelocationExecution, _Mapping]] = ...) -> None: ...
    SNAPSHOTEND_FIELD_NUMBER: _ClassVar[int]
    TASKRELOCATIONPLANUPDATEEVENT_FIELD_NUMBER: _ClassVar[int]
    TASKRELOCATIONPLANREMOVEEVENT_FIELD_NUMBER: _ClassVar[int]
    TASKRELOCATIONRESULTEVENT_FIELD_NUMBER: _ClassVar[int]
    snapshotEnd: RelocationEvent.SnapshotEnd
    taskRelocationPlanUpdateEvent: RelocationEvent.TaskRelocationPlanUpdateEvent
    taskRelocationPlanRemoveEvent: RelocationEvent.TaskRelocationPlanRemoveEvent
    taskRelocationResultEvent: RelocationEvent.TaskRelocationResultEvent
    def __init__(self, snapshotEnd: _Optional[_Union[RelocationEvent.SnapshotEnd, _Mapping]] = ..., taskRelocationPlanUpdateEvent: _Optional[_Union[RelocationEvent.TaskRelocationPlanUpdateEvent, _Mapping]] = ..., taskRelocationPlanRemoveEvent: _Optional[_Union[RelocationEvent.TaskRelocationPlanRemoveEvent, _Mapping]] = ..., taskRelocationResultEvent: _Optional[_Union[RelocationEvent.TaskRelocationResultEvent, _Mapping]] = ...) -> None: ...
