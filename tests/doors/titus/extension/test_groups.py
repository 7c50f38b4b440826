"""A capacity group is a pool; jobs and what they have waiting follow it when it comes, changes and goes."""

from __future__ import annotations

import asyncio

import pytest
from doors.titus.extension.budget_stage import BudgetStage
from doors.titus.extension.stage import service

from portico.domain.nodes import Pool
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import groups
from portico.doors.titus.extension.group_records import (
    CapacityGroup,
    CreateGroup,
    DeleteGroup,
    FindGroup,
    ListGroups,
    ReplaceGroup,
)

CRITICAL = CapacityGroup(id="fast", tier="Critical", cpus=2000, count=4)
BUDGET = {"selfManaged": {"relocationTimeMs": "60000"}, "rateUnlimited": {}}


async def refused(stage, command, code):
    with pytest.raises(TitusError) as caught:
        await stage.do(command)
    assert caught.value.code is code


def pools(stage, job):
    """Give the pool of a job and those of its live runs."""
    runs = [run.pool for run in stage.plane.state.runs.values() if run.job == job and not run.ended]
    return {stage.plane.state.jobs[job].pool, *runs}


def test_a_group_is_a_pool_with_its_guarantee():
    async def scene():
        stage = BudgetStage()
        await stage.do(CreateGroup(CRITICAL))
        pool = stage.plane.state.pools["/titus/fast"]
        assert (pool.reservation["cpus"], pool.reservation["mem"], pool.origin) == (8000, 2_048_000, "titus")
        again = stage.restart()
        assert again.plane.state.pools["/titus/fast"] == pool
        await again.do(ReplaceGroup(CapacityGroup(id="fast", tier="Flex")))
        assert again.plane.state.pools["/titus/fast"].reservation == {}
        assert (again.groups.tier("fast"), again.groups.resource_pool("fast")) == ("Flex", "elastic")
        await again.do(DeleteGroup("fast"))
        assert "/titus/fast" not in again.plane.state.pools

    asyncio.run(scene())


def test_the_default_group_is_always_there():
    async def scene():
        stage = BudgetStage()
        await stage.settle()
        for _ in range(2):
            (view,) = await stage.ask(ListGroups())
            assert (view.group.id, view.group.tier) == ("DEFAULT", "Flex")
            await refused(stage, DeleteGroup("DEFAULT"), Code.INVALID_ARGUMENT)
            stage = stage.restart()
        assert stage.groups.pool("nobody's") == "/titus/DEFAULT"
        assert stage.groups.tier("nobody's") == "Flex"

    asyncio.run(scene())


def test_what_cannot_be_done():
    async def scene():
        stage = BudgetStage()
        await refused(stage, ReplaceGroup(CRITICAL), Code.NOT_FOUND)
        await refused(stage, DeleteGroup("fast"), Code.NOT_FOUND)
        await stage.do(CreateGroup(CRITICAL))
        await refused(stage, CreateGroup(CRITICAL), Code.ALREADY_EXISTS)
        with pytest.raises(TitusError) as caught:
            await stage.ask(FindGroup("slow"))
        assert caught.value.code is Code.NOT_FOUND

    asyncio.run(scene())


