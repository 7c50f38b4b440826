"""Fleets: queues of Calls, the workers that carry them out, leases and recalls.

A Call that is an Instance's Attempt lives in the Instance's row: `lease` numbers it, `worker` names who has it.
Promises: a lease is durable before its Call leaves; an answer under an old lease changes nothing; when a worker is
lost, the Call it had begun, or else the first it held, counts as tried, and the others go back to the queue uncounted;
a worker never holds more than it was given credit for.
"""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

import msgspec

from portico.control.calls.workers import Worker
from portico.control.cluster import runs
from portico.control.jobs.instances import Ending, Verdict, begin, end_attempt
from portico.domain.frames import CallEnd, CallKey, Calls, CallsReport, Invoke, Recall
from portico.domain.identity import Instant
from portico.domain.jobs import Instance, InstanceState, Job
from portico.domain.runs import Run, StopOrder, StopReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

MOST_AHEAD = 16
BRIEF = 5_000
"""Functions that take less than this many microseconds on average are sent ahead of their turn."""

_WEIGHT = 0.2


class Fleet:
    """One queue and its workers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.queue: list[tuple[int, int, str]] = []
        self.workers: dict[str, Worker] = {}
        self.pace: dict[str, float] = {}

    def ahead(self, function: str) -> int:
        """Give how many Calls a worker may hold while the head of the queue is to this function."""
        return MOST_AHEAD if self.pace.get(function, BRIEF) < BRIEF else 1

    def note_pace(self, function: str, micros: int) -> None:
        """Remember how long a function takes, as a moving average."""
        before = self.pace.get(function)
        self.pace[function] = micros if before is None else before + _WEIGHT * (micros - before)


class Fleets:
    """All fleets of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._order = itertools.count()
        self.fleets: dict[str, Fleet] = {}
        plane.run_listeners.append(self.on_run)

    def __getitem__(self, name: str) -> Fleet:
        fleet = self.fleets.get(name)
        if fleet is None:
            fleet = self.fleets[name] = Fleet(name)
        return fleet

    # ---- the queue ---------------------------------------------------------------------------------------------

    def enqueue(self, tx: Transaction, job: Job, instance: Instance) -> None:
        """Put a Call into its fleet's queue, and lease it at once when a worker is free."""
        fleet = self[job.template.fleet]
        heapq.heappush(fleet.queue, (instance.priority, next(self._order), instance.id))
        self.dispatch(tx, fleet)

    def dispatch(self, tx: Transaction, fleet: Fleet) -> None:
        """Lease queued Calls to workers that have credit, the least loaded first."""
        while fleet.queue:
            instance = self._head(fleet)
            if instance is None:
                return
            job = self._plane.state.jobs[instance.job]
            worker = min(
                (worker for worker in fleet.workers.values() if worker.open),
                key=lambda worker: len(worker.leased),
                default=None,
            )
            if worker is None or len(worker.leased) >= fleet.ahead(job.template.function):
                return
            entry = heapq.heappop(fleet.queue)
            tx.on_undo(lambda entry=entry: heapq.heappush(fleet.queue, entry))  # type: ignore[misc]
            self._lease(tx, worker, job, instance)

    def _head(self, fleet: Fleet) -> Instance | None:
        while fleet.queue:
            instance = self._plane.state.instances.get(fleet.queue[0][2])
            if instance is not None and instance.state is InstanceState.PENDING and not instance.worker:
                return instance
            heapq.heappop(fleet.queue)
        return None

    def _lease(self, tx: Transaction, worker: Worker, job: Job, instance: Instance) -> None:
        leased = msgspec.structs.replace(instance, lease=instance.lease + 1, worker=worker.run)
        tx.put(leased)
        worker.leased[leased.id] = leased.lease
        tx.on_undo(lambda: worker.forget(leased.id))
        call = Invoke(leased.id, leased.lease, job.template.function, leased.arguments)
        if not worker.outbox:
            tx.after(lambda: self._send(worker))
        worker.outbox.append(call)

    @staticmethod
    def _send(worker: Worker) -> None:
        calls = tuple(call for call in worker.outbox if worker.leased.get(call.call) == call.lease)
        worker.outbox.clear()
        if calls and worker.line is not None:
            worker.line.send(Calls(calls, worker.take_owed()))

    # ---- what workers say --------------------------------------------------------------------------------------

    def joined(self, tx: Transaction, worker: Worker, holding: Iterable[CallKey]) -> None:
        """Take a worker that has connected, or connected again: what it does not hold any more goes back."""
        fleet = self[worker.fleet]
        held = {key.call: key.lease for key in holding}
        for identity in self._plane.worker_instances[worker.run]:
            instance = self._plane.state.instances[identity]
            if held.get(identity) == instance.lease:
                worker.leased[identity] = instance.lease
                if identity == worker.running:
                    begin(self._plane, tx, instance, tx.now)
            else:
                self._give_back(tx, instance, "the worker came back without it")
        fleet.workers[worker.run] = worker
        stale = tuple(call for call, lease in held.items() if worker.leased.get(call) != lease)
        if stale and worker.line is not None:
            line = worker.line
            tx.after(lambda: line.send(Recall(stale)))
        self.dispatch(tx, fleet)

    def take(self, tx: Transaction, worker: Worker, report: CallsReport) -> None:
        """Take what a worker reports."""
        for end in report.ended:
            self._ended(tx, worker, end)
        for key in report.begun:
            self._begun(tx, worker, key, report.begun_at)
        for key in report.returned:
            instance = self._leased(worker, key)
            if instance is not None:
                self._give_back(tx, instance, "returned")
        self.dispatch(tx, self[worker.fleet])

    def _leased(self, worker: Worker, key: CallKey | CallEnd) -> Instance | None:
        instance = self._plane.state.instances.get(key.call)
        if instance is None or instance.lease != key.lease or instance.worker != worker.run or instance.ended:
            return None
        return instance

    def _begun(self, tx: Transaction, worker: Worker, key: CallKey, at: Instant) -> None:
        instance = self._leased(worker, key)
        if instance is not None:
            worker.running = instance.id
            begin(self._plane, tx, instance, at)

    def _ended(self, tx: Transaction, worker: Worker, end: CallEnd) -> None:
        instance = self._leased(worker, end)
        if instance is None:
            return
        worker.leased.pop(end.call, None)
        if worker.running == end.call:
            worker.running = ""
        function = self._plane.state.jobs[instance.job].template.function
        self[worker.fleet].note_pace(function, end.ended_at - end.started_at)
        verdict = Verdict.SUCCESS if end.error is None else Verdict.FAILURE
        ending = Ending(verdict, end.ended_at, end.started_at, end.error, end.results, permanent=end.permanent)
        end_attempt(self._plane, tx, instance, ending)

    def _give_back(self, tx: Transaction, instance: Instance, why: str) -> None:
        """Take a Call from the worker that had it: a begun one is lost, another goes back to the queue."""
        plane = self._plane
        worker = self._worker(instance)
        if worker is not None:
            worker.leased.pop(instance.id, None)
        if instance.cancel:
            end_attempt(plane, tx, instance, Ending(Verdict.CANCELLED, tx.now))
        elif instance.state is InstanceState.RUNNING:
            end_attempt(plane, tx, instance, Ending(Verdict.FAILURE, tx.now, error=f"lost: {why}"))
        else:
            job = plane.state.jobs[instance.job]
            queued = msgspec.structs.replace(instance, worker="")
            tx.put(queued)
            self.enqueue(tx, job, queued)

    def _worker(self, instance: Instance) -> Worker | None:
        fleet = self[self._plane.state.jobs[instance.job].template.fleet]
        return fleet.workers.get(instance.worker)

    # ---- ends ---------------------------------------------------------------------------------------------------

    def cancel(self, tx: Transaction, _job: Job, instance: Instance) -> None:
        """Stop a cancelled Call: taken back if it has not begun, else its worker is ended."""
        worker = self._worker(instance)
        if not instance.worker:
            end_attempt(self._plane, tx, instance, Ending(Verdict.CANCELLED, tx.now))
        elif instance.state is InstanceState.RUNNING:
            self._end_worker(tx, instance, StopReason.CANCELLED, "a Call in it was cancelled")
        elif worker is not None and worker.line is not None:
            line = worker.line
            tx.after(lambda: line.send(Recall((instance.id,))))

    def on_deadline(self, identity: str) -> None:
        """End a Call that has run too long, with its worker."""
        plane = self._plane
        instance = plane.state.instances.get(identity)
        if instance is None or instance.state is not InstanceState.RUNNING or not instance.deadline:
            return
        if instance.deadline > plane.clock.now():
            return
        with plane.begin() as tx:
            self._end_worker(tx, instance, StopReason.HUNG, "a Call in it ran too long")
            timeout = plane.state.jobs[instance.job].template.timeout
            error = f"ran longer than its timeout of {timeout / 1_000_000:g} s"
            worker = self._worker(instance)
            if worker is not None:
                worker.leased.pop(instance.id, None)
                worker.open = False
            end_attempt(plane, tx, instance, Ending(Verdict.TIMED_OUT, tx.now, error=error))

    def _end_worker(self, tx: Transaction, instance: Instance, reason: StopReason, message: str) -> None:
        run = self._plane.state.runs.get(instance.worker)
        if run is None:
            return
        worker = self._worker(instance)
        if worker is not None:
            worker.open = False
        runs.order_stop(self._plane, tx, run, StopOrder(reason, tx.now, run.grace, message))

    def on_run(self, tx: Transaction, _old: Run, run: Run) -> None:
        """Hear of a change of a Run: when a worker's Run ends, what it had goes back or is lost."""
        if not run.ended:
            return
        held = self._plane.worker_instances[run.id]
        for fleet in self.fleets.values():
            worker = fleet.workers.pop(run.id, None)
            if worker is not None:
                worker.close()
                self._blame(tx, run, worker)
        for identity in held:
            instance = self._plane.state.instances.get(identity)
            if instance is not None and instance.worker == run.id:
                message = run.outcome.message if run.outcome is not None else ""
                self._give_back(tx, instance, f"its worker ended: {message}")

    def _blame(self, tx: Transaction, run: Run, worker: Worker) -> None:
        """Of a worker that died by itself, take the first Call it held for begun: workers tell only of lasting ones.

        Without this a function that kills its worker at once would be tried for ever.
        """
        first = next(iter(worker.leased), "")
        instance = self._plane.state.instances.get(first)
        if run.stop is None and not worker.running and instance is not None and instance.worker == run.id:
            begin(self._plane, tx, instance, tx.now)

    def rebuild(self, tx: Transaction) -> None:
        """After a restart: queue again every Call that no worker has."""
        state = self._plane.state
        for instance in list(state.instances.values()):
            job = state.jobs[instance.job]
            if not job.template.function or instance.state not in {InstanceState.PENDING, InstanceState.RUNNING}:
                continue
            if instance.worker and instance.worker in state.runs:
                if instance.deadline:
                    self._plane.timers.set(instance.deadline, "call_deadline", instance.id)
                continue
            self._give_back(tx, instance, "its worker ended while the server was down")
