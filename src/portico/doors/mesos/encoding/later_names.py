"""Enum names that only later releases of the wire contract know (up to 1.11), by the enum's full name.

A client of such a release may send them. A field that may be left out then counts as unknown instead of costing the
whole call; a type of call that is unknown is answered "not implemented".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LATER_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mesos.v1.AgentInfo.Capability.Type": (
            "HIERARCHICAL_ROLE",
            "RESERVATION_REFINEMENT",
            "RESOURCE_PROVIDER",
            "RESIZE_VOLUME",
            "AGENT_OPERATION_FEEDBACK",
            "AGENT_DRAINING",
            "TASK_RESOURCE_LIMITS",
        ),
        "mesos.v1.CheckInfo.Type": ("TCP",),
        "mesos.v1.FrameworkInfo.Capability.Type": (
            "RESERVATION_REFINEMENT",
            "REGION_AWARE",
        ),
        "mesos.v1.Offer.Operation.Type": (
            "GROW_VOLUME",
            "SHRINK_VOLUME",
            "CREATE_DISK",
            "DESTROY_DISK",
        ),
        "mesos.v1.Resource.DiskInfo.Source.Type": (
            "UNKNOWN",
            "BLOCK",
            "RAW",
        ),
        "mesos.v1.TaskStatus.Reason": (
            "REASON_MAX_COMPLETION_TIME_REACHED",
            "REASON_AGENT_DRAINING",
            "REASON_AGENT_REMOVED_BY_OPERATOR",
            "REASON_AGENT_REREGISTERED",
            "REASON_TASK_KILLED_DURING_LAUNCH",
            "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
        ),
        "mesos.v1.Volume.Source.Type": (
            "HOST_PATH",
            "SECRET",
            "CSI_VOLUME",
        ),
        "mesos.v1.agent.Call.Type": (
            "GET_OPERATIONS",
            "GET_AGENT",
            "GET_RESOURCE_PROVIDERS",
            "REMOVE_NESTED_CONTAINER",
            "LAUNCH_CONTAINER",
            "WAIT_CONTAINER",
            "KILL_CONTAINER",
            "REMOVE_CONTAINER",
            "ADD_RESOURCE_PROVIDER_CONFIG",
            "UPDATE_RESOURCE_PROVIDER_CONFIG",
            "REMOVE_RESOURCE_PROVIDER_CONFIG",
            "MARK_RESOURCE_PROVIDER_GONE",
            "PRUNE_IMAGES",
        ),
        "mesos.v1.executor.Call.Type": ("HEARTBEAT",),
        "mesos.v1.master.Call.Type": (
            "GET_OPERATIONS",
            "GROW_VOLUME",
            "SHRINK_VOLUME",
            "DRAIN_AGENT",
            "DEACTIVATE_AGENT",
            "REACTIVATE_AGENT",
            "UPDATE_QUOTA",
            "TEARDOWN",
            "MARK_AGENT_GONE",
        ),
        "mesos.v1.scheduler.Call.Type": (
            "ACKNOWLEDGE_OPERATION_STATUS",
            "RECONCILE_OPERATIONS",
            "UPDATE_FRAMEWORK",
        ),
    }
)
