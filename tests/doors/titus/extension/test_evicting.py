"""Evictions take both quotas or none, count what they took across restarts, and are told to those who watch."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import msgspec
import pytest
from doors.titus.extension.budget_stage import CONTEXT, BudgetStage
from doors.titus.extension.stage import batch, trail

from portico.domain.disruption import UNLIMITED, Bucket
from portico.domain.runs import CheckKind, HealthCheck
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.eviction import MOST_REASON
from portico.doors.titus.extension.eviction_commands import Level
from portico.wire.titus import base_pb2, eviction_api_pb2

AVAILABLE = {"availabilityPercentageLimit": {"percentageOfHealthyContainers": 75}, "rateUnlimited": {}}
ONE_AN_HOUR = {
    "unhealthyTasksLimit": {"limitOfUnhealthyContainers": 10},
    "ratePerInterval": {"intervalMs": "3600000", "limitPerInterval": 1},
}
ONCE_EACH = {"relocationLimit": {"limit": 1}, "rateUnlimited": {}}
SELF_MANAGED = {"selfManaged": {"relocationTimeMs": "60000"}, "rateUnlimited": {}}


async def refused(stage, task, code):
    with pytest.raises(TitusError) as caught:
        await stage.evict(task)
    assert caught.value.code is code
    return str(caught.value)


async def stage_with_nodes(**more):
    stage = BudgetStage(**more)
    for name in ("n1", "n2"):
        await stage.node(name)
    return stage


def test_an_evicted_task_is_replaced_and_counted():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, AVAILABLE)
        assert await stage.job_quota(job) == 1
        task = stage.up(job)[0]
        await stage.evict(task, "needs its place")
        killed = stage.task(task.id)
        assert trail(killed)[-1] == ("KillInitiated", "evicted")
        assert "needs its place" in killed.status.message
        assert await stage.job_quota(job) == 0
        await stage.die(task)
        assert stage.task(task.id).finished
        replacement = next(found for found in stage.up(job) if found.resubmit_of == task.id)
        assert (replacement.eviction_resubmits, replacement.resubmits) == (1, 1)
        assert await stage.job_quota(job) == 1

    asyncio.run(scene())


def test_too_few_healthy_tasks_refuse_the_eviction_and_nothing_is_taken():
    async def scene():
        stage = await stage_with_nodes(bucket=Bucket(capacity=5, refill=1))
        job = await stage.running(4, AVAILABLE)
        stage.clock.advance(60)
        first, second = stage.up(job)[:2]
        await stage.evict(first)
        tokens = stage.plane.state.records["titus_tokens"]["system"]
        text = await refused(stage, second, Code.NO_QUOTA)
        assert text.startswith(f"No job quota: jobId={job}, restrictions=MissingQuotas[availabilityPercentage=")
        assert stage.task(second.id).status.state == "Started"
        assert stage.plane.state.records["titus_tokens"]["system"] == tokens

    asyncio.run(scene())


def test_the_systems_bucket_is_empty_first_and_refuses_what_the_job_allows():
    async def scene():
        stage = await stage_with_nodes(bucket=Bucket(capacity=2, refill=1, exempt=("spared.*",)))
        job = await stage.running(8, ONE_AN_HOUR)
        task = stage.up(job)[0]
        assert await stage.quota() == 0
        assert "No system quota" in await refused(stage, task, Code.NO_QUOTA)
        assert not stage.evicting.spent
        assert await stage.job_quota(job) == 1
        stage.clock.advance(1)
        assert await stage.quota() == 1
        await stage.evict(task)
        assert await stage.quota() == 0
        stage.clock.advance(60)
        assert await stage.quota() == 2

    asyncio.run(scene())


def test_what_was_spent_of_a_rate_outlives_a_restart():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, ONE_AN_HOUR)
        first, second = stage.up(job)[:2]
        await stage.evict(first)
        assert await stage.job_quota(job) == 0
        again = stage.restart()
        assert await again.job_quota(job) == 0
        text = await refused(again, second, Code.NO_QUOTA)
        assert "relocationRate=1 of 1 relocations" in text
        again.clock.advance(3600)
        again.evicting.sweep()
        await again.settle()
        assert not again.evicting.spent
        assert not again.restart().evicting.spent

    asyncio.run(scene())


def test_a_task_is_relocated_no_more_often_than_its_limit():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(2, ONCE_EACH)
        first, second = stage.up(job)
        await stage.evict(first)
        await stage.die(first)
        replacement = next(task for task in stage.up(job) if task.id != second.id)
        assert await stage.job_quota(job) == 1
        assert await stage.quota(Level.TASK, replacement.id) == 0
        assert await stage.quota(Level.TASK, second.id) == 1
        assert "relocationLimit" in await refused(stage, replacement, Code.NO_QUOTA)
        await stage.evict(second)
        assert await stage.job_quota(job) == 0

    asyncio.run(scene())


def test_only_tasks_that_are_on_a_node_and_not_ending_can_be_evicted():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, AVAILABLE)
        task = stage.up(job)[0]
        await stage.evict(task)
        await refused(stage, task, Code.TASK_ALREADY_STOPPED)
        await refused(stage, SimpleNamespace(id="unknown"), Code.EVICTION_TASK_NOT_FOUND)

    asyncio.run(scene())


def test_a_task_without_a_node_is_not_scheduled_yet():
    async def scene():
        stage = BudgetStage()
        job = await stage.create(batch(1))
        await stage.settle()
        (task,) = stage.tasks(job)
        await refused(stage, task, Code.TASK_NOT_SCHEDULED_YET)

    asyncio.run(scene())


def test_a_job_that_moves_its_tasks_itself_has_no_quota():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(2, SELF_MANAGED)
        quota = await stage.acting(stage.eviction.GetEvictionQuota(base_pb2.Reference(jobId=job), CONTEXT))
        assert (quota.quota, quota.message, quota.target.jobId) == (0, "Legacy job", job)
        assert "selfManaged=Legacy job" in await refused(stage, stage.up(job)[0], Code.NO_QUOTA)

    asyncio.run(scene())


def test_health_checks_count_when_the_budget_asks_for_them():
    async def scene():
        stage = await stage_with_nodes()
        checked = {**AVAILABLE, "containerHealthProviders": [{"name": "healthChecks"}]}
        job = await stage.running(4, checked)
        trusting = await stage.running(4, {**AVAILABLE, "containerHealthProviders": [{"name": "alwaysHealthy"}]})
        disruptions = stage.evicting._disruptions
        assert await stage.job_quota(job) == 1
        run = stage.plane.state.runs[stage.up(job)[0].id]
        spec = msgspec.structs.replace(run.spec, check=HealthCheck(CheckKind.COMMAND, ("true",)))
        with stage.plane.begin() as tx:
            tx.put(msgspec.structs.replace(run, spec=spec))
        assert disruptions.up(job, ("healthChecks",)) == 3
        assert disruptions.up(job, ("alwaysHealthy",)) == 4
        assert await stage.job_quota(job) == 0
        await stage.health(stage.task(run.id), healthy=True)
        assert await stage.job_quota(job) == 1
        await stage.health(stage.task(run.id), healthy=False)
        assert await stage.job_quota(job) == 0
        assert await stage.job_quota(trusting) == 1

    asyncio.run(scene())


def test_every_reference_has_a_quota():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, AVAILABLE)
        task = stage.up(job)[0]

        async def ask(**reference):
            return await stage.acting(stage.eviction.GetEvictionQuota(base_pb2.Reference(**reference), CONTEXT))

        assert (await ask(system=base_pb2.Reference.System())).quota == UNLIMITED
        tier = await ask(tier=base_pb2.Flex)
        assert (tier.quota, tier.target.WhichOneof("Reference")) == (UNLIMITED, "tier")
        assert (await ask(capacityGroup="DEFAULT")).quota == UNLIMITED
        assert (await ask(jobId=job)).quota == 1
        assert (await ask(taskId=task.id)).quota == 1
        for reference, code in (
            ({"jobId": task.id}, Code.JOB_NOT_FOUND),
            ({"taskId": job}, Code.EVICTION_TASK_NOT_FOUND),
            ({"capacityGroup": "none"}, Code.CAPACITY_GROUP_NOT_FOUND),
            ({}, Code.BAD_CONFIGURATION),
        ):
            with pytest.raises(TitusError) as caught:
                await ask(**reference)
            assert caught.value.code is code

    asyncio.run(scene())


def test_a_watcher_hears_of_quotas_and_evictions():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, AVAILABLE)
        first, second = stage.up(job)[:2]
        request = eviction_api_pb2.ObserverEventRequest(includeSnapshot=True)
        events = stage.eviction.ObserveEvents(request, CONTEXT)

        async def take():
            return await stage.acting(anext(events))

        snapshot = []
        while (event := await take()).WhichOneof("Event") != "snapshotEnd":
            snapshot.append(event.evictionQuotaEvent.quota)
        told = {str(quota.target): quota.quota for quota in snapshot}
        assert told[str(base_pb2.Reference(jobId=job))] == 1
        assert told[str(base_pb2.Reference(system=base_pb2.Reference.System()))] == UNLIMITED
        await stage.evict(first, "make room")
        termination = (await take()).taskTerminationEvent
        assert (termination.taskId, termination.approved, termination.reason) == (first.id, True, "make room")
        await stage.acting(stage.evicting.watch.look())
        quota = (await take()).evictionQuotaEvent.quota
        assert (quota.target.jobId, quota.quota) == (job, 0)
        await refused(stage, second, Code.NO_QUOTA)
        refusal = (await take()).taskTerminationEvent
        assert (refusal.approved, refusal.restrictionCode) == (False, "NoQuota")
        await stage.die(first)
        await stage.acting(stage.evicting.watch.look(timed=True))
        assert (await take()).evictionQuotaEvent.quota.quota == 1
        await events.aclose()
        assert not stage.evicting.watch._listeners

    asyncio.run(scene())


def test_a_watcher_that_does_not_read_is_cut_off():
    async def scene():
        stage = await stage_with_nodes()
        events = stage.evicting.watch.listen(snapshot=True)
        while await stage.acting(anext(events)) is not None:
            pass
        for _ in range(10_001):
            stage.evicting.watch.tell("news")
        with pytest.raises(TitusError) as caught:
            await anext(events)
        assert caught.value.code is Code.TOO_SLOW

    asyncio.run(scene())


def test_an_evicted_batch_task_is_tried_again_without_a_try_of_its_own():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(0, AVAILABLE, descriptor=batch(1, retries=0))
        (task,) = stage.up(job)
        await stage.evict(task)
        await stage.die(task)
        (again,) = stage.up(job)
        assert (again.resubmit_of, again.resubmits, again.eviction_resubmits) == (task.id, 1, 1)
        await stage.ended(again.id, code=1)
        assert stage.job(job).finished

    asyncio.run(scene())


def test_the_reply_to_an_eviction():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, AVAILABLE)
        request = eviction_api_pb2.TaskTerminateRequest(taskId=stage.up(job)[0].id, reason="why")
        reply = await stage.acting(stage.eviction.TerminateTask(request, CONTEXT))
        assert (reply.allowed, reply.reasonCode, reply.reasonMessage) == (True, "normal", "Terminating")

    asyncio.run(scene())


def test_a_long_reason_is_cut():
    async def scene():
        stage = await stage_with_nodes()
        job = await stage.running(4, AVAILABLE)
        (task, *_) = stage.up(job)
        request = eviction_api_pb2.TaskTerminateRequest(taskId=task.id, reason="x" * 1_000_000)
        await stage.acting(stage.eviction.TerminateTask(request, CONTEXT))
        assert stage.task(task.id).status.message == "x" * MOST_REASON

    asyncio.run(scene())
