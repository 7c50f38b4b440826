"""The gateway's table: which route is which RPC, and how its request is made (rpcs.md, column REST)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from google.protobuf import empty_pb2
from google.protobuf.message import Message

from portico.doors.titus import errors
from portico.doors.titus.rest.asked import Asked
from portico.wire.titus import (
    autoscale_api_pb2,
    base_pb2,
    cluster_membership_api_pb2,
    eviction_api_pb2,
    health_pb2,
    job_api_pb2,
    jobs_pb2,
    loadbalancer_api_pb2,
    master_api_pb2,
    scheduler_api_pb2,
    task_relocation_api_pb2,
)

Build = Callable[[Asked], Message]
Shape = Callable[[Any, Asked], Message]

JOBS = "JobManagementService"
BALANCERS = "LoadBalancerService"
SCALING = "AutoScalingService"
EVICTION = "EvictionService"
SCHEDULER = "SchedulerService"
RELOCATION = "TaskRelocationService"
SUPERVISOR = "SupervisorService"
MEMBERS = "ClusterMembershipService"
HEALTH = "Health"


class Route(msgspec.Struct, frozen=True):
    """One route under /api; `status` is that of success. `quiet` replies have an empty body, as mutations do."""

    method: str
    path: str
    service: str
    rpc: str
    build: Build
    status: int = 200
    quiet: bool = False
    shape: Shape | None = None
    """Picks what is answered out of the RPC's reply; raises TitusError."""


def _job_id(asked: Asked) -> Message:
    return job_api_pb2.JobId(id=asked.path["id"])


def _task_id(asked: Asked) -> Message:
    return job_api_pb2.TaskId(id=asked.path["id"])


def _capacity(asked: Asked) -> Message:
    return job_api_pb2.JobCapacityUpdate(jobId=asked.path["id"], Capacity=asked.read(jobs_pb2.Capacity))


def _part_of_capacity(asked: Asked) -> Message:
    said = asked.read(jobs_pb2.JobCapacityWithOptionalAttributes)
    return job_api_pb2.JobCapacityUpdateWithOptionalAttributes(
        jobId=asked.path["id"], jobCapacityWithOptionalAttributes=said
    )


def _processes(asked: Asked) -> Message:
    said = asked.read(jobs_pb2.ServiceJobSpec.ServiceJobProcesses)
    return job_api_pb2.JobProcessesUpdate(jobId=asked.path["id"], serviceJobProcesses=said)


def _budget(asked: Asked) -> Message:
    said = asked.read(jobs_pb2.JobDisruptionBudget)
    return job_api_pb2.JobDisruptionBudgetUpdate(jobId=asked.path["id"], disruptionBudget=said)


def _job_attributes(asked: Asked) -> Message:
    said = asked.read(job_api_pb2.JobAttributesUpdate)
    _same(said.jobId, asked.path["id"], "Job")
    said.jobId = asked.path["id"]
    return said


def _task_attributes(asked: Asked) -> Message:
    said = asked.read(job_api_pb2.TaskAttributesUpdate)
    _same(said.taskId, asked.path["id"], "Task")
    said.taskId = asked.path["id"]
    return said


def _same(said: str, meant: str, what: str) -> None:
    """Refuse a body that names another object than its path."""
    if said and said != meant:
        raise errors.invalid_argument(f"{what} id in the request path and body do not match: {meant} and {said}")


def _keys(asked: Asked) -> list[str]:
    keys = asked.words("keys")
    if not keys:
        raise errors.invalid_argument("Path parameter 'keys' cannot be empty")
    return keys


def _job_query(asked: Asked) -> Message:
    return job_api_pb2.JobQuery(page=asked.page(), filteringCriteria=asked.criteria(), fields=asked.words("fields"))


def _task_query(asked: Asked) -> Message:
    return job_api_pb2.TaskQuery(page=asked.page(), filteringCriteria=asked.criteria(), fields=asked.words("fields"))


