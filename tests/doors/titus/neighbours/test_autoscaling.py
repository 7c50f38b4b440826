"""AutoScalingService: what goes in comes out with its state, and errors have their codes."""

from __future__ import annotations

import asyncio

import pytest
from doors.titus.extension.stage import service
from doors.titus.neighbours.neighbour_stage import NeighbourStage
from doors.titus.neighbours.policy_messages import message, step, target
from google.protobuf import empty_pb2

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension.policies import PolicyState
from portico.doors.titus.neighbours.autoscaling import _STATES, AutoScaling
from portico.wire.titus import autoscale_api_pb2 as pb
from portico.wire.titus import job_api_pb2

NOBODY = "11111111-1111-1111-1111-111111111111"
STATES = pb.ScalingPolicyStatus


class Trial:
    def __init__(self):
        self.stage = NeighbourStage()
        self.service = AutoScaling(self.stage.plane)

    async def put(self, job, policy):
        request = pb.PutPolicyRequest(jobId=job, scalingPolicy=message(policy))
        return (await self.stage.call(self.service.SetAutoScalingPolicy, request)).id

    async def update(self, identity, policy):
        request = pb.UpdatePolicyRequest(policyId=pb.ScalingPolicyID(id=identity), scalingPolicy=message(policy))
        await self.stage.call(self.service.UpdateAutoScalingPolicy, request)

    async def delete(self, identity):
        request = pb.DeletePolicyRequest(id=pb.ScalingPolicyID(id=identity))
        await self.stage.call(self.service.DeleteAutoScalingPolicy, request)

    async def one(self, identity):
        found = await self.stage.call(self.service.GetScalingPolicy, pb.ScalingPolicyID(id=identity))
        return found.items

    async def of(self, job):
        return (await self.stage.call(self.service.GetJobScalingPolicies, job_api_pb2.JobId(id=job))).items

    async def all(self):
        return (await self.stage.call(self.service.GetAllScalingPolicies, empty_pb2.Empty())).items


def test_states_are_all_told():
    assert set(_STATES) == set(PolicyState)
    assert all(STATES.ScalingPolicyState.Name(wire) == state.value for state, wire in _STATES.items())


def test_a_policy_s_way():
    async def play():
        trial = Trial()
        job = await trial.stage.create(service(1))
        identity = await trial.put(job, step())
        (found,) = await trial.one(identity)
        assert (found.jobId, found.id.id, found.scalingPolicy) == (job, identity, message(step()))
        assert (found.policyState.state, found.policyState.pendingReason) == (STATES.Applied, "")
        await trial.update(identity, target())
        (found,) = await trial.of(job)
        assert (found.scalingPolicy, found.policyState.state) == (message(target()), STATES.Applied)
        assert list(await trial.all()) == [found]
        await trial.delete(identity)
        (found,) = await trial.one(identity)
        assert found.policyState.state == STATES.Deleted
        assert not await trial.of(job)
        assert not await trial.all()

    asyncio.run(play())


def test_an_unknown_job_is_found_out_later():
    async def play():
        trial = Trial()
        (found,) = await trial.one(await trial.put(NOBODY, step()))
        assert found.policyState.state == STATES.Error
        assert NOBODY in found.policyState.pendingReason

    asyncio.run(play())


def test_what_nobody_knows_is_an_empty_list():
    async def play():
        trial = Trial()
        for identity in ("", "what", NOBODY):
            assert not await trial.one(identity)
            assert not await trial.of(identity)

    asyncio.run(play())


def test_refusals():
    async def play():
        trial = Trial()
        job = await trial.stage.create(service(1))
        wrong = step(alarm={"evaluationPeriods": 0})
        for call, code, field in (
            (trial.put("", step()), Code.INVALID_ARGUMENT, "jobId"),
            (trial.put(job, wrong), Code.INVALID_ARGUMENT, "alarmConfig.evaluationPeriods"),
            (trial.update("", step()), Code.INVALID_ARGUMENT, "policyId.id"),
            (trial.update(NOBODY, step()), Code.NOT_FOUND, ""),
            (trial.update(NOBODY, wrong), Code.INVALID_ARGUMENT, "alarmConfig.evaluationPeriods"),
            (trial.delete(""), Code.INVALID_ARGUMENT, "id.id"),
            (trial.delete(NOBODY), Code.NOT_FOUND, ""),
        ):
            with pytest.raises(TitusError) as caught:
                await call
            assert caught.value.code is code
            assert [violation.field.endswith(field) for violation in caught.value.violations] == [True] * bool(field)

    asyncio.run(play())
