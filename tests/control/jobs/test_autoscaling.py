"""Measuring Jobs: only what policies look at is asked for and kept, in bounded memory."""

from __future__ import annotations

import asyncio

import msgspec
from doors.titus.extension.stage import Stage, service
from doors.titus.neighbours.neighbour_stage import Gauges
from harness import FakeNode

from portico.control.jobs import autoscaling
from portico.control.jobs.autoscaling import Scaling
from portico.domain.autoscaling import (
    NEVER,
    Adjustment,
    Alarm,
    Comparison,
    Measure,
    Size,
    Statistic,
    Step,
    StepPolicy,
)
from portico.domain.frames import Inquiry
from portico.domain.identity import MINUTE, Micros

INTERVAL = Micros(MINUTE)


def policy(measure, periods=3):
    alarm = Alarm(measure, Statistic.AVERAGE, Comparison.AT_LEAST, 50.0, periods, INTERVAL)
    return StepPolicy(alarm, Adjustment.CHANGE, (Step(0, None, 1),), Micros(0))


async def trial(size=1):
    stage = Stage()
    node = await stage.node(cpus=32)
    job = await stage.create(service(size))
    await stage.started(*[task.id for task in stage.tasks(job)])
    return stage, node, job, Scaling(stage.plane)


async def measure(stage, scaling, jobs):
    task = asyncio.ensure_future(scaling.measure(jobs, INTERVAL))
    while not task.done():
        await stage.settle(1)
    task.result()


def test_nodes_are_asked_only_for_what_needs_them():
    async def play():
        stage, node, job, scaling = await trial()
        await measure(stage, scaling, {job: [policy(Measure.MEMBERS), policy(None)]})
        assert not node.line.of(Inquiry)
        (point,) = scaling.measured(job, Measure.MEMBERS)
        assert (point.total, point.members) == (1, 1)
        FakeNode(stage.plane, "idle")
        gauges = Gauges(stage, node)
        gauges.memory[stage.tasks(job)[0].id] = 128
        await measure(stage, scaling, {job: [policy(Measure.MEMORY)]})
        (point,) = scaling.measured(job, Measure.MEMORY)
        assert point.most == 25.0
        assert len(node.line.of(Inquiry)) == 1

    asyncio.run(play())


def test_what_is_older_than_any_policy_looks_is_forgotten():
    async def play():
        stage, _, job, scaling = await trial()
        for _ in range(6):
            stage.clock.advance(60)
            await measure(stage, scaling, {job: [policy(Measure.MEMBERS, periods=3)]})
        assert len(scaling.measured(job, Measure.MEMBERS)) == 3
        await measure(stage, scaling, {})
        assert scaling.measured(job, Measure.MEMBERS) == []

    asyncio.run(play())


def test_a_long_look_back_is_kept_in_larger_steps(monkeypatch):
    monkeypatch.setattr(autoscaling, "MOST_POINTS", 4)

    async def play():
        stage, _, job, scaling = await trial()
        for _ in range(40):
            stage.clock.advance(60)
            await measure(stage, scaling, {job: [policy(Measure.MEMBERS, periods=20)]})
        kept = scaling.measured(job, Measure.MEMBERS)
        assert 3 <= len(kept) <= 5
        assert kept[0].at > stage.clock.now() - 20 * MINUTE

    asyncio.run(play())


def test_a_new_attempt_begins_with_a_reading_of_its_own():
    async def play():
        stage, node, job, scaling = await trial(size=0)
        gauges = Gauges(stage, node)
        await stage.capacity(job, desired=2)
        first, second = [task.id for task in stage.tasks(job)]
        await stage.started(first)
        gauges.cpu = {first: 80, second: 80}
        for started, measured in ((), None), ((), 1), ((second,), 1), ((), 2):
            await stage.started(*started)
            stage.clock.advance(60)
            await measure(stage, scaling, {job: [policy(Measure.CPU)]})
            points = scaling.measured(job, Measure.CPU)
            assert (points[-1].count if points else None) == measured
        assert abs(points[-1].least - 80) < 0.01

    asyncio.run(play())


def test_a_decision_follows_what_was_measured():
    async def play():
        stage, _, job, scaling = await trial()
        counting = policy(Measure.MEMBERS, periods=1)
        few = msgspec.structs.replace(counting, alarm=msgspec.structs.replace(counting.alarm, threshold=1.0))
        assert scaling.decide(job, Size(0, 1, 5), {"p": (few, NEVER)}, INTERVAL) is None
        await measure(stage, scaling, {job: [few]})
        decision = scaling.decide(job, Size(0, 1, 5), {"p": (few, NEVER)}, INTERVAL)
        assert (decision.desired, decision.policies) == (2, ("p",))

    asyncio.run(play())
