"""A plane with the Mesos door and nodes that do as they are told, and frameworks that write down what they hear."""

from __future__ import annotations

import asyncio
import itertools

from harness import CountingIds, FakeNode, LoopWriter, ManualClock, settle

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.identity import Micros
from portico.doors.mesos.extension import commands
from portico.doors.mesos.extension.door import MesosDoor
from portico.doors.mesos.extension.happenings import Erred, Failed, Offered, Rescinded, Updated
from portico.doors.mesos.inbound import framework as inbound
from portico.store.memory import MemoryStore
from portico.wire.mesos import mesos_pb2 as pb
from portico.wire.mesos import scheduler_pb2

Operation = pb.Offer.Operation


class Stage:
    """One server's life; `restart` begins another over the same store."""

    def __init__(self, store=None, clock=None, ids=None):
        self.door = MesosDoor()
        tables = [table.table for table in (*CORE_TABLES, *self.door.tables)]
        self.store = store or MemoryStore(tables, CALL_SHEETS)
        self.clock = clock or ManualClock()
        self.ids = ids or CountingIds()
        self.plane = Plane(self.store, self.clock, self.ids, secret="s", reading_threads=0, extensions=(self.door,))
        self.plane.load()
        self.writer = LoopWriter(self.store, self.plane)
        self.plane.attach(self.writer)
        self.plane.start([], [])
        self.nodes = []

    def restart(self):
        """Begin again as after a crash: what was not written is lost."""
        return Stage(self.store, self.clock, self.ids)

    async def node(self, name="n1", cpus=4, mem=4096, runs=(), **more):
        node = FakeNode(self.plane, name, cpus, mem, runs, **more)
        self.nodes.append(node)
        await self.settle()
        return node

    async def settle(self, turns=30):
        await settle(self.plane, turns)

    async def tick(self, seconds=1.0):
        """Let time pass, and an allocation interval with it."""
        self.clock.advance(seconds)
        self.plane.offers.tick()
        await self.settle()

    async def framework(self, identity="", **info):
        framework = Scheduler(self, identity, **info)
        await framework.subscribe()
        return framework

    @property
    def standing(self):
        return self.door.standing


class Scheduler:
    """A framework's side, by hand."""

    def __init__(self, stage, identity="", *, capabilities=(), failover_timeout=0.0, roles=(), name="f"):
        self.stage = stage
        self.heard = []
        self.closed = False
        info = pb.FrameworkInfo(user="root", name=name, failover_timeout=failover_timeout)
        if identity:
            info.id.value = identity
        for capability in capabilities:
            info.capabilities.add(type=pb.FrameworkInfo.Capability.Type.Value(capability))
        if roles:
            info.capabilities.add(type=pb.FrameworkInfo.Capability.MULTI_ROLE)
            info.roles.extend(roles)
        self.info = info
        self.id = identity

    async def subscribe(self):
        answer = await acting(
            self.stage,
            commands.Subscribe(inbound.draft(self.info, hierarchical=self.stage.standing.hierarchical), self),
        )
        self.id = answer.id
        await self.stage.settle()

    # ---- as an outlet ------------------------------------------------------------------------------------------

    waiting = 0

    def send(self, happening):
        self.heard.append(happening)

    def close(self):
        self.closed = True

    def of(self, kind):
        return [happening for happening in self.heard if isinstance(happening, kind)]

    @property
    def offers(self):
        """The offers that were not taken back."""
        gone = {rescinded.offer for rescinded in self.of(Rescinded)}
        views = itertools.chain.from_iterable(offered.offers for offered in self.of(Offered))
        return [view for view in views if view.offer.id not in gone]

    @property
    def statuses(self):
        return [pb.TaskStatus.FromString(updated.status) for updated in self.of(Updated)]

    def states(self, task):
        return [pb.TaskState.Name(status.state) for status in self.statuses if status.task_id.value == task]

    @property
    def failures(self):
        return self.of(Failed)

    @property
    def errors(self):
        return [erred.message for erred in self.of(Erred)]

    # ---- calls -------------------------------------------------------------------------------------------------

    async def do(self, command):
        answer = await acting(self.stage, command)
        await self.stage.settle()
        return answer

    async def accept(self, *operations, offers=None, refuse=5.0):
        named = offers if offers is not None else [self.offers[-1].offer.id]
        accept = scheduler_pb2.Call.Accept(operations=operations)
        await self.do(commands.Accept(self.id, tuple(named), accept, Micros(round(refuse * 1e6))))

    async def launch(self, *tasks, **more):
        operation = Operation(type=Operation.LAUNCH)
        operation.launch.task_infos.extend(tasks)
        await self.accept(operation, **more)

    async def acknowledge_all(self):
        """Acknowledge until nothing new comes."""
        done = 0
        while done < len(self.statuses):
            status = self.statuses[done]
            done += 1
            if status.uuid:
                await self.do(commands.Acknowledge(self.id, status.agent_id.value, status.task_id.value, status.uuid))


async def acting(stage, command):
    """Submit a command while the plane goes on."""
    task = asyncio.ensure_future(stage.plane.submit(command))
    while not task.done():
        await stage.settle(2)
    return task.result()


def resources(**amounts):
    made = []
    for name, amount in amounts.items():
        resource = pb.Resource(name=name, type=pb.Value.SCALAR)
        resource.scalar.value = amount
        made.append(resource)
    return made


def task(name, agent, command="sleep 1", cpus=0.5, mem=64, **more):
    """A command task."""
    info = pb.TaskInfo(name=name, resources=resources(cpus=cpus, mem=mem), **more)
    info.task_id.value = name
    info.agent_id.value = agent
    if command is not None:
        info.command.value = command
    return info


def executor(name, command="run-executor", cpus=0.1, mem=32, kind=None, framework=""):
    info = pb.ExecutorInfo(resources=resources(cpus=cpus, mem=mem))
    info.executor_id.value = name
    if framework:
        info.framework_id.value = framework
    if kind is not None:
        info.type = kind
    if command is not None:
        info.command.value = command
    return info
