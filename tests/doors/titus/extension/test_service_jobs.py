"""The lives of service jobs: tasks are replaced whatever their end, until they are scaled down or the job is killed."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, service, trail

from portico.domain.frames import Observation
from portico.domain.runs import EndCause, RunState, StopReason
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.killing import end_task


def story(play):
    """Run an async test."""
    asyncio.run(play())


@pytest.mark.parametrize("code", [0, 1])
def test_a_task_is_replaced_however_it_ends_even_without_retries(code):
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1, retries=0))
        for number in range(3):
            (task,) = stage.tasks(job)
            assert (task.index, task.resubmits) == (-1, number)
            await stage.started(task.id)
            await stage.ended(task.id, code=code)
            await stage.tick(0.001)
        assert stage.job(job).accepted

    story(play)


def test_an_empty_job_stays_accepted_and_ends_at_once_when_killed():
    async def play():
        stage = Stage()
        job = await stage.create(service(0))
        await stage.tick(1)
        assert stage.job(job).accepted
        await stage.do(commands.KillJob(job, ALICE))
        assert [state for state, _ in trail(stage.job(job))] == ["Accepted", "KillInitiated", "Finished"]
        assert trail(stage.job(job))[-1] == ("Finished", "normal")

    story(play)


def test_growing_adds_tasks_and_shrinking_takes_the_least_useful_first():
    async def play():
        stage = Stage()
        await stage.node(cpus=3)
        job = await stage.create(service(4))
        started, launched, _, waiting = stage.tasks(job)
        await stage.started(started.id)
        await stage.capacity(job, desired=2)
        states = {task.id: task.status.state for task in stage.tasks(job)}
        assert waiting.id not in states
        assert trail(stage.task(waiting.id))[-2:] == [("KillInitiated", "scaledDown"), ("Finished", "killed")]
        assert states[started.id] == "Started"
        assert states[launched.id] == "KillInitiated"
        await stage.ended(launched.id, code=143)
        await stage.tick(1)
        assert len(stage.tasks(job)) == 2
        assert stage.task(launched.id).archived
        await stage.capacity(job, desired=5)
        assert len(stage.tasks(job)) == 5
        assert stage.plane.state.jobs[job].size == 5

    story(play)


def test_system_errors_and_evictions_are_counted_apart():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        with stage.plane.begin() as tx:
            end_task(stage.standing, tx, task, StopReason.EVICTED, "moved away")
        await stage.settle()
        assert stage.task(task.id).status.code == "evicted"
        await stage.ended(task.id, code=143)
        assert stage.task(task.id).status.code == "killed"
        await stage.tick(2)
        (second,) = stage.tasks(job)
        assert (second.resubmits, second.eviction_resubmits, second.system_resubmits) == (1, 1, 0)
        with stage.plane.begin() as tx:
            end_task(stage.standing, tx, second, StopReason.STUCK, "stuck")
        await stage.ended(second.id, code=143)
        assert stage.task(second.id).status.code == "transientSystemError"
        await stage.tick(3)
        (third,) = stage.tasks(job)
        assert (third.resubmits, third.eviction_resubmits, third.system_resubmits) == (2, 1, 1)
        assert stage.plane.state.instances[third.instance].forgiven == 2

    story(play)


def test_a_drained_task_counts_as_evicted():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        with stage.plane.begin() as tx:
            end_task(stage.standing, tx, task, StopReason.DRAINED, "its node is drained")
        await stage.settle()
        assert stage.task(task.id).status.code == "evicted"

    story(play)


def test_a_task_on_an_absent_node_stays_as_it_is():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        node.session.lost()
        await stage.tick(200)
        assert stage.plane.state.runs[task.id].state in {RunState.RUNNING, RunState.UNREACHABLE}
        assert stage.task(task.id).status.state == "Started"

    story(play)


def test_a_launch_that_a_node_refuses_leaves_the_task_launched():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        order = node.orders[-1]
        node.report(Observation(order.run, order.token, stage.clock.now(), refused=True))
        await stage.settle()
        assert [state for state, _ in trail(stage.task(task.id))].count("Launched") == 1
        await stage.started(task.id)
        assert stage.task(task.id).status.state == "Started"

    story(play)


def test_addresses_and_volumes_go_to_tasks_one_each_and_are_inherited():
    async def play():
        stage = Stage()
        await stage.node()
        descriptor = service(2, maximum=3)
        for number in range(3):
            signed = descriptor.container.resources.signedAddressAllocations.add()
            signed.addressAllocation.uuid = f"ip{number}"
        descriptor.attributes.update(
            {
                "titusParameter.ebs.volumeIds": "vol0,vol1,vol2",
                "titusParameter.ebs.mountPoint": "/data",
                "titusParameter.ebs.mountPerm": "RW",
                "titusParameter.ebs.fsType": "xfs",
            }
        )
        job = await stage.create(descriptor)
        first, second = stage.tasks(job)
        assert [task.context["task.ipAllocationId"] for task in (first, second)] == ["ip0", "ip1"]
        assert [task.context["task.ebs.volumeId"] for task in (first, second)] == ["vol0", "vol1"]
        await stage.started(first.id)
        await stage.ended(first.id, code=1)
        await stage.tick(0.001)
        again = stage.tasks(job)[-1]
        assert (again.context["task.ipAllocationId"], again.context["task.ebs.volumeId"]) == ("ip0", "vol0")
        await stage.capacity(job, desired=3)
        assert stage.tasks(job)[-1].context["task.ipAllocationId"] == "ip2"

    story(play)


def test_the_context_names_where_a_task_is():
    async def play():
        stage = Stage()
        await stage.node("n7")
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        assert (
            task.context.items()
            >= {
                "agent.host": "n7",
                "agent.instanceId": "n7",
                "agent.zone": "a",
                "agent.region": "local",
                "kube.nodeName": "n7",
                "kube.podCreated": "true",
                "task.tier": "Flex",
            }.items()
        )
        _, order = stage.order(task.id)
        assert order.spec.environment["TITUS_JOB_ID"] == job
        assert order.spec.environment["TITUS_TASK_ID"] == task.id
        assert order.spec.environment["TITUS_TASK_ORIGINAL_ID"] == task.id
        assert "TITUS_TASK_INDEX" not in order.spec.environment

    story(play)


def test_further_containers_start_with_the_task_and_end_with_it():
    async def play():
        stage = Stage()
        node = await stage.node()
        descriptor = service(1)
        extra = descriptor.extraContainers.add(name="side", entryPoint=["sleep", "1"])
        extra.image.name, extra.image.tag = "portico/host", "latest"
        job = await stage.create(descriptor)
        (task,) = stage.tasks(job)
        main, side = node.orders
        assert (main.run, side.parent) == (task.id, task.id)
        assert side.spec.environment["TITUS_TASK_ID"] == task.id
        await stage.started(task.id, side.run)
        assert list(stage.standing.tasks) == [task.id]
        await stage.ended(task.id, code=1)
        assert node.stops[-1].run == side.run

    story(play)


def test_a_task_of_which_its_node_knows_nothing_any_more_is_lost_and_replaced():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        node.session.lost()
        await stage.node("n1", runs=())
        assert stage.task(task.id).status.code == "lost"
        await stage.tick(2)
        assert stage.tasks(job)[-1].resubmit_of == task.id

    story(play)


def test_an_unhealthy_task_is_noted_and_a_failing_check_ends_it_as_failed():
    async def play():
        stage = Stage()
        node = await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        _, order = stage.order(task.id)
        node.report(Observation(order.run, order.token, stage.clock.now(), healthy=False))
        await stage.settle()
        assert stage.task(task.id).healthy is False
        await stage.ended(task.id, cause=EndCause.UNHEALTHY)
        assert stage.task(task.id).status.code == "failed"

    story(play)
