"""Frameworks: coming, going, taking over, and being removed; and what a lost agent or server means for them."""

import asyncio

import pytest
from doors.mesos.extension.stage import Scheduler, Stage, acting, task

from portico.domain.errors import Forbidden, Invalid
from portico.domain.frames import RunFact
from portico.domain.identity import Micros
from portico.doors.mesos.extension import commands, frameworks, telling
from portico.doors.mesos.extension.happenings import Rescinded
from portico.doors.mesos.inbound import framework as inbound
from portico.wire.mesos import mesos_pb2 as pb


def story(play):
    asyncio.run(play())


async def running(**info):
    """A stage with one task that runs and whose updates are acknowledged."""
    stage = Stage()
    node = await stage.node()
    framework = await stage.framework(**info)
    await framework.launch(task("t", framework.offers[0].agent))
    node.started(node.orders[0])
    await stage.settle()
    await framework.acknowledge_all()
    return stage, node, framework


def test_another_connection_takes_over():
    async def play():
        stage, node, framework = await running(failover_timeout=60.0)
        node.ended(node.orders[0])
        await stage.settle()
        heir = await stage.framework(framework.id)
        assert framework.errors == ["Framework failed over"]
        assert framework.closed
        assert heir.id == framework.id
        assert heir.states("t") == ["TASK_FINISHED"]

    story(play)


def test_a_framework_that_stays_away_is_removed_with_its_tasks():
    async def play():
        stage, node, framework = await running(failover_timeout=60.0)
        await stage.plane.submit(commands.Disconnected(framework.id, framework))
        stage.clock.advance(59)
        await stage.settle()
        assert node.stops == []
        stage.clock.advance(2)
        await stage.settle()
        assert [stop.run for stop in node.stops] == [node.orders[0].run]
        with pytest.raises(Forbidden, match="Framework has been removed"):
            await stage.framework(framework.id)

    story(play)


def test_a_framework_that_comes_back_in_time_keeps_its_tasks():
    async def play():
        stage, node, framework = await running(failover_timeout=60.0)
        await stage.plane.submit(commands.Disconnected(framework.id, framework))
        stage.clock.advance(30)
        await stage.settle()
        await stage.framework(framework.id)
        stage.clock.advance(300)
        await stage.settle()
        assert node.stops == []

    story(play)


def test_an_old_stream_that_ends_late_disconnects_nobody():
    async def play():
        stage, _node, framework = await running(failover_timeout=60.0)
        heir = await stage.framework(framework.id)
        await stage.plane.submit(commands.Disconnected(framework.id, framework))
        stage.clock.advance(600)
        await stage.settle()
        assert stage.standing.frameworks[framework.id].state == "subscribed"
        assert not heir.closed

    story(play)


def test_teardown_ends_everything_at_once():
    async def play():
        stage, node, framework = await running()
        await framework.do(commands.Teardown(framework.id))
        assert framework.closed
        assert len(node.stops) == 1
        assert stage.plane.offers.outstanding(framework.id) == []
        assert stage.standing.framework_tasks[framework.id] == []

    story(play)


def test_a_restarted_server_knows_everything_again():
    async def play():
        stage, node, framework = await running(failover_timeout=60.0)
        node.ended(node.orders[0])
        await stage.settle()
        again = stage.restart()
        await again.node(runs=[RunFact(node.orders[0].run, 1, running=True)])
        heir = await again.framework(framework.id)
        assert heir.id == framework.id
        assert heir.states("t") == ["TASK_FINISHED"]
        await heir.acknowledge_all()
        assert again.standing.framework_tasks[framework.id] == []

    story(play)


def test_after_a_restart_a_framework_has_the_time_of_a_returning_agent_too():
    async def play():
        stage, node, framework = await running()
        again = stage.restart()
        await again.node(runs=[RunFact(node.orders[0].run, 1, running=True)])
        again.clock.advance(9 * 60)
        await again.settle()
        assert not again.standing.frameworks[framework.id].removed
        again.clock.advance(2 * 60)
        await again.settle()
        assert again.standing.frameworks[framework.id].removed

    story(play)


@pytest.mark.parametrize(("capabilities", "state"), [(["PARTITION_AWARE"], "TASK_UNREACHABLE"), ([], "TASK_LOST")])
def test_a_silent_agent_is_given_up_after_five_pings(capabilities, state):
    async def play():
        stage, node, framework = await running(capabilities=capabilities)
        node.session.lost()
        await stage.settle()
        stage.clock.advance(74)
        await stage.settle()
        assert framework.states("t") == ["TASK_RUNNING"]
        stage.clock.advance(2)
        await stage.settle()
        assert framework.states("t") == ["TASK_RUNNING", state]
        assert framework.statuses[-1].reason == pb.TaskStatus.REASON_AGENT_REMOVED
        assert framework.statuses[-1].HasField("unreachable_time")
        assert [failure.agent for failure in framework.failures] == [stage.standing.agent_of("n1")]

    story(play)


