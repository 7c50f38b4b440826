"""What must hold after every step, whatever was broken."""

from __future__ import annotations

from collections import Counter

from simulation.followed import Followed
from simulation.goals import check_ends, check_goals, unreached

from portico.control.jobs.catalogue import kind_id
from portico.domain.jobs import INSTANCE_LIFE, Instance, InstanceState, JobMode
from portico.domain.resources import count_ports, merge_ports
from portico.domain.runs import Run, RunState
from portico.domain.slices import sums

WALK = 50
"""Steps between two walks over everything."""


class Invariants:
    """Looks at the world from outside, and remembers what it was told."""

    def __init__(self, world):
        self._world = world
        self._processes = {}
        self._attempts = {}
        self._starts = Counter()
        self._final = {}
        self._final_runs = {}
        self._cancelled = {}
        self._told = {}
        self._seen = {}
        self._watched = {}
        self._unchecked = {}
        self._written = {}
        self._settled = set()
        self._followed = Followed()
        self._shown = None
        self._checks = 0

    # ---- what is heard -----------------------------------------------------------------------------------------

    def control_started(self, plane):
        self._watched = {}
        self._unchecked = {}
        self._seen = {plane: plane.committer.durable}
        self._followed = Followed()
        self._followed.join(plane.state)

    def after_write(self, changes):
        for change in changes:
            self._written[change.table, change.id] = change.body

    def saw(self, plane, event):
        assert event.revision > self._seen.get(plane, 0), "a watcher saw a revision twice or out of order"
        assert event.revision <= plane.committer.durable, "a watcher saw what is not durable"
        self._seen[plane] = event.revision
        self._watched[event.table, event.id] = event.record
        self._unchecked[event.table, event.id] = event.record
        if isinstance(event.record, Instance):
            self._take_final(event.record)
        elif isinstance(event.record, Run) and event.record.ended:
            known = self._final_runs.setdefault(event.id, event.record)
            assert known == event.record, f"an ended Run changed: {known} -> {event.record}"

    def _take_final(self, instance):
        if instance.ended:
            key = (instance.id, instance.generation)
            known = self._final.setdefault(key, instance)
            assert known == instance, f"an ended generation changed: {known} -> {instance}"

    def process_started(self, order):
        key = (order.run, order.token)
        self._starts[key] += 1
        assert self._starts[key] == 1, f"Run {key} was started twice"
        assert order.run not in self._processes, f"Run {order.run} has two live processes"
        row = self._world.store.reader().get("runs", order.run)
        assert row is not None, f"Run {order.run} was launched before it was durable"
        run = self._run(row)
        assert run.token >= order.token, f"Run {order.run} was launched before its claim was durable"
        self._processes[order.run] = run.instance
        self._check_attempts(run)
        self._attempts.setdefault(run.instance, set()).add(run.id)

    def process_ended(self, run):
        self._attempts[self._processes.pop(run)].remove(run)

    def forgotten(self, identity, token):
        """A node lets go of an end only when control has it on disk."""
        run = self._run(self._world.store.reader().get("runs", identity))
        assert run.ended or run.token > token, f"the end of Run {identity} was forgotten before it was durable"

    def _check_attempts(self, run):
        """No two live processes of one instance on nodes that control can speak to."""
        if not run.instance or self._world.plane is None:
            return
        for other in self._attempts.get(run.instance, ()):
            record = self._find_run(other)
            assert record.ended, f"instance {run.instance} has two live attempts: {other} and {run.id}"
            assert record.state is RunState.LOST or record.stop is not None, (
                f"{other} runs on though it is {record.state}"
            )

    def cancelled(self, instance):
        self._cancelled[instance.id] = instance.generation

    def told(self, instance):
        self._take_final(instance)
        before = self._told.get(instance.id)
        if before is not None and before.generation == instance.generation:
            assert instance.attempts >= before.attempts, "attempts went backwards"
        self._told[instance.id] = instance

    # ---- what is looked at after each step -----------------------------------------------------------------------

    def check(self, *, walk=False):
        """Judge what has changed; everything, with a walk, once in a while, and after each start."""
        plane = self._world.plane
        if plane is None:
            return
        assert not plane.committer.failed.is_set()
        self._checks += 1
        if walk or self._checks % WALK == 0:
            self._followed.compare(plane.state)
        self._check_claims(plane)
        self._check_offers(plane)
        check_goals(plane, self._world.door, self._followed)
        self._check_answers(plane)
        self._check_watch(plane)

    def _check_claims(self, plane):
        """A node is looked at when it or a Claim on it has changed, and all when the mirror has, for whatever reason."""
        followed, capacity = self._followed, plane.capacity
        for identity in followed.changed_runs:
            run = followed.runs.get(identity)
            if run is not None and run.claim is not None:
                assert sums(run.claim.slices) == {kind: amount for kind, amount in run.amounts.items() if amount}
        shown = (capacity.matrix.free.tobytes(), [capacity.labelled.free(name) for name in plane.state.nodes])
        names = followed.changed_nodes if shown == self._shown else {*followed.changed_nodes, *followed.claimed}
        self._shown, followed.changed_nodes = shown, set()
        for name in names:
            if name in followed.claimed:
                self._check_node(plane, name)
        assert capacity.allocation == followed.pools.books, "pool accounts differ from claims"

    def _check_node(self, plane, name):
        free = Counter()
        for piece in plane.state.nodes[name].capacity:
            free[piece.kind, piece.label] += piece.amount
        free.subtract(self._followed.space.books.get(name, {}))
        assert all(amount >= 0 for amount in free.values()), f"node {name} is over-claimed: {free}"
        shown = {(piece.kind, piece.label): piece.amount for piece in plane.capacity.free_slices(name)}
        assert shown == {key: amount for key, amount in free.items() if amount}, "the mirror differs"
        claims = [self._followed.runs[run].claim for run in self._followed.claimed[name]]
        ports = [piece for claim in claims for piece in claim.ports]
        assert count_ports(merge_ports(ports)) == count_ports(ports), f"ports of node {name} are claimed twice"

    def _check_offers(self, plane):
        book = plane.offers.book
        for index in (book.by_node, book.by_bidder):
            assert sum(len(group) for group in index.values()) == len(book.offers), "an index of offers differs"
        for bidder, offers in book.by_bidder.items():
            assert plane.offers.bidding.bidders[bidder].active, f"{bidder} is away and has offers: {offers}"
        assert plane.offers.bidding.allocated == self._followed.seats.books, "bidders are charged what they do not have"

    def _check_answers(self, plane):
        reader = self._world.store.reader()
        for identity in self._world.answered.keys() - self._settled:
            if identity in plane.state.instances:
                continue
            row = reader.get("instances", identity)
            assert row is not None, f"instance {identity} was answered and is gone"
            assert plane.state.tables["instances"].load(row).ended, f"instance {identity} has left memory unfinished"
            self._settled.add(identity)

    def _check_watch(self, plane):
        unchecked, self._unchecked = self._unchecked, {}
        for (table, identity), record in unchecked.items():
            current = plane.state.records[table].get(identity)
            if current is None or record is None:
                continue
            body = self._written.get((table, identity))
            assert body == plane.state.tables[table].encode(record), "a watcher's last word is not the durable one"

    # ---- the end -------------------------------------------------------------------------------------------------

    def quiet(self):
        plane = self._world.plane
        if plane is None:
            return False
        busy = [
            instance
            for instance in plane.state.instances.values()
            if not instance.ended
            and instance.job != kind_id("cron")
            and plane.state.jobs[instance.job].mode is not JobMode.SERVICE
        ]
        durable = plane.committer.durable == plane.committer.revision
        return durable and not busy and not unreached(plane) and self._told_apart(plane) == []

    def _told_apart(self, plane):
        """Runs about which control and the nodes do not agree (for a moment, while a report is under way)."""
        running = {run.id for run in plane.state.runs.values() if run.state is RunState.RUNNING}
        live = {run.id for run in plane.state.runs.values()}
        return [run for run in running if run not in self._processes] + [
            run for run in self._processes if run not in live
        ]

    def check_quiet(self):
        plane = self._world.plane
        assert self.quiet(), (
            f"left over: {self._leftovers(plane)}, not agreed on: {self._told_apart(plane)}, {unreached(plane)}"
        )
        check_ends(plane, self._world.door.created)
        reader = self._world.store.reader()
        for identity in self._world.answered:
            instance = plane.state.tables["instances"].load(reader.get("instances", identity))
            assert instance.state in INSTANCE_LIFE.final, f"{identity} never ended: {instance}"
            if self._cancelled.get(identity) == instance.generation:
                assert instance.state in {InstanceState.CANCELLED, InstanceState.SUCCEEDED}, f"{instance} ran on"

    def _leftovers(self, plane):
        if plane is None:
            return "control is down"
        return [i for i in plane.state.instances.values() if not i.ended and not i.recurring][:3]

    def _run(self, row):
        return self._world.tables_run.load(row)

    def _find_run(self, identity):
        plane = self._world.plane
        found = plane.state.runs.get(identity) if plane is not None else None
        if found is not None:
            return found
        row = self._world.store.reader().get("runs", identity)
        return None if row is None else self._run(row)
