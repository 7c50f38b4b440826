"""The lives of batch jobs and their tasks, with each way of trying again."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, trail

from portico.domain.frames import Observation
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import EndCause, Fault
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.standing import Periods

ON_ITS_WAY = [("Accepted", "normal"), ("Accepted", "podCreated"), ("Launched", "podScheduled")]
STARTED = [*ON_ITS_WAY, ("Started", "normal")]


def story(play):
    """Run an async test."""
    asyncio.run(play())


def test_a_job_is_over_when_all_its_tasks_are():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(2))
        first, second = stage.tasks(job)
        assert (first.index, second.index) == (0, 1)
        await stage.started(first.id, second.id)
        await stage.ended(first.id)
        assert stage.states(job) == [("Finished", "normal"), ("Started", "normal")]
        assert stage.job(job).accepted
        await stage.ended(second.id)
        assert trail(stage.job(job)) == [("Accepted", "normal"), ("Finished", "normal")]
        assert trail(stage.task(first.id)) == [*STARTED, ("Finished", "normal")]
        assert not stage.standing.tasks
        assert not stage.standing.jobs
        assert not stage.standing.views

    story(play)


def test_the_end_of_a_task_is_told_before_it_goes_to_the_archive_and_that_before_its_successor():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=1))
        (first,) = stage.tasks(job)
        await stage.started(first.id)
        await stage.events()
        await stage.ended(first.id, code=3)
        await stage.tick(0.001)
        (second,) = stage.tasks(job)
        told = [(record.id, record.status.state, record.archived) for record in await stage.events()]
        assert told == [
            (first.id, "Finished", False),
            (first.id, "Finished", True),
            (second.id, "Accepted", False),
            (second.id, "Launched", False),
        ]
        await stage.started(second.id)
        await stage.ended(second.id)
        told = [(record.id, record.status.state) for record in await stage.events()]
        assert told.index((job, "Finished")) == told.index((second.id, "Finished")) + 1
        assert told[-1] == (second.id, "Finished")
        assert stage.task(second.id).archived

    story(play)


def test_versions_of_all_records_strictly_increase():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(5, retries=1))
        for task in stage.tasks(job):
            await stage.started(task.id)
            await stage.ended(task.id)
        versions = [record.version for record in await stage.events()]
        assert versions == sorted(set(versions))
        assert versions[0] >= stage.clock.now() // 1000

    story(play)


def test_a_failed_task_is_tried_again_while_retries_last():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=2))
        seen = []
        for _ in range(3):
            (task,) = stage.tasks(job)
            seen.append(task)
            await stage.started(task.id)
            await stage.ended(task.id, code=1)
            await stage.tick(0.001)
        assert trail(stage.job(job))[-1] == ("Finished", "normal")
        assert [task.resubmits for task in seen] == [0, 1, 2]
        assert [task.resubmit_of for task in seen] == ["", seen[0].id, seen[1].id]
        assert {task.original for task in seen} == {seen[0].id}
        assert all(stage.task(task.id).status.code == "failed" for task in seen)
        assert stage.task(seen[0].id).context["task.retryDelay"] == "0ms"
        assert "task.retryDelay" not in stage.task(seen[2].id).context

    story(play)


@pytest.mark.parametrize(
    ("policy", "pauses"),
    [
        ({}, [1, 1, 1]),
        ({"delay_ms": 500}, [1, 1, 1]),
        ({"delay_ms": 7_000}, [7, 7, 7]),
        ({"delay_ms": 2_000, "ceiling_ms": 6_000}, [2, 4, 6]),
    ],
)
def test_pauses_between_tries_follow_the_policy_and_the_least_interval(policy, pauses):
    async def play():
        stage = Stage(periods=Periods(min_retry_interval=SECOND))
        await stage.node()
        job = await stage.create(batch(1, retries=3, **policy))
        for pause in pauses:
            (task,) = stage.tasks(job)
            await stage.started(task.id)
            await stage.ended(task.id, code=1)
            assert stage.task(task.id).context["task.retryDelay"] == f"{pause}s"
            await stage.tick(pause - 0.01)
            assert [found.id for found in stage.tasks(job)] == [task.id]
            await stage.tick(0.02)
            assert stage.task(task.id).archived

    story(play)


def test_a_task_that_was_started_for_five_minutes_is_followed_without_a_pause():
    async def play():
        stage = Stage(periods=Periods(min_retry_interval=SECOND))
        await stage.node()
        job = await stage.create(batch(1, retries=3, delay_ms=60_000))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.tick(301)
        await stage.events()
        await stage.ended(task.id, code=1)
        await stage.tick(0.001)
        (second,) = stage.tasks(job)
        assert second.resubmit_of == task.id
        told = [(record.id, record.status.state, record.archived) for record in await stage.events()]
        assert told[0] == (task.id, "Finished", False)
        assert (task.id, "Finished", True) in told
        assert (second.id, "Launched", False) in told

    story(play)


def test_a_killed_task_counts_as_a_failure_even_when_it_exits_well():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.kill(task.id)
        assert trail(stage.task(task.id)) == [*STARTED, ("KillInitiated", "killed")]
        assert stage.task(task.id).status.message == "alice a trial(shrink=false)"
        await stage.ended(task.id, code=0)
        assert stage.task(task.id).status.code == "killed"
        await stage.tick(0.001)
        (second,) = stage.tasks(job)
        assert second.resubmits == 1
        await stage.kill(second.id)
        await stage.ended(second.id, code=0)
        assert trail(stage.job(job))[-1] == ("Finished", "normal")

    story(play)


@pytest.mark.parametrize("on_limit", [False, True])
def test_a_task_that_runs_too_long_is_killed_and_tried_again_only_if_wanted(on_limit):
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(batch(1, retries=1, limit=60, on_limit=on_limit))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.tick(61)
        assert stage.task(task.id).status.code == "runtimeLimitExceeded"
        assert node.stops[-1].run == task.id
        await stage.ended(task.id, code=143)
        await stage.tick(0.001)
        assert stage.task(task.id).status.code == "killed"
        assert stage.job(job).accepted is on_limit

    story(play)


def test_a_lost_task_counts_and_one_whose_launch_failed_too():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=1))
        (task,) = stage.tasks(job)
        await stage.ended(task.id, cause=EndCause.LAUNCH_FAILED)
        assert trail(stage.task(task.id)) == [*ON_ITS_WAY, ("Finished", "failed")]
        await stage.tick(0.001)
        (second,) = stage.tasks(job)
        await stage.started(second.id)
        await stage.ended(second.id, cause=EndCause.LOST)
        assert stage.task(second.id).status.code == "lost"
        assert stage.job(job).status.state == "Finished"

    story(play)


def test_a_container_that_is_being_prepared_is_start_initiated():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(batch(1))
        (task,) = stage.tasks(job)
        _, order = stage.order(task.id)
        node.report(Observation(order.run, order.token, stage.clock.now(), preparing=True))
        await stage.settle()
        assert stage.task(task.id).status.state == "StartInitiated"
        await stage.started(task.id)
        assert trail(stage.task(task.id)) == [*ON_ITS_WAY, ("StartInitiated", "normal"), ("Started", "normal")]

    story(play)


def test_killing_a_job_ends_waiting_tasks_at_once_and_running_ones_when_they_have_ended():
    async def play():
        stage = Stage()
        await stage.node(cpus=2)
        job = await stage.create(batch(3, retries=5))
        running, launched, waiting = stage.tasks(job)
        await stage.started(running.id)
        assert waiting.status.state == "Accepted"
        await stage.do(commands.KillJob(job, ALICE))
        assert trail(stage.job(job)) == [("Accepted", "normal"), ("KillInitiated", "killed")]
        assert stage.job(job).status.message == "alice a trial"
        assert [state for state, _ in stage.states(job)] == ["KillInitiated", "KillInitiated", "Finished"]
        await stage.ended(running.id, launched.id, code=143)
        await stage.tick(10)
        assert trail(stage.job(job))[-1] == ("Finished", "normal")
        assert {stage.task(task.id).status.code for task in (running, launched, waiting)} == {"killed"}
        assert not stage.plane.state.runs

    story(play)


def test_a_large_job_has_a_bounded_number_of_tasks_that_have_not_started():
    async def play():
        stage = Stage()
        await stage.node(cpus=1)
        job = await stage.create(batch(700))
        assert len(stage.tasks(job)) == 300
        first = stage.tasks(job)[0]
        await stage.started(first.id)
        assert len(stage.tasks(job)) == 301
        await stage.do(commands.KillJob(job, ALICE))
        await stage.ended(first.id, code=143)
        await stage.settle(60)
        assert stage.job(job).status.state == "Finished"
        assert not stage.standing.tasks

    story(play)


def test_retries_without_pause_still_come_after_the_end():
    async def play():
        stage = Stage(periods=Periods(min_retry_interval=Micros(0)))
        await stage.node()
        job = await stage.create(batch(1, retries=1))
        (task,) = stage.tasks(job)
        await stage.ended(task.id, code=1)
        assert stage.plane.state.instances[task.instance].due_at > stage.clock.now()

    story(play)


def test_a_command_that_holds_braces_is_run_as_it_is():
    async def play():
        stage = Stage()
        await stage.node()
        descriptor = batch(1)
        descriptor.container.entryPoint[:] = ["sh", "-c", "echo ${1} {0}"]
        job = await stage.create(descriptor)
        (task,) = stage.tasks(job)
        assert stage.order(task.id)[1].spec.argv == ("sh", "-c", "echo ${1} {0}")

    story(play)


def test_a_start_that_its_node_fails_is_tried_again_for_ever_with_the_systems_pauses():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=0))
        for number, pause in enumerate((1, 2, 4, 8, 16, 30, 30)):
            (task,) = stage.tasks(job)
            assert (task.resubmits, task.system_resubmits) == (number, number)
            await stage.ended(task.id, cause=EndCause.LAUNCH_FAILED, fault=Fault.NODE)
            failed = stage.task(task.id)
            assert trail(failed) == [*ON_ITS_WAY, ("Finished", "localSystemError")]
            assert failed.context["task.retryDelay"] == f"{pause}s"
            await stage.tick(pause - 0.5)
            assert stage.states(job) == [("Finished", "localSystemError")]
            await stage.tick(0.6)
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.ended(task.id)
        assert trail(stage.job(job))[-1] == ("Finished", "normal")

    story(play)


def test_a_start_that_cannot_be_uses_up_the_retries():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=1))
        for number in range(2):
            (task,) = stage.tasks(job)
            assert (task.resubmits, task.system_resubmits) == (number, 0)
            await stage.ended(task.id, cause=EndCause.LAUNCH_FAILED, fault=Fault.REQUEST)
            assert trail(stage.task(task.id)) == [*ON_ITS_WAY, ("Finished", "invalidRequest")]
            await stage.tick(0.1)
        assert trail(stage.job(job))[-1] == ("Finished", "normal")

    story(play)