def test_jobs_follow_their_group_with_all_they_have(monkeypatch):
    monkeypatch.setattr(groups, "AT_ONCE", 2)

    async def scene():
        stage = BudgetStage()
        await stage.node("n1", cpus=2)
        job = await stage.running(5, BUDGET, capacity_group="fast")
        other = await stage.create(service(1))
        allocation = stage.plane.capacity.allocation
        assert pools(stage, job) == {"/titus/DEFAULT"}
        assert allocation["/titus/DEFAULT"]["cpus"] == 2000
        await stage.do(CreateGroup(CRITICAL))
        assert pools(stage, job) == {"/titus/fast"}
        assert pools(stage, other) == {"/titus/DEFAULT"}
        assert "/titus/DEFAULT" not in allocation or not allocation["/titus/DEFAULT"].get("cpus")
        view = await stage.ask(FindGroup("fast"))
        assert view.usage["cpus"] == 2000
        await stage.node("n2", cpus=8)
        await stage.start_all(job)
        assert len(stage.up(job)) == 5
        assert allocation["/titus/fast"]["cpus"] == 5000
        await stage.do(DeleteGroup("fast"))
        assert pools(stage, job) == {"/titus/DEFAULT"}
        assert not allocation.get("/titus/fast", {}).get("cpus")
        await stage.ended(*(task.id for task in stage.up(job)))
        await stage.tick(1)
        await stage.start_all(job)
        assert len(stage.up(job)) == 5
        assert pools(stage, job) == {"/titus/DEFAULT"}
        assert allocation["/titus/DEFAULT"]["cpus"] == 6000

    asyncio.run(scene())


def test_regrouping_goes_on_after_a_restart(monkeypatch):
    monkeypatch.setattr(groups, "AT_ONCE", 1)

    async def scene():
        stage = BudgetStage()
        job = await stage.create(_in_group(service(3), "fast"))
        await stage.settle()
        command = asyncio.ensure_future(stage.plane.submit(CreateGroup(CRITICAL)))
        await asyncio.sleep(0)
        stage.writer.flush()
        await command
        assert pools(stage, job) == {"/titus/DEFAULT"}
        again = stage.restart()
        await again.settle()
        assert pools(again, job) == {"/titus/fast"}

    asyncio.run(scene())


def test_a_pool_of_the_configuration_outlives_its_group():
    async def scene():
        stage = BudgetStage()
        configured = Pool(id="/titus/fast", reservation={"cpus": 1000}, limit={"cpus": 9000}, share={"cpus": 2000})
        with stage.plane.begin() as tx:
            tx.put(configured)
        await stage.do(CreateGroup(CRITICAL))
        await stage.do(ReplaceGroup(CapacityGroup(id="fast", tier="Critical", cpus=1000, count=4)))
        taken = stage.plane.state.pools["/titus/fast"]
        assert (taken.reservation["cpus"], taken.limit, taken.origin) == (4000, {"cpus": 9000}, "titus")
        again = stage.restart()
        await again.do(DeleteGroup("fast"))
        assert again.plane.state.pools["/titus/fast"] == configured

    asyncio.run(scene())


def test_a_group_that_goes_while_its_jobs_are_on_their_way_lets_all_come_back(monkeypatch):
    monkeypatch.setattr(groups, "AT_ONCE", 2)
    monkeypatch.setattr(groups, "LOOKED_AT", 1)

    async def scene():
        stage = BudgetStage()
        jobs = [await stage.create(_in_group(service(5), "fast")) for _ in range(3)]
        await stage.settle()
        command = asyncio.ensure_future(stage.plane.submit(CreateGroup(CRITICAL)))
        for _ in range(4):
            await asyncio.sleep(0)
            stage.plane.timers.fire_due()
        found = {run.pool for run in stage.plane.state.runs.values()}
        assert found == {"/titus/DEFAULT", "/titus/fast"}
        stage.writer.flush()
        await command
        await stage.do(DeleteGroup("fast"))
        assert [pools(stage, job) for job in jobs] == [{"/titus/DEFAULT"}] * 3

    asyncio.run(scene())


def _in_group(descriptor, name):
    descriptor.capacityGroup = name
    return descriptor


def test_tasks_know_their_tier_and_resource_pool():
    async def scene():
        stage = BudgetStage()
        await stage.node("n1")
        await stage.do(CreateGroup(CRITICAL))
        job = await stage.running(1, BUDGET, capacity_group="fast")
        (task,) = stage.up(job)
        assert task.context["task.tier"] == "Critical"
        assert "reserved" in task.context.values()

    asyncio.run(scene())
