"""Tasks leave drained nodes: those of owners who move tasks themselves at their time, others as budgets allow."""

from __future__ import annotations

import asyncio

import pytest
from doors.titus.extension.budget_stage import CONTEXT, BudgetStage
from doors.titus.extension.stage import ALICE, batch

from portico.domain.identity import MINUTE, SECOND
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import relocating, relocation_moves
from portico.doors.titus.extension.commands import UpdateBudget
from portico.doors.titus.extension.relocating import RelocationPeriods
from portico.wire.titus import jobs_pb2
from portico.wire.titus import task_relocation_api_pb2 as pb

ONE_AT_A_TIME = {"unhealthyTasksLimit": {"limitOfUnhealthyContainers": 1}, "rateUnlimited": {}}
SELF_MANAGED = {"selfManaged": {"relocationTimeMs": "90000"}, "rateUnlimited": {}}
PERIODS = RelocationPeriods(relocation=30 * SECOND, descheduling=MINUTE)


async def on_one_node(budget, size=3, **more):
    """Run a job's tasks on n1, with n2 to go to."""
    stage = BudgetStage(periods=PERIODS)
    await stage.node("n1")
    job = await stage.running(size, budget, **more)
    assert {task.node for task in stage.up(job)} == {"n1"}
    await stage.node("n2")
    return stage, job


async def plans(stage, **criteria):
    query = pb.TaskRelocationQuery(filteringCriteria=criteria)
    return (await stage.acting(stage.relocation.GetCurrentTaskRelocationPlans(query, CONTEXT))).plans


async def results(stage, **criteria):
    query = pb.TaskRelocationQuery(filteringCriteria=criteria)
    return (await stage.acting(stage.relocation.GetLatestTaskRelocationResults(query, CONTEXT))).results


def killed(stage, job):
    return [task.id for task in stage.tasks(job) if task.status.state == "KillInitiated"]


def test_tasks_that_their_owner_moves_get_time_and_then_must_go():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED)
        before = stage.standing.now()
        await stage.drain("n1")
        found = await plans(stage)
        assert {plan.taskId for plan in found} == {task.id for task in stage.up(job)}
        for plan in found:
            assert plan.reasonCode == "AgentEvacuation"
            assert (plan.decisionTime, plan.relocationTime) == (before, before + 90_000)
            task = stage.task(plan.taskId)
            assert (task.migrate_since, task.migrate_by) == (before, before + 90_000)
        await stage.tick(89)
        assert not killed(stage, job)
        await stage.tick(1)
        assert sorted(killed(stage, job)) == sorted(plan.taskId for plan in found)
        assert {task.status.code for task in stage.tasks(job)} == {"evicted"}
        assert not await plans(stage)
        done = await results(stage)
        assert {result.taskRelocationPlan.taskId for result in done} == {plan.taskId for plan in found}
        for result in done:
            (attempt,) = result.relocationAttempts
            assert (attempt.state, attempt.statusCode) == (pb.TaskRelocationStatus.Success, "terminated")

    asyncio.run(scene())


def test_an_owner_who_moves_a_task_in_time_ends_its_plan():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED)
        await stage.drain("n1")
        task = stage.up(job)[0]
        await stage.kill(task.id)
        assert task.id not in {plan.taskId for plan in await plans(stage)}
        await stage.die(task)
        assert task.id not in stage.relocating.plans
        moved = next(found for found in stage.up(job) if found.resubmit_of == task.id)
        assert moved.node == "n2"
        assert not await results(stage)

    asyncio.run(scene())


def test_others_go_one_after_another_as_their_budget_allows():
    async def scene():
        stage, job = await on_one_node(ONE_AT_A_TIME)
        await stage.drain("n1")
        gone = []
        for left in (2, 1, 0):
            (going,) = killed(stage, job)
            gone.append(going)
            await stage.die(stage.task(going))
            assert not killed(stage, job)
            assert len(await plans(stage)) == left
            await stage.tick(60)
        assert len(set(gone)) == 3
        assert {task.node for task in stage.up(job)} == {"n2"}
        assert len(await results(stage, jobIds=job)) == 3

    asyncio.run(scene())


def test_plans_and_times_outlive_a_restart():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED)
        await stage.drain("n1")
        before = await plans(stage)
        stage.clock.advance(40)
        again = stage.restart()
        await again.settle()
        assert await plans(again) == before
        await again.tick(51)
        assert len(killed(again, job)) == 3
        once_more = again.restart()
        assert len(await results(once_more)) == 3

    asyncio.run(scene())


