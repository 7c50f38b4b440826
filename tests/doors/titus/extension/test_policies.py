"""Scaling policies: taken at once, looked at a moment later, ended with their job, forgotten in time."""

from __future__ import annotations

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, batch, service
from doors.titus.neighbours.neighbour_stage import NeighbourStage
from doors.titus.neighbours.policy_messages import message, step, target

from portico.domain.errors import Conflict, Exhausted
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands, policies
from portico.doors.titus.extension.policies import DeletePolicy, FindPolicies, PolicyState, SetPolicy, UpdatePolicy
from portico.doors.titus.neighbours.scaling_rules import read_policy

NOBODY = "11111111-1111-1111-1111-111111111111"


def said(policy):
    written = message(policy)
    return written.SerializeToString(), read_policy(written)


async def put(stage, job, policy=None):
    return await stage.do(SetPolicy(job, *said(policy or step())))


async def found(stage, **query):
    return await stage.finish(stage.plane.ask(FindPolicies(**query)))


async def state_of(stage, identity):
    return [(policy.state, policy.reason) for policy in await found(stage, id=identity)]


def test_the_id_comes_before_the_job_is_looked_at():
    async def play():
        stage = NeighbourStage()
        stage.writer.hold = True
        job = asyncio.ensure_future(stage.plane.submit(SetPolicy(NOBODY, *said(step()))))
        await asyncio.sleep(0)
        assert [policy.state for policy in stage.policies.records.values()] == [PolicyState.PENDING]
        assert not job.done()
        stage.writer.hold = False
        stage.writer.flush()
        identity = await job
        await stage.settle()
        assert await state_of(stage, identity) == [(PolicyState.ERROR, f"Job with id {NOBODY} does not exist")]

    asyncio.run(play())


def test_jobs_that_can_be_scaled_and_others():
    async def play():
        stage = NeighbourStage()
        good, fixed = await stage.create(service(2)), await stage.create(batch(2))
        assert await state_of(stage, await put(stage, good)) == [(PolicyState.APPLIED, "")]
        ((state, reason),) = await state_of(stage, await put(stage, fixed))
        assert (state, reason) == (PolicyState.ERROR, f"Job {fixed} is not a service job")
        unknown = await put(stage, good, step(alarm={"metricName": "numConnections"}))
        ((state, reason),) = await state_of(stage, unknown)
        assert state is PolicyState.APPLIED
        assert "no effect" in reason

    asyncio.run(play())


def test_policies_are_listed_by_job_and_all():
    async def play():
        stage = NeighbourStage()
        one, other = await stage.create(service(2)), await stage.create(service(2))
        first, second, third = await put(stage, one), await put(stage, other), await put(stage, one, target())
        assert [policy.id for policy in await found(stage, job=one)] == [first, third]
        assert [policy.id for policy in await found(stage)] == [first, second, third]
        assert await found(stage, job=NOBODY) == []
        assert await found(stage, id=NOBODY) == []

    asyncio.run(play())


def test_an_update_is_looked_at_again():
    async def play():
        stage = NeighbourStage()
        job = await stage.create(service(2))
        identity = await put(stage, job)
        await stage.do(UpdatePolicy(identity, *said(target())))
        (policy,) = await found(stage, id=identity)
        assert policy.state is PolicyState.APPLIED
        assert policy.policy == read_policy(message(target()))

    asyncio.run(play())


def test_a_deleted_policy_is_given_by_its_id_until_it_is_forgotten():
    async def play():
        stage = NeighbourStage()
        job = await stage.create(service(2))
        identity = await put(stage, job)
        await stage.do(DeletePolicy(identity))
        assert await state_of(stage, identity) == [(PolicyState.DELETED, "")]
        assert await found(stage, job=job) == []
        await stage.do(DeletePolicy(identity))
        with pytest.raises(Conflict):
            await stage.do(UpdatePolicy(identity, *said(target())))
        await stage.tick(policies.KEPT // 1_000_000 - 1)
        assert await state_of(stage, identity)
        await stage.tick(2)
        assert await state_of(stage, identity) == []

    asyncio.run(play())


@pytest.mark.parametrize("command", [UpdatePolicy(NOBODY, *said(step())), DeletePolicy(NOBODY)])
def test_an_unknown_policy_is_not_found(command):
    async def play():
        with pytest.raises(TitusError) as caught:
            await NeighbourStage().do(command)
        assert caught.value.code is Code.NOT_FOUND

    asyncio.run(play())


def test_policies_go_with_their_job():
    async def play():
        stage = NeighbourStage()
        job = await stage.create(service(0))
        identity, wrong = await put(stage, job), await put(stage, NOBODY)
        await stage.do(commands.KillJob(job, ALICE))
        ((state, reason),) = await state_of(stage, identity)
        assert state is PolicyState.DELETED
        assert job in reason
        await stage.tick(policies.KEPT // 1_000_000 + 1)
        assert await state_of(stage, identity) == await state_of(stage, wrong) == []

    asyncio.run(play())


def test_a_restart_goes_on_where_it_was():
    async def play():
        stage = NeighbourStage()
        job, over = await stage.create(service(0)), await stage.create(service(0))
        kept, deleted = await put(stage, job), await put(stage, job)
        gone = await put(stage, over)
        await stage.do(DeletePolicy(deleted))
        stage = stage.restart()
        await stage.settle()
        assert await state_of(stage, kept) == [(PolicyState.APPLIED, "")]
        assert await state_of(stage, gone) == [(PolicyState.APPLIED, "")]
        stage.writer.hold = True
        killed = asyncio.ensure_future(stage.plane.submit(commands.KillJob(over, ALICE)))
        await asyncio.sleep(0)
        stage.writer.hold = False
        stage.writer.flush()
        await killed
        stage = stage.restart()
        await stage.settle()
        assert (await state_of(stage, gone))[0][0] is PolicyState.DELETED
        await stage.tick(policies.KEPT // 1_000_000 + 1)
        assert await state_of(stage, deleted) == []
        assert await state_of(stage, kept)

    asyncio.run(play())


def test_the_policies_of_a_job_are_bounded(monkeypatch):
    monkeypatch.setattr(policies, "MOST_OF_A_JOB", 2)

    async def play():
        stage = NeighbourStage()
        job = await stage.create(service(0))
        first = await put(stage, job)
        await put(stage, job)
        with pytest.raises(Exhausted):
            await put(stage, job)
        await stage.do(DeletePolicy(first))
        await put(stage, job)

    asyncio.run(play())
