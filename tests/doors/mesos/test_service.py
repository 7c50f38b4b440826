"""The scheduler API over HTTP without a socket: streams that come and go, and calls that may not be made."""

import asyncio

import pytest
from doors.mesos.extension.stage import Operation, Stage, task
from doors.mesos.serving.asgi import Exchange

from portico.domain.errors import Exhausted
from portico.doors.mesos import service as module
from portico.doors.mesos.encoding.recordio import Splitter
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.extension import commands
from portico.doors.mesos.service import SchedulerService
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import mesos_pb2 as pb
from portico.wire.mesos import scheduler_pb2

PROTOBUF = "application/x-protobuf"
Call = scheduler_pb2.Call
Event = scheduler_pb2.Event


class Reluctant:
    """Control that is too busy the first times that a stream ends."""

    def __init__(self, plane):
        self.plane = plane
        self.refusals = 0

    async def submit(self, command):
        if self.refusals and isinstance(command, commands.Disconnected):
            self.refusals -= 1
            raise Exhausted("too much")
        return await self.plane.submit(command)


class Master:
    """A master's scheduler API; `pump` lets everything go on."""

    def __init__(self):
        self.stage = Stage()
        self.control = Reluctant(self.stage.plane)
        self.service = SchedulerService(self.control, self.stage.standing)
        self.app = Routing(self.service.endpoints(), error_reply)
        self.streams = []

    async def pump(self, turns=10):
        await self.stage.settle(turns)

    def open(self, call, **headers):
        head = {"content-type": PROTOBUF, "accept": PROTOBUF, **headers}
        made = Exchange(path="/api/v1/scheduler", headers=head, pieces=[call.SerializeToString()])
        made.task = asyncio.ensure_future(self.app(made.scope, made.receive, made.send))
        self.streams.append(made.task)
        return made

    async def subscribe(self, identity="", **info):
        call = Call(type=Call.SUBSCRIBE)
        call.subscribe.framework_info.MergeFrom(pb.FrameworkInfo(user="root", name="f", **info))
        if identity:
            call.framework_id.value = call.subscribe.framework_info.id.value = identity
        made = self.open(call)
        while not made.chunks:
            await self.pump(2)
        return made

    async def do(self, stream, call, **headers):
        """Make a call; gives its status."""
        call.framework_id.value = framework_of(stream)
        made = self.open(call, **{"mesos-stream-id": stream.headers["mesos-stream-id"], **headers})
        while not made.complete:
            await self.pump(2)
        await self.pump()
        return made.status


def events(stream):
    splitter = Splitter()
    return [Event.FromString(record) for chunk in stream.chunks for record in splitter.feed(chunk)]


def kinds(stream):
    return [Event.Type.Name(event.type) for event in events(stream)]


def framework_of(stream):
    return events(stream)[0].subscribed.framework_id.value


def story(play):
    async def whole():
        master = Master()
        try:
            await play(master)
        finally:
            for task in master.streams:
                task.cancel()
            await asyncio.gather(*master.streams, return_exceptions=True)

    asyncio.run(whole())


def test_a_stream_begins_with_subscribed_and_a_heartbeat():
    async def play(master):
        await master.stage.node()
        stream = await master.subscribe()
        await master.pump()
        assert kinds(stream) == ["SUBSCRIBED", "HEARTBEAT", "OFFERS"]

    story(play)


def test_two_connections_at_once_leave_one():
    async def play(master):
        first = await master.subscribe(failover_timeout=60.0)
        identity = framework_of(first)
        both = [asyncio.ensure_future(master.subscribe(identity)) for _ in range(2)]
        second, third = await asyncio.gather(*both)
        await master.pump(40)
        assert kinds(first)[-1] == kinds(second)[-1] == "ERROR"
        assert (first.complete, second.complete, third.complete) == (True, True, False)
        assert kinds(third) == ["SUBSCRIBED", "HEARTBEAT"]
        assert await master.do(third, Call(type=Call.REVIVE)) == 202
        assert (
            await master.do(third, Call(type=Call.REVIVE), **{"mesos-stream-id": second.headers["mesos-stream-id"]})
            == 400
        )

    story(play)


def test_a_refused_subscriber_leaves_nothing_behind():
    async def play(master):
        stream = await master.subscribe(failover_timeout=60.0)
        await master.do(stream, Call(type=Call.TEARDOWN))
        again = await master.subscribe(framework_of(stream))
        await master.pump()
        assert kinds(again) == ["ERROR"]
        assert events(again)[0].error.message == "Framework has been removed"
        assert again.complete
        assert master.stage.standing.outlets == {}
        assert master.service._subscribers == {}

    story(play)


def test_the_end_of_a_stream_is_heard_however_busy_control_is(monkeypatch):
    monkeypatch.setattr(module, "LEAVE_AGAIN", 0)

    async def play(master):
        stream = await master.subscribe(failover_timeout=60.0)
        master.control.refusals = 3
        stream.gone.set()
        await stream.task
        await master.pump()
        assert master.control.refusals == 0
        assert master.stage.standing.frameworks[framework_of(stream)].state == "disconnected"
        assert master.service._leaving == set()

    story(play)


def test_updates_are_written_in_order_when_their_turn_comes():
    async def play(master):
        node = await master.stage.node(cpus=100)
        stream = await master.subscribe()
        await master.pump()
        offer = events(stream)[2].offers.offers[0]
        call = Call(type=Call.ACCEPT)
        call.accept.offer_ids.append(offer.id)
        operation = call.accept.operations.add(type=Operation.LAUNCH)
        operation.launch.task_infos.extend(
            task(f"t{number}", offer.agent_id.value, cpus=0.1, mem=1) for number in range(30)
        )
        assert await master.do(stream, call) == 202
        for order in node.orders:
            node.started(order)
        await master.pump()
        told = [event.update.status.task_id.value for event in events(stream) if event.type == Event.UPDATE]
        assert told == [f"t{number}" for number in range(30)]

    story(play)


@pytest.mark.parametrize(("change", "status"), [({"mesos-stream-id": "other"}, 400), ({}, 202)])
def test_only_the_newest_stream_may_call(change, status):
    async def play(master):
        stream = await master.subscribe()
        assert await master.do(stream, Call(type=Call.SUPPRESS), **change) == status

    story(play)
