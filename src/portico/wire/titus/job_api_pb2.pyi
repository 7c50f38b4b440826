from portico.wire.titus import jobs_pb2 as _jobs_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union
from portico.wire.titus.jobs_pb2 import Owner as Owner
from portico.wire.titus.jobs_pb2 import JobGroupInfo as JobGroupInfo
from portico.wire.titus.jobs_pb2 import Constraints as Constraints
from portico.wire.titus.jobs_pb2 import Image as Image
from portico.wire.titus.jobs_pb2 import NetworkConfiguration as NetworkConfiguration
from portico.wire.titus.jobs_pb2 import ContainerResources as ContainerResources
from portico.wire.titus.jobs_pb2 import SecurityProfile as SecurityProfile
from portico.wire.titus.jobs_pb2 import Container as Container
from portico.wire.titus.jobs_pb2 import Capacity as Capacity
from portico.wire.titus.jobs_pb2 import JobCapacityWithOptionalAttributes as JobCapacityWithOptionalAttributes
from portico.wire.titus.jobs_pb2 import JobDisruptionBudget as JobDisruptionBudget
from portico.wire.titus.jobs_pb2 import BatchJobSpec as BatchJobSpec
from portico.wire.titus.jobs_pb2 import MigrationPolicy as MigrationPolicy
from portico.wire.titus.jobs_pb2 import MigrationDetails as MigrationDetails
from portico.wire.titus.jobs_pb2 import ServiceJobSpec as ServiceJobSpec
from portico.wire.titus.jobs_pb2 import JobDescriptor as JobDescriptor
from portico.wire.titus.jobs_pb2 import JobStatus as JobStatus
from portico.wire.titus.jobs_pb2 import TaskStatus as TaskStatus
from portico.wire.titus.jobs_pb2 import LogLocation as LogLocation
from portico.wire.titus.jobs_pb2 import Task as Task
from portico.wire.titus.jobs_pb2 import Job as Job

DESCRIPTOR: _descriptor.FileDescriptor

class JobChangeNotification(_message.Message):
    __slots__ = ("jobUpdate", "taskUpdate", "snapshotEnd", "keepAliveResponse", "timestamp")
    class JobUpdate(_message.Message):
        __slots__ = ("job", "archived")
        JOB_FIELD_NUMBER: _ClassVar[int]
        ARCHIVED_FIELD_NUMBER: _ClassVar[int]
        job: _jobs_pb2.Job
        archived: bool
        def __init__(self, job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ..., archived: _Optional[bool] = ...) -> None: ...
    class TaskUpdate(_message.Message):
        __slots__ = ("task", "movedFromAnotherJob", "archived")
        TASK_FIELD_NUMBER: _ClassVar[int]
        MOVEDFROMANOTHERJOB_FIELD_NUMBER: _ClassVar[int]
        ARCHIVED_FIELD_NUMBER: _ClassVar[int]
        task: _jobs_pb2.Task
        movedFromAnotherJob: bool
        archived: bool
        def __init__(self, task: _Optional[_Union[_jobs_pb2.Task, _Mapping]] = ..., movedFromAnotherJob: _Optional[bool] = ..., archived: _Optional[bool] = ...) -> None: ...
    class SnapshotEnd(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    JOBUPDATE_FIELD_NUMBER: _ClassVar[int]
    TASKUPDATE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOTEND_FIELD_NUMBER: _ClassVar[int]
    KEEPALIVERESPONSE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    jobUpdate: JobChangeNotification.JobUpdate
    taskUpdate: JobChangeNotification.TaskUpdate
    snapshotEnd: JobChangeNotification.SnapshotEnd
    keepAliveResponse: _base_pb2.KeepAliveResponse
    timestamp: int
    def __init__(self, jobUpdate: _Optional[_Union[JobChangeNotification.JobUpdate, _Mapping]] = ..., taskUpdate: _Optional[_Union[JobChangeNotification.TaskUpdate, _Mapping]] = ..., snapshotEnd: _Optional[_Union[JobChangeNotification.SnapshotEnd, _Mapping]] = ..., keepAliveResponse: _Optional[_Union[_base_pb2.KeepAliveResponse, _Mapping]] = ..., timestamp: _Optional[int] = ...) -> None: ...

class JobDataRecord(_message.Message):
    __slots__ = ("metadata", "job")
    METADATA_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    metadata: _base_pb2.DataRecordMetadata
    job: _jobs_pb2.Job
    def __init__(self, metadata: _Optional[_Union[_base_pb2.DataRecordMetadata, _Mapping]] = ..., job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ...) -> None: ...

class TaskDataRecord(_message.Message):
    __slots__ = ("metadata", "job", "task")
    METADATA_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    metadata: _base_pb2.DataRecordMetadata
    job: _jobs_pb2.Job
    task: _jobs_pb2.Task
    def __init__(self, metadata: _Optional[_Union[_base_pb2.DataRecordMetadata, _Mapping]] = ..., job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ..., task: _Optional[_Union[_jobs_pb2.Task, _Mapping]] = ...) -> None: ...

class JobId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobIds(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[_Iterable[str]] = ...) -> None: ...

class JobQuery(_message.Message):
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

class JobQueryResult(_message.Message):
    __slots__ = ("items", "pagination")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_jobs_pb2.Job]
    pagination: _base_pb2.Pagination
    def __init__(self, items: _Optional[_Iterable[_Union[_jobs_pb2.Job, _Mapping]]] = ..., pagination: _Optional[_Union[_base_pb2.Pagination, _Mapping]] = ...) -> None: ...

