"""A plane with the Titus door, nodes that do as they are told, and a watcher that writes down every change."""

from __future__ import annotations

import asyncio

from harness import CountingIds, FakeNode, LoopWriter, ManualClock, settle

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.events import Selector
from portico.domain.identity import Micros
from portico.doors.titus.callers import Caller
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.door import TitusDoor
from portico.doors.titus.extension.records import TitusJob, TitusTask
from portico.doors.titus.extension.standing import Periods, Site
from portico.doors.titus.inbound.limits import Limits
from portico.store.memory import MemoryStore
from portico.wire.titus import jobs_pb2

ALICE = Caller(id="alice", reason="a trial")


class Stage:
    """One server's life; `restart` begins another over the same store."""

    def __init__(self, store=None, clock=None, ids=None, *, limits=None, periods=None, site=None):
        self.made = {
            "limits": limits or Limits(),
            "periods": periods or Periods(min_retry_interval=Micros(0)),
            "site": site or Site(),
        }
        self.door = TitusDoor(self.made["limits"], periods=self.made["periods"], site=self.made["site"])
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
        """Begin again as after a crash: what was not written is lost."""
        return Stage(self.store, self.clock, self.ids, **self.made)

    @property
    def standing(self):
        return self.door.standing

    async def node(self, name="n1", cpus=16, mem=64_000, runs=(), **more):
        node = FakeNode(self.plane, name, cpus, mem, runs, **{"disk": 10**7, "network": 10**6, **more})
        self.nodes.append(node)
        await self.settle()
        return node

    async def settle(self, turns=30):
        await settle(self.plane, turns)

    async def tick(self, seconds=1.0):
        """Let time pass."""
        self.clock.advance(seconds)
        await self.settle()

    async def do(self, command):
        """Submit a command while the plane goes on."""
        task = asyncio.ensure_future(self.plane.submit(command))
        while not task.done():
            await self.settle(1)
        await self.settle()
        return task.result()

    # ---- what clients do ---------------------------------------------------------------------------------------

    async def create(self, descriptor, caller=ALICE):
        job = await self.do(commands.CreateJob(descriptor, caller))
        return job.id

    async def kill(self, task, *, shrink=False, prevent_minimum=False):
        await self.do(commands.KillTask(task, shrink, prevent_minimum, ALICE))

    async def capacity(self, job, minimum=None, desired=None, maximum=None):
        await self.do(commands.UpdateCapacity(job, minimum, maximum, desired, ALICE))

    # ---- what there is -----------------------------------------------------------------------------------------

    def job(self, identity):
        """Give a job from memory or the archive."""
        return self._find("titus_jobs", identity)

    def task(self, identity):
        """Give a task from memory or the archive."""
        return self._find("titus_tasks", identity)

    def _find(self, table, identity):
        found = self.plane.state.records[table].get(identity)
        if found is not None:
            return found
        row = self.store.reader().get(table, identity)
        return None if row is None else self.plane.state.tables[table].load(row)

    def tasks(self, job):
        """Give the active tasks of a job, oldest first."""
        tasks = [self.standing.tasks[identity] for identity in self.standing.job_tasks[job]]
        return sorted(tasks, key=lambda task: (task.accepted_at, task.id))

    def states(self, job):
        return [(task.status.state, task.status.code) for task in self.tasks(job)]

    def descriptor(self, job):
        return jobs_pb2.JobDescriptor.FromString(self.job(job).descriptor)

    async def events(self):
        """Take the changes of jobs and tasks since the last time."""
        await self.settle()
        self.plane.hub.open(Selector())  # a second watcher changes nothing
        found = list(self.watcher._queue)
        self.watcher._queue.clear()
        return [event.record for event in found if isinstance(event.record, TitusJob | TitusTask)]

    # ---- what nodes do -----------------------------------------------------------------------------------------

    def order(self, task):
        """Find the launch order of a task and the node that has it."""
        for node in self.nodes:
            for order in reversed(node.orders):
                if order.run == task:
                    return node, order
        raise LookupError(task)

    async def started(self, *tasks):
        for task in tasks:
            node, order = self.order(task)
            node.started(order)
        await self.settle()

    async def ended(self, *tasks, code=0, **facts):
        for task in tasks:
            node, order = self.order(task)
            node.ended(order, code, **facts)
        await self.settle()


def trail(task):
    """Give the states and codes of a task or job, first to last."""
    return [(status.state, status.code) for status in (*task.history, task.status)]


def _descriptor(**more):
    descriptor = jobs_pb2.JobDescriptor(applicationName="app", capacityGroup="DEFAULT", **more)
    descriptor.owner.teamEmail = "team@example.com"
    container = descriptor.container
    container.image.name, container.image.tag = "portico/host", "latest"
    container.entryPoint.append("true")
    resources = container.resources
    resources.cpu, resources.memoryMB, resources.diskMB, resources.networkMbps = 1, 512, 10_000, 128
    resources.shmSizeMB = 64
    container.securityProfile.securityGroups.append("sg-1")
    container.securityProfile.iamRole = "role"
    descriptor.disruptionBudget.selfManaged.relocationTimeMs = 60_000
    descriptor.disruptionBudget.rateUnlimited.SetInParent()
    return descriptor


def batch(size=1, retries=0, *, limit=600, on_limit=False, delay_ms=None, ceiling_ms=None, **more):
    """A sanitised batch job."""
    descriptor = _descriptor(**more)
    spec = descriptor.batch
    spec.size, spec.runtimeLimitSec, spec.retryOnRuntimeLimit = size, limit, on_limit
    _retried(spec.retryPolicy, retries, delay_ms, ceiling_ms)
    return descriptor


def service(desired=1, minimum=0, maximum=100, *, retries=0, delay_ms=None, ceiling_ms=None, **more):
    """A sanitised service job."""
    descriptor = _descriptor(**more)
    spec = descriptor.service
    spec.capacity.min, spec.capacity.desired, spec.capacity.max = minimum, desired, maximum
    spec.enabled = True
    spec.migrationPolicy.systemDefault.SetInParent()
    _retried(spec.retryPolicy, retries, delay_ms, ceiling_ms)
    return descriptor


def _retried(policy, retries, delay_ms, ceiling_ms):
    if ceiling_ms is not None:
        policy.exponentialBackOff.retries = retries
        policy.exponentialBackOff.initialDelayMs, policy.exponentialBackOff.maxDelayIntervalMs = delay_ms, ceiling_ms
    elif delay_ms is not None:
        policy.delayed.retries, policy.delayed.delayMs = retries, delay_ms
    else:
        policy.immediate.retries = retries
