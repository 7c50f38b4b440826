"""The whole plane in one virtual world: a store that survives, control that may die, nodes, workers, and the seed.

`World.run` carries out a schedule of operations and faults; invariants are checked after every step.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections import Counter
from unittest import mock

import structlog
from simulation.bidder import SimulatedBidders
from simulation.door import SERVICE, SimulatedDoor
from simulation.invariants import Invariants
from simulation.kinds import COMMANDS, POOLS, make_jobs

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.commands import CancelInstances, DrainNode, ScheduleKind, StopRun
from portico.control.jobs import goals
from portico.control.jobs.catalogue import kind_id
from portico.control.plane import Plane
from portico.control.queries import GetInstance
from portico.control.records import CORE_TABLES, RUNS
from portico.domain.errors import PorticoError
from portico.domain.events import Selector
from portico.domain.identity import SECOND, Micros
from portico.engines.simulated.node import Behaviour, SimulatedNode
from portico.engines.simulated.virtual_time import SeededIds, VirtualClock, VirtualLoop
from portico.engines.simulated.worker import SimulatedWorker
from portico.store.memory import MemoryStore
from portico.store.port import Batch, Change

SECRET = "s"
HEALING = 400.0
OPERATIONS = 200
BIDDING = 3
"""Every third world has bidders."""
TABLES = [table.table for table in CORE_TABLES]


class LateWriter:
    """Writes some milliseconds later; what is waiting when control dies is never written."""

    full = False

    def __init__(self, world, plane):
        self._world = world
        self._plane = plane
        self._waiting = []
        self._scheduled = False
        self.dead = False

    def submit(self, changes):
        self._waiting.extend(changes)
        if not self._scheduled:
            self._scheduled = True
            self._world.loop.call_later(self._world.source.random() * 0.02, self._flush)
            if self._world.dies_unwritten and not self._world.healing:
                self._world.dies_unwritten = False
                self._world.loop.call_later(self._world.source.random() * 0.02, self._world.die_unless_healing)

    def submit_prune(self, prune):
        if not self.dead:
            self._world.store.write(Batch((), (prune,)))

    def _flush(self):
        self._scheduled = False
        if self.dead or not self._waiting:
            return
        changes, self._waiting = self._waiting[:500], self._waiting[500:]
        self._world.store.write(Batch(changes))
        self._plane.on_durable(changes[-1].revision)
        self._world.invariants.after_write([change for change in changes if isinstance(change, Change)])
        if self._waiting:
            self._scheduled = True
            self._world.loop.call_later(0.001, self._flush)


class World:
    def __init__(self, seed, nodes=3, operations=OPERATIONS):
        self.seed = seed
        self.source = random.Random(seed)
        self.operations = operations
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.ids = SeededIds(self.source, self.clock)
        self.store = MemoryStore(TABLES, CALL_SHEETS)
        self.jobs = make_jobs()
        self.tables_run = RUNS
        self.plane = None
        self.tasks = []
        self.operations_under_way = {}  # in their order, so that a seed stays what it is
        self.workers = {}
        self.answered = {}
        self.faults_made = Counter()
        self.failures = []
        self.invariants = Invariants(self)
        self._node_count = nodes
        self.nodes = []
        self.healing = False
        self.dies_unwritten = False
        self.door = SimulatedDoor(self)
        self.bidders = SimulatedBidders(self) if seed % BIDDING == BIDDING - 1 else None

    def run(self):
        """Live through the schedule; raises on a broken invariant."""
        self.loop.set_exception_handler(lambda _loop, context: self.failures.append(context))
        asyncio.set_event_loop(self.loop)
        try:
            with mock.patch.multiple(goals, ADDED_AT_ONCE=3, ENDED_AT_ONCE=2):
                self.loop.run_until_complete(self._live())
            if self.failures:
                first = self.failures[0]
                raise AssertionError(f"a callback failed: {first.get('message')}") from first.get("exception")
        finally:
            self._close()

    def _close(self):
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        for _ in range(3):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        self.loop.close()
        asyncio.set_event_loop(None)

    async def _live(self):
        behaviour = Behaviour(
            self._length, self._code, self._process_started, self._process_ended, self.invariants.forgotten
        )
        for index in range(self._node_count):
            amounts = {"cpus": 4000, "mem": 4_000_000}
            self.nodes.append(SimulatedNode(f"n{index}", amounts, self.source, self.clock, behaviour, SECRET))
        self.start_control()
        steps = [*[self._operate] * self.operations, *[self._break_something] * max(5, self.operations // 25)]
        self.source.shuffle(steps)
        for step in steps:
            step()
            await asyncio.sleep(self.source.random() * 0.6)
            if self.failures:
                return
            self.invariants.check()
        await self._heal()
        self.invariants.check(walk=True)
        self.invariants.check_quiet()

    # ---- control -----------------------------------------------------------------------------------------------

    def start_control(self):
        plane = Plane(self.store, self.clock, self.ids, secret=SECRET, reading_threads=0)
        plane.load()
        self.door.find(plane)
        self.writer = LateWriter(self, plane)
        plane.attach(self.writer)
        plane.start(self.jobs, POOLS)
        self.plane = plane
        self.invariants.control_started(plane)
        self.tasks = [self.loop.create_task(plane.run()), self.loop.create_task(self._watch(plane))]
        for peer in (*self.nodes, *self.workers.values()):
            peer.find(plane)
        if self.bidders is not None:
            self.bidders.find(plane)

    def crash_control(self):
        if self.plane is None:
            return
        self.plane = None
        self.writer.dead = True
        for task in (*self.tasks, *self.operations_under_way):
            task.cancel()  # who waits for an answer loses its connection
        for peer in (*self.nodes, *self.workers.values()):
            peer.control_died()
        self.loop.call_later(0.1 + self.source.random() * 3, self.start_control)

    def die_unless_healing(self):
        if not self.healing:
            self.crash_control()

    async def _watch(self, plane):
        async for event in plane.watch(Selector(), None):
            self.invariants.saw(plane, event)

    # ---- what programs do --------------------------------------------------------------------------------------

    def _length(self, order):
        if order.spec.argv == ("worker",) or (self.healing and order.spec.argv == (SERVICE,)):
            return 10_000.0
        lengths = [0.001, 0.5, 8.0, 60.0] if order.spec.argv == (SERVICE,) else [0.001, 0.05, 0.5, 2.0, 8.0]
        return self.source.choice(lengths)

    def _code(self, _order):
        return self.source.choice([0, 0, 0, 1])

    def _process_started(self, node, order):
        self.invariants.process_started(order)
        if order.spec.argv == ("worker",):
            worker = SimulatedWorker(
                order,
                SECRET,
                self.source,
                self.clock,
                self._call_length,
                self._call_error,
                lambda: node.exit(order.run, 1),
            )
            self.workers[order.run] = worker
            worker.find(self.plane)

    def _process_ended(self, _node, run):
        self.invariants.process_ended(run)
        worker = self.workers.pop(run, None)
        if worker is not None:
            worker.die()

    def _call_length(self, call):
        return (
            60.0 if call.function == "hung" and self.source.random() < 0.5 else self.source.choice([0.0005, 0.002, 0.3])
        )

    def _call_error(self, _call):
        return self.source.choice([None, None, None, None, "ValueError: no", "crash"])

    # ---- operations --------------------------------------------------------------------------------------------

    def _operate(self):
        if self.plane is None:
            return
        choice = self.source.random()
        if choice < 0.50:
            self._start(self._schedule())
        elif choice < 0.75:
            self._start(self.door.operate(self.plane))
        elif choice < 0.83:
            self._start(self._cancel())
        elif choice < 0.90:
            self._start(self._look())
        elif choice < 0.95:
            self._start(self._stop_run())
        else:
            self._start(self._drain())

    def _start(self, coroutine):
        task = self.loop.create_task(self._guarded(coroutine, self.plane))
        self.operations_under_way[task] = None
        task.add_done_callback(self.operations_under_way.pop)

    async def _guarded(self, coroutine, plane):
        try:
            await coroutine
        except PorticoError:
            return
        except Exception:
            if self.plane is plane:
                raise

    async def _schedule(self):
        plane = self.plane
        kind = self.source.choice(COMMANDS)
        instance = await plane.submit(ScheduleKind(kind, ("x",), self.source.choice([None, 1, 9])))
        if plane is self.plane:
            self.answered[instance.id] = kind

    async def _cancel(self):
        plane = self.plane
        if not plane.state.instances:
            return
        identity = self.source.choice(list(plane.state.instances))
        for instance in await plane.submit(CancelInstances(id=identity)):
            if plane is self.plane:
                self.invariants.cancelled(instance)

    async def _look(self):
        plane = self.plane
        if self.answered:
            identity = self.source.choice(list(self.answered))
            instance = await plane.ask(GetInstance(identity))
            if plane is self.plane:
                self.invariants.told(instance)

    async def _stop_run(self):
        plane = self.plane
        if plane.state.runs:
            await plane.submit(StopRun(self.source.choice(list(plane.state.runs)), Micros(SECOND)))

    async def _drain(self):
        plane = self.plane
        if plane.state.nodes:
            node = self.source.choice(list(plane.state.nodes))
            await plane.submit(DrainNode(node, self.source.random() < 0.4))

    # ---- faults ------------------------------------------------------------------------------------------------

    def _break_something(self):
        node = self.source.choice(self.nodes)
        name, fault = self.source.choice(
            [
                ("control", self.crash_control),
                ("unwritten", self._die_unwritten),
                ("agent", node.crash_agent),
                ("both", lambda: (node.crash_agent(), self.crash_control())),
                ("node", node.crash_keeper_and_agent),
                ("reboot", node.reboot),
                ("cut", node.cut),
                ("partition", lambda: self._partition(node)),
                ("delay", lambda: self._slow(node)),
                ("duplicate", lambda: self._stutter(node)),
                ("worker", self._kill_worker),
            ]
        )
        self.faults_made[name] += 1
        fault()

    def _die_unwritten(self):
        """Let control die while something it has done is still to be written."""
        self.dies_unwritten = True

    def _partition(self, node):
        if not node.partitioned:
            node.partition(on=True)
            self.loop.call_later(self.source.random() * 90, lambda: node.partition(on=False))

    def _slow(self, node):
        node.faults.delay = self.source.choice([0.01, 0.5, 3.0])

    def _stutter(self, node):
        node.faults.twice = self.source.choice([0.0, 0.5])

    def _kill_worker(self):
        for run in list(self.workers):
            for node in self.nodes:
                node.exit(run, 137)
            return

    async def _heal(self):
        self.healing = True
        for node in self.nodes:
            node.faults.delay = 0.01
            node.faults.twice = 0.0
            if node.partitioned:
                node.partition(on=False)
        while self.plane is None:
            await asyncio.sleep(1)
        for node in list(self.plane.state.nodes):
            await self.plane.submit(DrainNode(node, drain=False))
        self.jobs = [job for job in self.jobs if job.id != kind_id("cron")]
        deadline = self.loop.time() + HEALING
        while self.loop.time() < deadline and not self.invariants.quiet():
            await asyncio.sleep(5)


def run_world(seed, **said):
    """Run one seed; a failure names it."""
    gc.disable()
    logs = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        World(seed, **said).run()
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise
    finally:
        structlog.configure(**logs)
        gc.enable()
        if seed % 20 == 0:
            gc.collect()
