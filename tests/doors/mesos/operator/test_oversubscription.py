"""Revocable resources as operators and frameworks are told of them."""

import asyncio

from doors.mesos.extension.stage import executor, task
from doors.mesos.operator.desk import Desk

from portico.control.cluster.offers import OfferSettings
from portico.domain.frames import Heartbeat
from portico.domain.runs import EndCause
from portico.wire.mesos import mesos_pb2 as pb

Operation = pb.Offer.Operation


async def measured(stage, cpus):
    for node in stage.nodes:
        node.session.receive(Heartbeat(stage.clock.now(), slack={"cpus": cpus}))
    await stage.tick()


async def lending(capabilities=()):
    """A master whose only node lends one cpu, and a framework that can deal with it."""
    desk = Desk()
    stage = desk.stage
    stage.plane.offers.settings = OfferSettings(oversubscribe={"n1": 1000})
    await stage.node(cpus=2, disk=100)
    await measured(stage, 1000)
    desk.framework = await stage.framework(capabilities=("REVOCABLE_RESOURCES", *capabilities))
    return desk


def borrowing(info):
    for resource in info.resources:
        if resource.name == "cpus":
            resource.revocable.SetInParent()
    return info


async def over(desk):
    desk.following.cancel()
    await asyncio.gather(desk.following, return_exceptions=True)


def killed(stage):
    """Let the node carry out every stop that it was told."""
    (node,) = stage.nodes
    orders = {order.run: order for order in node.orders}
    for stop in node.stops:
        node.ended(orders[stop.run], code=None, cause=EndCause.SIGNALLED, signal=9)


def test_what_is_lent_is_told_beside_what_there_is():
    async def story():
        desk = await lending()
        (view,) = desk.framework.offers
        await desk.framework.launch(borrowing(task("t", view.agent, cpus=0.25)))
        (agent,) = (await desk.call("GET_AGENTS"))["agents"]

        def cpus(resources):
            return {"revocable" in one: one["scalar"]["value"] for one in resources if one["name"] == "cpus"}

        assert cpus(agent["agent_info"]["resources"]) == {False: 2}
        assert cpus(agent["total_resources"]) == {False: 2, True: 1}
        assert cpus(agent["allocated_resources"]) == {True: 0.25}
        (slave,) = (await desk.get("/slaves"))["slaves"]
        assert (slave["resources"]["cpus"], slave["resources"]["cpus_revocable"]) == (2, 1)
        assert (slave["used_resources"]["cpus"], slave["used_resources"]["cpus_revocable"]) == (0, 0.25)
        figures = {
            one["name"]: one.get("value", 0) for one in (await desk.call("GET_METRICS", get_metrics={}))["metrics"]
        }
        assert (figures["master/cpus_total"], figures["master/cpus_used"]) == (2, 0)
        assert (figures["master/cpus_revocable_total"], figures["master/cpus_revocable_percent"]) == (1, 0.25)
        await over(desk)

    asyncio.run(story())


def test_a_task_that_borrows_and_has_to_go_is_told_why():
    async def story():
        desk = await lending(["PARTITION_AWARE"])
        (view,) = desk.framework.offers
        await desk.framework.launch(borrowing(task("t", view.agent)))
        desk.stage.nodes[0].started(desk.stage.nodes[0].orders[-1])
        await measured(desk.stage, 0)
        killed(desk.stage)
        await desk.framework.acknowledge_all()
        assert desk.framework.states("t") == ["TASK_RUNNING", "TASK_GONE"]
        last = desk.framework.statuses[-1]
        assert (last.source, last.reason) == (pb.TaskStatus.SOURCE_AGENT, pb.TaskStatus.REASON_CONTAINER_PREEMPTED)
        assert "borrowed" in last.message
        await over(desk)

    asyncio.run(story())


def test_a_group_that_borrows_goes_as_a_whole():
    async def story():
        desk = await lending()
        (view,) = desk.framework.offers
        operation = Operation(type=Operation.LAUNCH_GROUP)
        built_in = executor("e", None, kind=pb.ExecutorInfo.DEFAULT, framework=desk.framework.id)
        built_in.resources.add(name="disk", type=pb.Value.SCALAR).scalar.value = 10
        operation.launch_group.executor.CopyFrom(borrowing(built_in))
        for name in ("a", "b"):
            member = operation.launch_group.task_group.tasks.add()
            member.CopyFrom(borrowing(task(name, view.agent, cpus=0.25, mem=32)))
        await desk.framework.accept(operation)
        for order in desk.stage.nodes[0].orders:
            desk.stage.nodes[0].started(order)
        await measured(desk.stage, 500)
        assert {stop.order.reason for stop in desk.stage.nodes[0].stops} == {"preempted"}
        killed(desk.stage)
        await desk.framework.acknowledge_all()
        for name in ("a", "b"):
            assert desk.framework.states(name)[-1] == "TASK_LOST"
        reasons = {status.reason for status in desk.framework.statuses if status.state == pb.TASK_LOST}
        assert reasons == {pb.TaskStatus.REASON_CONTAINER_PREEMPTED}
        await over(desk)

    asyncio.run(story())
