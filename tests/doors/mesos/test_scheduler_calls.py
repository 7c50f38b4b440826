"""Each call of schedulers over HTTP: what it must bring, who may make it, what it does, and what it passes over."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from doors.mesos.extension.stage import Operation, executor, task
from doors.mesos.serving.asgi import exchange
from doors.mesos.test_service import Call, Event, Master, events, framework_of, kinds, story

from portico.control.cluster import nodes
from portico.domain.nodes import Unavailability
from portico.domain.offers import InverseStatus
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.service import REALM
from portico.doors.mesos.serving.authentication import BasicAuthentication
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import mesos_pb2 as pb

UUID = bytes(16)
AGENT, TASK, EXECUTOR = pb.AgentID(value="nobody"), pb.TaskID(value="nothing"), pb.ExecutorID(value="none")
OFFER = pb.OfferID(value="gone")

# kind → the part it must bring, as a call about what there is not; None where there is no such part
PARTS = {
    "TEARDOWN": None,
    "ACCEPT": Call(accept=Call.Accept(offer_ids=[OFFER])),
    "DECLINE": Call(decline=Call.Decline(offer_ids=[OFFER])),
    "ACCEPT_INVERSE_OFFERS": Call(accept_inverse_offers=Call.AcceptInverseOffers(inverse_offer_ids=[OFFER])),
    "DECLINE_INVERSE_OFFERS": Call(decline_inverse_offers=Call.DeclineInverseOffers(inverse_offer_ids=[OFFER])),
    "REVIVE": None,
    "SUPPRESS": None,
    "KILL": Call(kill=Call.Kill(task_id=TASK)),
    "SHUTDOWN": Call(shutdown=Call.Shutdown(executor_id=EXECUTOR, agent_id=AGENT)),
    "ACKNOWLEDGE": Call(acknowledge=Call.Acknowledge(agent_id=AGENT, task_id=TASK, uuid=UUID)),
    "RECONCILE": Call(reconcile=Call.Reconcile()),
    "MESSAGE": Call(message=Call.Message(agent_id=AGENT, executor_id=EXECUTOR, data=b"x")),
    "REQUEST": Call(request=Call.Request(requests=[pb.Request()])),
}


def made(kind, part=None):
    call = Call(type=kind)
    if part is not None:
        call.MergeFrom(part)
    return call


async def answer(master, call, **headers):
    """Make a call as it is; gives status and text."""
    sent = master.open(call, **headers)
    while not sent.complete:
        await master.pump(2)
    return sent.status, sent.body.decode()


def test_there_is_a_case_for_every_call():
    assert {*PARTS, "SUBSCRIBE", "UNKNOWN"} == set(Call.Type.keys())


@pytest.mark.parametrize("kind", PARTS)
def test_who_calls_and_what_the_call_must_bring(kind):
    async def play(master):
        await master.stage.node()
        stream = await master.subscribe(failover_timeout=60.0)
        stream_id = stream.headers["mesos-stream-id"]
        call = made(kind, PARTS[kind])
        status, text = await answer(master, call, **{"mesos-stream-id": stream_id})
        assert (status, text) == (
            400,
            "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
        )
        call.framework_id.value = "nobody"
        assert await answer(master, call, **{"mesos-stream-id": stream_id}) == (400, "Framework cannot be found")
        call.framework_id.value = framework_of(stream)
        status, text = await answer(master, call)
        assert (status, text) == (400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
        assert (await answer(master, call, **{"mesos-stream-id": "other"}))[0] == 400
        if PARTS[kind] is not None:
            bare = made(kind)
            bare.framework_id.value = framework_of(stream)
            status, text = await answer(master, bare, **{"mesos-stream-id": stream_id})
            assert (status, text) == (
                400,
                f"Failed to validate scheduler::Call: Expecting '{kind.lower()}' to be present",
            )
        assert await answer(master, call, **{"mesos-stream-id": stream_id}) == (202, "")
        if kind != "TEARDOWN":
            stream.gone.set()
            await stream.task
            await master.pump()
            assert await answer(master, call, **{"mesos-stream-id": stream_id}) == (403, "Framework is not subscribed")

    story(play)


QUIET = sorted(PARTS.keys() - {"TEARDOWN", "KILL"})


@pytest.mark.parametrize("kind", QUIET)
def test_what_there_is_not_is_passed_over(kind):
    async def play(master):
        await master.stage.node()
        stream = await master.subscribe()
        await master.pump()
        before = kinds(stream)
        assert before == ["SUBSCRIBED", "HEARTBEAT", "OFFERS"]
        assert await master.do(stream, made(kind, PARTS[kind])) == 202
        assert kinds(stream) == before

    story(play)


def test_a_call_of_a_type_that_is_not_known():
    async def play(master):
        stream = await master.subscribe()
        assert await master.do(stream, Call(type=Call.UNKNOWN)) == 501

    story(play)


@pytest.mark.parametrize("uuid", [b"", bytes(15), bytes(17)])
def test_an_acknowledgement_names_a_uuid(uuid):
    async def play(master):
        stream = await master.subscribe()
        call = made("ACKNOWLEDGE", PARTS["ACKNOWLEDGE"])
        call.acknowledge.uuid = uuid
        assert await master.do(stream, call) == 400

    story(play)


@pytest.mark.parametrize("kind", ["REVIVE", "SUPPRESS"])
@pytest.mark.parametrize("role", ["other", "a b", ""])
def test_roles_that_are_not_the_framework_s_are_passed_over(kind, role):
    async def play(master):
        await master.stage.node()
        stream = await master.subscribe()
        call = Call(type=kind)
        getattr(call, kind.lower()).role = role
        assert await master.do(stream, call) == 202
        bidder = master.stage.plane.offers.bidder(framework_of(stream))
        assert bidder.suppressed == frozenset()

    story(play)


async def offered(master, **info):
    """Give a node, a stream and the first offer on it."""
    node = await master.stage.node()
    stream = await master.subscribe(**info)
    await master.pump()
    return node, stream, events(stream)[2].offers.offers[0]


async def launched(master, *tasks, **info):
    node, stream, offer = await offered(master, **info)
    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.append(offer.id)
    operation = call.accept.operations.add(type=Operation.LAUNCH)
    operation.launch.task_infos.extend(make(offer.agent_id.value) for make in tasks)
    assert await master.do(stream, call) == 202
    for order in node.orders:
        node.started(order)
    await master.pump()
    return node, stream, offer


def statuses(stream):
    return [event.update.status for event in events(stream) if event.type == Event.UPDATE]


def test_an_accept_without_operations_gives_the_offer_back():
    async def play(master):
        _, stream, offer = await offered(master)
        call = made("ACCEPT")
        call.accept.offer_ids.append(offer.id)
        call.accept.filters.refuse_seconds = 0
        assert await master.do(stream, call) == 202
        await master.stage.tick()
        assert kinds(stream)[-1] == "OFFERS"
        assert events(stream)[-1].offers.offers[0].id != offer.id

    story(play)


@pytest.mark.parametrize(("seconds", "comes_back"), [(0.0, True), (3600.0, False), (-1.0, False), (1e300, False)])
def test_a_declined_offer_comes_back_when_its_filter_is_over(seconds, comes_back):
    async def play(master):
        _, stream, offer = await offered(master)
        call = made("DECLINE")
        call.decline.offer_ids.append(offer.id)
        call.decline.filters.refuse_seconds = seconds
        assert await master.do(stream, call) == 202
        await master.stage.tick()
        assert (kinds(stream).count("OFFERS") == 2) is comes_back
        await master.stage.tick(5)
        assert kinds(stream).count("OFFERS") == (1 if seconds == 3600.0 else 2)
        assert await master.do(stream, Call(type=Call.REVIVE)) == 202
        await master.stage.tick()
        assert kinds(stream).count("OFFERS") == 2

    story(play)


def test_suppressed_roles_get_nothing_until_they_are_revived():
    async def play(master):
        stream = await master.subscribe()
        call = Call(type=Call.SUPPRESS)
        call.suppress.role = "*"
        assert await master.do(stream, call) == 202
        await master.stage.node()
        await master.stage.tick()
        assert "OFFERS" not in kinds(stream)
        assert await master.do(stream, Call(type=Call.REVIVE)) == 202
        await master.stage.tick()
        assert "OFFERS" in kinds(stream)

    story(play)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ACCEPT_INVERSE_OFFERS", InverseStatus.ACCEPTED), ("DECLINE_INVERSE_OFFERS", InverseStatus.DECLINED)],
)
def test_an_answer_to_an_inverse_offer_is_noted_and_filters_further_ones(kind, said):
    async def play(master):
        _, stream, _ = await launched(master, lambda agent: task("t", agent))
        plane = master.stage.plane
        with plane.begin() as tx:
            planned = Unavailability(plane.clock.now() + 60_000_000, None)
            nodes.plan_unavailability(plane, tx, plane.state.nodes["n1"], planned)
        await master.stage.tick()
        (event,) = [event for event in events(stream) if event.type == Event.INVERSE_OFFERS]
        (asked,) = event.inverse_offers.inverse_offers
        assert asked.unavailability.start.nanoseconds == planned.start * 1000
        assert plane.offers.inverse.statuses("n1") == {framework_of(stream): InverseStatus.UNKNOWN}
        call = made(kind)
        part = getattr(call, kind.lower())
        part.inverse_offer_ids.append(asked.id)
        part.filters.refuse_seconds = 3
        assert await master.do(stream, call) == 202
        assert plane.offers.inverse.statuses("n1") == {framework_of(stream): said}
        await master.stage.tick()
        assert kinds(stream).count("INVERSE_OFFERS") == 1
        await master.stage.tick(3)
        assert kinds(stream).count("INVERSE_OFFERS") == 2

    story(play)


def test_a_kill_reaches_the_task_with_the_grace_that_it_names():
    async def play(master):
        node, stream, _ = await launched(master, lambda agent: task("t", agent))
        call = made("KILL")
        call.kill.task_id.value = "t"
        call.kill.kill_policy.grace_period.nanoseconds = 7_000_000_000
        assert await master.do(stream, call) == 202
        assert [stop.order.grace for stop in node.stops] == [7_000_000]

    story(play)


def test_a_kill_of_what_nobody_knows_is_answered_like_a_question():
    async def play(master):
        await master.stage.node()
        stream = await master.subscribe()
        assert await master.do(stream, made("KILL", PARTS["KILL"])) == 202
        (status,) = statuses(stream)
        assert (status.state, status.reason) == (pb.TASK_LOST, pb.TaskStatus.REASON_RECONCILIATION)
        assert not status.HasField("uuid")

    story(play)


def test_an_acknowledged_update_is_let_go_of():
    async def play(master):
        node, stream, _ = await launched(master, lambda agent: task("t", agent))
        node.ended(node.orders[0])
        await master.pump()
        (running,) = statuses(stream)
        call = made("ACKNOWLEDGE")
        call.acknowledge.agent_id.CopyFrom(running.agent_id)
        call.acknowledge.task_id.CopyFrom(running.task_id)
        call.acknowledge.uuid = running.uuid
        assert await master.do(stream, call) == 202
        assert [status.state for status in statuses(stream)] == [pb.TASK_RUNNING, pb.TASK_FINISHED]

    story(play)


@pytest.mark.parametrize("named", [["t"], ["t", "nothing"], []])
def test_reconciliation_answers_for_each_task_or_for_all(named):
    async def play(master):
        _, stream, _ = await launched(master, lambda agent: task("t", agent), lambda agent: task("u", agent))
        before = len(statuses(stream))
        call = made("RECONCILE", Call(reconcile=Call.Reconcile()))
        for name in named:
            call.reconcile.tasks.add().task_id.value = name
        assert await master.do(stream, call) == 202
        await master.stage.settle()
        told = statuses(stream)[before:]
        assert sorted(status.task_id.value for status in told) == sorted(named or ["t", "u"])
        assert all(status.reason == pb.TaskStatus.REASON_RECONCILIATION for status in told)
        assert not any(status.HasField("uuid") for status in told)

    story(play)


def hosted(agent):
    info = task("t", agent, command=None)
    info.executor.MergeFrom(executor("e"))
    return info


def test_an_executor_is_shut_down_by_the_agent_that_has_it():
    async def play(master):
        _, stream, offer = await launched(master, hosted)
        (known,) = master.stage.standing.executors.values()
        call = made("SHUTDOWN", PARTS["SHUTDOWN"])
        call.shutdown.executor_id.value = "e"
        assert await master.do(stream, call) == 202
        assert not master.stage.standing.executors[known.id].shut_down
        call.shutdown.agent_id.CopyFrom(offer.agent_id)
        assert await master.do(stream, call) == 202
        assert master.stage.standing.executors[known.id].shut_down

    story(play)


def test_a_teardown_ends_the_stream_and_all_that_runs():
    async def play(master):
        node, stream, _ = await launched(master, lambda agent: task("t", agent), failover_timeout=60.0)
        assert await master.do(stream, Call(type=Call.TEARDOWN)) == 202
        await master.stage.settle()
        assert stream.complete
        assert [stop.run for stop in node.stops] == [node.orders[0].run]
        assert master.stage.standing.frameworks[framework_of(stream)].removed

    story(play)


@pytest.mark.parametrize(
    ("said", "named"), [("", "f1"), ("f1", ""), ("f1", "f2")], ids=["only inside", "only outside", "two"]
)
def test_a_subscription_names_its_framework_twice_or_not_at_all(said, named):
    async def play(master: Master):
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.MergeFrom(pb.FrameworkInfo(user="root", name="f"))
        if said:
            call.framework_id.value = said
        if named:
            call.subscribe.framework_info.id.value = named
        status, text = await answer(master, call)
        assert status == 400
        assert text.startswith("Failed to validate scheduler::Call: ")

    story(play)


def test_a_subscription_comes_without_a_stream_id_and_takes_what_we_have():
    async def play(master):
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.MergeFrom(pb.FrameworkInfo(user="root", name="f"))
        assert (await answer(master, call, **{"mesos-stream-id": "x"}))[0] == 400
        assert (await answer(master, call, accept="text/plain"))[0] == 406
        assert master.stage.standing.frameworks == {}

    story(play)


def credentials(name, secret):
    return {"authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


def test_whoever_has_to_prove_a_name_calls_as_that():
    async def play(master):
        proof = BasicAuthentication({"me": "m", "you": "y"}, frozenset({REALM}))
        master.app = Routing(master.service.endpoints(), error_reply, proof)
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.MergeFrom(pb.FrameworkInfo(user="root", name="f", principal="me"))
        assert (await answer(master, call))[0] == 401
        assert (await answer(master, call, **credentials("me", "y")))[0] == 401
        stream = master.open(call, **credentials("you", "y"))
        while not stream.complete:
            await master.pump(2)
        assert kinds(stream) == ["ERROR"]
        stream = master.open(call, **credentials("me", "m"))
        while not stream.chunks:
            await master.pump(2)
        assert await master.do(stream, Call(type=Call.REVIVE), **credentials("me", "m")) == 202
        assert await master.do(stream, Call(type=Call.REVIVE), **credentials("you", "y")) == 400
        assert await master.do(stream, Call(type=Call.REVIVE)) == 401

    story(play)


@pytest.mark.parametrize("kind", ["UPDATE_FRAMEWORK", "RECONCILE_OPERATIONS", "ACKNOWLEDGE_OPERATION_STATUS"])
def test_calls_of_later_releases_are_not_implemented(kind):
    async def play(master):
        stream = await master.subscribe()
        call = {"type": kind, "framework_id": {"value": framework_of(stream)}}
        headers = {"content-type": "application/json", "mesos-stream-id": stream.headers["mesos-stream-id"]}
        pieces = [json.dumps(call).encode()]
        sent = await exchange(master.app, path="/api/v1/scheduler", headers=headers, pieces=pieces)
        assert (sent.status, sent.body.decode()) == (501, "This server knows no scheduler::Call of that type")

    story(play)
