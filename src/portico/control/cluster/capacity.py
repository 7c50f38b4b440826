"""What is free, what waits, and what each pool has: the mirror of the ledger that scheduling reads.

An index over runs, nodes and volumes: it changes only as their records change, at a cost that does not grow with the
cluster. Placement sees the plain part of every node only; what carries a label is kept in a ledger of its own.
Promises: every Run with a Claim is charged exactly once, to its node and (while reachable) to its pool; revocable
space, which is lent beyond the size of the cluster, is charged to no pool.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from portico.control.cluster.labelled import LabelledLedger
from portico.control.cluster.offer_book import enter
from portico.deciding.matrix import HOSTNAME, ClusterMatrix
from portico.deciding.slack import revocable_part
from portico.domain.constraints import Attribute, decode, demands_exclusive, encode
from portico.domain.nodes import ROOT_POOL, Node, NodeState, lineage
from portico.domain.reservations import LabelledPorts, label_ports
from portico.domain.resources import Amounts, Ports, add, merge_ports, remove_ports, subtract, take_ports
from portico.domain.runs import Run, RunState
from portico.domain.slices import Slices, normalise, plain, plain_sums, sums
from portico.domain.volumes import Volume

Shape = tuple[
    tuple[tuple[str, int], ...], int, tuple[bytes, ...], tuple[bytes, ...], str, str, tuple[tuple[str, str], ...]
]


def shape_of(run: Run, node: str = "") -> Shape:
    """Give what placement needs to know of a Run, bound to `node` if one is named; equal shapes are interchangeable."""
    job = run.job if run.hard or run.soft else ""
    bound = (encode(Attribute(HOSTNAME, (node,))),) if node else ()
    return (
        tuple(sorted(wanted(run).items())),
        run.port_count,
        run.hard + bound,
        run.soft,
        run.strategy,
        job,
        tuple(sorted(run.labels.items())),
    )


def wanted(run: Run) -> Amounts:
    """Give what must be free for a Run to start: its own amounts, or those of its whole tree."""
    return run.tree_amounts or run.amounts


MOST_FORMS = 4_096
"""Kept forms of what is free on nodes; most nodes of a cluster are of few sizes, and many of them are empty or full."""


class WaitingGroup:
    """Waiting Runs of one pool, priority, gang and shape, oldest first."""

    __slots__ = ("amounts", "first", "gang", "gang_size", "place", "priority", "runs", "shape")

    def __init__(self, run: Run, key: tuple[int, str, Shape], first: int) -> None:
        self.place = (run.pool, key)
        """Where it stands among the others: one value for all its Runs, of which there may be very many."""
        self.shape = key[2]
        self.gang = run.gang
        self.amounts = wanted(run)
        self.gang_size = run.gang_size
        self.priority = run.priority
        self.first = first
        self.runs: dict[str, None] = {}


class Capacity:
    """One per server; `find` gives a live Run by id.

    `touched` collects the nodes on which what is free has changed, and whether there may be more of it.
    """

    def __init__(self, find: Callable[[str], Run | None]) -> None:
        self._find = find
        self.matrix = ClusterMatrix()
        self.labelled = LabelledLedger()
        self.touched: dict[str, bool] = {}
        self.demand: dict[str, dict[str, int]] = {}
        self.allocation: dict[str, dict[str, int]] = {}
        self._free_ports: dict[str, Ports] = {}
        self._free_forms: dict[bytes, tuple[dict[str, int], Slices]] = {}
        self._waiting: dict[str, dict[tuple[int, str, Shape], WaitingGroup]] = {}
        self._keys: dict[str, tuple[str, tuple[int, str, Shape]]] = {}
        self._connected: set[str] = set()
        self._order = itertools.count()
        self.total: dict[str, int] = {}

    # ---- as an index -------------------------------------------------------------------------------------------

    def on_run(self, old: Run | None, new: Run | None) -> None:
        """Follow a change of a Run."""
        if old is not None and new is not None and old.job != new.job:  # constraints count it for its Job
            self.on_run(old, None)
            self.on_run(None, new)
            return
        was_waiting = old is not None and old.state is RunState.WAITING
        is_waiting = new is not None and new.state is RunState.WAITING
        if was_waiting and not is_waiting:
            assert old is not None
            self._leave_queue(old)
        elif is_waiting and not was_waiting:
            assert new is not None
            self._join_queue(new)
        was_on = old is not None and old.claim is not None and not old.ended
        is_on = new is not None and new.claim is not None and not new.ended
        if was_on and not is_on:
            assert old is not None
            self._account(old, taken=False)
        elif is_on and not was_on:
            assert new is not None
            self._account(new, taken=True)
        was_paid = was_on and old is not None and old.state is not RunState.UNREACHABLE
        is_paid = is_on and new is not None and new.state is not RunState.UNREACHABLE
        if was_paid and not is_paid:
            assert old is not None
            enter(self.allocation, old.pool, _charged(old), -1)
        elif is_paid and not was_paid:
            assert new is not None
            enter(self.allocation, new.pool, _charged(new), 1)

    def on_node(self, old: Node | None, new: Node | None) -> None:
        """Follow a change of a node."""
        changed = new or old
        assert changed is not None
        self.touched[changed.id] = True
        if new is None:
            if old is not None and old.id in self.matrix:
                self.matrix.remove_node(old.id)
                self.labelled.remove_node(old.id)
                del self._free_ports[old.id]
                self._count_total(sums(old.capacity), {})
        elif new.id not in self.matrix:
            self.labelled.set_node(new.id, new.capacity, new.reserved_ports)
            self.matrix.add_node(
                new.id,
                plain_sums(new.capacity),
                ports=self.labelled.count_plain(new.id, new.ports),
                attributes=new.attributes,
            )
            self._free_ports[new.id] = new.ports
            self._count_total({}, sums(new.capacity))
            self._open_or_close(new)
        else:
            if old is None or _size(old) != _size(new):
                self._resize(old, new)
            if old is None or old.attributes != new.attributes:
                self.matrix.set_attributes(new.id, new.attributes)
            self._open_or_close(new)

    def on_volume(self, old: Volume | None, new: Volume | None) -> None:
        """Follow a change of a volume."""
        self.labelled.on_volume(old, new)
        changed = new or old
        assert changed is not None
        self.touched[changed.node] = True

    def connect(self, node: Node, *, connected: bool) -> None:
        """Note whether the node's agent can be spoken to; without that it gets no placements."""
        if connected:
            self._connected.add(node.id)
        else:
            self._connected.discard(node.id)
        if node.id in self.matrix:
            self.touched[node.id] = True
            self._open_or_close(node)

    def lend(self, node: str, slices: Slices) -> None:
        """Replace what revocable space a node has beyond its size."""
        self.labelled.lend(node, slices)
        self.touched[node] = True

    # ---- for scheduling ----------------------------------------------------------------------------------------

    @property
    def anything_waiting(self) -> bool:
        """Tell whether any Run waits in any pool."""
        return bool(self._waiting)

    def waiting(self, pool: str) -> list[WaitingGroup]:
        """Give a pool's waiting groups: lower priority numbers first, then in order of arrival."""
        return sorted(self._waiting.get(pool, {}).values(), key=lambda group: (group.priority, group.first))

    def waiting_pools(self) -> list[str]:
        """Name the pools in which something waits."""
        return list(self._waiting)

    def take_ports(self, node: str, count: int) -> Ports:
        """Choose the lowest free unreserved ports of a node; they are charged when the Run's record says so."""
        return take_ports(self.labelled.plain_ports(node, self._free_ports[node]), count)[0]

    def known_pools(self) -> set[str]:
        """Name every pool that has Runs waiting, demand or allocation, and all pools above them."""
        pools = {ROOT_POOL}
        for path in itertools.chain(self._waiting, self.demand, self.allocation):
            pools.update(lineage(path))
        return pools

    # ---- for offers --------------------------------------------------------------------------------------------

    def free_slices(self, node: str) -> Slices:
        """Give what of a node no Claim holds, label by label; a shared volume is always whole."""
        free = self._free(node)[1]
        labelled = self.labelled.free(node)
        return normalise((*free, *labelled)) if labelled else free

    def free_plain(self, node: str) -> dict[str, int]:
        """Give the unlabelled part of it; negative where the node has shrunk below its Claims."""
        return self._free(node)[0].copy()

    def free_ports(self, node: str) -> LabelledPorts:
        """Give the port ranges of a node that no Claim holds, by reservation."""
        return label_ports(self._free_ports[node], self.labelled.reserved_ports(node))

    # ---- within ------------------------------------------------------------------------------------------------

    def _free(self, node: str) -> tuple[dict[str, int], Slices]:
        """Give the unlabelled free part of a node in two forms, made once for all nodes with as much."""
        row = self.matrix.free[self.matrix.row(node)]
        key = row.tobytes()
        found = self._free_forms.get(key)
        if found is None:
            values = row.tolist()
            amounts = {kind: values[column] for kind, column in self.matrix.kinds.items() if values[column]}
            if len(self._free_forms) >= MOST_FORMS:
                self._free_forms.clear()
            found = self._free_forms[key] = amounts, plain(amounts)
        return found

    def _join_queue(self, run: Run) -> None:
        node = ""
        if run.anchor:
            anchor = self._find(run.anchor)
            if anchor is None or not anchor.node:
                return  # it starts together with its anchor
            node = anchor.node
        shape = shape_of(run, node)
        key = (run.priority, run.gang, shape)
        groups = self._waiting.setdefault(run.pool, {})
        group = groups.get(key)
        if group is None:
            group = groups[key] = WaitingGroup(run, key, next(self._order))
        group.runs[run.id] = None
        self._keys[run.id] = group.place
        enter(self.demand, run.pool, wanted(run), 1)

    def _leave_queue(self, run: Run) -> None:
        pool, key = self._keys.pop(run.id, ("", None))
        if key is None:
            return
        groups = self._waiting[pool]
        group = groups[key]
        del group.runs[run.id]
        if not group.runs:
            del groups[key]
            if not groups:
                del self._waiting[pool]
        enter(self.demand, pool, wanted(run), -1)

    def _account(self, run: Run, *, taken: bool) -> None:
        claim = run.claim
        assert claim is not None
        job, exclusive = _standing(run)
        account = self.matrix.charge if taken else self.matrix.release
        node = claim.node
        self.touched[node] = not taken or self.touched.get(node, False)
        account(
            node,
            plain_sums(claim.slices),
            ports=self.labelled.count_plain(node, claim.ports) if claim.ports else 0,
            labels=run.labels,
            job=job,
            exclusive=exclusive,
        )
        self.labelled.account(node, claim.slices, taken=taken)
        if claim.ports:
            free = self._free_ports[node]
            left = remove_ports(free, claim.ports) if taken else merge_ports((*free, *claim.ports))
            self._free_ports[node] = left

    def _resize(self, old: Node | None, new: Node) -> None:
        taken = remove_ports(old.ports, self._free_ports[new.id]) if old is not None else ()
        free = remove_ports(new.ports, taken)
        self.labelled.set_node(new.id, new.capacity, new.reserved_ports)
        self.matrix.set_total(new.id, plain_sums(new.capacity), ports=self.labelled.count_plain(new.id, new.ports))
        self.matrix.set_free_ports(new.id, self.labelled.count_plain(new.id, free))
        self._free_ports[new.id] = free
        self._count_total(sums(old.capacity) if old is not None else {}, sums(new.capacity))

    def _open_or_close(self, node: Node) -> None:
        usable = node.id in self._connected and node.state is NodeState.READY
        self.matrix.set_schedulable(node.id, schedulable=usable)

    def _count_total(self, before: Amounts, after: Amounts) -> None:
        self.total = add(subtract(self.total, before), after)


def _size(node: Node) -> tuple[Slices, Ports, LabelledPorts]:
    return node.capacity, node.ports, node.reserved_ports


def _charged(run: Run) -> Amounts:
    """Give what of a Run its pool is charged for."""
    borrowed = revocable_part(run.claim.slices) if run.claim is not None else {}
    return subtract(run.amounts, borrowed) if borrowed else run.amounts


def _standing(run: Run) -> tuple[str, bool]:
    """Give the job that constraints count a Run for, and whether it keeps other jobs off its node."""
    if not run.hard and not run.soft:
        return "", False
    return run.job, demands_exclusive(decode(wish) for wish in run.hard)
