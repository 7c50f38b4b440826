"""Partitions' fleets: how many call agents each has, kept by an ordinary service Job whose size follows the queue.

Decides whenever something may have changed, and once in a while in any case; what is decided is in `deciding.pods`.
A pod is an Instance of the partition's Job: a call agent and, for a worker with an image of its own, that worker beside
it. Promises: the cost of deciding grows with the pods, not with the Calls; a pod that goes gives its Calls back first;
after a restart no pod goes before its agent had time to come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from portico.control.calls.pods import PARTITION, Lookout, PodFleet
from portico.control.cluster.runs import order_stop
from portico.control.jobs.goals import resize, stop_attempt
from portico.control.jobs.instances import Verdict
from portico.control.records import RecordTable
from portico.deciding.pods import NEVER, Change, Fleet, Pace, decide
from portico.deciding.retry import is_steady
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.jobs import Instance, Job
from portico.domain.runs import Run, RunSpec, RunState, StopOrder, StopReason
from portico.store.port import Table

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.control.extensions import Handler
    from portico.control.jobs.instances import Ending
    from portico.control.plane import Plane
    from portico.control.queries import Query
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)

DOOR = "armonik"
PAUSE = Micros(SECOND // 20)
"""Between decisions, however much happens."""
BACKSTOP = Micros(SECOND)
"""Until the next decision, when nothing happens: a queue tells of large changes only."""
MOST_ENDED = 60
"""Pods ended in one decision: some milliseconds."""


class Yielded(msgspec.Struct, frozen=True):
    """How many pods a partition has given to others and not had again."""

    id: str
    count: int


YIELDED = RecordTable(Yielded, Table("yielded_pods"))


class PodFleets:
    """All fleets of one server: the part of control that belongs to partitions with workers."""

    tables: tuple[RecordTable[Any], ...] = (YIELDED,)
    door = DOOR

    def __init__(self, fleets: Sequence[PodFleet], cool_down: Micros, patience: Micros) -> None:
        self._fleets = {fleet.job: fleet for fleet in fleets}
        self._cool_down = cool_down
        self._patience = patience
        self._failing: set[str] = set()
        self._armed = NEVER
        self._last = Instant(0)
        self._calm_since = Instant(0)
        self._plane: Plane
        self._lookout: Lookout

    @property
    def fleets(self) -> tuple[PodFleet, ...]:
        """The fleets that are kept."""
        return tuple(self._fleets.values())

    # ---- as a part of control ----------------------------------------------------------------------------------

    def attach(self, plane: Plane) -> None:
        """Listen to Runs and to the queues."""
        self._plane = plane
        self._lookout = Lookout(plane)
        plane.job_ears[DOOR] = self
        plane.run_listeners.append(self._on_run)
        plane.timers.handle("pods", self._on_timer)
        plane.calls.queues.ears.append(lambda _: self.want())

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give none: partitions come from the configuration."""
        return {}

    def start(self, tx: Transaction) -> None:
        """Keep the pods there are, whatever size the configuration begins with."""
        self._lookout.begin(tx.now)
        self._calm_since = tx.now
        for name in self._fleets:
            job = self._plane.state.jobs[name]
            live = self._live(name)
            size = max(job.size, len(live))
            spawned = max((instance.index + 1 for instance in live), default=0)
            if (size, spawned) != (job.size, job.spawned):
                tx.put(msgspec.structs.replace(job, size=size, spawned=spawned))
        known = {fleet.partition.id for fleet in self.fleets}
        for record in self._records():
            if record.id not in known:
                tx.drop(record)
        self.want()

    async def run(self) -> None:
        """Do nothing: all is done as things happen, and by timers."""
        await asyncio.Event().wait()

    async def asked(self, node: str, _payload: bytes) -> bytes:
        """Refuse: call agents have lines of their own."""
        raise Invalid(f"partitions have no outpost at {node}")

    # ---- when --------------------------------------------------------------------------------------------------

    def want(self) -> None:
        """Decide soon."""
        if self._fleets:
            self._arm(Instant(max(self._plane.clock.now(), self._last + PAUSE)))

    def _arm(self, at: Instant) -> None:
        if at < self._armed:
            self._armed = at
            self._plane.timers.set(at, "pods", "")

    def _on_timer(self, _: str) -> None:
        """Decide, unless this timer was overtaken by another."""
        now = self._plane.clock.now()
        if now < self._armed or self._armed == NEVER:
            return
        self._armed, self._last = NEVER, now
        given = {record.id: record.count for record in self._records()}
        fleets = self._lookout.look(self.fleets, given, now)
        plan = decide(fleets, now, Pace(self._cool_down, self._patience, self._calm_since))
        again_at = now if self._carry_out(fleets, plan.changes) else plan.again_at
        self._arm(Instant(min(max(again_at, now + PAUSE), now + BACKSTOP)))

    def _records(self) -> list[Yielded]:
        return list(self._plane.state.records[YIELDED.name].values())

    def _live(self, job: str) -> list[Instance]:
        instances = self._plane.state.instances
        found = (instances[identity] for identity in self._plane.job_instances[job])
        return [instance for instance in found if not instance.cancel]

    # ---- what is done ------------------------------------------------------------------------------------------

    def _carry_out(self, fleets: Sequence[Fleet], changes: Sequence[Change]) -> bool:
        """Do what was decided; tells whether some of it was left for the next time."""
        room = MOST_ENDED
        left = False
        for fleet, change, known in zip(fleets, changes, self.fleets, strict=True):
            job = self._plane.state.jobs[known.job]
            ending = [*change.yielding, *change.gone]
            now_ending, room = ending[:room], max(0, room - len(ending))
            left = left or len(now_ending) < len(ending)
            size = change.size + len(ending) - len(now_ending)
            yielded = change.yielded - len(set(change.yielding).difference(now_ending))
            if not now_ending and not change.replaced and size == job.size and yielded == fleet.yielded:
                continue
            with self._plane.begin() as tx:
                for identity in now_ending:
                    self._end(tx, identity, known.partition.id, yields=identity in change.yielding)
                if size != job.size:
                    resize(self._plane, tx, job, size)
                if change.replaced:
                    self._replace(tx, change.replaced)
                if yielded != fleet.yielded:
                    tx.put(Yielded(known.partition.id, yielded))
            _log.info("partition", partition=known.partition.id, pods=size, ended=len(now_ending), queued=fleet.queued)
        return left

    def _end(self, tx: Transaction, identity: str, partition: str, *, yields: bool) -> None:
        """End a pod with its slot; its agent takes nothing more from now on, and gives back what it has."""
        instance = self._plane.state.instances[identity]
        self._retire(partition, instance.attempt)
        reason, why = StopReason.SCALED_DOWN, "its partition needs fewer pods"
        if yields:
            reason, why = StopReason.PREEMPTED, "its room goes to a partition of higher priority"
        stop_attempt(self._plane, tx, instance, reason, why, for_good=True)

    def _replace(self, tx: Transaction, identity: str) -> None:
        """End a pod's present Attempt; the next one is made by the configuration as it is now."""
        instance = self._plane.state.instances[identity]
        self._retire(self._plane.state.jobs[instance.job].template.labels[PARTITION], instance.attempt)
        stop_attempt(self._plane, tx, instance, StopReason.REPLACED, "its partition's configuration has changed")

    def _retire(self, partition: str, run: str) -> None:
        agents = self._plane.calls.agents
        for agent in agents.of(partition):
            if run and agent.run == run:
                agents.retire(agent.pod)

    # ---- what is heard of pods ---------------------------------------------------------------------------------

    def prepare(self, _tx: Transaction, job: Job, _instance: Instance, run: Run) -> Sequence[Run]:
        """Give the Run of an agent and, when its worker has an image of its own, that worker's."""
        fleet = self._fleets.get(job.id)
        if fleet is None or fleet.beside is None:
            return (run,)
        spec = _mounted_from(fleet.beside, run.id)
        worker = Run(
            id=self._plane.ids.fresh(),
            door=run.door,
            pool=run.pool,
            spec=spec,
            amounts={},
            created_at=run.created_at,
            job=run.job,
            parent=run.id,
            priority=run.priority,
            labels=run.labels,
            grace=fleet.grace,
            absence=run.absence,
        )
        return (msgspec.structs.replace(run, tree_amounts=run.amounts), worker)

    def judge(self, _tx: Transaction, job: Job, _instance: Instance, run: Run, ending: Ending) -> Ending:
        """Say once that a partition's workers fail, and count no replacement as a failure."""
        stopped = run.stop.reason if run.stop is not None else None
        if stopped is StopReason.REPLACED:
            return msgspec.structs.replace(ending, verdict=Verdict.RETURNED)
        failed = ending.verdict is not Verdict.SUCCESS if stopped is None else stopped is StopReason.STUCK
        ran_for = ending.at - ending.started_at if ending.started_at else 0
        if is_steady(job.retry, ran_for):
            self._failing.discard(job.id)
        elif failed and job.id not in self._failing:
            self._failing.add(job.id)
            reason = run.stop.message if run.stop is not None else ending.error
            _log.warning("pods of a partition fail", partition=job.template.labels.get(PARTITION, ""), reason=reason)
        return ending

    def on_run(self, tx: Transaction, _old: Run | None, new: Run) -> None:
        """Decide anew when a pod's Run changes."""
        if new.ended and new.node:
            self._calm_since = tx.now
        self.want()

    def on_pause(self, _tx: Transaction, _job: Job, _instance: Instance, _run_id: str, _pause: Micros) -> None:
        """Hear nothing new: the Run's end was told."""

    def on_instance(self, _tx: Transaction, _job: Job, _instance: Instance) -> None:
        """Decide anew when a pod's slot is gone."""
        self.want()

    def on_job(self, _tx: Transaction, _old: Job, _new: Job) -> None:
        """Hear nothing new: fleets neither stop nor finish, they are retired."""

    def _on_run(self, tx: Transaction, _old: Run, run: Run) -> None:
        """End the agent of a worker that has ended beside it: its Job makes both anew."""
        if not run.ended or run.door != DOOR or not run.parent:
            return
        agent = self._plane.state.runs.get(run.parent)
        if agent is not None and not agent.ended and agent.stop is None and agent.state is not RunState.WAITING:
            message = run.outcome.message if run.outcome is not None else ""
            order = StopOrder(StopReason.STUCK, tx.now, agent.grace, f"its worker ended: {message}")
            order_stop(self._plane, tx, agent, order)


def _mounted_from(spec: RunSpec, agent: str) -> RunSpec:
    """Give a worker's spec with the folders that it shares lying in the sandbox of its agent."""
    assert spec.container is not None
    mounts = tuple(
        mount if mount.source.startswith("/") else msgspec.structs.replace(mount, run=agent)
        for mount in spec.container.mounts
    )
    return msgspec.structs.replace(spec, container=msgspec.structs.replace(spec.container, mounts=mounts))