class ObserveJobsQuery(_message.Message):
    __slots__ = ("filteringCriteria", "jobFields", "taskFields")
    class FilteringCriteriaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FILTERINGCRITERIA_FIELD_NUMBER: _ClassVar[int]
    JOBFIELDS_FIELD_NUMBER: _ClassVar[int]
    TASKFIELDS_FIELD_NUMBER: _ClassVar[int]
    filteringCriteria: _containers.ScalarMap[str, str]
    jobFields: _containers.RepeatedScalarFieldContainer[str]
    taskFields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, filteringCriteria: _Optional[_Mapping[str, str]] = ..., jobFields: _Optional[_Iterable[str]] = ..., taskFields: _Optional[_Iterable[str]] = ...) -> None: ...

class ObserveJobsWithKeepAliveRequest(_message.Message):
    __slots__ = ("query", "keepAliveRequest")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    KEEPALIVEREQUEST_FIELD_NUMBER: _ClassVar[int]
    query: ObserveJobsQuery
    keepAliveRequest: _base_pb2.KeepAliveRequest
    def __init__(self, query: _Optional[_Union[ObserveJobsQuery, _Mapping]] = ..., keepAliveRequest: _Optional[_Union[_base_pb2.KeepAliveRequest, _Mapping]] = ...) -> None: ...

class JobCapacityUpdate(_message.Message):
    __slots__ = ("jobId", "Capacity")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    Capacity: _jobs_pb2.Capacity
    def __init__(self, jobId: _Optional[str] = ..., Capacity: _Optional[_Union[_jobs_pb2.Capacity, _Mapping]] = ...) -> None: ...

class JobCapacityUpdateWithOptionalAttributes(_message.Message):
    __slots__ = ("jobId", "jobCapacityWithOptionalAttributes")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    JOBCAPACITYWITHOPTIONALATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    jobCapacityWithOptionalAttributes: _jobs_pb2.JobCapacityWithOptionalAttributes
    def __init__(self, jobId: _Optional[str] = ..., jobCapacityWithOptionalAttributes: _Optional[_Union[_jobs_pb2.JobCapacityWithOptionalAttributes, _Mapping]] = ...) -> None: ...

class JobStatusUpdate(_message.Message):
    __slots__ = ("id", "enableStatus")
    ID_FIELD_NUMBER: _ClassVar[int]
    ENABLESTATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    enableStatus: bool
    def __init__(self, id: _Optional[str] = ..., enableStatus: _Optional[bool] = ...) -> None: ...

class JobProcessesUpdate(_message.Message):
    __slots__ = ("jobId", "serviceJobProcesses")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    SERVICEJOBPROCESSES_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    serviceJobProcesses: _jobs_pb2.ServiceJobSpec.ServiceJobProcesses
    def __init__(self, jobId: _Optional[str] = ..., serviceJobProcesses: _Optional[_Union[_jobs_pb2.ServiceJobSpec.ServiceJobProcesses, _Mapping]] = ...) -> None: ...

class JobDisruptionBudgetUpdate(_message.Message):
    __slots__ = ("jobId", "disruptionBudget")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    DISRUPTIONBUDGET_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    disruptionBudget: _jobs_pb2.JobDisruptionBudget
    def __init__(self, jobId: _Optional[str] = ..., disruptionBudget: _Optional[_Union[_jobs_pb2.JobDisruptionBudget, _Mapping]] = ...) -> None: ...

class JobAttributesUpdate(_message.Message):
    __slots__ = ("jobId", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    JOBID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, jobId: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class JobAttributesDeleteRequest(_message.Message):
    __slots__ = ("jobId", "keys")
    JOBID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    jobId: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, jobId: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...

class TaskId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class TaskIds(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[_Iterable[str]] = ...) -> None: ...

class TaskQuery(_message.Message):
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

class TaskQueryResult(_message.Message):
    __slots__ = ("items", "pagination")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_jobs_pb2.Task]
    pagination: _base_pb2.Pagination
    def __init__(self, items: _Optional[_Iterable[_Union[_jobs_pb2.Task, _Mapping]]] = ..., pagination: _Optional[_Union[_base_pb2.Pagination, _Mapping]] = ...) -> None: ...

class TaskKillRequest(_message.Message):
    __slots__ = ("taskId", "shrink", "preventMinSizeUpdate")
    TASKID_FIELD_NUMBER: _ClassVar[int]
    SHRINK_FIELD_NUMBER: _ClassVar[int]
    PREVENTMINSIZEUPDATE_FIELD_NUMBER: _ClassVar[int]
    taskId: str
    shrink: bool
    preventMinSizeUpdate: bool
    def __init__(self, taskId: _Optional[str] = ..., shrink: _Optional[bool] = ..., preventMinSizeUpdate: _Optional[bool] = ...) -> None: ...

class TaskAttributesUpdate(_message.Message):
    __slots__ = ("taskId", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TASKID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    taskId: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, taskId: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class TaskAttributesDeleteRequest(_message.Message):
    __slots__ = ("taskId", "keys")
    TASKID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    taskId: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, taskId: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...

class TaskMoveRequest(_message.Message):
    __slots__ = ("sourceJobId", "targetJobId", "taskId")
    SOURCEJOBID_FIELD_NUMBER: _ClassVar[int]
    TARGETJOBID_FIELD_NUMBER: _ClassVar[int]
    TASKID_FIELD_NUMBER: _ClassVar[int]
    sourceJobId: str
    targetJobId: str
    taskId: str
    def __init__(self, sourceJobId: _Optional[str] = ..., targetJobId: _Optional[str] = ..., taskId: _Optional[str] = ...) -> None: ...
