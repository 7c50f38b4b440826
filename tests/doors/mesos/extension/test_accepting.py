"""Long ACCEPTs: several steps, one meaning, whatever happens between the steps."""

import asyncio

import msgspec
import pytest
from doors.mesos.extension.stage import Operation, Scheduler, Stage, executor, task

from portico.control.cluster import runs
from portico.domain.frames import Launch, Observation
from portico.domain.identity import Micros
from portico.domain.runs import EndCause, Outcome, Run, RunSpec
from portico.doors.mesos.extension import accepting, commands
from portico.doors.mesos.extension.happenings import Rescinded
from portico.doors.mesos.outpost import words
from portico.wire.mesos import mesos_pb2 as pb
from portico.wire.mesos import scheduler_pb2

COUNT = 3 * accepting.SLICE


def story(play):
    asyncio.run(play())


async def opened(**info):
    stage = Stage()
    node = await stage.node(cpus=100, mem=100_000)
    framework = await stage.framework(**info)
    return stage, node, framework


def accepted(stage, framework, names=None):
    """Begin an ACCEPT that takes several steps, and let it take the first."""
    view = framework.offers[-1]
    operation = Operation(type=Operation.LAUNCH)
    operation.launch.task_infos.extend(
        task(name, view.agent, cpus=0.1) for name in names or [f"t{number}" for number in range(COUNT)]
    )
    accept = scheduler_pb2.Call.Accept(operations=[operation])
    return asyncio.ensure_future(stage.plane.submit(commands.Accept(framework.id, (view.offer.id,), accept, Micros(0))))


async def first_step(stage, framework):
    under_way = accepted(stage, framework)
    while not stage.standing.framework_tasks[framework.id]:
        await asyncio.sleep(0)
    assert stage.standing.framework_tasks.count(framework.id) < COUNT
    return under_way


async def through(stage, *under_way):
    for one in under_way:
        while not one.done():
            await stage.settle(2)
        one.result()
    await stage.settle()


def free_cpus(stage):
    return sum(piece.amount for piece in stage.plane.capacity.free_slices("n1") if piece.kind == "cpus")


def cpus(offer):
    return sum(piece.amount for piece in offer.slices if piece.kind == "cpus")


def test_a_long_accept_is_several_steps_and_gives_the_rest_back_once():
    async def play():
        stage, node, framework = await opened()
        await through(stage, accepted(stage, framework))
        assert [len(frame.orders) for frame in node.line.of(Launch)] == [accepting.SLICE] * 3
        assert len({order.run for order in node.orders}) == COUNT
        assert framework.statuses == []
        await stage.tick()
        assert len(framework.offers) == 2
        assert cpus(framework.offers[-1].offer) == 100_000 - COUNT * 100 == free_cpus(stage)

    story(play)


def test_what_an_accept_has_left_is_offered_to_nobody_meanwhile():
    async def play():
        stage, node, framework = await opened()
        await framework.launch(task("x", framework.offers[0].agent), refuse=0)
        node.started(node.orders[0])
        await stage.tick()
        other = await stage.framework(name="other")
        under_way = accepted(stage, framework)
        while stage.standing.framework_tasks.count(framework.id) == 1:
            await asyncio.sleep(0)
        node.ended(node.orders[0])
        while not under_way.done():
            await stage.settle(1)
            if not under_way.done():
                assert [cpus(view.offer) for view in other.offers] in ([], [500])  # what x had
        await stage.tick()
        assert framework.of(Rescinded) == other.of(Rescinded) == []
        assert stage.standing.kept_offers == set()
        offered = sum(cpus(offer) for offer in stage.plane.offers.offers_on("n1"))
        assert offered == 100_000 - COUNT * 100 == free_cpus(stage)

    story(play)


@pytest.mark.parametrize(("capabilities", "state"), [(["PARTITION_AWARE"], "TASK_DROPPED"), ([], "TASK_LOST")])
def test_what_an_agent_that_leaves_meanwhile_did_not_get_is_lost(capabilities, state):
    async def play():
        stage, node, framework = await opened(capabilities=capabilities)
        under_way = await first_step(stage, framework)
        started = stage.standing.framework_tasks.count(framework.id)
        node.session.lost()
        await through(stage, under_way)
        assert stage.standing.framework_tasks.count(framework.id) == started
        told = framework.statuses
        assert len(told) == COUNT - started
        assert {pb.TaskState.Name(status.state) for status in told} == {state}
        assert {status.reason for status in told} == {pb.TaskStatus.REASON_AGENT_DISCONNECTED}

    story(play)


