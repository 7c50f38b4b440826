"""The plane: one server's control, put together.

Owns the state, the committer and the loops. Doors see it as `submit(command)`, `ask(query)` and
`watch(selector, revision)`; engines bring it the lines of agents and workers. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from portico.control import asking, retention, submitting
from portico.control.calls import workers
from portico.control.calls.core import CallsCore, CallSettings
from portico.control.calls.fleets import Fleets
from portico.control.calls.lines import CallAgentSession
from portico.control.calls.workers import WorkerSession
from portico.control.cluster import nodes, runs
from portico.control.cluster.capacity import Capacity
from portico.control.cluster.gateway import AgentSession, Gateway, Line
from portico.control.cluster.offers import Offers, OfferSettings
from portico.control.cluster.outposts import Outposts, OutpostSession
from portico.control.cluster.scheduling import Scheduling
from portico.control.commands import Command
from portico.control.committer import Committer, Writer
from portico.control.extensions import Extension, Handler
from portico.control.history import History
from portico.control.jobs import catalogue, firing, instances
from portico.control.jobs.attempts import Attempts
from portico.control.jobs.awaiting import Awaiting
from portico.control.jobs.goals import Goals
from portico.control.jobs.listeners import JobEar
from portico.control.jobs.queues import Queues
from portico.control.queries import Query
from portico.control.shaping import Shape, as_it_is
from portico.control.state import Grouped, State
from portico.control.tallies import Tallies
from portico.control.timers import Timers
from portico.control.transaction import Transaction
from portico.control.watching import Hub, watch
from portico.domain.calls.frames import AgentHello
from portico.domain.errors import Unavailable
from portico.domain.events import Event, Selector
from portico.domain.frames import Observation, OutpostHello, Register, WorkerHello
from portico.domain.identity import Clock, Ids, Instant, Revision
from portico.domain.jobs import Instance, InstanceState, Job, JobMode
from portico.domain.nodes import CONFIGURATION, Pool
from portico.domain.peers import FromPeer
from portico.domain.runs import Run
from portico.store.port import Store, StoredEvent

RunListener = Callable[[Transaction, Run, Run], None]
NoteListener = Callable[[Transaction, Run, Observation], None]


class Plane:
    """One server's control."""

    def __init__(  # noqa: PLR0913 — each is a port or the settings of one part, named at every call
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        *,
        secret: str,
        extensions: tuple[Extension, ...] = (),
        reading_threads: int = 2,
        keep: retention.Keep | None = None,
        offers: OfferSettings | None = None,
        calls: CallSettings | None = None,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.secret = secret
        self.keep = keep or retention.Keep()
        self.started = False
        self.marks: deque[tuple[Instant, Revision]] = deque()
        self.history = History(store, reading_threads)
        revision = self.history.now(lambda reader: reader.last_revision())
        self.committer = Committer(revision)
        self.hub = Hub(revision)
        self.timers = Timers(clock)
        self.metrics = Tallies()
        self.extensions = {extension.door: extension for extension in extensions}
        self.handlers: dict[type[Command | Query], Handler] = {}
        self.state = State(tuple(table for extension in extensions for table in extension.tables))
        self.capacity = Capacity(self.state.runs.get)
        self.queues = Queues()
        self.run_listeners: list[RunListener] = []
        self.note_listeners: list[NoteListener] = []
        self.job_ears: dict[str, JobEar] = {}
        self.child_runs = Grouped(lambda run: "" if run.ended else run.anchor)
        self.owned_runs = Grouped(lambda run: "" if run.ended else run.owner)
        self.gang_runs = Grouped(lambda run: "" if run.ended else run.gang)
        self.node_runs = Grouped(lambda run: "" if run.ended else run.node)
        self.job_instances = Grouped(lambda instance: "" if instance.ended else instance.job)
        self.awaiting = Awaiting()
        self.worker_instances = Grouped(lambda instance: "" if instance.ended else instance.worker)
        self.scheduling = Scheduling(self)
        self.offers = Offers(self, offers or OfferSettings())
        self.gateway = Gateway(self)
        self.outposts = Outposts(self)
        self.attempts = Attempts(self)
        self.goals = Goals(self)
        self.fleets = Fleets(self)
        self.calls = CallsCore(self, calls or CallSettings())
        self.handlers.update(self.calls.handlers())
        self._name_timers()

    def _name_timers(self) -> None:
        self.timers.handle("run_deadline", lambda identity: runs.on_deadline(self, identity))
        self.timers.handle("node_absent", lambda identity: nodes.on_absent(self, identity))
        self.timers.handle("run_absent", lambda identity: nodes.on_run_absent(self, identity))
        self.timers.handle("instance_due", lambda identity: instances.on_due(self, identity))
        self.timers.handle("job_pursue", self._on_pursue)
        self.timers.handle("job_reconcile", self.goals.on_timer)
        self.timers.handle("job_fire", lambda identity: firing.fire(self, identity))
        self.timers.handle("call_deadline", self.fleets.on_deadline)

    # ---- start and loops ---------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read every record that belongs in memory, and build the indexes."""
        for table in self.state.tables.values():
            records = self.state.records[table.name]
            for row in self.history.now(lambda reader, table=table: list(reader.active(table.table.name))):  # type: ignore[misc]
                records[row.id] = table.load(row)
        self.state.index("volumes", self.capacity.on_volume)
        for index in (self.capacity.on_node, self.offers.inverse.on_node):
            self.state.index("nodes", index)
        for run_index in (
            self.child_runs,
            self.owned_runs,
            self.gang_runs,
            self.node_runs,
            self.capacity.on_run,
            self.offers.bidding.on_run,
        ):
            self.state.index("runs", run_index)
        for instance_index in (
            self.job_instances,
            self.worker_instances,
            self.queues.on_instance,
            self.awaiting.on_instance,
        ):
            self.state.index("instances", instance_index)
        self.calls.load()
        for extension in self.extensions.values():
            extension.attach(self)
            self.handlers.update(extension.handlers())

    def attach(self, writer: Writer) -> None:
        """Name the writer; done once, before `start`."""
        self.committer.attach(writer)

    def on_durable(self, revision: Revision) -> None:
        """Hear from the writer; events first, then what waited for the revision."""
        self.hub.release(revision)
        self.committer.on_durable(revision)

    def start(self, jobs: Sequence[Job], pools: Sequence[Pool]) -> None:
        """Adopt the configuration and pick up everything that was under way."""
        with self.begin() as tx:
            self._adopt_pools(tx, pools)
            for run in list(self.state.runs.values()):
                if run.deadline:
                    self.timers.set(run.deadline, "run_deadline", run.id)
            catalogue.adopt(self, tx, jobs)
            self.fleets.rebuild(tx)
            for instance in list(self.state.instances.values()):
                if instance.state is InstanceState.WAITING:
                    instances.wait_for_turn(self, tx, instance)
            for job in list(self.state.jobs.values()):
                if job.mode is not JobMode.DEMAND:
                    self.goals.want(job.id)
            self.calls.start(tx)
            for extension in self.extensions.values():
                extension.start(tx)
        nodes.resume_absence(self)
        self.started = True
        self.scheduling.want()

    def _adopt_pools(self, tx: Transaction, pools: Sequence[Pool]) -> None:
        """Take the configuration's pools; what a door has made or changed stays as it is."""
        configured = {pool.id: pool for pool in pools}
        for pool in list(self.state.pools.values()):
            if pool.origin == CONFIGURATION and pool.id not in configured:
                tx.drop(pool)
            elif pool.origin != CONFIGURATION:
                configured.pop(pool.id, None)
        for pool in configured.values():
            if self.state.pools.get(pool.id) != pool:
                tx.put(pool)

    async def run(self) -> None:
        """Run the loops until cancelled, or until the store fails."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.timers.run(), name="timers")
            group.create_task(self.scheduling.run(), name="scheduling")
            group.create_task(self.offers.run(), name="offers")
            group.create_task(nodes.watch_silence(self), name="silence")
            group.create_task(retention.run(self), name="retention")
            group.create_task(self.calls.run(), name="calls")
            for door, extension in self.extensions.items():
                group.create_task(extension.run(), name=door)
            await self.committer.failed.wait()
            raise Unavailable("the store failed")

    def close(self) -> None:
        """Let go of readers and watchers."""
        self.hub.close_all()
        self.calls.watching.close_all()
        self.history.close()

    # ---- what doors use ----------------------------------------------------------------------------------------

    def begin(self) -> Transaction:
        """Open a transaction."""
        return Transaction(self)

    async def submit(self, command: Command, shape: Shape = as_it_is) -> Any:
        """Carry out a command; the answer is durable when it is given, and what `shape` made of it."""
        return await submitting.submit(self, command, shape)

    async def ask(self, query: Query, shape: Shape = as_it_is) -> Any:
        """Answer a query from durable state, as `shape` would have it."""
        return await asking.ask(self, query, shape)

    def watch(self, selector: Selector, after: Revision | None = None) -> AsyncIterator[Event]:
        """Yield durable changes after a revision (None: from now on); raises Compacted, Exhausted."""

        async def read(revision: Revision, limit: int) -> list[StoredEvent]:
            return await self.history.later(lambda reader: reader.events(revision, limit, selector.scope))

        return watch(self.hub, selector, after, read, self._decode_event)

    def _decode_event(self, row: StoredEvent) -> Event:
        table = self.state.tables[row.table]
        record = None if row.body is None else table.decode(row.body)
        return Event(row.revision, row.at, row.table, row.id, row.scope, record)

    # ---- what engines use --------------------------------------------------------------------------------------

    def connect(self, first: FromPeer, line: Line) -> AgentSession | WorkerSession | OutpostSession | CallAgentSession:
        """Take the first frame of a new line; raises PorticoError when the peer is refused."""
        match first:
            case Register():
                return self.gateway.register(first, line)
            case WorkerHello():
                return workers.welcome(self, first, line)
            case OutpostHello():
                return self.outposts.welcome(first, line)
            case AgentHello():
                return self.calls.agents.welcome(first, line)
            case _:
                raise Unavailable("a line begins with register, worker, outpost or call_agent")

    # ---- small things ------------------------------------------------------------------------------------------

    def members_waiting_with(self, root: str) -> list[str]:
        """Name the waiting Runs that start together with a root, parents first."""
        members: list[str] = []
        pending = self.child_runs[root]
        while pending:
            identity = pending.pop(0)
            run = self.state.runs[identity]
            if not run.node and not run.ended:
                members.append(identity)
                pending.extend(self.child_runs[identity])
        return members

    def _on_pursue(self, identity: str) -> None:
        job = self.state.jobs.get(identity)
        if job is not None:
            with self.begin() as tx:
                instances.pursue(self, tx, job)

    def instance(self, identity: str) -> Instance | None:
        """Find an Instance in memory or in history."""
        found = self.state.instance(identity, self.clock.now())
        if found is not None:
            return found
        row = self.history.now(lambda reader: reader.get("instances", identity))
        return None if row is None else self.state.tables["instances"].load(row)

    def job(self, identity: str) -> Job | None:
        """Find a Job in memory or in history."""
        found = self.state.jobs.get(identity)
        if found is not None:
            return found
        row = self.history.now(lambda reader: reader.get("jobs", identity))
        return None if row is None else self.state.tables["jobs"].load(row)
