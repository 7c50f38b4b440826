"""The lives of command tasks, as their framework hears of them."""

import asyncio

import pytest
from doors.mesos.extension.stage import Stage, executor, task

from portico.domain.frames import Heartbeat, Observation, RunFact
from portico.domain.identity import Micros
from portico.domain.runs import CheckKind, CheckResult, EndCause, StatusCheck
from portico.doors.mesos.extension import commands
from portico.doors.mesos.extension.updates import MOST_PENDING
from portico.wire.mesos import mesos_pb2 as pb


def story(play):
    """Run an async test."""
    asyncio.run(play())


async def opened(**info):
    stage = Stage()
    node = await stage.node()
    framework = await stage.framework(**info)
    return stage, node, framework, framework.offers[0].agent


def test_a_subscribed_framework_is_offered_the_whole_agent():
    async def play():
        _stage, _, framework, agent = await opened()
        (view,) = framework.offers
        amounts = {piece.kind: piece.amount for piece in view.offer.slices}
        assert amounts == {"cpus": 4000, "mem": 4096000}
        assert view.offer.ports == (("*", ((31000, 31009),)),)
        assert agent.endswith("-S0")

    story(play)


def test_a_task_runs_and_finishes_one_update_at_a_time():
    async def play():
        _stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent, "exit 0"))
        (order,) = node.orders
        assert order.spec.argv == ("/bin/sh", "-c", "exit 0")
        node.started(order)
        node.ended(order)
        await framework.stage.settle()
        assert framework.states("t") == ["TASK_RUNNING"]
        await framework.acknowledge_all()
        assert framework.states("t") == ["TASK_RUNNING", "TASK_FINISHED"]
        running, finished = framework.statuses
        assert len(running.uuid) == len(finished.uuid) == 16
        assert running.uuid != finished.uuid
        assert finished.source == pb.TaskStatus.SOURCE_EXECUTOR
        assert finished.message == "Command exited with status 0"
        assert (finished.agent_id.value, finished.executor_id.value) == (agent, "t")
        assert framework.stage.standing.framework_tasks[framework.id] == []

    story(play)


def test_what_is_left_of_an_offer_comes_again_only_after_its_filter():
    async def play():
        stage, _, framework, agent = await opened()
        await framework.launch(task("t", agent), refuse=5)
        await stage.tick(2)
        assert len(framework.offers) == 1
        await stage.tick(4)
        assert len(framework.offers) == 2
        amounts = {piece.kind: piece.amount for piece in framework.offers[1].offer.slices}
        assert amounts == {"cpus": 3500, "mem": 4032000}

    story(play)


def test_an_offer_is_used_once():
    async def play():
        _stage, _, framework, agent = await opened(capabilities=["PARTITION_AWARE"])
        first = framework.offers[0].offer.id
        await framework.launch(task("a", agent), offers=[first])
        await framework.launch(task("b", agent), task("c", agent), offers=[first])
        assert framework.states("b") == framework.states("c") == ["TASK_DROPPED"]
        status = framework.statuses[-1]
        assert status.reason == pb.TaskStatus.REASON_INVALID_OFFERS
        assert not status.HasField("uuid")

    story(play)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda info: info.ClearField("command"), "CommandInfo"),
        (lambda info: info.executor.MergeFrom(executor("e")), "ExecutorInfo"),
        (lambda info: info.ClearField("resources"), "resources"),
        (lambda info: setattr(info.resources[0].scalar, "value", 99.0), "more than available"),
        (lambda info: setattr(info.task_id, "value", "a/b"), "a/b"),
    ],
)
def test_a_wrong_task_is_an_error_and_the_others_go_on(change, said):
    async def play():
        _stage, node, framework, agent = await opened()
        wrong = task("wrong", agent)
        change(wrong)
        await framework.launch(wrong, task("right", agent))
        assert [order.labels.get("task", "right") for order in node.orders] == ["right"]
        status = framework.statuses[0]
        assert status.state == pb.TASK_ERROR
        assert status.reason == pb.TaskStatus.REASON_TASK_INVALID
        assert said in status.message
        assert not status.HasField("uuid")

    story(play)


