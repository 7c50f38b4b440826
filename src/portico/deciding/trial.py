"""The scratch state of one placement pass: what is free and counted if the plan so far were carried out.

Owns the copy. Promises: the cluster itself is only read, and taking back a step restores the state exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from portico.deciding.columns import Bools, Floats, Ints, Key, SparseCounts
    from portico.deciding.matrix import ClusterMatrix
    from portico.deciding.requests import Request

_Steps = list[tuple["Ints", "Ints"]]


class Trial:
    """A pass over the cluster as it was when the pass began."""

    def __init__(self, cluster: ClusterMatrix) -> None:
        self.cluster = cluster
        self.rows = cluster.rows
        self.schedulable: Bools = cluster.schedulable
        self.total: Ints = cluster.total
        self.free: Ints = cluster.free.copy(order="K")
        self.ports: Ints = cluster.ports.copy()
        self.runs: Ints = cluster.runs.copy()
        self.exclusive_runs: Ints = cluster.exclusive_runs.copy()
        self._sizes: Floats = np.where(self.total > 0, self.total, np.inf)
        self.load: Floats = self._load(slice(None))
        self._label_steps: dict[tuple[str, str], _Steps] = {}
        self._job_steps: dict[str, _Steps] = {}
        self._exclusive_steps: dict[str, _Steps] = {}

    def take(self, request: Request, rows: Ints, counts: Ints) -> None:
        """Put `counts` runs of the request on distinct rows."""
        self._count(request, rows, counts)

    def take_back(self, request: Request, rows: Ints, counts: Ints) -> None:
        """Undo a `take`."""
        self._count(request, rows, -counts)

    def label_counts(self, key: str, value: str) -> Ints:
        """Runs with the label on every row."""
        return self._counts(self.cluster.labels, self._label_steps, (key, value))

    def job_counts(self, job: str) -> Ints:
        """Runs of the job on every row."""
        return self._counts(self.cluster.jobs, self._job_steps, job)

    def barred(self, job: str) -> Bools | None:
        """Rows that another job has to itself; None when there are none at all."""
        if not self.exclusive_runs.any():
            return None
        barred: Bools = self.exclusive_runs > self._counts(self.cluster.exclusives, self._exclusive_steps, job)
        return barred

    def weight(self, request: Request) -> Floats:
        """By how much one run raises the load of every row; at least a little, so that weightless runs spread too."""
        weight = np.full(self.rows, 1e-4)
        for kind, amount in request.amounts.items():
            column = self.cluster.kinds.get(kind)
            if column is not None and amount > 0:
                np.maximum(weight, amount / self._sizes[:, column], out=weight)
        return weight

    def _count(self, request: Request, rows: Ints, counts: Ints) -> None:
        for kind, amount in request.amounts.items():
            if amount:
                self.free[rows, self.cluster.kinds[kind]] -= amount * counts
        self.ports[rows] -= request.ports * counts
        self.runs[rows] += counts
        step = (rows, counts)
        for label in request.labels.items():
            self._label_steps.setdefault(label, []).append(step)
        if request.job:
            self._job_steps.setdefault(request.job, []).append(step)
        if request.exclusive:
            self.exclusive_runs[rows] += counts
            self._exclusive_steps.setdefault(request.job, []).append(step)
        self.load[rows] = self._load(rows)

    def _counts(self, counted: SparseCounts[Key], steps: dict[Key, _Steps], key: Key) -> Ints:
        column = counted.column(key, self.rows)
        for rows, counts in steps.get(key, ()):
            column[rows] += counts
        return column

    def _load(self, rows: Ints | slice) -> Floats:
        """The dominant used share of the rows: the largest part of any kind that is taken."""
        load: Floats = ((self.total[rows] - self.free[rows]) / self._sizes[rows]).max(axis=1)
        return load
