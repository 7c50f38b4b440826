"""Executors: custom ones with their hosted tasks, the built-in one of task groups, messages, and their ends."""

import asyncio

from doors.mesos.extension.stage import Operation, Stage, executor, task
from harness import FakeLine

from portico.domain.errors import NotFound
from portico.domain.frames import Observation, OutpostHello, Question, RunFact
from portico.domain.identity import Micros
from portico.domain.runs import EndCause, Form, Outcome
from portico.doors.mesos.extension import commands
from portico.doors.mesos.extension.happenings import Said
from portico.doors.mesos.extension.updates import MOST_STATUSES
from portico.doors.mesos.outpost import words
from portico.wire.mesos import mesos_pb2 as pb


def story(play):
    asyncio.run(play())


async def opened(**info):
    stage = Stage()
    node = await stage.node()
    framework = await stage.framework(**info)
    return stage, node, framework, framework.offers[0].agent


def hosted(name, agent, executor_id="e", **more):
    info = task(name, agent, command=None, **more)
    info.executor.MergeFrom(executor(executor_id))
    return info


def note(stage, node, order, name, state, number=1, uuid=None):
    status = pb.TaskStatus(state=state, uuid=uuid or bytes([number]) * 16, message="as it said")
    status.task_id.value = name
    said = Observation(order.run, order.token, stage.clock.now(), note=status.SerializeToString(), number=number)
    node.report(said)


async def with_executor():
    stage, node, framework, agent = await opened()
    await framework.launch(hosted("t", agent))
    host, order = node.orders
    node.started(host)
    await stage.settle()
    ask = words.FindExecutor(framework.id, "e", subscribing=True)
    facts = words.answer(await stage.door.asked("n1", words.encode(ask)))
    return stage, node, framework, agent, host, order, facts


def test_a_custom_executor_is_a_process_and_its_task_is_hosted():
    async def play():
        _, _, _, agent, host, order, facts = await with_executor()
        assert (host.spec.form, host.spec.hosts) == (Form.PROCESS, True)
        assert (order.spec.form, order.host) == (Form.HOSTED, host.run)
        assert pb.TaskInfo.FromString(order.spec.payload).task_id.value == "t"
        assert (facts.run, facts.token, facts.agent) == (host.run, host.token, agent)
        environment = host.spec.environment
        assert environment["MESOS_EXECUTOR_ID"] == "e"
        assert environment["MESOS_SLAVE_ID"] == agent

    story(play)


def test_the_history_of_a_task_that_goes_to_and_fro_is_bounded():
    async def play():
        stage, node, _, _, _, order, _ = await with_executor()
        node.started(order)
        states = (pb.TASK_STARTING, pb.TASK_RUNNING)
        for number in range(MOST_STATUSES + 10):
            note(stage, node, order, "t", states[number % 2], number + 1)
        await stage.settle()
        history = [pb.TaskStatus.FromString(one) for one in stage.standing.tasks[order.run].statuses]
        assert [one.uuid[0] for one in history] == list(range(11, MOST_STATUSES + 11))

    story(play)


def test_what_an_executor_says_is_passed_on_once():
    async def play():
        stage, node, framework, _, _, order, _ = await with_executor()
        node.started(order)
        note(stage, node, order, "t", pb.TASK_RUNNING, 1)
        note(stage, node, order, "t", pb.TASK_RUNNING, 1)
        note(stage, node, order, "t", pb.TASK_FINISHED, 2)
        node.ended(order)
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.states("t") == ["TASK_RUNNING", "TASK_FINISHED"]
        assert [status.uuid for status in framework.statuses] == [bytes([1]) * 16, bytes([2]) * 16]
        assert {status.message for status in framework.statuses} == {"as it said"}
        assert {status.executor_id.value for status in framework.statuses} == {"e"}

    story(play)


def test_a_second_task_uses_the_executor_that_is_there():
    async def play():
        stage, node, framework, agent, host, _, _ = await with_executor()
        await stage.tick(6)
        await framework.launch(hosted("u", agent))
        assert len(node.orders) == 3
        assert node.orders[2].host == host.run
        await stage.tick(6)
        other = hosted("v", agent)
        other.executor.command.value = "something else"
        await framework.launch(other)
        assert framework.states("v") == ["TASK_ERROR"]
        assert "not compatible" in framework.statuses[-1].message

    story(play)


def test_an_executor_that_does_not_subscribe_in_time_is_destroyed():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(hosted("t", agent))
        host, order = node.orders
        node.started(host)
        stage.clock.advance(61)
        await stage.settle()
        assert [stop.run for stop in node.stops] == [host.run]
        killed = Outcome(EndCause.SIGNALLED, signal=9)
        node.report(
            Observation(host.run, host.token, stage.clock.now(), outcome=killed),
            Observation(order.run, order.token, stage.clock.now(), outcome=Outcome(EndCause.LOST, message="host")),
        )
        await stage.settle()
        assert framework.states("t") == ["TASK_FAILED"]
        assert framework.statuses[-1].reason == pb.TaskStatus.REASON_EXECUTOR_REGISTRATION_TIMEOUT
        assert [(failure.executor, failure.status) for failure in framework.failures] == [("e", 9)]

    story(play)