def _task_kill(asked: Asked) -> Message:
    return job_api_pb2.TaskKillRequest(
        taskId=asked.path["id"], shrink=asked.flag("shrink"), preventMinSizeUpdate=asked.flag("preventMinSizeUpdate")
    )


def _balancer(kind: type[Message]) -> Build:
    def build(asked: Asked) -> Message:
        balancer = loadbalancer_api_pb2.LoadBalancerId(id=asked.query.get("loadBalancerId", ""))
        return kind(jobId=asked.query.get("jobId", ""), loadBalancerId=balancer)

    return build


def _policy_id(asked: Asked) -> autoscale_api_pb2.ScalingPolicyID:
    return autoscale_api_pb2.ScalingPolicyID(id=asked.path["id"])


def _relocations(asked: Asked) -> Message:
    criteria, fields = asked.criteria(), asked.words("fields")
    return task_relocation_api_pb2.TaskRelocationQuery(page=asked.page(), filteringCriteria=criteria, fields=fields)


def _relocation_of(asked: Asked) -> Message:
    return task_relocation_api_pb2.TaskRelocationQuery(
        page=base_pb2.Page(pageSize=1), filteringCriteria={"taskIds": asked.path["id"]}
    )


def _only_plan(plans: Any, asked: Asked) -> Message:
    if not plans.plans:
        raise errors.not_found(f"Task relocation plan not found: {asked.path['id'][:80]}")
    plan: Message = plans.plans[0]
    return plan


def _leader(members: Any, _asked: Asked) -> Message:
    for member in members.instances:
        if member.status.state == master_api_pb2.MasterStatus.LeaderActivated:
            found: Message = member
            return found
    raise errors.unavailable("Leader not available")


def _tier(asked: Asked) -> Message:
    name = asked.path["id"]
    known = {tier.lower(): tier for tier in base_pb2.Tier.keys()}  # noqa: SIM118 — an enum wrapper, not a dict
    if name.lower() not in known:
        raise errors.invalid_argument(f"Unknown tier: {name[:80]}; expected one of {sorted(known.values())}")
    return base_pb2.Reference(tier=known[name.lower()])


def _terminate(asked: Asked) -> Message:
    return eviction_api_pb2.TaskTerminateRequest(
        taskId=asked.path["id"], reason=asked.query.get("reason", "Reason not provided")
    )


def _of_member(kind: type[Any]) -> Build:
    """Read a request about the member that the path names."""

    def build(asked: Asked) -> Message:
        said = asked.read(kind)
        _same(said.memberId, asked.path["id"], "Member")
        said.memberId = asked.path["id"]
        read: Message = said
        return read

    return build


_labels = _of_member(cluster_membership_api_pb2.UpdateMemberLabelsRequest)
_labels_away = _of_member(cluster_membership_api_pb2.DeleteMemberLabelsRequest)
_enabling = _of_member(cluster_membership_api_pb2.EnableMemberRequest)


def _nothing(_: Asked) -> Message:
    return empty_pb2.Empty()