def test_a_task_id_in_use_is_refused_and_free_again_afterwards():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent), refuse=0)
        await stage.tick()
        await framework.launch(task("t", agent), refuse=0)
        assert framework.states("t") == ["TASK_ERROR"]
        node.started(node.orders[0])
        node.ended(node.orders[0])
        await stage.settle()
        await framework.acknowledge_all()
        await stage.tick()
        await framework.launch(task("t", agent))
        assert len(node.orders) == 2

    story(play)


def test_a_failed_command_says_how():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        node.started(node.orders[0])
        node.ended(node.orders[0], code=3)
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.states("t")[-1] == "TASK_FAILED"
        assert framework.statuses[-1].message == "Command exited with status 3"

    story(play)


def test_a_kill_reaches_the_node_with_its_grace():
    async def play():
        stage, node, framework, agent = await opened(capabilities=["TASK_KILLING_STATE"])
        await framework.launch(task("t", agent))
        (order,) = node.orders
        node.started(order)
        await stage.settle()
        await framework.do(commands.KillTask(framework.id, "t", agent))
        (stop,) = node.stops
        assert stop.order.grace == 3_000_000
        node.report(Observation(order.run, order.token, stage.clock.now(), outcome=_signalled(15)))
        await stage.settle()
        await framework.acknowledge_all()
        assert framework.states("t") == ["TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]

    story(play)


def _signalled(number):
    from portico.domain.runs import Outcome

    return Outcome(EndCause.SIGNALLED, signal=number)


def test_a_kill_of_what_nobody_knows_is_answered_like_a_question():
    async def play():
        _stage, _, framework, agent = await opened()
        await framework.do(commands.KillTask(framework.id, "who", agent))
        (status,) = framework.statuses
        assert (status.state, status.reason) == (pb.TASK_LOST, pb.TaskStatus.REASON_RECONCILIATION)

    story(play)


def test_an_unacknowledged_update_comes_again_later_and_later():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        node.started(node.orders[0])
        await stage.settle()
        for patience, count in ((9, 1), (1.1, 2), (19, 2), (1.1, 3)):
            stage.clock.advance(patience)
            await stage.settle()
            assert framework.states("t") == ["TASK_RUNNING"] * count
        assert len({status.uuid for status in framework.statuses}) == 1

    story(play)


def test_reconciliation_tells_what_is_known():
    async def play():
        stage, node, framework, agent = await opened(capabilities=["PARTITION_AWARE"])
        await framework.launch(task("t", agent), task("u", agent))
        node.started(node.orders[0])
        await stage.settle()
        await framework.acknowledge_all()
        framework.heard.clear()
        await framework.do(commands.Reconcile(framework.id, (("t", agent), ("nobody", agent), ("else", ""))))
        assert [pb.TaskState.Name(status.state) for status in framework.statuses] == [
            "TASK_RUNNING",
            "TASK_UNKNOWN",
            "TASK_UNKNOWN",
        ]
        assert all(status.reason == pb.TaskStatus.REASON_RECONCILIATION for status in framework.statuses)
        framework.heard.clear()
        await framework.do(commands.Reconcile(framework.id, None))
        assert {status.task_id.value: pb.TaskState.Name(status.state) for status in framework.statuses} == {
            "t": "TASK_RUNNING",
            "u": "TASK_STAGING",
        }

    story(play)


def test_health_is_told():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        (order,) = node.orders
        node.started(order)
        node.report(Observation(order.run, order.token, stage.clock.now(), healthy=True))
        await stage.settle()
        await framework.acknowledge_all()
        assert [status.healthy for status in framework.statuses if status.HasField("healthy")] == [True]

    story(play)


CHECK = pb.CheckInfo(type=pb.CheckInfo.HTTP, http=pb.CheckInfo.Http(port=80, path="/x"))


def saw(stage, order, value, healthy=None):
    checked = None if healthy is not None else CheckResult(CheckKind.HTTP, value)
    return Observation(order.run, order.token, stage.clock.now(), healthy=healthy, checked=checked)


def test_what_a_check_sees_is_told_once():
    async def play():
        stage, node, framework, agent = await opened(capabilities=["TASK_KILLING_STATE"])
        await framework.launch(task("t", agent, check=CHECK))
        (order,) = node.orders
        assert order.spec.status_check == StatusCheck(CheckKind.HTTP, path="/x", port=80)
        node.started(order)
        for value in (None, 200, 200, 503):
            node.report(saw(stage, order, value))
        node.report(saw(stage, order, None, healthy=True))
        node.report(saw(stage, order, None))
        node.report(saw(stage, order, 200))
        await stage.settle()
        await framework.acknowledge_all()
        await framework.do(commands.Reconcile(framework.id, (("t", ""),)))
        await framework.do(commands.KillTask(framework.id, "t"))
        node.ended(order)
        await stage.settle()
        await framework.acknowledge_all()
        changed, asked = (
            pb.TaskStatus.REASON_TASK_CHECK_STATUS_UPDATED,
            pb.TaskStatus.REASON_RECONCILIATION,
        )
        empty = pb.CheckStatusInfo(type=pb.CheckInfo.HTTP, http=pb.CheckStatusInfo.Http())

        def seen(code):
            return pb.CheckStatusInfo(type=pb.CheckInfo.HTTP, http=pb.CheckStatusInfo.Http(status_code=code))

        assert [
            (pb.TaskState.Name(said.state), said.reason if said.HasField("reason") else None, said.check_status)
            for said in framework.statuses
        ] == [
            ("TASK_RUNNING", None, empty),
            ("TASK_RUNNING", changed, seen(200)),
            ("TASK_RUNNING", changed, seen(503)),
            ("TASK_RUNNING", None, seen(503)),
            ("TASK_RUNNING", changed, empty),
            ("TASK_RUNNING", changed, seen(200)),
            ("TASK_RUNNING", asked, seen(200)),
            ("TASK_KILLING", None, seen(200)),
            ("TASK_FINISHED", None, seen(200)),
        ]
        told = [said for said in framework.statuses if said.reason == changed]
        assert {said.source for said in told} == {pb.TaskStatus.SOURCE_EXECUTOR}
        assert [said.healthy for said in told] == [False, False, True, True]

    story(play)


def test_the_result_of_a_check_outlives_server_and_absence():
    async def play():
        stage, node, framework, agent = await opened(failover_timeout=60.0)
        await framework.launch(task("t", agent, check=CHECK))
        (order,) = node.orders
        node.started(order)
        node.report(saw(stage, order, 200))
        await stage.settle()
        await framework.acknowledge_all()
        stage = stage.restart()
        again = await stage.node(runs=[RunFact(order.run, order.token, running=True)])
        again.report(saw(stage, order, 200))
        framework = await stage.framework(framework.id, failover_timeout=60.0)
        assert framework.statuses == []
        again.report(saw(stage, order, 500))
        await stage.settle()
        assert [said.check_status.http.status_code for said in framework.statuses] == [500]

    story(play)


def test_another_doors_work_takes_offered_space_and_the_offer_is_rescinded():
    async def play():
        from portico.control.cluster import runs
        from portico.domain.runs import Run, RunSpec

        stage, node, framework, agent = await opened()
        with stage.plane.begin() as tx:
            run = Run(id="r", door="x", pool="/p", spec=RunSpec(argv=("x",)), amounts={"cpus": 1000}, created_at=0)
            runs.create_run(stage.plane, tx, run)
        offered = framework.offers[0].offer.id
        await stage.settle()
        assert [order.run for order in node.orders] == ["r"]
        await framework.launch(task("t", agent), offers=[offered])
        assert framework.states("t") == ["TASK_LOST"]

    story(play)


async def launched(**info):
    """A stage with one task that runs and was acknowledged."""
    stage, node, framework, agent = await opened(**info)
    await framework.launch(task("t", agent))
    node.started(node.orders[0])
    await stage.settle()
    await framework.acknowledge_all()
    return stage, node, framework, node.orders[0]


def test_a_kill_while_the_agent_is_away_is_said_again_when_it_returns():
    async def play():
        stage, node, framework, order = await launched()
        node.session.lost()
        await framework.do(commands.KillTask(framework.id, "t", grace=Micros(1_000_000)))
        assert node.stops == []
        back = await stage.node(runs=[RunFact(order.run, order.token, running=True)])
        assert [(stop.run, stop.order.grace) for stop in back.stops] == [(order.run, 1_000_000)]

    story(play)


def test_a_kill_before_the_agent_heard_of_the_launch_ends_the_task_unseen():
    async def play():
        stage, node, framework, agent = await opened()
        node.session.receive(Heartbeat(0))
        await framework.launch(task("t", agent))
        node.session.lost()
        await framework.do(commands.KillTask(framework.id, "t"))
        back = await stage.node()
        assert back.orders == []
        assert framework.states("t") == ["TASK_KILLED"]

    story(play)


def test_a_second_kill_may_only_shorten():
    async def play():
        _stage, node, framework, _ = await launched(capabilities=["TASK_KILLING_STATE"])
        for grace in (10, 20, 2, None):
            given = None if grace is None else Micros(grace * 1_000_000)
            await framework.do(commands.KillTask(framework.id, "t", grace=given))
        assert [stop.order.grace for stop in node.stops] == [10_000_000, 2_000_000]
        await framework.acknowledge_all()
        assert framework.states("t") == ["TASK_RUNNING", "TASK_KILLING"]

    story(play)


def test_a_kill_with_a_grace_below_nothing_is_at_once():
    async def play():
        _, node, framework, _ = await launched()
        await framework.do(commands.KillTask(framework.id, "t", grace=Micros(-5)))
        assert [stop.order.grace for stop in node.stops] == [0]

    story(play)


def test_a_kill_that_names_another_agent_is_ignored():
    async def play():
        _, node, framework, _ = await launched()
        heard = len(framework.heard)
        await framework.do(commands.KillTask(framework.id, "t", "another"))
        assert node.stops == []
        assert len(framework.heard) == heard

    story(play)


def test_reconciliation_tells_the_state_that_was_passed_on_last():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        node.started(node.orders[0])
        node.ended(node.orders[0])
        await stage.settle()
        await framework.do(commands.Reconcile(framework.id, (("t", ""),)))
        assert framework.states("t") == ["TASK_RUNNING", "TASK_RUNNING"]
        await framework.acknowledge_all()
        assert framework.states("t")[-1] == "TASK_FINISHED"
        await framework.do(commands.Reconcile(framework.id, (("t", ""),)))
        assert framework.states("t")[-1] == "TASK_LOST"

    story(play)


def test_an_agent_in_transition_gives_no_answer():
    async def play():
        stage, node, framework, _order = await launched()
        agent = stage.standing.agent_of("n1")
        node.session.lost()
        heard = len(framework.statuses)
        await framework.do(commands.Reconcile(framework.id, (("nobody", agent), ("t", ""))))
        assert [status.task_id.value for status in framework.statuses[heard:]] == ["t"]
        stage.clock.advance(80)
        await stage.settle()
        heard = len(framework.statuses)
        await framework.do(commands.Reconcile(framework.id, (("nobody", agent), ("t", agent))))
        assert [status.HasField("unreachable_time") for status in framework.statuses[heard:]] == [True, True]

    story(play)


def test_updates_that_a_framework_never_takes_are_bounded():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        (order,) = node.orders
        node.started(order)
        for number in range(2 * MOST_PENDING):
            node.report(Observation(order.run, order.token, stage.clock.now(), healthy=number % 2 == 0))
            await stage.settle(2)
        node.ended(order)
        await stage.settle()
        assert len(stage.standing.tasks[order.run].pending) == MOST_PENDING
        await framework.acknowledge_all()
        assert framework.states("t")[-1] == "TASK_FINISHED"
        assert stage.standing.framework_tasks[framework.id] == []

    story(play)


def test_acknowledgements_that_come_together_are_one_transaction():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(*(task(f"t{number}", agent, cpus=0.01, mem=1) for number in range(8)))
        for order in node.orders:
            node.started(order)
        await stage.settle()
        assert len(framework.statuses) == 8
        transactions = 0
        begin = stage.plane.begin

        def counted():
            nonlocal transactions
            transactions += 1
            return begin()

        stage.plane.begin = counted
        for status in framework.statuses:
            known = status.task_id.value
            await stage.plane.submit(commands.Acknowledge(framework.id, agent, known, status.uuid))
            await asyncio.sleep(0)
        await stage.settle()
        assert transactions == 1
        assert not any(held.pending for held in stage.standing.tasks.values())

    story(play)


def test_an_acknowledgement_that_does_not_fit_changes_nothing():
    async def play():
        stage, node, framework, agent = await opened()
        await framework.launch(task("t", agent))
        node.started(node.orders[0])
        await stage.settle()
        (status,) = framework.statuses
        for named, uuid in ((agent, b"x" * 16), ("another", status.uuid)):
            await framework.do(commands.Acknowledge(framework.id, named, "t", uuid))
        assert len(stage.standing.tasks[node.orders[0].run].pending) == 1

    story(play)
