"""A plane with partitions whose queues and agents are as the test says, and a node that does as it is told."""

from __future__ import annotations

import asyncio

from harness import CountingIds, FakeNode, LoopWriter, ManualClock, settle

from portico.control.calls.core import CallSettings
from portico.control.calls.holding import Agent, Held
from portico.control.calls.partitions import YIELDED, PodFleets
from portico.control.calls.pods import FORM, PARTITION, PodFleet
from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.calls.values import Partition
from portico.domain.frames import RunFact
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.jobs import Job, JobMode, Retry, Shrink, Template
from portico.domain.runs import RunSpec
from portico.store.memory import MemoryStore

COOL_DOWN = Micros(60 * SECOND)
PATIENCE = Micros(SECOND)


def partition(name="a", reserved=0, most=4, **more):
    return Partition(name, pod_reserved=reserved, pod_max=most, **more)


def job_of(known, form="1", cpus=1000):
    return Job(
        id=f"fleet/{known.id}",
        door="armonik",
        pool=f"/armonik/{known.id}",
        mode=JobMode.SERVICE,
        created_at=0,
        size=known.pod_reserved,
        shrink=Shrink.SPREAD,
        template=Template(
            spec=RunSpec(argv=("agent",)),
            amounts={"cpus": cpus},
            grace=Micros(SECOND),
            labels={PARTITION: known.id, FORM: form},
        ),
        retry=Retry(0, Micros(SECOND // 5), 2, Micros(30 * SECOND), steady=Micros(30 * SECOND)),
    )


class FakeQueues:
    """How many Calls wait is as the test says."""

    def __init__(self):
        self.depths = {}

    def depth(self, name):
        return self.depths.get(name, 0)


class FakeAgents:
    """Connected agents, by hand; whoever is retired is noted."""

    def __init__(self):
        self.connected = {}
        self.retired = []

    def of(self, name):
        return [agent for agent in self.connected.values() if agent.partition == name]

    def retire(self, pod):
        self.retired.append(pod)


class World:
    """A plane with fleets, and what happens to their pods."""

    def __init__(self, *known, cpus=8, form="1", beside=None, store=None, clock=None, pools=(), ids=None):
        self.known = known
        self.earlier = []
        tables = [table.table for table in (*CORE_TABLES, YIELDED)]
        self.store = store or MemoryStore(tables, CALL_SHEETS)
        self.clock = clock or ManualClock()
        fleets = PodFleets([PodFleet(one, f"fleet/{one.id}", beside) for one in known], COOL_DOWN, PATIENCE)
        self.plane = Plane(
            self.store,
            self.clock,
            ids or CountingIds(),
            secret="s",
            extensions=(fleets,),
            reading_threads=0,
            calls=CallSettings(known),
        )
        self.plane.load()
        self.queues, self.agents = FakeQueues(), FakeAgents()
        self.plane.calls.queues.depth = self.queues.depth
        self.plane.calls.agents.of = self.agents.of
        self.plane.calls.agents.retire = self.agents.retire
        self.plane.writer = LoopWriter(self.store, self.plane)
        self.plane.attach(self.plane.writer)
        self.plane.start([job_of(one, form) for one in known], list(pools))
        self.node = FakeNode(self.plane, cpus=cpus) if cpus else None

    def again(self, *known, form="1"):
        """Start the server once more over the same store; the node comes back with all that runs."""
        later = World(*(known or self.known), form=form, store=self.store, clock=self.clock, cpus=0, ids=self.plane.ids)
        held = [RunFact(run.id, run.token, run.started_at > 0) for run in self.runs() if run.node and not run.ended]
        later.node = FakeNode(later.plane, cpus=8, runs=held)
        later.earlier = [*self.earlier, *self.node.orders]
        later.agents.connected.update(self.agents.connected)
        return later

    # ---- looking -------------------------------------------------------------------------------------------------

    def slots(self, name="a"):
        """The Instances of a fleet that are to stay."""
        found = [self.plane.state.instances[one] for one in self.plane.job_instances[f"fleet/{name}"]]
        return [instance for instance in found if not instance.cancel]

    def runs(self, name="a"):
        return [run for run in self.plane.state.runs.values() if run.job == f"fleet/{name}" and not run.parent]

    def placed(self, name="a"):
        return [run for run in self.runs(name) if run.node and not run.ended and run.stop is None]

    def size(self, name="a"):
        return self.plane.state.jobs[f"fleet/{name}"].size

    # ---- doing ---------------------------------------------------------------------------------------------------

    async def pass_time(self, seconds=0.0):
        """Let some time pass, in steps that no timer oversleeps by much."""
        await settle(self.plane, 5)
        left = seconds
        while left > 0:
            step = min(left, 1.0)
            self.clock.advance(step)
            left -= step
            await settle(self.plane, 4)

    async def queue(self, count, name="a"):
        self.queues.depths[name] = count
        for ear in self.plane.calls.queues.ears:
            ear(name)
        await self.pass_time(0.2)

    def order(self, run):
        return next(order for order in reversed([*self.earlier, *self.node.orders]) if order.run == run.id)

    async def connect(self, name="a"):
        """Start every Run that was launched, and let its agent connect."""
        for run in self.placed(name):
            if run.id not in self.agents.connected:
                self.node.started(self.order(run))
                self.agents.connected[run.id] = Agent(f"pod-{run.id}", "n1", name, run.id)
        await self.pass_time(0.1)

    def work(self, run, call, *, seconds_ago=0.0):
        """Let an agent be at a Call."""
        agent = self.agents.connected[run.id]
        at = Instant(self.clock.now() - round(seconds_ago * SECOND))
        agent.held[call] = Held(call, 1, at, sent=True)
        agent.begun, agent.begun_at = call, at

    def rest(self, run):
        agent = self.agents.connected[run.id]
        agent.held.clear()
        agent.begun = 0
        agent.sequence += 1

    async def end(self, run, code=0):
        """Let a pod's process end."""
        self.agents.connected.pop(run.id, None)
        self.node.ended(self.order(run), code)
        await self.pass_time()

    async def end_stopped(self):
        """Let all that were told to stop end."""
        for run in list(self.plane.state.runs.values()):
            if run.stop is not None and run.node and not run.parent and not run.ended:
                await self.end(run)


def play(story, *known, **how):
    async def run():
        await story(World(*known, **how))

    asyncio.run(run())