def test_a_framework_that_is_removed_meanwhile_starts_nothing_more():
    async def play():
        stage, node, framework = await opened()
        under_way = await first_step(stage, framework)
        teardown = asyncio.ensure_future(stage.plane.submit(commands.Teardown(framework.id)))
        await through(stage, under_way, teardown)
        assert len(node.orders) < COUNT
        assert {stop.run for stop in node.stops} == {order.run for order in node.orders}
        assert stage.standing.framework_tasks[framework.id] == []

    story(play)


def test_space_that_others_take_meanwhile_is_not_given_twice():
    async def play():
        stage, _node, framework = await opened()
        under_way = await first_step(stage, framework)
        with stage.plane.begin() as tx:
            run = Run(id="r", door="x", pool="/p", spec=RunSpec(argv=("x",)), amounts={"cpus": 95_000}, created_at=0)
            runs.create_run(stage.plane, tx, run)
        stage.plane.scheduling.make_pass()
        assert stage.plane.state.runs["r"].node == "n1"
        await through(stage, under_way)
        assert free_cpus(stage) >= 0
        lost = [status for status in framework.statuses if status.reason == pb.TaskStatus.REASON_INVALID_OFFERS]
        assert len(lost) + stage.standing.framework_tasks.count(framework.id) == COUNT
        assert lost

    story(play)


def test_a_kill_sees_no_accept_half_done():
    async def play():
        stage, node, framework = await opened()
        under_way = await first_step(stage, framework)
        last = f"t{COUNT - 1}"
        kill = asyncio.ensure_future(stage.plane.submit(commands.KillTask(framework.id, last)))
        told = asyncio.ensure_future(stage.plane.submit(commands.Reconcile(framework.id, None)))
        await through(stage, under_way, kill, told)
        killed = stage.standing.find_task(framework.id, last)
        assert [stop.run for stop in node.stops] == [killed.id]
        assert [pb.TaskState.Name(status.state) for status in framework.statuses] == ["TASK_STAGING"] * COUNT

    story(play)


def test_a_framework_that_subscribes_again_meanwhile_keeps_its_tasks():
    async def play():
        stage, node, framework = await opened()
        under_way = await first_step(stage, framework)
        heir = await stage.framework(framework.id)
        await through(stage, under_way)
        assert len(node.orders) == COUNT
        node.started(node.orders[-1])
        await stage.settle()
        assert heir.states(f"t{COUNT - 1}") == ["TASK_RUNNING"]

    story(play)


def test_the_same_id_twice_in_different_steps_is_an_error_once():
    async def play():
        stage, node, framework = await opened()
        names = [f"t{number}" for number in range(COUNT - 1)]
        await through(stage, accepted(stage, framework, [*names, "t0"]))
        assert len(node.orders) == COUNT - 1
        assert framework.states("t0") == ["TASK_ERROR"]

    story(play)


def test_a_defect_costs_no_space(monkeypatch):
    async def play():
        stage, _, framework = await opened()

        def fail(*_):
            raise RuntimeError("a defect")

        monkeypatch.setattr(accepting.inbound, "read", fail)
        with pytest.raises(RuntimeError):
            await accepted(stage, framework)
        await stage.settle()
        await stage.tick()
        assert len(framework.offers) == 2

    story(play)


def test_many_tasks_with_invalid_offers_are_all_told():
    async def play():
        _stage, _, framework = await opened()
        operation = Operation(type=Operation.LAUNCH)
        operation.launch.task_infos.extend(
            task(f"t{number}", "somewhere") for number in range(2 * accepting.SLICE_LOST + 1)
        )
        await framework.accept(operation, offers=["no-such-offer"])
        assert len(framework.statuses) == 2 * accepting.SLICE_LOST + 1

    story(play)


def hosted(name, agent):
    info = task(name, agent, command=None)
    info.executor.MergeFrom(executor("e"))
    return info


