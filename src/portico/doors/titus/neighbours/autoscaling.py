"""AutoScalingService: policies of service jobs, by the job or by their own id."""

from __future__ import annotations

from typing import Any

from google.protobuf import empty_pb2

from portico.doors.titus import errors
from portico.doors.titus.control import Control
from portico.doors.titus.errors import Violation
from portico.doors.titus.extension.policies import (
    DeletePolicy,
    FindPolicies,
    JobPolicy,
    PolicyState,
    SetPolicy,
    UpdatePolicy,
)
from portico.doors.titus.neighbours.scaling_rules import read_policy
from portico.wire.titus import autoscale_api_pb2 as pb
from portico.wire.titus import autoscale_api_pb2_grpc, job_api_pb2

LONGEST_ID = 200

_STATES = {
    PolicyState.PENDING: pb.ScalingPolicyStatus.Pending,
    PolicyState.APPLIED: pb.ScalingPolicyStatus.Applied,
    PolicyState.DELETING: pb.ScalingPolicyStatus.Deleting,
    PolicyState.DELETED: pb.ScalingPolicyStatus.Deleted,
    PolicyState.ERROR: pb.ScalingPolicyStatus.Error,
}


class AutoScaling(autoscale_api_pb2_grpc.AutoScalingServiceServicer):
    """The servicer."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def GetAllScalingPolicies(self, request: empty_pb2.Empty, context: Any) -> pb.GetPolicyResult:
        """List the policies of all jobs."""
        return await self._find(FindPolicies())

    async def GetScalingPolicy(self, request: pb.ScalingPolicyID, context: Any) -> pb.GetPolicyResult:
        """Give one policy; an id that nobody knows gives none."""
        return await self._find(FindPolicies(id=request.id)) if request.id else pb.GetPolicyResult()

    async def GetJobScalingPolicies(self, request: job_api_pb2.JobId, context: Any) -> pb.GetPolicyResult:
        """List the policies of one job; a job that nobody knows has none."""
        return await self._find(FindPolicies(job=request.id)) if request.id else pb.GetPolicyResult()

    async def SetAutoScalingPolicy(self, request: pb.PutPolicyRequest, context: Any) -> pb.ScalingPolicyID:
        """Give a job a policy; its id is answered before the job is looked at."""
        job = _text(request.jobId, "jobId")
        policy = read_policy(request.scalingPolicy)
        identity = await self._control.submit(SetPolicy(job, request.scalingPolicy.SerializeToString(), policy))
        return pb.ScalingPolicyID(id=identity)

    async def UpdateAutoScalingPolicy(self, request: pb.UpdatePolicyRequest, context: Any) -> empty_pb2.Empty:
        """Replace a policy."""
        identity = _text(request.policyId.id, "policyId.id")
        policy = read_policy(request.scalingPolicy)
        await self._control.submit(UpdatePolicy(identity, request.scalingPolicy.SerializeToString(), policy))
        return empty_pb2.Empty()

    async def DeleteAutoScalingPolicy(self, request: pb.DeletePolicyRequest, context: Any) -> empty_pb2.Empty:
        """End a policy."""
        await self._control.submit(DeletePolicy(_text(request.id.id, "id.id")))
        return empty_pb2.Empty()

    async def _find(self, query: FindPolicies) -> pb.GetPolicyResult:
        found: list[JobPolicy] = await self._control.ask(query)
        return pb.GetPolicyResult(items=[_told(policy) for policy in found])


def _text(value: str, field: str) -> str:
    found = value.strip()
    if not 1 <= len(found) <= LONGEST_ID:
        raise errors.broken_rules([Violation(field, f"must have 1 to {LONGEST_ID} characters")])
    return found


def _told(policy: JobPolicy) -> pb.ScalingPolicyResult:
    status = pb.ScalingPolicyStatus(state=_STATES[policy.state], pendingReason=policy.reason)
    return pb.ScalingPolicyResult(
        jobId=policy.job,
        id=pb.ScalingPolicyID(id=policy.id),
        scalingPolicy=pb.ScalingPolicy.FromString(policy.descriptor),
        policyState=status,
    )