def test_a_partition_aware_task_comes_back_with_its_agent():
    async def play():
        stage, node, framework = await running(capabilities=["PARTITION_AWARE"])
        node.session.lost()
        stage.clock.advance(80)
        await stage.settle()
        await stage.node(runs=[RunFact(node.orders[0].run, 1, running=True)])
        assert framework.states("t") == ["TASK_RUNNING", "TASK_UNREACHABLE", "TASK_RUNNING"]

    story(play)


def test_a_kill_of_a_task_out_of_reach_is_answered_and_done_when_its_agent_returns():
    async def play():
        stage, node, framework = await running(capabilities=["PARTITION_AWARE"])
        node.session.lost()
        stage.clock.advance(80)
        await stage.settle()
        await framework.do(commands.KillTask(framework.id, "t"))
        told = framework.statuses[-1]
        assert (told.state, told.reason) == (pb.TASK_UNREACHABLE, pb.TaskStatus.REASON_RECONCILIATION)
        assert told.HasField("unreachable_time")
        order = node.orders[0]
        back = await stage.node(runs=[RunFact(order.run, order.token, running=True)])
        assert [stop.run for stop in back.stops] == [order.run]

    story(play)


def test_another_frameworks_task_is_stopped_when_its_agent_returns():
    async def play():
        stage, node, framework = await running()
        node.session.lost()
        stage.clock.advance(80)
        await stage.settle()
        back = await stage.node(runs=[RunFact(node.orders[0].run, 1, running=True)])
        assert {stop.run for stop in back.stops} == {node.orders[0].run}
        assert framework.states("t")[-1] == "TASK_LOST"

    story(play)


async def again(stage, framework, *, authenticated=False, **changes):
    """Subscribe as the same framework with other facts."""
    info = pb.FrameworkInfo()
    info.CopyFrom(framework.info)
    info.id.value = framework.id
    for name, value in changes.items():
        setattr(info, name, value)
    heir = Scheduler(stage, framework.id)
    await acting(stage, commands.Subscribe(inbound.draft(info), heir, authenticated))
    await stage.settle()
    return heir


def test_who_comes_back_may_change_some_facts_and_not_others():
    async def play():
        stage, _node, framework = await running(failover_timeout=60.0)
        await again(
            stage,
            framework,
            name="renamed",
            hostname="h",
            failover_timeout=7.0,
            user="nobody",
            checkpoint=True,
            principal="other",
        )
        known = stage.standing.frameworks[framework.id]
        info = pb.FrameworkInfo.FromString(known.info)
        assert (known.name, known.failover_timeout) == ("renamed", 7_000_000)
        assert (info.name, info.hostname, info.failover_timeout, info.id.value) == ("renamed", "h", 7.0, framework.id)
        assert (known.user, known.principal, known.checkpoint) == ("root", "", False)
        assert (info.user, info.HasField("principal"), info.checkpoint) == ("root", False, False)

    story(play)


def test_nobody_takes_over_a_framework_under_another_proven_name():
    async def play():
        stage, _node, framework = await running(failover_timeout=60.0)
        with pytest.raises(Forbidden):
            await again(stage, framework, authenticated=True, principal="other")
        assert framework.errors == []

    story(play)


def test_nobody_takes_the_name_of_another_door():
    async def play():
        stage = Stage()
        with pytest.raises(Forbidden, match="portico-"):
            await stage.framework("portico-titus")
        assert stage.standing.frameworks == {}

    story(play)


def test_a_new_framework_knows_its_id_and_no_id_is_given_twice():
    async def play():
        stage = Stage()
        first = await stage.framework()
        assert pb.FrameworkInfo.FromString(stage.standing.frameworks[first.id].info).id.value == first.id
        guessed = await stage.framework(first.id[:-1] + "1")
        third = await stage.framework()
        assert len({first.id, guessed.id, third.id}) == 3

    story(play)


def test_who_takes_over_has_other_offers_and_neither_filters_nor_silence():
    async def play():
        stage = Stage()
        await stage.node("n1")
        await stage.node("n2")
        framework = await stage.framework(failover_timeout=60.0)
        kept, refused = framework.offers
        await framework.do(commands.Decline(framework.id, (refused.offer.id,), Micros(10**12)))
        await framework.do(commands.Suppress(framework.id))
        heir = await again(stage, framework)
        assert {view.agent for view in heir.offers} == {kept.agent, refused.agent}
        assert kept.offer.id not in {view.offer.id for view in heir.offers}
        assert framework.of(Rescinded) == heir.of(Rescinded) == []

    story(play)


