"""What control has in memory, followed change by change, so that a step is judged by what it touched.

It is told of each change as control's own indexes are, but keeps a memory of its own and never asks what was there
before. One that has only walked over everything must at any time equal one that has followed.
"""

from __future__ import annotations

from collections import Counter

from portico.domain.jobs import InstanceState
from portico.domain.runs import RunState
from portico.domain.slices import normalise

SLOTTED = (InstanceState.PENDING, InstanceState.RUNNING)


class Sums:
    """Amounts by key; what is zero is not kept."""

    def __init__(self):
        self.books = {}

    def enter(self, key, amounts, sign):
        book = self.books.setdefault(key, {})
        for kind, amount in amounts.items():
            left = book.get(kind, 0) + sign * amount
            if left:
                book[kind] = left
            else:
                book.pop(kind, None)
        if not book:
            del self.books[key]


class Followed:
    """Live Runs and unfinished Instances, what they hold, and what of everything has changed since the last look."""

    def __init__(self):
        self.runs = {}
        self.instances = {}
        self.claimed = {}
        self.attempts = {}
        self.children = {}
        self.of_job = {}
        self.space = Sums()
        self.pools = Sums()
        self.seats = Sums()
        self.active = Counter()
        self.starting = Counter()
        self.changed_nodes = set()
        self.changed_runs = set()
        self.changed_instances = set()
        self.changed_jobs = set()

    def join(self, state):
        """Be told of every change from now on, beginning with what is there."""
        for table, follow in self._followers():
            state.index(table, follow)

    def compare(self, state):
        """Walk over everything: it must be what was followed, and all of it counts as changed."""
        walked = Followed()
        for table, follow in walked._followers():
            for record in state.records[table].values():
                follow(None, record)
        assert walked._facts() == self._facts(), "something has changed that no index was told of"
        self.changed_nodes |= walked.changed_nodes
        self.changed_runs |= walked.changed_runs
        self.changed_instances |= walked.changed_instances
        self.changed_jobs |= walked.changed_jobs

    def _followers(self):
        return (("nodes", self._node), ("jobs", self._job), ("instances", self._instance), ("runs", self._run))

    def _facts(self):
        sums = (self.space.books, self.pools.books, self.seats.books)
        return self.runs, self.instances, self.claimed, self.attempts, self.children, sums, +self.active, +self.starting

    # ---- what is told ------------------------------------------------------------------------------------------

    def _node(self, old, new):
        self.changed_nodes.add((new or old).id)

    def _job(self, old, new):
        identity = (new or old).id
        self.changed_jobs.add(identity)
        self.changed_instances.update(self.of_job.get(identity, ()))

    def _instance(self, old, new):
        identity = (new or old).id
        before = self.instances.get(identity)
        after = new if new is not None and not new.ended else None
        _keep(self.instances, identity, after)
        told = ((before, -1), (after, 1))
        if before is not None and after is not None and (before.job, before.state) == (after.job, after.state):
            told = ()
            self.changed_jobs.add(after.job)
        for instance, sign in told:
            if instance is not None:
                self.changed_jobs.add(instance.job)
                _group(self.of_job, instance.job, identity, sign)
                self.active[instance.job] += sign * (instance.state in SLOTTED)
                self.starting[instance.job] += sign * (instance.state is InstanceState.PENDING)
        self.changed_instances.add(identity)
        self.changed_runs.update(self.attempts.get(identity, ()))

    def _run(self, old, new):
        identity = (new or old).id
        before = self.runs.get(identity)
        after = new if new is not None and not new.ended else None
        _keep(self.runs, identity, after)
        if before is None or after is None or _standing(before) != _standing(after):
            for run, sign in ((before, -1), (after, 1)):
                if run is not None:
                    self._count(run, sign)
        self.changed_runs.add(identity)
        self.changed_runs.update(self.children.get(identity, ()))

    def _count(self, run, sign):
        if run.instance:
            _group(self.attempts, run.instance, run.id, sign)
        if run.parent:
            _group(self.children, run.parent, run.id, sign)
        if run.claim is not None:
            self.changed_nodes.add(run.claim.node)
            _group(self.claimed, run.claim.node, run.id, sign)
            held = {(piece.kind, piece.label): piece.amount for piece in normalise(run.claim.slices)}
            self.space.enter(run.claim.node, held, sign)
            if run.state is not RunState.UNREACHABLE:
                self.pools.enter(run.pool, run.amounts, sign)
                if run.fixed:
                    self.seats.enter((run.job, run.pool), run.amounts, sign)


def _standing(run):
    """Give all of a Run that is counted; what is shared with the record before is compared at no cost."""
    unreachable = run.state is RunState.UNREACHABLE
    return run.claim, unreachable, run.amounts, run.pool, run.job, run.instance, run.parent, run.fixed


def _keep(records, identity, record):
    if record is None:
        records.pop(identity, None)
    else:
        records[identity] = record


def _group(groups, key, identity, sign):
    if sign > 0:
        groups.setdefault(key, {})[identity] = None
    else:
        del groups[key][identity]
        if not groups[key]:
            del groups[key]