def test_an_executor_that_is_leaving_gets_no_more_tasks():
    async def play():
        stage, node, framework = await opened()
        agent = framework.offers[0].agent
        await framework.launch(hosted("t", agent), refuse=0)
        node.started(node.orders[0])
        await stage.settle()
        await framework.do(commands.ShutDown(framework.id, "e", agent))
        await stage.tick()
        await framework.launch(hosted("u", agent), refuse=0)
        (status,) = framework.statuses
        assert (status.state, status.reason) == (pb.TASK_LOST, pb.TaskStatus.REASON_EXECUTOR_TERMINATED)
        assert (status.source, status.executor_id.value) == (pb.TaskStatus.SOURCE_AGENT, "e")

    story(play)


def default_group(agent, framework, *names):
    operation = Operation(type=Operation.LAUNCH_GROUP)
    info = executor("g", command=None, kind=pb.ExecutorInfo.DEFAULT, framework=framework)
    info.resources.add(name="disk", type=pb.Value.SCALAR).scalar.value = 32
    operation.launch_group.executor.CopyFrom(info)
    operation.launch_group.task_group.tasks.extend(task(name, agent) for name in names)
    return operation


def test_a_group_does_not_join_an_executor_that_ends():
    async def play():
        stage = Stage()
        node = await stage.node(disk=1000)
        framework = await stage.framework()
        agent = framework.offers[0].agent
        await framework.accept(default_group(agent, framework.id, "a"), refuse=0)
        scope, a = node.orders
        node.started(scope)
        node.started(a)
        node.ended(a)
        await stage.settle()
        assert [stop.run for stop in node.stops] == [scope.run]
        await stage.tick()
        await framework.accept(default_group(agent, framework.id, "b"), refuse=0)
        assert framework.states("b") == ["TASK_LOST"]
        node.report(Observation(scope.run, scope.token, stage.clock.now(), outcome=Outcome(EndCause.STOPPED)))
        await stage.settle()
        await stage.tick()
        await framework.accept(default_group(agent, framework.id, "c"), refuse=0)
        assert len(node.orders) == 4

    story(play)


def test_a_group_for_a_custom_executor_says_that_it_comes_together():
    async def play():
        stage = Stage()
        node = await stage.node(disk=1000)
        framework = await stage.framework()
        agent = framework.offers[0].agent
        operation = default_group(agent, framework.id, "a", "b")
        operation.launch_group.executor.type = pb.ExecutorInfo.CUSTOM
        operation.launch_group.executor.command.value = "run"
        lone = hosted("c", agent)
        lone.executor.MergeFrom(operation.launch_group.executor)
        lone.executor.executor_id.value = "e"
        lone.labels.labels.add(key=words.GROUP_LABEL, value="x/9")
        other = Operation(type=Operation.LAUNCH)
        other.launch.task_infos.append(lone)
        await framework.accept(operation, other)
        marks = [order.labels.get(words.GROUP_LABEL) for order in node.orders if order.host]
        name, _, size = marks[0].rpartition("/")
        assert name
        assert size == "2"
        assert marks == [marks[0], marks[0], None]

    story(play)


def test_operations_are_read_with_what_the_framework_and_the_configuration_say():
    async def play():
        stage = Stage()
        stage.standing.periods = msgspec.structs.replace(stage.standing.periods, executor_shutdown=Micros(9_000_000))
        node = await stage.node(cpus=100)
        framework = Scheduler(stage)
        framework.info.principal = "somebody"
        await framework.subscribe()
        agent = framework.offers[0].agent
        wrong = Operation(type=Operation.RESERVE)
        resource = wrong.reserve.resources.add(name="cpus", type=pb.Value.SCALAR, role="*")
        resource.scalar.value = 1
        resource.reservation.principal = "another"
        resource.role = "r"
        launch = Operation(type=Operation.LAUNCH)
        launch.launch.task_infos.append(hosted("t", agent))
        await framework.accept(wrong, launch)
        assert [piece.label for piece in stage.plane.state.nodes["n1"].capacity if piece.label.reservation != "*"] == []
        host = node.orders[0]
        assert host.grace == 9_000_000
        assert host.spec.environment["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] == "9secs"

    story(play)