def test_the_former_stream_hears_of_it_when_the_new_one_is_durable():
    async def play():
        stage, _node, framework = await running(failover_timeout=60.0)
        stage.writer.hold = True
        heir = Scheduler(stage, framework.id)
        taking = asyncio.ensure_future(stage.plane.submit(commands.Subscribe(inbound.draft(heir.info), heir)))
        await stage.settle()
        assert not framework.closed
        stage.writer.flush()
        await taking
        assert framework.closed

    story(play)


def test_what_is_not_durable_is_not_said_to_who_comes_back():
    async def play():
        stage, node, framework = await running(failover_timeout=60.0)
        heir = await again(stage, framework)
        stage.writer.hold = True
        node.ended(node.orders[0])
        stage.door.updates.say_all(framework.id)
        await stage.settle()
        assert heir.statuses == []
        stage.writer.flush()
        await stage.settle()
        assert set(heir.states("t")) == {"TASK_FINISHED"}

    story(play)


async def crowded(count, **info):
    """A framework with many tasks that run, nothing acknowledged."""
    stage = Stage()
    node = await stage.node(cpus=count, mem=100 * count)
    framework = await stage.framework(**info)
    agent = framework.offers[0].agent
    await framework.launch(*(task(f"t{number}", agent) for number in range(count)))
    for order in node.orders:
        node.started(order)
    await stage.settle()
    return stage, node, framework


def test_much_is_said_no_faster_than_it_is_read():
    async def play():
        count = 3 * telling.SLICE
        stage, _node, framework = await crowded(count, failover_timeout=60.0)
        heir = Scheduler(stage, framework.id)
        heir.waiting = telling.MOST_WAITING + 1
        await heir.subscribe()
        await heir.do(commands.Reconcile(heir.id, None))
        assert heir.statuses == []
        heir.waiting = 0
        stage.clock.advance(1)
        await stage.settle()
        assert len(heir.statuses) == 2 * count

    story(play)


def test_what_is_being_said_stops_with_the_stream():
    async def play():
        stage, _node, framework = await crowded(2 * telling.SLICE, failover_timeout=60.0)
        slow = Scheduler(stage, framework.id)
        slow.waiting = telling.MOST_WAITING + 1
        await slow.subscribe()
        heir = await again(stage, framework)
        slow.waiting = 0
        stage.clock.advance(1)
        await stage.settle()
        assert slow.statuses == []
        assert len(heir.statuses) == 2 * telling.SLICE

    story(play)


def test_everything_of_a_removed_framework_ends_step_by_step():
    async def play():
        count = 3 * frameworks.SLICE + 1
        stage, node, framework = await crowded(count)
        await framework.do(commands.Teardown(framework.id))
        await stage.settle()
        assert {stop.run for stop in node.stops} == {order.run for order in node.orders}
        assert stage.standing.framework_tasks[framework.id] == []
        assert (stage.door.updates._tries, stage.door.updates._due) == ({}, {})

    story(play)


def test_a_removal_that_was_cut_off_goes_on_after_a_restart():
    async def play():
        stage, node, framework = await crowded(3)
        with stage.plane.begin() as tx:
            stage.door.frameworks.remove(tx, stage.standing.frameworks[framework.id])
        stage.writer.flush()  # and nothing further
        reborn = stage.restart()
        back = await reborn.node(runs=[RunFact(order.run, 1, running=True) for order in node.orders])
        assert {stop.run for stop in back.stops} == {order.run for order in node.orders}
        assert reborn.standing.framework_tasks[framework.id] == []
        with pytest.raises(Forbidden, match="Framework has been removed"):
            await reborn.framework(framework.id)

    story(play)


def test_roles_below_roles_are_an_option():
    async def play():
        with pytest.raises(Invalid, match="slash"):
            inbound.draft(pb.FrameworkInfo(user="u", name="n", role="a/b"))
        info = pb.FrameworkInfo(user="u", name="n", role="a/b")
        assert inbound.draft(info, hierarchical=True).roles == ("a/b",)
        for wrong in ("a//b", "a/-b", "a/*", "/a", "a/.."):
            with pytest.raises(Invalid):
                inbound.draft(pb.FrameworkInfo(user="u", name="n", role=wrong), hierarchical=True)
        stage = Stage()
        stage.standing.hierarchical = True
        await stage.node()
        framework = await stage.framework(roles=["a/b"])
        assert [view.offer.pool for view in framework.offers] == ["/mesos/a/b"]

    story(play)
