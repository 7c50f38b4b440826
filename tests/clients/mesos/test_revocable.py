"""Revocable resources of a real node: what a task claims and does not use is lent, and taken back when it does."""

import contextlib
import os
import signal

import pytest
from clients.mesos.conftest import live
from clients.mesos.raw import SCHEDULER, Framework, Records, command, get, subscribe
from live.server import until

from portico.wire.mesos import mesos_pb2, scheduler_pb2  # noqa: TID251 — bytes as the wire has them

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(90)]

NEARLY_ALL = 0.9
CONFIG = """
[timers]
"mesos.allocation" = "100ms"
"mesos.heartbeat" = "250ms"
"mesos.oversubscription" = "300ms"
[[nodes]]
name = "one"
cpus = 1
mem = 512
disk = 1024
oversubscribe = 1.0
"""


@pytest.fixture
def server():
    yield from live(CONFIG)


class Lodger(Framework):
    """A framework that may be away for a minute, and takes revocable resources if it says so."""

    def __init__(self, server, *, revocable=False, identity=None):
        info = mesos_pb2.FrameworkInfo(user="root", name="lodger", failover_timeout=60)
        if revocable:
            info.capabilities.add(type="REVOCABLE_RESOURCES")
        call = subscribe(info)
        if identity is not None:
            call.framework_id.CopyFrom(identity)
            call.subscribe.framework_info.id.CopyFrom(identity)
        self.address, self.path = server.endpoints["mesos_master"], SCHEDULER
        self.stream = Records(self.address, self.path, call, scheduler_pb2.Event)
        self.id = self.stream.next().subscribed.framework_id
        self.stream_id = self.stream.headers["Mesos-Stream-Id"]

    def revocable_offer(self):
        """Await an offer with nearly all that can be lent, and memory for a task on it."""
        while True:
            offer = self.offer()
            if revocable_cpus(offer) >= NEARLY_ALL and any(part.name == "mem" for part in offer.resources):
                return offer
            self.call("DECLINE", decline={"offer_ids": [offer.id], "filters": {"refuse_seconds": 0}})


def revocable_cpus(offer):
    return sum(part.scalar.value for part in offer.resources if part.name == "cpus" and part.HasField("revocable"))


def with_cpus(info, cpus, *, revocable=False):
    part = info.resources[0]
    part.scalar.value = cpus
    if revocable:
        part.revocable.SetInParent()
    return info


class House:
    """A task that has claimed the only cpu, uses it once told to, and a framework that borrows nearly all of it.

    On a busy machine the owner gets but a small part of the cpu: even that must be more than is left.
    """

    def __init__(self, stack, server, flag):
        self.server, self.stack, self.flag = server, stack, flag
        self.owner = stack.enter_context(contextlib.closing(Lodger(server)))
        offer = self.owner.offer()
        idle = f"while [ ! -e {flag} ]; do sleep 0.2; done; while :; do :; done"
        self.owner.launch(offer, with_cpus(command("owner", offer, idle), 1))
        self.owner.call("SUPPRESS")
        assert self.owner.update("owner").state == mesos_pb2.TASK_RUNNING
        self.guest = stack.enter_context(contextlib.closing(Lodger(server, revocable=True)))
        offer = self.guest.revocable_offer()
        assert revocable_cpus(offer) <= 1
        self.guest.launch(offer, with_cpus(command("guest", offer, "sleep 1000"), NEARLY_ALL, revocable=True))
        assert self.guest.update("guest").state == mesos_pb2.TASK_RUNNING

    def come_back(self):
        """Let the guest's framework subscribe again."""
        guest = Lodger(self.server, revocable=True, identity=self.guest.id)
        self.guest = self.stack.enter_context(contextlib.closing(guest))

    def use(self):
        """Let the owner use what it has claimed; the guest has to go."""
        self.flag.touch()
        status = self.guest.update("guest")
        while status.state == mesos_pb2.TASK_RUNNING:  # its acknowledgement may not have outlived the server
            status = self.guest.update("guest")
        assert (status.state, status.source, status.reason) == (
            mesos_pb2.TASK_LOST,
            mesos_pb2.TaskStatus.SOURCE_AGENT,
            mesos_pb2.TaskStatus.REASON_CONTAINER_PREEMPTED,
        )
        tasks = {task["id"]: task for framework in self.state() for task in framework["tasks"]}
        assert tasks["owner"]["state"] == "TASK_RUNNING"

    def lent(self):
        (agent,) = get(self.server.endpoints["mesos_master"], "/slaves")["slaves"]
        return agent["resources"].get("cpus_revocable", 0)

    def state(self):
        return get(self.server.endpoints["mesos_master"], "/state")["frameworks"]


@pytest.fixture
def house(server, tmp_path):
    with contextlib.ExitStack() as stack:
        yield House(stack, server, tmp_path / "go")


def test_what_was_borrowed_is_taken_back_when_its_owner_uses_it(house):
    house.use()


def test_borrowers_live_through_the_death_of_the_agent(server, house):
    agent = server.holders("agent")["one"]
    os.kill(agent, signal.SIGKILL)
    until(lambda: server.holders("agent").get("one") not in (None, agent), "another agent")
    until(lambda: house.lent() >= NEARLY_ALL, "a measurement of the new agent")
    house.use()


def test_borrowers_live_through_the_death_of_the_server(server, house):
    server.kill()
    server.start()
    house.come_back()
    until(lambda: house.lent() >= NEARLY_ALL, "a measurement for the new server")
    house.use()
