"""What an ACCEPT does with offers: operations in their order, and offers that cannot be used or not together."""

import asyncio

import pytest
from doors.mesos.extension.stage import Operation, Stage, resources, task

from portico.doors.mesos.extension import commands
from portico.wire.mesos import mesos_pb2 as pb

MINE = pb.Resource.ReservationInfo(principal="me")


def story(play):
    asyncio.run(play())


def reserved(role="ads", **amounts):
    made = resources(**amounts)
    for resource in made:
        resource.role = role
        resource.reservation.CopyFrom(MINE)
    return made


def volume(size, identity="v1"):
    (disk,) = reserved(disk=size)
    disk.disk.persistence.id = identity
    disk.disk.persistence.principal = "me"
    disk.disk.volume.mode = pb.Volume.RW
    disk.disk.volume.container_path = "data"
    return disk


def reserve(*wanted):
    return Operation(type=Operation.RESERVE, reserve=Operation.Reserve(resources=wanted))


def unreserve(*wanted):
    return Operation(type=Operation.UNRESERVE, unreserve=Operation.Unreserve(resources=wanted))


def create(*volumes):
    return Operation(type=Operation.CREATE, create=Operation.Create(volumes=volumes))


def destroy(*volumes):
    return Operation(type=Operation.DESTROY, destroy=Operation.Destroy(volumes=volumes))


def launch(*tasks):
    return Operation(type=Operation.LAUNCH, launch=Operation.Launch(task_infos=tasks))


def user(agent, *, name="t"):
    """A task that has the volume and reserved resources."""
    info = task(name, agent)
    del info.resources[:]
    info.resources.extend([*reserved(cpus=0.5, mem=64), volume(60)])
    return info


def amounts(view):
    """Give what an offer has by kind, whether it is reserved, and its volume."""
    found = {}
    for piece in view.offer.slices:
        key = piece.kind, piece.label.reservation != "*", piece.label.volume
        found[key] = found.get(key, 0) + piece.amount // 1000
    return found


def standing(stage, framework):
    """Give the offers that a framework has."""
    return [view for view in framework.offers if view.offer.id in stage.plane.offers.book.offers]


def test_operations_are_carried_out_in_their_order():
    async def play():
        stage = Stage()
        node = await stage.node(disk=1000)
        framework = await stage.framework(roles=["ads"])
        agent = framework.offers[0].agent
        room = reserved(cpus=1, mem=128, disk=100)
        await framework.accept(reserve(*room), create(volume(60)), launch(user(agent)), refuse=0)
        (order,) = node.orders
        (kept,) = stage.plane.state.records["volumes"].values()
        assert [mount.target for mount in order.spec.container.mounts] == ["/mnt/mesos/sandbox/data"]
        await stage.tick()
        left = amounts(framework.offers[-1])
        assert left["disk", False, ""] == 900
        assert left["disk", True, ""] == 40
        node.started(order)
        node.ended(order)
        await stage.settle()
        await framework.acknowledge_all()
        await stage.tick(10)
        named = [view.offer.id for view in standing(stage, framework)]
        await framework.accept(destroy(volume(60)), unreserve(*room), offers=named, refuse=0)
        assert kept.id not in stage.plane.state.records["volumes"]
        await stage.tick()
        (view,) = standing(stage, framework)
        assert amounts(view) == {("cpus", False, ""): 4, ("disk", False, ""): 1000, ("mem", False, ""): 4096}
        assert framework.states("t") == ["TASK_RUNNING", "TASK_FINISHED"]

    story(play)


def test_a_wrong_operation_is_left_out_and_the_rest_goes_on():
    async def play():
        stage = Stage()
        node = await stage.node(disk=1000)
        framework = await stage.framework(roles=["ads"])
        agent = framework.offers[0].agent
        read_only = volume(60)
        read_only.disk.volume.mode = pb.Volume.RO
        await framework.accept(
            reserve(*reserved("other", cpus=1)),
            reserve(*resources(cpus=1)),
            reserve(*reserved(cpus=99)),
            unreserve(*reserved(cpus=1)),
            create(volume(60)),
            reserve(*reserved(disk=100)),
            create(read_only),
            destroy(volume(60)),
            launch(task("t", agent)),
        )
        assert len(node.orders) == 1
        assert framework.statuses == []
        assert not stage.plane.state.records["volumes"]
        held = stage.plane.state.nodes["n1"].capacity
        assert {piece.kind for piece in held if piece.label.reservation != "*"} == {"disk"}

    story(play)


async def of_another_agent(stage, framework):
    await stage.node("n2")
    await stage.tick()
    return [view.offer.id for view in framework.offers]


async def of_another_framework(stage, framework):
    other = await stage.framework(name="other")
    await stage.node("n2")
    await stage.tick()
    (theirs,) = [view.offer.id for view in other.offers]
    return [framework.offers[0].offer.id, theirs]


async def of_nobody(_stage, framework):
    return [framework.offers[0].offer.id, "nothing"]


@pytest.mark.parametrize("named", [of_another_agent, of_another_framework, of_nobody])
@pytest.mark.parametrize(("capabilities", "state"), [(["PARTITION_AWARE"], "TASK_DROPPED"), ([], "TASK_LOST")])
def test_offers_that_do_not_belong_together_are_all_given_back(named, capabilities, state):
    async def play():
        stage = Stage()
        node = await stage.node()
        framework = await stage.framework(capabilities=capabilities)
        agent = framework.offers[0].agent
        offers = await named(stage, framework)
        await framework.accept(launch(task("a", agent)), launch(task("b", agent)), offers=offers)
        assert node.orders == []
        assert framework.states("a") == framework.states("b") == [state]
        told = framework.statuses[-1]
        assert (told.source, told.reason) == (pb.TaskStatus.SOURCE_MASTER, pb.TaskStatus.REASON_INVALID_OFFERS)
        assert not told.HasField("uuid")
        assert framework.offers[0] not in standing(stage, framework)
        await stage.tick()
        assert agent in {view.agent for view in standing(stage, framework)}

    story(play)


def test_offers_of_two_roles_cannot_be_taken_together():
    async def play():
        stage = Stage()
        node = await stage.node()
        framework = await stage.framework(roles=["ads", "web"])
        first = framework.offers[0]
        await framework.accept(reserve(*reserved(first.offer.role, cpus=1)), refuse=0)
        other = {"ads": "web", "web": "ads"}[first.offer.role]
        await framework.do(commands.Suppress(framework.id, (first.offer.role,)))
        await stage.tick()
        await framework.do(commands.Revive(framework.id, (first.offer.role,)))
        await stage.tick()
        offers = {view.offer.role: view.offer.id for view in framework.offers if view is not first}
        assert offers.keys() == {first.offer.role, other}
        await framework.accept(launch(task("a", first.agent)), offers=list(offers.values()))
        assert node.orders == []
        assert framework.states("a") == ["TASK_LOST"]
        assert framework.statuses[-1].reason == pb.TaskStatus.REASON_INVALID_OFFERS

    story(play)
