import msgspec
import pytest
from control.calls.fleet_world import partition, play
from structlog.testing import capture_logs

from portico.control.calls.holding import Agent
from portico.control.calls.partitions import YIELDED
from portico.control.calls.pods import FORM
from portico.domain.containers import Container, Mount
from portico.domain.errors import Invalid
from portico.domain.nodes import Pool
from portico.domain.runs import RunSpec, RunState, StopReason

# ---- scaling -----------------------------------------------------------------------------------------------------


def test_a_fleet_begins_with_its_reserve_and_grows_with_its_queue_at_once():
    async def story(world):
        await world.pass_time()
        assert len(world.placed()) == 1
        await world.queue(3)
        assert (world.size(), len(world.placed())) == (3, 3)
        await world.queue(100)
        assert (world.size(), len(world.placed())) == (4, 4)

    play(story, partition(reserved=1))


def test_idle_pods_go_after_the_cool_down_and_busy_ones_do_not():
    async def story(world):
        await world.queue(3)
        await world.connect()
        first, second, third = world.placed()
        world.work(second, 7)
        await world.queue(0)
        await world.pass_time(50)
        assert len(world.slots()) == 3
        world.work(third, 8)
        await world.pass_time(1.5)
        world.rest(third)
        await world.pass_time(12)
        assert world.agents.retired == [f"pod-{first.id}"]
        assert world.plane.state.runs[first.id].stop.reason is StopReason.SCALED_DOWN
        assert len(world.slots()) == 2
        await world.pass_time(60)
        assert world.agents.retired == [f"pod-{first.id}", f"pod-{third.id}"]
        await world.end_stopped()
        await world.pass_time(2)
        assert (world.size(), [run.id for run in world.placed()]) == (1, [second.id])

    play(story, partition())


def test_a_maximum_of_nothing_is_no_pods():
    async def story(world):
        await world.queue(5)
        assert (world.size(), world.runs()) == (0, [])

    play(story, partition(most=0))


def test_agents_started_by_hand_take_their_part_of_the_queue():
    async def story(world):
        world.agents.connected["x"] = Agent("by hand", "n9", "a", "")
        await world.queue(2)
        assert world.size() == 1

    play(story, partition())


def test_a_burst_of_small_changes_makes_one_decision_and_quiet_ones_are_seen_in_time():
    async def story(world):
        world.queues.depths["a"] = 2  # nobody tells
        await world.pass_time(1.2)
        assert world.size() == 2

    play(story, partition())


# ---- contention --------------------------------------------------------------------------------------------------


async def contended(world):
    """Two pods of `low` fill the node, and `high` has Calls."""
    await world.queue(2, "low")
    await world.connect("low")
    first, second = world.placed("low")
    world.work(first, 1, seconds_ago=5)
    world.work(second, 2, seconds_ago=3)
    world.queues.depths["low"] = 3
    await world.queue(2, "high")
    return first, second


LOW = partition("low", most=3, priority=1, preemption_percentage=50)
HIGH = partition("high", most=2, priority=2)


def test_a_part_of_the_pods_above_the_reserve_yields_last_begun_first_and_no_more():
    async def story(world):
        first, second = await contended(world)
        assert [run.state for run in world.runs("high")] == [RunState.WAITING, RunState.WAITING]
        assert world.agents.retired == []
        await world.pass_time(1.5)
        assert world.agents.retired == [f"pod-{second.id}"]
        assert world.plane.state.runs[second.id].stop.reason is StopReason.PREEMPTED
        assert world.size("low") == 1
        await world.end_stopped()
        assert len(world.placed("high")) == 1
        await world.pass_time(10)
        assert (world.size("low"), [run.id for run in world.placed("low")]) == (1, [first.id])
        assert world.plane.state.records[YIELDED.name]["low"].count == 1

    play(story, LOW, HIGH, cpus=2)


def test_what_was_yielded_is_had_again_when_the_other_is_done():
    async def story(world):
        await contended(world)
        await world.pass_time(1.5)
        await world.end_stopped()
        await world.connect("high")
        await world.queue(0, "high")
        await world.pass_time(62)
        await world.end_stopped()
        await world.pass_time(2)
        assert world.size("high") == 0
        assert (world.size("low"), len(world.placed("low"))) == (3, 2)

    play(story, LOW, HIGH, cpus=2)


def test_nothing_yields_to_pods_that_no_node_and_no_limit_would_let_be():
    async def story(world):
        await contended(world)
        await world.pass_time(5)
        assert world.agents.retired == []

    play(story, LOW, HIGH, cpus=2, pools=[Pool(id="/armonik/high", limit={"cpus": 500})])


