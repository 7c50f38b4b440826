"""Scaling policies in force: measured on the nodes, decided, and carried out as an update of the capacity."""

from __future__ import annotations

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, service
from doors.titus.neighbours.neighbour_stage import Gauges, NeighbourStage
from doors.titus.neighbours.policy_messages import message, step, target

from portico.deciding.autoscaling import IN_PERIODS, OUT_PERIODS
from portico.domain.autoscaling import Measure
from portico.domain.identity import MINUTE, SECOND, Micros
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.policies import DeletePolicy, SetPolicy
from portico.doors.titus.neighbours.scaling_rules import read_policy

FEWER = {"comparisonOperator": "LessThanThreshold", "threshold": 20.0}


class Trial:
    """A job whose tasks run on one node, and policies for it."""

    def __init__(self, **more):
        self.stage = NeighbourStage(**more)

    async def begin(self, *policies, size=2, minimum=1, maximum=10):
        stage = self.stage
        self.node = await stage.node(cpus=32)
        self.gauges = Gauges(stage, self.node)
        self.job = await stage.create(service(size, minimum=minimum, maximum=maximum))
        await self.start()
        self.ids = [await self.put(policy) for policy in policies]
        return self

    async def put(self, policy):
        written = message(policy)
        return await self.stage.do(SetPolicy(self.job, written.SerializeToString(), read_policy(written)))

    async def start(self):
        await self.stage.started(*[task.id for task in self.stage.tasks(self.job) if task.status.state == "Launched"])

    async def minutes(self, count=1, cpu=None, memory=None):
        """Let minutes pass with each task using this much of its processor and memory, and measure after each."""
        for _ in range(count):
            for task in self.stage.tasks(self.job):
                if cpu is not None:
                    self.gauges.cpu[task.id] = cpu
                if memory is not None:
                    self.gauges.memory[task.id] = memory
            await self.stage.tick(60)
            await self.stage.finish(self.stage.scaling.step())
            await self.start()
        return self.desired

    @property
    def desired(self):
        return self.stage.standing.views[self.job].capacity.desired


def story(play):
    asyncio.run(play())


def test_a_step_policy_adds_tasks_while_processors_are_busy_and_waits_between():
    async def play():
        trial = await Trial().begin(step(cooldownSec=120))
        assert await trial.minutes(1, cpu=90) == 2, "processor time needs two readings"
        assert await trial.minutes(1, cpu=90) == 3
        assert await trial.minutes(1, cpu=90) == 3
        assert await trial.minutes(1, cpu=90) == 4
        assert await trial.minutes(5, cpu=50) == 4
        attributes = trial.stage.descriptor(trial.job).attributes
        assert attributes["titus.createdBy"] == "titus-autoscaling"
        assert trial.ids[0] in attributes["titus.callReason"]
        assert len(trial.stage.tasks(trial.job)) == 4

    story(play)


def test_a_step_policy_takes_tasks_away_down_to_the_minimum():
    async def play():
        fewer = step(alarm=FEWER, cooldownSec=0, stepAdjustments=[{"scalingAdjustment": -1}])
        trial = await Trial().begin(fewer, size=4, minimum=2)
        assert await trial.minutes(8, cpu=5) == 2

    story(play)


def test_memory_is_measured_in_percent_of_the_claim():
    async def play():
        busy = step(alarm={"metricName": "MemoryUtilization", "threshold": 80.0})
        trial = await Trial().begin(busy)
        assert await trial.minutes(1, memory=400) == 2
        assert await trial.minutes(1, memory=420) == 3
        (point,) = trial.stage.scaling.scaling.measured(trial.job, Measure.MEMORY)
        assert point.most == pytest.approx(100 * 420 / 512)

    story(play)


def test_tasks_can_be_counted():
    async def play():
        few = step(
            alarm={"metricName": "taskCount", "comparisonOperator": "LessThanThreshold", "threshold": 5.0},
            adjustmentType="ExactCapacity",
            stepAdjustments=[{"MetricIntervalUpperBound": 0, "scalingAdjustment": 5}],
        )
        assert await (await Trial().begin(few)).minutes(1) == 5

    story(play)


def test_a_target_is_followed_out_and_in():
    async def play():
        trial = await Trial().begin(target(50.0))
        assert await trial.minutes(OUT_PERIODS, cpu=100) == 2
        assert await trial.minutes(1, cpu=100) == 4
        assert await trial.minutes(IN_PERIODS, cpu=48) == 4
        assert await trial.minutes(IN_PERIODS + 1, cpu=24) == 2

    story(play)


def test_a_target_that_only_grows():
    async def play():
        trial = await Trial().begin(target(50.0, disableScaleIn=True))
        assert await trial.minutes(IN_PERIODS + 2, cpu=1) == 2

    story(play)


def test_disabled_jobs_and_forbidden_directions_stay_as_they_are():
    async def play():
        trial = await Trial().begin(step())
        stage, job = trial.stage, trial.job
        await stage.do(commands.UpdateJobStatus(job, enabled=False, caller=ALICE))
        assert await trial.minutes(3, cpu=90) == 2
        await stage.do(commands.UpdateJobStatus(job, enabled=True, caller=ALICE))
        await stage.do(commands.UpdateProcesses(job, disable_increase=True, disable_decrease=False, caller=ALICE))
        assert await trial.minutes(3, cpu=90) == 2
        await stage.do(commands.UpdateProcesses(job, disable_increase=False, disable_decrease=True, caller=ALICE))
        assert await trial.minutes(1, cpu=90) == 3

    story(play)


def test_deleted_policies_and_unknown_metrics_do_nothing():
    async def play():
        trial = await Trial().begin(step(), step(alarm={"metricName": "numConnections", "threshold": -1.0}))
        await trial.stage.do(DeletePolicy(trial.ids[0]))
        assert await trial.minutes(3, cpu=90) == 2

    story(play)


def test_a_node_that_does_not_answer_leaves_a_gap():
    async def play():
        fewer = step(alarm=FEWER, stepAdjustments=[{"scalingAdjustment": -1}])
        trial = await Trial().begin(fewer)
        trial.gauges.broken = True
        assert await trial.minutes(3, cpu=90) == 2
        assert trial.stage.scaling.scaling.measured(trial.job, Measure.CPU) == []

    story(play)


def test_cooldowns_outlive_a_restart():
    async def play():
        trial = await Trial().begin(step(cooldownSec=3_600))
        assert await trial.minutes(2, cpu=90) == 3
        trial.stage = trial.stage.restart()
        await trial.stage.settle()
        assert [found.acted.larger_at > 0 for found in trial.stage.policies.records.values()] == [True]

    story(play)


def test_the_shortest_period_is_how_often_jobs_are_measured():
    async def play():
        trial = await Trial(interval=Micros(20 * SECOND)).begin(target())
        scaling = trial.stage.scaling
        assert scaling.interval() == 20 * SECOND
        await trial.put(step(alarm={"periodSec": 5}))
        assert scaling.interval() == 5 * SECOND
        assert (await Trial().begin(step())).stage.scaling.interval() == MINUTE

    story(play)


def test_the_loop_measures_by_itself():
    async def play():
        trial = await Trial().begin(step())
        loop = asyncio.create_task(trial.stage.scaling.run())
        for task in trial.stage.tasks(trial.job):
            trial.gauges.cpu[task.id] = 90
        for _ in range(4):
            await trial.stage.tick(60)
        loop.cancel()
        assert trial.desired > 2

    story(play)