def test_the_end_of_an_executor_is_the_end_of_its_tasks():
    async def play():
        stage, node, framework, _, host, order, _ = await with_executor()
        node.started(order)
        note(stage, node, order, "t", pb.TASK_RUNNING)
        node.report(
            Observation(host.run, host.token, stage.clock.now(), outcome=Outcome(EndCause.EXITED, exit_code=1)),
            Observation(order.run, order.token, stage.clock.now(), outcome=Outcome(EndCause.LOST, message="host")),
        )
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.states("t") == ["TASK_RUNNING", "TASK_FAILED"]
        assert framework.statuses[-1].reason == pb.TaskStatus.REASON_EXECUTOR_TERMINATED
        assert [(failure.executor, failure.status) for failure in framework.failures] == [("e", 256)]

    story(play)


def test_an_executors_message_reaches_its_scheduler():
    async def play():
        stage, _, framework, agent, host, _, _ = await with_executor()
        await stage.door.asked("n1", words.encode(words.SaidToScheduler(host.run, b"hello")))
        assert framework.of(Said) == [Said(agent, "e", b"hello")]

    story(play)


def test_an_unknown_executor_is_not_found():
    async def play():
        stage, _, framework, _ = await opened()
        try:
            await stage.door.asked("n1", words.encode(words.FindExecutor(framework.id, "e")))
        except NotFound:
            return
        raise AssertionError("it should not be found")

    story(play)


def test_an_executor_that_does_not_shut_down_is_destroyed():
    async def play():
        stage, node, framework, agent, host, _, _ = await with_executor()
        await framework.do(commands.ShutDown(framework.id, "e", agent))
        assert node.stops == []
        stage.clock.advance(6)
        await stage.settle()
        assert [stop.run for stop in node.stops] == [host.run]

    story(play)


def group(agent, framework, *names):
    operation = Operation(type=Operation.LAUNCH_GROUP)
    info = executor("g", command=None, kind=pb.ExecutorInfo.DEFAULT, framework=framework, cpus=0.1, mem=32)
    resource = info.resources.add(name="disk", type=pb.Value.SCALAR)
    resource.scalar.value = 32
    operation.launch_group.executor.CopyFrom(info)
    operation.launch_group.task_group.tasks.extend(task(name, agent) for name in names)
    return operation


async def grouped():
    stage = Stage()
    node = await stage.node(disk=10_000)
    framework = await stage.framework()
    agent = framework.offers[0].agent
    await framework.accept(group(agent, framework.id, "a", "b"))
    assert framework.statuses == []
    scope, *members = node.orders
    for order in node.orders:
        node.started(order)
    await stage.settle()
    return stage, node, framework, scope, members


def test_a_group_runs_in_one_scope():
    async def play():
        _, _, framework, scope, members = await grouped()
        assert scope.spec.form is Form.SCOPE
        assert [member.parent for member in members] == [scope.run, scope.run]
        assert framework.states("a") == framework.states("b") == ["TASK_RUNNING"]

    story(play)


def test_a_failed_member_ends_its_group():
    async def play():
        stage, node, framework, scope, (a, b) = await grouped()
        node.ended(a, code=1)
        await stage.settle()
        assert [stop.run for stop in node.stops] == [b.run]
        killed = Outcome(EndCause.SIGNALLED, signal=9)
        node.report(Observation(b.run, b.token, stage.clock.now(), outcome=killed))
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.states("a")[-1] == "TASK_FAILED"
        assert framework.states("b")[-1] == "TASK_KILLED"
        assert node.stops[-1].run == scope.run

    story(play)


def test_a_group_that_succeeds_ends_its_executor():
    async def play():
        stage, node, framework, scope, (a, b) = await grouped()
        node.ended(a)
        await stage.settle()
        assert node.stops == []
        node.ended(b)
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.states("a")[-1] == framework.states("b")[-1] == "TASK_FINISHED"
        assert [stop.run for stop in node.stops] == [scope.run]

    story(play)


def test_a_group_with_one_wrong_task_is_all_wrong():
    async def play():
        stage = Stage()
        node = await stage.node(disk=10_000)
        framework = await stage.framework()
        agent = framework.offers[0].agent
        operation = group(agent, framework.id, "a", "b")
        operation.launch_group.task_group.tasks[1].ClearField("resources")
        await framework.accept(operation)
        assert node.orders == []
        assert framework.states("a") == framework.states("b") == ["TASK_ERROR"]
        assert {status.reason for status in framework.statuses} == {pb.TaskStatus.REASON_TASK_GROUP_INVALID}

    story(play)