_JOB_ROUTES = (
    Route("POST", "/v3/jobs", JOBS, "CreateJob", lambda asked: asked.read(jobs_pb2.JobDescriptor), status=202),
    Route("GET", "/v3/jobs", JOBS, "FindJobs", _job_query),
    Route("GET", "/v3/jobs/{id}", JOBS, "FindJob", _job_id),
    Route("DELETE", "/v3/jobs/{id}", JOBS, "KillJob", _job_id, quiet=True),
    Route("PUT", "/v3/jobs/{id}/instances", JOBS, "UpdateJobCapacity", _capacity, quiet=True),
    Route(
        "PUT",
        "/v3/jobs/{id}/capacityAttributes",
        JOBS,
        "UpdateJobCapacityWithOptionalAttributes",
        _part_of_capacity,
        quiet=True,
    ),
    Route("PUT", "/v3/jobs/{id}/jobprocesses", JOBS, "UpdateJobProcesses", _processes, quiet=True),
    Route("PUT", "/v3/jobs/{id}/disruptionBudget", JOBS, "UpdateJobDisruptionBudget", _budget, quiet=True),
    Route(
        "POST",
        "/v3/jobs/{id}/enable",
        JOBS,
        "UpdateJobStatus",
        lambda asked: job_api_pb2.JobStatusUpdate(id=asked.path["id"], enableStatus=True),
        quiet=True,
    ),
    Route(
        "POST",
        "/v3/jobs/{id}/disable",
        JOBS,
        "UpdateJobStatus",
        lambda asked: job_api_pb2.JobStatusUpdate(id=asked.path["id"]),
        quiet=True,
    ),
    Route("PUT", "/v3/jobs/{id}/attributes", JOBS, "UpdateJobAttributes", _job_attributes, quiet=True),
    Route(
        "DELETE",
        "/v3/jobs/{id}/attributes",
        JOBS,
        "DeleteJobAttributes",
        lambda asked: job_api_pb2.JobAttributesDeleteRequest(jobId=asked.path["id"], keys=_keys(asked)),
        quiet=True,
    ),
    Route("GET", "/v3/tasks", JOBS, "FindTasks", _task_query),
    Route(
        "POST", "/v3/tasks/move", JOBS, "MoveTask", lambda asked: asked.read(job_api_pb2.TaskMoveRequest), quiet=True
    ),
    Route("GET", "/v3/tasks/{id}", JOBS, "FindTask", _task_id),
    Route("DELETE", "/v3/tasks/{id}", JOBS, "KillTask", _task_kill, quiet=True),
    Route("PUT", "/v3/tasks/{id}/attributes", JOBS, "UpdateTaskAttributes", _task_attributes, quiet=True),
    Route(
        "DELETE",
        "/v3/tasks/{id}/attributes",
        JOBS,
        "DeleteTaskAttributes",
        lambda asked: job_api_pb2.TaskAttributesDeleteRequest(taskId=asked.path["id"], keys=_keys(asked)),
        quiet=True,
    ),
)

_NEIGHBOUR_ROUTES = (
    Route(
        "POST",
        "/v3/loadBalancers",
        BALANCERS,
        "AddLoadBalancer",
        _balancer(loadbalancer_api_pb2.AddLoadBalancerRequest),
        status=204,
        quiet=True,
    ),
    Route(
        "DELETE",
        "/v3/loadBalancers",
        BALANCERS,
        "RemoveLoadBalancer",
        _balancer(loadbalancer_api_pb2.RemoveLoadBalancerRequest),
        quiet=True,
    ),
    Route(
        "GET",
        "/v3/loadBalancers",
        BALANCERS,
        "GetAllLoadBalancers",
        lambda asked: loadbalancer_api_pb2.GetAllLoadBalancersRequest(page=asked.page()),
    ),
    Route("GET", "/v3/loadBalancers/{id}", BALANCERS, "GetJobLoadBalancers", _job_id),
    Route(
        "POST",
        "/v3/autoscaling/scalingPolicy",
        SCALING,
        "SetAutoScalingPolicy",
        lambda asked: asked.read(autoscale_api_pb2.PutPolicyRequest),
    ),
    Route(
        "PUT",
        "/v3/autoscaling/scalingPolicy",
        SCALING,
        "UpdateAutoScalingPolicy",
        lambda asked: asked.read(autoscale_api_pb2.UpdatePolicyRequest),
        quiet=True,
    ),
    Route("GET", "/v3/autoscaling/scalingPolicy/{id}", SCALING, "GetScalingPolicy", _policy_id),
    Route(
        "DELETE",
        "/v3/autoscaling/scalingPolicy/{id}",
        SCALING,
        "DeleteAutoScalingPolicy",
        lambda asked: autoscale_api_pb2.DeletePolicyRequest(id=_policy_id(asked)),
        quiet=True,
    ),
    Route("GET", "/v3/autoscaling/scalingPolicies", SCALING, "GetAllScalingPolicies", _nothing),
    Route("GET", "/v3/autoscaling/scalingPolicies/{id}", SCALING, "GetJobScalingPolicies", _job_id),
    Route("GET", "/v3/status", HEALTH, "Check", lambda _: health_pb2.HealthCheckRequest()),
    Route(
        "GET",
        "/v3/scheduler/results/{id}",
        SCHEDULER,
        "GetSchedulingResult",
        lambda asked: scheduler_api_pb2.SchedulingResultRequest(taskId=asked.path["id"]),
    ),
    Route("GET", "/v3/supervisor/instances", SUPERVISOR, "GetMasterInstances", _nothing),
    Route("GET", "/v3/supervisor/instances/leader", SUPERVISOR, "GetMasterInstances", _nothing, shape=_leader),
    Route(
        "GET",
        "/v3/supervisor/instances/{id}",
        SUPERVISOR,
        "GetMasterInstance",
        lambda asked: master_api_pb2.MasterInstanceId(instanceId=asked.path["id"]),
    ),
    Route("DELETE", "/v3/supervisor/self/stopBeingLeader", SUPERVISOR, "StopBeingLeader", _nothing, quiet=True),
    Route("GET", "/v3/clustermembership/members", MEMBERS, "GetMembers", _nothing),
    Route(
        "GET",
        "/v3/clustermembership/members/{id}",
        MEMBERS,
        "GetMember",
        lambda asked: cluster_membership_api_pb2.MemberId(id=asked.path["id"]),
    ),
    Route("POST", "/v3/clustermembership/members/{id}/labels", MEMBERS, "UpdateMemberLabels", _labels),
    Route("DELETE", "/v3/clustermembership/members/{id}/labels", MEMBERS, "DeleteMemberLabels", _labels_away),
    Route(
        "POST",
        "/v3/clustermembership/members/{id}/enable",
        MEMBERS,
        "EnableMember",
        _enabling,
    ),
)

