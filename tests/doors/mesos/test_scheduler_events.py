"""What a scheduler's stream tells besides offers and updates, and how a subscription that cannot be is answered."""

from __future__ import annotations

import pytest
from doors.mesos.extension.stage import task
from doors.mesos.extension.test_executors import OutpostLine
from doors.mesos.test_scheduler_calls import events, hosted, launched, made, offered
from doors.mesos.test_service import Call, Event, kinds, story

from portico.control.cluster import nodes, runs
from portico.domain.frames import Observation
from portico.domain.nodes import Unavailability
from portico.domain.runs import EndCause, Outcome, Run, RunSpec
from portico.doors.mesos.outpost import words
from portico.wire.mesos import mesos_pb2 as pb


def last(stream, kind):
    """Give the newest event of a kind."""
    return [event for event in events(stream) if event.type == kind][-1]


def test_messages_go_both_ways():
    async def play(master):
        _, stream, offer = await launched(master, hosted)
        (known,) = master.stage.standing.executors.values()
        outpost = OutpostLine(master.stage)
        call = made("MESSAGE")
        call.message.agent_id.CopyFrom(offer.agent_id)
        call.message.executor_id.value = "e"
        call.message.data = b"\0hear"
        assert await master.do(stream, call) == 202
        assert outpost.words == [words.TellExecutor(known.id, b"\0hear")]
        await master.stage.door.asked("n1", words.encode(words.SaidToScheduler(known.id, b"\0say")))
        await master.pump()
        said = last(stream, Event.MESSAGE).message
        assert (said.agent_id, said.executor_id.value, said.data) == (offer.agent_id, "e", b"\0say")

    story(play)


@pytest.mark.parametrize("part", ["agent_id", "executor_id"])
def test_a_message_for_another_executor_reaches_nobody(part):
    async def play(master):
        _, stream, offer = await launched(master, hosted)
        outpost = OutpostLine(master.stage)
        call = made("MESSAGE")
        call.message.agent_id.CopyFrom(offer.agent_id)
        call.message.executor_id.value = "e"
        getattr(call.message, part).value = "other"
        call.message.data = b"x"
        assert await master.do(stream, call) == 202
        assert outpost.words == []

    story(play)


def test_the_end_of_an_executor_is_told_with_its_wait_status():
    async def play(master):
        node, stream, offer = await launched(master, hosted)
        host = node.orders[0]
        exited = Outcome(EndCause.EXITED, exit_code=3)
        node.report(Observation(host.run, host.token, master.stage.clock.now(), outcome=exited))
        await master.pump()
        failure = last(stream, Event.FAILURE).failure
        assert (failure.agent_id, failure.executor_id.value, failure.status) == (offer.agent_id, "e", 3 << 8)

    story(play)


def test_the_loss_of_an_agent_rescinds_its_offers_and_is_told():
    async def play(master):
        node, stream, offer = await offered(master)
        node.session.lost()
        await master.pump()
        master.stage.clock.advance(100)
        await master.pump()
        assert last(stream, Event.RESCIND).rescind.offer_id == offer.id
        failure = last(stream, Event.FAILURE).failure
        assert failure.agent_id == offer.agent_id
        assert not failure.HasField("executor_id")
        assert not failure.HasField("status")

    story(play)


def test_an_offer_that_others_need_is_rescinded():
    async def play(master):
        _, stream, offer = await offered(master)
        plane = master.stage.plane
        run = Run(id="r", door="x", pool="/p", spec=RunSpec(argv=("x",)), amounts={"cpus": 1000}, created_at=0)
        with plane.begin() as tx:
            runs.create_run(plane, tx, run)
        await master.pump()
        assert last(stream, Event.RESCIND).rescind.offer_id == offer.id

    story(play)


def test_a_machine_that_stays_takes_its_inverse_offers_back():
    async def play(master):
        _, stream, _ = await launched(master, lambda agent: task("t", agent))
        plane = master.stage.plane
        with plane.begin() as tx:
            planned = Unavailability(plane.clock.now() + 60_000_000, None)
            nodes.plan_unavailability(plane, tx, plane.state.nodes["n1"], planned)
        await master.stage.tick()
        (asked,) = last(stream, Event.INVERSE_OFFERS).inverse_offers.inverse_offers
        with plane.begin() as tx:
            nodes.plan_unavailability(plane, tx, plane.state.nodes["n1"], None)
        await master.stage.tick()
        assert last(stream, Event.RESCIND_INVERSE_OFFER).rescind_inverse_offer.inverse_offer_id == asked.id

    story(play)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"role": "a/b"}, "a/b"),
        ({"role": "."}, "."),
        ({"role": "-x"}, "-x"),
        ({"role": ""}, "role"),
        ({"role": "a", "roles": ["b"]}, "role"),
        ({"roles": ["a", "a"], "capabilities": [{"type": "MULTI_ROLE"}]}, "a"),
        ({"failover_timeout": -1.0}, "failover_timeout"),
        ({"failover_timeout": float("inf")}, "failover_timeout"),
    ],
)
def test_a_framework_that_cannot_be_gets_an_error_and_the_end(change, said):
    async def play(master):
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.CopyFrom(pb.FrameworkInfo(user="root", name="f", **change))
        stream = master.open(call)
        while not stream.complete:
            await master.pump(2)
        assert stream.status == 200
        assert kinds(stream) == ["ERROR"]
        assert said in events(stream)[0].error.message
        assert master.stage.standing.frameworks == {}

    story(play)


@pytest.mark.parametrize("kind", ["TEARDOWN", "KILL", "RECONCILE"])
def test_a_call_for_another_s_framework_changes_nothing(kind):
    async def play(master):
        node, stream, _ = await launched(master, lambda agent: task("t", agent))
        other = await master.subscribe()
        call = made(kind, Call(kill=Call.Kill(task_id=pb.TaskID(value="t"))) if kind == "KILL" else None)
        if kind == "RECONCILE":
            call.reconcile.SetInParent()
        before = kinds(stream)
        assert await master.do(stream, call, **{"mesos-stream-id": other.headers["mesos-stream-id"]}) == 400
        assert node.stops == []
        assert kinds(stream) == before

    story(play)