class OutpostLine:
    """What the outpost of a node hears."""

    def __init__(self, stage, node="n1"):
        self.line = FakeLine()
        stage.plane.connect(OutpostHello("mesos", node, stage.plane.secret, "127.0.0.1:1"), self.line)

    @property
    def words(self):
        return [words.question(frame.payload) for frame in self.line.of(Question)]


def test_an_executor_is_told_to_shut_down_and_what_its_scheduler_says():
    async def play():
        stage, _, framework, agent, host, _, _ = await with_executor()
        outpost = OutpostLine(stage)
        await framework.do(commands.SayToExecutor(framework.id, "e", agent, b"hello"))
        for _ in range(2):
            await framework.do(commands.ShutDown(framework.id, "e", agent))
        assert outpost.words == [words.TellExecutor(host.run, b"hello"), words.ShutDownExecutor(host.run)]

    story(play)


def test_the_executors_of_a_removed_framework_are_told_and_then_destroyed():
    async def play():
        stage, node, framework, _agent, host, order, _ = await with_executor()
        outpost = OutpostLine(stage)
        await framework.do(commands.Teardown(framework.id))
        assert outpost.words == [words.ShutDownExecutor(host.run)]
        assert node.stops == []
        ask = words.FindExecutor(framework.id, "e", subscribing=True)
        assert words.answer(await stage.door.asked("n1", words.encode(ask))).leaving
        stage.clock.advance(6)
        await stage.settle()
        assert [stop.run for stop in node.stops] == [host.run]
        ended = Outcome(EndCause.SIGNALLED, signal=9)
        node.report(
            Observation(host.run, host.token, stage.clock.now(), outcome=ended),
            Observation(order.run, order.token, stage.clock.now(), outcome=Outcome(EndCause.LOST, message="host")),
        )
        await stage.settle()
        assert stage.standing.framework_executors[framework.id] == []
        assert not stage.plane.node_runs["n1"]

    story(play)


def test_a_deadline_of_an_executor_outlives_the_server():
    async def play():
        stage, _node, framework, agent, host, order, _ = await with_executor()
        await framework.do(commands.ShutDown(framework.id, "e", agent))
        again = stage.restart()
        facts = [RunFact(one.run, one.token, running=True) for one in (host, order)]
        back = await again.node(runs=facts)
        again.clock.advance(6)
        await again.settle()
        assert [stop.run for stop in back.stops] == [host.run]

    story(play)


def test_an_outpost_learns_whether_an_executor_had_subscribed_before():
    async def play():
        stage, _, framework, _, _, _, facts = await with_executor()
        assert not facts.registered
        ask = words.FindExecutor(framework.id, "e", subscribing=True)
        assert words.answer(await stage.door.asked("n1", words.encode(ask))).registered

    story(play)


def test_a_kill_passes_its_grace_on_to_a_custom_executor():
    async def play():
        _stage, node, framework, agent, _, order, _ = await with_executor()
        await framework.do(commands.KillTask(framework.id, "t", agent, Micros(2_000_000)))
        assert [(stop.run, stop.order.grace) for stop in node.stops] == [(order.run, 2_000_000)]

    story(play)


def test_many_updates_said_again_are_each_passed_on_once():
    async def play():
        stage, node, framework, _, _, order, _ = await with_executor()
        node.started(order)
        for _ in range(2):
            for number in range(1, 41):
                note(stage, node, order, "t", pb.TASK_RUNNING, number)
        await stage.settle()
        await framework.acknowledge_all()
        assert len({status.uuid for status in framework.statuses}) == len(framework.statuses) == 40

    story(play)


def test_offers_name_the_executors_on_their_agent():
    async def play():
        stage, _, framework, agent, _, _, _ = await with_executor()
        await stage.node("n2")
        await stage.tick(6)
        named = {view.agent: view.executors for view in framework.offers[-2:]}
        assert named.pop(agent) == ("e",)
        assert list(named.values()) == [()]

    story(play)


def test_shutting_down_the_executor_of_a_command_task_kills_the_task():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        (order,) = node.orders
        node.started(order)
        await stage.settle()
        await framework.do(commands.ShutDown(framework.id, "t", "another agent"))
        assert node.stops == []
        await framework.do(commands.ShutDown(framework.id, "t", agent))
        assert [stop.run for stop in node.stops] == [order.run]

    story(play)


def test_spaces_in_ids_lead_to_nobody_else_s_executor():
    async def play():
        stage, node, first, agent = await opened()
        await first.launch(hosted("t", agent, "e x"))
        node.started(node.orders[0])
        await stage.settle()
        other = await stage.framework(f"{first.id} e")
        assert stage.standing.find_executor(other.id, "x", "n1") is None
        assert stage.standing.find_executor(first.id, "e x", "n1").framework == first.id
        assert stage.standing.executors_on(other.id, "n1") == ()
        await other.do(commands.ShutDown(other.id, "x", agent))
        assert not stage.standing.find_executor(first.id, "e x", "n1").shut_down

    story(play)