def test_nobody_yields_while_there_is_room_that_is_becoming_free():
    async def story(world):
        await contended(world)
        await world.pass_time(1.5)
        await world.pass_time(10)  # the pod takes long to end
        assert len(world.agents.retired) == 1

    play(
        story, msgspec.structs.replace(LOW, preemption_percentage=100), msgspec.structs.replace(HIGH, pod_max=1), cpus=2
    )


# ---- failures, replacement, restart ------------------------------------------------------------------------------


def test_a_worker_that_always_fails_is_tried_ever_less_often_and_said_once():
    async def story(world):
        with capture_logs() as logs:
            await world.queue(1)
            for _ in range(90):
                for run in world.placed():
                    world.node.started(world.order(run))
                    await world.end(run, 1)
                await world.pass_time(1)
        warnings = [entry for entry in logs if entry["log_level"] == "warning"]
        assert [entry["partition"] for entry in warnings] == ["a"]
        assert len(world.node.orders) < 14
        assert len(world.slots()) == 1

    play(story, partition())


def test_the_pods_of_an_earlier_configuration_are_replaced_one_by_one():
    async def story(world):
        await world.queue(3)
        await world.connect()
        idle, first, last = world.placed()
        world.work(first, 1, seconds_ago=9)
        world.work(last, 2, seconds_ago=3)
        later = world.again(form="2")
        order = []
        for _ in range(3):
            await later.pass_time(2)
            (stopped,) = [run for run in later.runs() if run.stop is not None]
            order.append(stopped.id)
            assert stopped.stop.reason is StopReason.REPLACED
            await later.end_stopped()
            await later.pass_time(2)
            assert all(run.stop is None for run in later.runs())
            await later.connect()
            later.work(next(run for run in later.placed() if run.labels[FORM] == "2"), len(order) + 10)
        await later.pass_time(5)
        assert order == [idle.id, last.id, first.id]
        assert [run.labels[FORM] for run in later.placed()] == ["2", "2", "2"]

    play(story, partition())


def test_after_a_restart_the_pods_stay_until_their_agents_had_time_to_come_back():
    async def story(world):
        await world.queue(3)
        await world.connect()
        assert len(world.placed()) == 3
        later = world.again()
        later.agents.connected.clear()
        await later.pass_time(65)
        assert len(later.slots()) == 3
        await later.pass_time(7)
        assert (later.slots(), later.size()) == ([], 0)

    play(story, partition())


def test_a_partition_that_is_gone_has_its_pods_ended():
    async def story(world):
        await world.queue(2)
        await world.connect()
        later = world.again(partition("b"))
        await later.pass_time(1)
        assert later.slots() == []
        assert {run.stop.reason for run in later.runs()} == {StopReason.SCALED_DOWN}

    play(story, partition())


# ---- workers with an image ---------------------------------------------------------------------------------------

BESIDE = RunSpec(
    argv=("worker",), container=Container("acme/worker:1", mounts=(Mount("/cache", "cache", create=True),))
)


def test_a_worker_with_an_image_runs_beside_its_agent_and_sees_its_folder():
    async def story(world):
        await world.queue(1)
        (agent,) = world.placed()
        (worker,) = [run for run in world.plane.state.runs.values() if run.parent]
        assert (worker.parent, worker.instance, worker.node) == (agent.id, "", agent.node)
        assert worker.spec.container.mounts == (Mount("/cache", "cache", create=True, run=agent.id),)
        assert [order.run for order in world.node.orders] == [agent.id, worker.id]
        assert agent.tree_amounts == agent.amounts

    play(story, partition(), beside=BESIDE)


def test_when_the_worker_beside_an_agent_ends_the_pair_is_made_anew():
    async def story(world):
        await world.queue(1)
        await world.connect()
        (agent,) = world.placed()
        worker = next(run for run in world.plane.state.runs.values() if run.parent)
        world.node.started(world.order(worker))
        with capture_logs() as logs:
            world.node.ended(world.order(worker), 3)
            await world.pass_time()
            assert world.plane.state.runs[agent.id].stop.reason is StopReason.STUCK
            world.agents.connected.clear()
            await world.end(agent)
        assert [entry["log_level"] for entry in logs if entry["event"] == "pods of a partition fail"] == ["warning"]
        await world.pass_time(1)
        (again,) = world.placed()
        assert again.id != agent.id

    play(story, partition(), beside=BESIDE)


def test_a_partition_has_no_outpost():
    async def story(world):
        with pytest.raises(Invalid):
            await world.plane.extensions["armonik"].asked("n1", b"")

    play(story, partition())
