"""The stage of the Titus door with capacity groups, evictions and relocation in it, and budgets for its jobs."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from doors.titus.extension.stage import Stage, service
from google.protobuf import json_format
from harness import CountingIds, LoopWriter, ManualClock

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.commands import DrainNode
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.events import Selector
from portico.domain.frames import Observation
from portico.domain.identity import Micros
from portico.doors.titus.eviction import EvictionService
from portico.doors.titus.extension.door import TitusDoor
from portico.doors.titus.extension.evicting import Evicting
from portico.doors.titus.extension.eviction_commands import FindQuota, Level, Target, TerminateTask
from portico.doors.titus.extension.groups import CapacityGroups
from portico.doors.titus.extension.relocating import Relocating
from portico.doors.titus.extension.standing import Periods, Site
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.relocation import TaskRelocationService
from portico.store.memory import MemoryStore
from portico.wire.titus import jobs_pb2

CONTEXT = SimpleNamespace(invocation_metadata=lambda: ())


class BudgetStage(Stage):
    """One server's life; `restart` begins another over the same store."""

    def __init__(self, store=None, clock=None, ids=None, *, bucket=None, periods=None):
        self.made = {"bucket": bucket, "periods": periods}
        self.groups = CapacityGroups()
        self.evicting = Evicting(self.groups, bucket)
        self.relocating = Relocating(self.evicting, periods)
        self.door = TitusDoor(
            Limits(),
            periods=Periods(min_retry_interval=Micros(0)),
            site=Site(),
            parts=(self.groups, self.evicting, self.relocating),
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
        self.eviction = EvictionService(self.plane, self.evicting.watch)
        self.relocation = TaskRelocationService(self.plane, self.relocating)

    def restart(self):
        return BudgetStage(self.store, self.clock, self.ids, **self.made)

    # ---- what clients do ---------------------------------------------------------------------------------------

    async def running(self, size, budget, *, capacity_group="DEFAULT", descriptor=None):
        """Create a service job with a budget and let all of its tasks start."""
        made = descriptor or service(size)
        made.capacityGroup = capacity_group
        made.disruptionBudget.CopyFrom(json_format.ParseDict(budget, jobs_pb2.JobDisruptionBudget()))
        job = await self.create(made)
        await self.settle()
        await self.start_all(job)
        return job

    async def start_all(self, job):
        """Let every task that was launched and has not started do so."""
        await self.started(*(task.id for task in self.tasks(job) if task.status.state == "Launched"))

    def up(self, job):
        return [task for task in self.tasks(job) if task.status.state == "Started"]

    async def evict(self, task, reason="test"):
        await self.do(TerminateTask(task.id, reason))

    async def quota(self, level=Level.SYSTEM, identity=""):
        return (await self.ask(FindQuota(Target(level, identity)))).amount

    async def job_quota(self, job):
        return await self.quota(Level.JOB, job)

    async def ask(self, query):
        return await self.acting(self.plane.ask(query))

    async def acting(self, call):
        task = asyncio.ensure_future(call)
        for _ in range(300):
            if task.done():
                return task.result()
            await self.settle(1)
        task.cancel()
        raise AssertionError("nothing came of it")

    async def drain(self, node, *, wanted=True):
        await self.do(DrainNode(node, wanted))

    async def die(self, task):
        """Let a task that was told to stop end by the signal, and its replacement start."""
        node, order = self.order(task.id)
        node.ended(order, 143)
        await self.settle()
        await self.tick(1.0)
        await self.start_all(task.job)

    async def health(self, task, *, healthy):
        node, order = self.order(task.id)
        node.report(Observation(order.run, order.token, self.clock.now(), healthy=healthy))
        await self.settle()