_DISRUPTION_ROUTES = (
    Route(
        "GET",
        "/v3/eviction/quotas/system",
        EVICTION,
        "GetEvictionQuota",
        lambda _: base_pb2.Reference(system=base_pb2.Reference.System()),
    ),
    Route("GET", "/v3/eviction/quotas/tiers/{id}", EVICTION, "GetEvictionQuota", _tier),
    Route(
        "GET",
        "/v3/eviction/quotas/capacityGroups/{id}",
        EVICTION,
        "GetEvictionQuota",
        lambda asked: base_pb2.Reference(capacityGroup=asked.path["id"]),
    ),
    Route(
        "GET",
        "/v3/eviction/quotas/jobs/{id}",
        EVICTION,
        "GetEvictionQuota",
        lambda asked: base_pb2.Reference(jobId=asked.path["id"]),
    ),
    Route(
        "GET",
        "/v3/eviction/quotas/tasks/{id}",
        EVICTION,
        "GetEvictionQuota",
        lambda asked: base_pb2.Reference(taskId=asked.path["id"]),
    ),
    Route("DELETE", "/v3/eviction/tasks/{id}", EVICTION, "TerminateTask", _terminate),
    Route("GET", "/v3/relocation/plans", RELOCATION, "GetCurrentTaskRelocationPlans", _relocations),
    Route(
        "GET",
        "/v3/relocation/plans/{id}",
        RELOCATION,
        "GetCurrentTaskRelocationPlans",
        _relocation_of,
        shape=_only_plan,
    ),
    Route("GET", "/v3/relocation/executions", RELOCATION, "GetLatestTaskRelocationResults", _relocations),
    Route(
        "GET",
        "/v3/relocation/executions/{id}",
        RELOCATION,
        "GetTaskRelocationResult",
        lambda asked: task_relocation_api_pb2.RelocationTaskId(id=asked.path["id"]),
    ),
)

ROUTES = (*_JOB_ROUTES, *_NEIGHBOUR_ROUTES, *_DISRUPTION_ROUTES)
