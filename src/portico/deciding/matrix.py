"""The cluster as matrices: what every node has, what of it is free, and what is counted on it.

Owns the layout that placement works on. Its owner keeps it up to date change by change; every change costs the
same whatever the size of the cluster. It is a view of the ledger: `charge` counts what was accepted, even above
what is free (a node may have shrunk), so ask `fits` first.

Promises: a node keeps its row until it is removed; a released charge leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from portico.deciding.columns import AttributeColumn, SparseCounts
from portico.domain.errors import AlreadyExists, Conflict, NotFound
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from portico.deciding.columns import Bools, Ints
    from portico.domain.resources import Amounts

HOSTNAME = "hostname"
_KINDS = (CPUS, MEM, DISK, GPUS, NETWORK)
_FIRST_ROWS = 16

Scalar = TypeVar("Scalar", bound=np.generic)


class ClusterMatrix:
    """Rows are nodes, columns are resource kinds; amounts are int64 thousandths, kinds are added as they appear.

    Matrices keep each kind contiguous. Rows of removed nodes stay, unschedulable, until a new node takes them.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {kind: column for column, kind in enumerate(_KINDS)}
        self.attributes: dict[str, AttributeColumn] = {}
        self.labels: SparseCounts[tuple[str, str]] = SparseCounts()
        self.jobs: SparseCounts[str] = SparseCounts()
        self.exclusives: SparseCounts[str] = SparseCounts()
        self._ids: list[str | None] = []
        self._row_of: dict[str, int] = {}
        self._spare_rows: list[int] = []
        self._free = np.zeros((_FIRST_ROWS, len(_KINDS)), dtype=np.int64, order="F")
        self._total = np.zeros((_FIRST_ROWS, len(_KINDS)), dtype=np.int64, order="F")
        self._ports = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self._total_ports = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self._schedulable = np.zeros(_FIRST_ROWS, dtype=np.bool_)
        self._runs = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self._exclusive_runs = np.zeros(_FIRST_ROWS, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, node: str) -> bool:
        return node in self._row_of

    @property
    def rows(self) -> int:
        """How many rows are laid out, spare ones included."""
        return len(self._ids)

    @property
    def node_ids(self) -> list[str | None]:
        """Node ids by row; None where the row is spare."""
        return self._ids.copy()

    @property
    def free(self) -> Ints:
        """Free amounts [row, kind]; negative where more is charged than the node still has."""
        return self._free[: self.rows]

    @property
    def total(self) -> Ints:
        """Amounts each node has [row, kind]."""
        return self._total[: self.rows]

    @property
    def ports(self) -> Ints:
        """Free dynamic ports by row."""
        return self._ports[: self.rows]

    @property
    def schedulable(self) -> Bools:
        """Whether the row may take new runs."""
        return self._schedulable[: self.rows]

    @property
    def runs(self) -> Ints:
        """Charges counted on each row."""
        return self._runs[: self.rows]

    @property
    def exclusive_runs(self) -> Ints:
        """Those of them that keep other jobs away."""
        return self._exclusive_runs[: self.rows]

    def row(self, node: str) -> int:
        """The row of a node; raises NotFound."""
        row = self._row_of.get(node)
        if row is None:
            raise NotFound(f"no node {node}")
        return row

    def add_node(
        self,
        node: str,
        total: Amounts,
        *,
        ports: int = 0,
        attributes: Mapping[str, str] | None = None,
        schedulable: bool = True,
    ) -> int:
        """Lay out a node and answer its row; its hostname is its id unless an attribute says otherwise."""
        if node in self._row_of:
            raise AlreadyExists(f"node {node} is there already")
        if self._spare_rows:
            row = self._spare_rows.pop()
            self._ids[row] = node
        else:
            row = len(self._ids)
            if row == len(self._ports):
                self._grow(2 * row)
            self._ids.append(node)
        self._row_of[node] = row
        self.set_total(node, total, ports=ports)
        self.set_attributes(node, attributes or {})
        self._schedulable[row] = schedulable
        return row

    def remove_node(self, node: str) -> None:
        """Forget a node; raises Conflict while runs are charged to it."""
        row = self.row(node)
        if self._runs[row]:
            raise Conflict(f"node {node} still has {self._runs[row]} runs")
        for column in self.attributes.values():
            column.put(row, None)
        self._schedulable[row] = False
        for matrix in (self._free, self._total, self._ports, self._total_ports):
            matrix[row] = 0
        del self._row_of[node]
        self._ids[row] = None
        self._spare_rows.append(row)

    def set_schedulable(self, node: str, *, schedulable: bool) -> None:
        """Open or close a node for new runs."""
        self._schedulable[self.row(node)] = schedulable

    def set_attributes(self, node: str, attributes: Mapping[str, str]) -> None:
        """Replace all attributes of a node."""
        row = self.row(node)
        wanted = {HOSTNAME: node, **attributes}
        for name in wanted.keys() - self.attributes.keys():
            self.attributes[name] = AttributeColumn(len(self._ports))
        for name, column in self.attributes.items():
            column.put(row, wanted.get(name))

    def set_total(self, node: str, total: Amounts, *, ports: int) -> None:
        """Replace a node's size; what is charged stays charged."""
        row = self.row(node)
        for kind in total:
            self._column(kind)
        for kind, column in self.kinds.items():
            amount = total.get(kind, 0)
            self._free[row, column] += amount - self._total[row, column]
            self._total[row, column] = amount
        self._ports[row] += ports - self._total_ports[row]
        self._total_ports[row] = ports

    def set_free_ports(self, node: str, count: int) -> None:
        """Say how many dynamic ports of a node are free, where that does not follow from its size."""
        self._ports[self.row(node)] = count

    def fits(self, node: str, amounts: Amounts, *, ports: int = 0) -> bool:
        """Tell whether the node has this much free now."""
        row = self.row(node)
        for kind, amount in amounts.items():
            column = self.kinds.get(kind)
            if amount > 0 and (column is None or self._free[row, column] < amount):
                return False
        return ports <= 0 or bool(self._ports[row] >= ports)

    def charge(
        self,
        node: str,
        amounts: Amounts,
        *,
        ports: int = 0,
        labels: Mapping[str, str] | None = None,
        job: str = "",
        exclusive: bool = False,
    ) -> None:
        """Count one run on a node."""
        row = self.row(node)
        for kind, amount in amounts.items():
            column = self._column(kind)
            self._free[row, column] -= amount
        self._ports[row] -= ports
        self._runs[row] += 1
        for label in (labels or {}).items():
            self.labels.add(label, row)
        if job:
            self.jobs.add(job, row)
        if exclusive:
            self._exclusive_runs[row] += 1
            self.exclusives.add(job, row)

    def release(
        self,
        node: str,
        amounts: Amounts,
        *,
        ports: int = 0,
        labels: Mapping[str, str] | None = None,
        job: str = "",
        exclusive: bool = False,
    ) -> None:
        """Take back one charge, with the same words; raises Conflict for a label or job that is not counted there."""
        row = self.row(node)
        if not self._runs[row]:
            raise Conflict(f"node {node} has no runs")
        for label in (labels or {}).items():
            self.labels.remove(label, row)
        if job:
            self.jobs.remove(job, row)
        if exclusive:
            self.exclusives.remove(job, row)
            self._exclusive_runs[row] -= 1
        for kind, amount in amounts.items():
            column = self._column(kind)
            self._free[row, column] += amount
        self._ports[row] += ports
        self._runs[row] -= 1

    def _column(self, kind: str) -> int:
        column = self.kinds.get(kind)
        if column is None:
            column = len(self.kinds)
            self.kinds[kind] = column
            blank = np.zeros((len(self._ports), 1), dtype=np.int64)
            self._free = np.asfortranarray(np.hstack([self._free, blank]))
            self._total = np.asfortranarray(np.hstack([self._total, blank]))
        return column

    def _grow(self, rows: int) -> None:
        self._free = _taller(self._free, rows)
        self._total = _taller(self._total, rows)
        self._ports = _longer(self._ports, rows)
        self._total_ports = _longer(self._total_ports, rows)
        self._schedulable = _longer(self._schedulable, rows)
        self._runs = _longer(self._runs, rows)
        self._exclusive_runs = _longer(self._exclusive_runs, rows)
        for column in self.attributes.values():
            column.grow(rows)


def _taller(matrix: Ints, rows: int) -> Ints:
    """The same matrix with zero rows added, each kind still contiguous."""
    grown = np.zeros((rows, matrix.shape[1]), dtype=np.int64, order="F")
    grown[: len(matrix)] = matrix
    return grown


def _longer(vector: NDArray[Scalar], rows: int) -> NDArray[Scalar]:
    """The same vector with zeros added."""
    grown = np.zeros(rows, dtype=vector.dtype)
    grown[: len(vector)] = vector
    return grown
