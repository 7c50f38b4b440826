"""The scheduling pass: entitlement admits, placement decides, one transaction claims and launches.

Promises: no node is over-claimed; a gang starts whole or not at all; within a pool lower priority numbers go first and
a group that does not fit its pool's entitlement holds back what comes after it.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster.capacity import WaitingGroup
from portico.control.jobs.listeners import tell_of_run
from portico.deciding.entitlement import PoolDemand, entitle, own_parts
from portico.deciding.placement import place
from portico.deciding.requests import Request, Strategy
from portico.deciding.slack import revocable_part
from portico.domain import constraints
from portico.domain.frames import Launch, LaunchOrder
from portico.domain.nodes import Pool, lineage, parent_path
from portico.domain.resources import Amounts, add, subtract
from portico.domain.runs import RUN_LIFE, Claim, Run, RunState
from portico.domain.slices import plain

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

MOST_PER_PASS = 2_000
PAUSE_BETWEEN_PASSES = 0.008
"""Seconds; a pass costs about half a millisecond however little it places, so under load they should be few."""


class Scheduling:
    """Runs a pass whenever something may have become placeable."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._wanted = asyncio.Event()

    def want(self) -> None:
        """Ask for a pass soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Make passes until cancelled; a short pause lets simultaneous requests share one."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self.make_pass():
                self._wanted.set()
            self._plane.offers.settle()
            await asyncio.sleep(PAUSE_BETWEEN_PASSES)

    def make_pass(self) -> bool:
        """Admit, place and launch what can be; tells whether more may fit at once."""
        plane = self._plane
        if not plane.capacity.anything_waiting or not plane.started:
            return False
        requests = self._admit()
        if not requests:
            return False
        plan = place(plane.capacity.matrix, requests)
        placed = 0
        with plane.begin() as tx:
            launches: dict[str, list[Run]] = {}
            for identity, node in plan.pairs():
                tree = [identity, *plane.members_waiting_with(identity)]
                launches.setdefault(node, []).extend(self._claim(tx, member, node) for member in tree)
                placed += 1
            for node, runs in launches.items():
                tx.after(lambda node=node, runs=runs: plane.gateway.launch(node, runs))  # type: ignore[misc]
        return placed >= MOST_PER_PASS

    def _claim(self, tx: Transaction, identity: str, node: str) -> Run:
        run = self._plane.state.runs[identity]
        ports = self._plane.capacity.take_ports(node, run.port_count) if run.port_count else ()
        state = run.state
        for step in (RunState.ADMITTED, RunState.PLACED, RunState.LAUNCHING):
            state = RUN_LIFE.advance(state, step)
        placed = msgspec.structs.replace(
            run,
            state=state,
            claim=Claim(node, plain(run.amounts), ports),
            token=run.token + 1,
            placed_at=tx.now,
        )
        tx.put(placed)
        tell_of_run(self._plane, tx, run, placed)
        return placed

    def _admit(self) -> list[Request]:
        capacity = self._plane.capacity
        rooms = self._rooms()
        budget = MOST_PER_PASS
        requests: list[Request] = []
        sizes: dict[str, int] = {}
        for pool in sorted(
            capacity.waiting_pools(), key=lambda path: _usage(rooms[path], capacity.allocation.get(path))
        ):
            room = rooms[pool]
            for group in capacity.waiting(pool):
                count = min(_times(room, group.amounts), len(group.runs), budget)
                sizes[group.gang] = group.gang_size
                if group.gang and count < len(group.runs):
                    count = 0
                if count > 0:
                    requests.append(_request(group, count))
                    room = subtract(room, {kind: amount * count for kind, amount in group.amounts.items()})
                    budget -= count
                if count < len(group.runs):
                    break
        return [request for request in requests if not request.gang or _whole(request.gang, requests, sizes)]

    def _rooms(self) -> dict[str, dict[str, int]]:
        """Give what each pool may still take: its own part of the entitlement less what it has."""
        capacity = self._plane.capacity
        demand = capacity.demand
        known = capacity.known_pools()
        for path, wish in self._plane.offers.wishes().items():
            demand = {**demand, path: add(demand.get(path, {}), wish)}
            known.update(lineage(path))
        tree = pool_tree(self._plane.state.pools, known, demand, capacity.allocation)
        own = own_parts(tree, entitle(tree, capacity.total))
        return {path: subtract(part, capacity.allocation.get(path, {})) for path, part in own.items()}


def pool_tree(
    pools: dict[str, Pool],
    known: set[str],
    demand: dict[str, dict[str, int]],
    allocation: dict[str, dict[str, int]],
) -> list[PoolDemand]:
    """Lay out the capacity tree: configured pools, those in use, and all above them.

    A pool reserves at least what its children do: a promise to a child binds everything above it.
    """
    paths = set(known)
    for path in pools:
        while path:
            paths.add(path)
            path = parent_path(path)  # noqa: PLW2901 — walks up
    nothing = Pool(id="")
    reserved = _reserved(pools)
    tree = []
    for path in sorted(paths):
        pool = pools.get(path, nothing)
        tree.append(
            PoolDemand(
                path=path,
                parent=parent_path(path) or None,
                reservation=reserved.get(path, pool.reservation),
                limit=pool.limit,
                share=pool.share,
                demand=demand.get(path, {}),
                allocation=allocation.get(path, {}),
            )
        )
    return tree


def _reserved(pools: dict[str, Pool]) -> dict[str, dict[str, int]]:
    """Give the reservations of all pools that have one or are above one, the longest paths first."""
    own = {path: pool.reservation for path, pool in pools.items() if pool.reservation}
    if not own:
        return {}
    below: dict[str, dict[str, int]] = {}
    reserved: dict[str, dict[str, int]] = {}
    paths = {above for path in own for above in lineage(path)}
    for path in sorted(paths, key=len, reverse=True):
        sums, stated = below.get(path, {}), own.get(path, {})
        reserved[path] = {kind: max(sums.get(kind, 0), stated.get(kind, 0)) for kind in (*sums, *stated)}
        if parent := parent_path(path):
            below[parent] = add(below.get(parent, {}), reserved[path])
    return reserved


def launch_frame(runs: list[Run]) -> Launch:
    """Say to a node what to start."""
    return Launch(
        tuple(
            LaunchOrder(
                run.id,
                run.token,
                run.spec,
                run.grace,
                ports=run.claim.ports if run.claim is not None else (),
                parent=run.parent,
                host=run.host,
                labels=run.labels,
                self_stop=run.absence.self_stop,
                adds=bool(run.anchor and run.amounts),
                revocable=run.claim is not None and bool(revocable_part(run.claim.slices)),
            )
            for run in runs
        )
    )


def _whole(gang: str, requests: list[Request], sizes: dict[str, int]) -> bool:
    """Tell whether every member of the gang is among the requests."""
    return sum(len(request.ids) for request in requests if request.gang == gang) >= sizes[gang]


def _times(room: Amounts, amounts: Amounts) -> int:
    fits = [room.get(kind, 0) // amount for kind, amount in amounts.items() if amount > 0]
    return min(fits) if fits else MOST_PER_PASS


def _usage(room: Amounts, allocation: Amounts | None) -> float:
    """Give the pool's dominant used part of what it may have; the least served pool goes first."""
    if not allocation:
        return 0.0
    parts = [
        amount / (amount + room.get(kind, 0)) for kind, amount in allocation.items() if amount + room.get(kind, 0) > 0
    ]
    return max(parts, default=1.0)


def _request(group: WaitingGroup, count: int) -> Request:
    amounts, ports, hard, soft, strategy, job, labels = group.shape
    ids = list(islice(group.runs, count))
    return Request(
        key=ids[0],
        ids=ids,
        amounts=dict(amounts),
        ports=ports,
        job=job,
        labels=dict(labels),
        hard=tuple(constraints.decode(item) for item in hard),
        soft=tuple(constraints.decode_soft(item) for item in soft),
        strategy=Strategy(strategy),
        gang=group.gang,
    )