def test_a_node_that_is_opened_again_frees_its_tasks():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED)
        await stage.drain("n1")
        task = stage.up(job)[0]
        assert (task.migrate_by, task.migrate_since) == (stage.standing.now() + 90_000, stage.standing.now())
        await stage.drain("n1", wanted=False)
        assert not await plans(stage)
        opened = stage.task(task.id)
        assert (opened.migrate_by, opened.migrate_since) == (0, 0)
        assert opened.version > task.version
        await stage.tick(120)
        assert not killed(stage, job)

    asyncio.run(scene())


def test_a_budget_that_changes_changes_the_plan():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED)
        await stage.drain("n1")
        await stage.do(UpdateBudget(job, _budget(120_000), ALICE))
        await stage.tick(30)
        for plan in await plans(stage):
            assert plan.relocationTime - plan.decisionTime == 120_000
        await stage.tick(61)
        assert not killed(stage, job)
        await stage.tick(30)
        assert len(killed(stage, job)) == 3

    asyncio.run(scene())


def _budget(milliseconds):
    budget = jobs_pb2.JobDisruptionBudget()
    budget.selfManaged.relocationTimeMs = milliseconds
    budget.rateUnlimited.SetInParent()
    return budget


def test_queries_name_jobs_tasks_applications_and_groups():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED)
        other = await stage.running(0, SELF_MANAGED, descriptor=batch(1))
        await stage.drain("n1")
        first = stage.up(job)[0].id
        assert len(await plans(stage, jobIds=f"{job}, none")) == 3
        assert [plan.taskId for plan in await plans(stage, taskIds=first)] == [first]
        assert len(await plans(stage, applicationName="app")) == 3 + len(stage.up(other)) - _elsewhere(stage, other)
        assert not await plans(stage, applicationName="else")
        assert not await plans(stage, capacityGroup="none")
        with pytest.raises(TitusError) as caught:
            await plans(stage, color="red")
        assert caught.value.code is Code.INVALID_ARGUMENT
        with pytest.raises(TitusError) as caught:
            await stage.acting(stage.relocation.GetTaskRelocationResult(pb.RelocationTaskId(id=first), CONTEXT))
        assert caught.value.code is Code.NOT_FOUND
        await stage.tick(90)
        found = await stage.acting(stage.relocation.GetTaskRelocationResult(pb.RelocationTaskId(id=first), CONTEXT))
        assert found.taskRelocationPlan.taskId == first

    asyncio.run(scene())


def _elsewhere(stage, job):
    return sum(task.node != "n1" for task in stage.up(job))


def test_a_watcher_hears_of_plans_their_ends_and_results():
    async def scene():
        stage, job = await on_one_node(SELF_MANAGED, size=2)
        query = pb.TaskRelocationQuery(filteringCriteria={"jobIds": job})
        events = stage.relocation.ObserveRelocationEvents(query, CONTEXT)

        async def take():
            return await stage.acting(anext(events))

        assert (await take()).HasField("snapshotEnd")
        await stage.drain("n1")
        first, second = stage.up(job)
        updates = [(await take()).taskRelocationPlanUpdateEvent.plan.taskId for _ in range(2)]
        assert sorted(updates) == sorted([first.id, second.id])
        await stage.kill(first.id)
        assert (await take()).taskRelocationPlanRemoveEvent.taskId == first.id
        await stage.tick(90)
        last = [await take(), await take()]
        kinds = {event.WhichOneof("Event") for event in last}
        assert kinds == {"taskRelocationPlanRemoveEvent", "taskRelocationResultEvent"}
        await events.aclose()
        late = stage.relocation.ObserveRelocationEvents(pb.TaskRelocationQuery(), CONTEXT)
        told = await stage.acting(anext(late))
        assert told.taskRelocationResultEvent.result.taskRelocationPlan.taskId == second.id
        await late.aclose()

    asyncio.run(scene())


def test_many_tasks_are_planned_and_moved_in_steps(monkeypatch):
    monkeypatch.setattr(relocating, "AT_ONCE", 2)
    monkeypatch.setattr(relocation_moves, "AT_ONCE", 2)
    monkeypatch.setattr(relocation_moves, "MOST_RESULTS", 4)

    async def scene():
        stage, job = await on_one_node({"relocationLimit": {"limit": 5}, "rateUnlimited": {}}, size=7)
        await stage.drain("n1")
        assert len(killed(stage, job)) == 7
        assert len(await results(stage)) == 4
        assert not await plans(stage)

    asyncio.run(scene())
