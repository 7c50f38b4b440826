from portico.wire.mesos import containers_pb2 as _containers_pb2
from portico.wire.mesos import offers_pb2 as _offers_pb2
from portico.wire.mesos import operations_pb2 as _operations_pb2
from portico.wire.mesos import resources_pb2 as _resources_pb2
from portico.wire.mesos import tasks_pb2 as _tasks_pb2
from portico.wire.mesos import usage_pb2 as _usage_pb2
from portico.wire.mesos import values_pb2 as _values_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar
from portico.wire.mesos.containers_pb2 import Image as Image
from portico.wire.mesos.containers_pb2 import Volume as Volume
from portico.wire.mesos.containers_pb2 import NetworkInfo as NetworkInfo
from portico.wire.mesos.containers_pb2 import CapabilityInfo as CapabilityInfo
from portico.wire.mesos.containers_pb2 import LinuxInfo as LinuxInfo
from portico.wire.mesos.containers_pb2 import RLimitInfo as RLimitInfo
from portico.wire.mesos.containers_pb2 import TTYInfo as TTYInfo
from portico.wire.mesos.containers_pb2 import ContainerInfo as ContainerInfo
from portico.wire.mesos.containers_pb2 import ContainerStatus as ContainerStatus
from portico.wire.mesos.containers_pb2 import CgroupInfo as CgroupInfo
from portico.wire.mesos.offers_pb2 import FrameworkInfo as FrameworkInfo
from portico.wire.mesos.offers_pb2 import MasterInfo as MasterInfo
from portico.wire.mesos.offers_pb2 import AgentInfo as AgentInfo
from portico.wire.mesos.offers_pb2 import Request as Request
from portico.wire.mesos.offers_pb2 import Offer as Offer
from portico.wire.mesos.offers_pb2 import InverseOffer as InverseOffer
from portico.wire.mesos.offers_pb2 import Filters as Filters
from portico.wire.mesos.operations_pb2 import RateLimit as RateLimit
from portico.wire.mesos.operations_pb2 import RateLimits as RateLimits
from portico.wire.mesos.operations_pb2 import WeightInfo as WeightInfo
from portico.wire.mesos.operations_pb2 import VersionInfo as VersionInfo
from portico.wire.mesos.operations_pb2 import Flag as Flag
from portico.wire.mesos.operations_pb2 import Role as Role
from portico.wire.mesos.operations_pb2 import Metric as Metric
from portico.wire.mesos.operations_pb2 import FileInfo as FileInfo
from portico.wire.mesos.operations_pb2 import Status as Status
from portico.wire.mesos.resources_pb2 import Resource as Resource
from portico.wire.mesos.tasks_pb2 import CheckInfo as CheckInfo
from portico.wire.mesos.tasks_pb2 import HealthCheck as HealthCheck
from portico.wire.mesos.tasks_pb2 import KillPolicy as KillPolicy
from portico.wire.mesos.tasks_pb2 import CommandInfo as CommandInfo
from portico.wire.mesos.tasks_pb2 import ExecutorInfo as ExecutorInfo
from portico.wire.mesos.tasks_pb2 import TaskInfo as TaskInfo
from portico.wire.mesos.tasks_pb2 import TaskGroupInfo as TaskGroupInfo
from portico.wire.mesos.tasks_pb2 import Task as Task
from portico.wire.mesos.tasks_pb2 import CheckStatusInfo as CheckStatusInfo
from portico.wire.mesos.tasks_pb2 import TaskStatus as TaskStatus
from portico.wire.mesos.tasks_pb2 import Port as Port
from portico.wire.mesos.tasks_pb2 import Ports as Ports
from portico.wire.mesos.tasks_pb2 import DiscoveryInfo as DiscoveryInfo
from portico.wire.mesos.tasks_pb2 import TaskState as TaskState
from portico.wire.mesos.usage_pb2 import TrafficControlStatistics as TrafficControlStatistics
from portico.wire.mesos.usage_pb2 import IpStatistics as IpStatistics
from portico.wire.mesos.usage_pb2 import IcmpStatistics as IcmpStatistics
from portico.wire.mesos.usage_pb2 import TcpStatistics as TcpStatistics
from portico.wire.mesos.usage_pb2 import UdpStatistics as UdpStatistics
from portico.wire.mesos.usage_pb2 import SNMPStatistics as SNMPStatistics
from portico.wire.mesos.usage_pb2 import ResourceStatistics as ResourceStatistics
from portico.wire.mesos.usage_pb2 import ResourceUsage as ResourceUsage
from portico.wire.mesos.usage_pb2 import PerfStatistics as PerfStatistics
from portico.wire.mesos.values_pb2 import FrameworkID as FrameworkID
from portico.wire.mesos.values_pb2 import OfferID as OfferID
from portico.wire.mesos.values_pb2 import AgentID as AgentID
from portico.wire.mesos.values_pb2 import TaskID as TaskID
from portico.wire.mesos.values_pb2 import ExecutorID as ExecutorID
from portico.wire.mesos.values_pb2 import ContainerID as ContainerID
from portico.wire.mesos.values_pb2 import TimeInfo as TimeInfo
from portico.wire.mesos.values_pb2 import DurationInfo as DurationInfo
from portico.wire.mesos.values_pb2 import Address as Address
from portico.wire.mesos.values_pb2 import URL as URL
from portico.wire.mesos.values_pb2 import Unavailability as Unavailability
from portico.wire.mesos.values_pb2 import MachineID as MachineID
from portico.wire.mesos.values_pb2 import MachineInfo as MachineInfo
from portico.wire.mesos.values_pb2 import Value as Value
from portico.wire.mesos.values_pb2 import Attribute as Attribute
from portico.wire.mesos.values_pb2 import Environment as Environment
from portico.wire.mesos.values_pb2 import Parameter as Parameter
from portico.wire.mesos.values_pb2 import Parameters as Parameters
from portico.wire.mesos.values_pb2 import Credential as Credential
from portico.wire.mesos.values_pb2 import Credentials as Credentials
from portico.wire.mesos.values_pb2 import Secret as Secret
from portico.wire.mesos.values_pb2 import Labels as Labels
from portico.wire.mesos.values_pb2 import Label as Label

DESCRIPTOR: _descriptor.FileDescriptor
DRIVER_NOT_STARTED: _operations_pb2.Status
DRIVER_RUNNING: _operations_pb2.Status
DRIVER_ABORTED: _operations_pb2.Status
DRIVER_STOPPED: _operations_pb2.Status
TASK_STAGING: _tasks_pb2.TaskState
TASK_STARTING: _tasks_pb2.TaskState
TASK_RUNNING: _tasks_pb2.TaskState
TASK_KILLING: _tasks_pb2.TaskState
TASK_FINISHED: _tasks_pb2.TaskState
TASK_FAILED: _tasks_pb2.TaskState
TASK_KILLED: _tasks_pb2.TaskState
TASK_ERROR: _tasks_pb2.TaskState
TASK_LOST: _tasks_pb2.TaskState
TASK_DROPPED: _tasks_pb2.TaskState
TASK_UNREACHABLE: _tasks_pb2.TaskState
TASK_GONE: _tasks_pb2.TaskState
TASK_GONE_BY_OPERATOR: _tasks_pb2.TaskState
TASK_UNKNOWN: _tasks_pb2.TaskState
