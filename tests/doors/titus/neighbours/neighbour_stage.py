"""The stage of the Titus door with its neighbours: balancers, scaling policies, capacity groups."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from doors.titus.extension.stage import Stage
from harness import CountingIds, LoopWriter, ManualClock

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.events import Selector
from portico.domain.frames import Answer, Inquiry, Usage
from portico.domain.identity import Micros
from portico.doors.titus.extension.balancers import Balancers
from portico.doors.titus.extension.door import TitusDoor
from portico.doors.titus.extension.groups import CapacityGroups
from portico.doors.titus.extension.policies import Policies
from portico.doors.titus.extension.scaling import Scaling
from portico.doors.titus.extension.standing import Periods, Site
from portico.doors.titus.inbound.limits import Limits
from portico.store.memory import MemoryStore

CONTEXT = SimpleNamespace(invocation_metadata=lambda: ())


class NeighbourStage(Stage):
    """One server's life; `restart` begins another over the same store."""

    def __init__(self, store=None, clock=None, ids=None, **more):
        self.made = more
        self.policies = Policies()
        self.scaling = Scaling(self.policies, **more)
        self.door = TitusDoor(
            Limits(),
            periods=Periods(min_retry_interval=Micros(0)),
            site=Site(),
            parts=(CapacityGroups(), Balancers(), self.policies, self.scaling),
        )
        tables = [table.table for table in (*CORE_TABLES, *self.door.tables)]
        self.store = store or MemoryStore(tables, CALL_SHEETS)
        self.clock = clock or ManualClock()
        self.ids = ids or CountingIds()
        self.plane = Plane(self.store, self.clock, self.ids, secret="s", reading_threads=0, extensions=(self.door,))
        self.plane.load()
        self.writer = LoopWriter(self.store, self.plane)
        self.plane.attach(self.writer)
        self.plane.start([], [])
        self.watcher = self.plane.hub.open(Selector())
        self.nodes = []

    def restart(self):
        return NeighbourStage(self.store, self.clock, self.ids, **self.made)

    async def finish(self, awaitable):
        """Let the plane go on until something is done; give its result."""
        task = asyncio.ensure_future(awaitable)
        while not task.done():
            await self.settle(1)
        await self.settle()
        return task.result()

    async def call(self, method, request):
        """Make a call to a service."""
        return await self.finish(method(request, CONTEXT))


def answering(node, answer):
    """Let a node answer what it is asked about its sandboxes and use; `answer` makes an Answer of an Inquiry."""
    send = node.line.send

    def sent(frame):
        send(frame)
        if isinstance(frame, Inquiry):
            node.session.receive(answer(frame))

    node.line.send = sent


class Gauges:
    """What the Attempts on a node use: percent of one processor, and megabytes."""

    def __init__(self, stage, node):
        self.stage = stage
        self.cpu = {}
        self.memory = {}
        self._spent = {}
        self._read_at = stage.clock.now()
        self.broken = False
        answering(node, self._answer)

    def _answer(self, inquiry):
        if self.broken:
            return Answer(inquiry.request, error="out of order")
        now = self.stage.clock.now()
        for run, percent in self.cpu.items():
            self._spent[run] = self._spent.get(run, 0) + int((now - self._read_at) * percent / 100)
        self._read_at = now
        runs = {*self.cpu, *self.memory}
        usages = [Usage(run, self._spent.get(run, 0), self.memory.get(run, 0) << 20, pids=1) for run in sorted(runs)]
        return Answer(inquiry.request, usage=tuple(usages))
