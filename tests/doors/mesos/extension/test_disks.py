"""Disks besides the common one in offers, tasks and volumes; and limits of what tasks write."""

import asyncio

import pytest
from doors.mesos.extension.stage import Operation, Stage, executor, resources, task

from portico.control.cluster.offers import OfferSettings
from portico.domain.runs import EndCause
from portico.domain.slices import Label, Slice
from portico.doors.mesos.extension.door import MesosDoor
from portico.wire.mesos import mesos_pb2 as pb

DISKS = (Slice("disk", 900_000, Label(source="path:/d")), Slice("disk", 600_000, Label(source="mount:/m")))


def story(play):
    asyncio.run(play())


async def opened():
    stage = Stage()
    stage.plane.offers.settings = OfferSettings(disks={"n1": DISKS})
    node = await stage.node(disk=100)
    framework = await stage.framework()
    return stage, node, framework, framework.offers[0].agent


def disk(amount, path="", mount=""):
    (made,) = resources(disk=amount)
    source = made.disk.source
    if path:
        source.type, source.path.root = source.PATH, path
    else:
        source.type, source.mount.root = source.MOUNT, mount
    return made


def with_disk(name, agent, *disks, **more):
    info = task(name, agent, **more)
    info.resources.extend(disks)
    return info


def test_a_task_takes_a_part_of_a_path_or_the_whole_of_a_mount():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(
            with_disk("part", agent, disk(100, path="/d")),
            with_disk("whole", agent, disk(600, mount="/m")),
            with_disk("again", agent, disk(600, mount="/m")),
            with_disk("far", agent, disk(1, path="/elsewhere")),
        )
        assert [order.run for order in node.orders] == [
            stage.standing.find_task(framework.id, name).id for name in ("part", "whole")
        ]
        for name in ("again", "far"):
            assert framework.states(name) == ["TASK_ERROR"]
        free = {
            piece.label.source: piece.amount for piece in stage.plane.capacity.free_slices("n1") if piece.kind == "disk"
        }
        assert free == {"": 100_000, "path:/d": 800_000}
        (order, _) = node.orders
        assert order.spec.limits.disk == 0

    story(play)


def test_a_part_of_a_mount_is_no_task_s_alone_nor_a_group_s():
    async def play():
        _stage, node, framework, agent = await opened()
        operation = Operation(type=Operation.LAUNCH_GROUP)
        within = executor("e", command=None, kind=pb.ExecutorInfo.DEFAULT, framework=framework.id)
        within.resources.extend(resources(disk=10))
        operation.launch_group.executor.CopyFrom(within)
        operation.launch_group.task_group.tasks.extend(
            with_disk(name, agent, disk(300, mount="/m")) for name in ("left", "right")
        )
        alone = Operation(type=Operation.LAUNCH)
        alone.launch.task_infos.append(with_disk("alone", agent, disk(599, mount="/m")))
        await framework.accept(alone, operation)
        assert node.orders == []
        told = {status.task_id.value: status for status in framework.statuses}
        assert told.keys() == {"alone", "left", "right"}
        assert {status.message for status in told.values()} == {"The disk /m cannot be divided"}
        assert (told["alone"].reason, told["left"].reason) == (
            pb.TaskStatus.REASON_TASK_INVALID,
            pb.TaskStatus.REASON_TASK_GROUP_INVALID,
        )
        assert [told[name].executor_id.value for name in ("alone", "left", "right")] == ["", "e", "e"]

    story(play)


@pytest.mark.parametrize("wrong", ["resources", "executor"])
def test_a_wrong_task_with_an_executor_names_it(wrong):
    async def play():
        _stage, _node, framework, agent = await opened()
        info = task("t", agent, command=None)
        info.executor.MergeFrom(executor("mine"))
        if wrong == "resources":
            info.resources[0].scalar.value = 99
        else:
            info.executor.framework_id.value = "another"
        await framework.launch(info)
        (status,) = framework.statuses
        assert (status.state, status.executor_id.value) == (pb.TASK_ERROR, "mine")

    story(play)


@pytest.mark.parametrize("limits", [False, True])
def test_the_common_disk_of_a_task_is_a_limit_where_that_is_wanted(monkeypatch, limits):
    async def play():
        monkeypatch.setattr("doors.mesos.extension.stage.MesosDoor", lambda: MesosDoor(limit_disk=limits))
        stage, node, framework, agent = await opened()
        await framework.launch(with_disk("t", agent, *resources(disk=5), disk(1, path="/d")))
        (order,) = node.orders
        assert order.spec.limits.disk == (5 << 20 if limits else 0)
        node.started(order)
        node.ended(order, cause=EndCause.OUT_OF_DISK, code=None)
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.statuses[-1].reason == pb.TaskStatus.REASON_CONTAINER_LIMITATION_DISK

    story(play)
