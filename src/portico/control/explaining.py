"""Why a Run has no node yet: its pool, those before it, and each node, asked when someone wants to know.

Reads the same records as the scheduling pass and changes nothing. Promises: a Run that has been placed, or is over, has
no reasons; one that waits has at least one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster.capacity import shape_of, wanted
from portico.control.cluster.scheduling import pool_tree
from portico.control.queries import GetRun, Query
from portico.deciding.entitlement import entitle, own_parts
from portico.deciding.explaining import CLOSED, Reason, amount_text, explain
from portico.deciding.requests import Request, Strategy
from portico.domain import constraints
from portico.domain.events import Selector
from portico.domain.nodes import NodeState, lineage
from portico.domain.resources import Amounts, add, subtract
from portico.domain.runs import Run, RunState

if TYPE_CHECKING:
    from portico.control.cluster.capacity import WaitingGroup
    from portico.control.plane import Plane

PAUSE = 5.0

_STATES = {
    NodeState.DRAINING: "is being drained",
    NodeState.ABSENT: "is absent",
    NodeState.REMOVED: "was taken out of the configuration",
}


class ExplainRun(Query, frozen=True):
    """Why a Run waits. Answered by an Explanation; raises NotFound."""

    run: str


class Explanation(msgspec.Struct, frozen=True):
    """A Run with what keeps it waiting; a reason that lies in no node counts none."""

    run: Run
    reasons: tuple[Reason, ...] = ()


async def explain_run(plane: Plane, query: ExplainRun) -> Explanation:
    """Answer the query."""
    run: Run = await plane.ask(GetRun(query.run))
    if run.state is not RunState.WAITING:
        return Explanation(run)
    if run.stop is not None:
        return Explanation(run, (Reason("it was told to end"),))
    anchor = plane.state.runs.get(run.anchor) if run.anchor else None
    if anchor is not None and not anchor.node:
        return Explanation(run, (Reason(f"it starts together with {run.anchor}, which waits"),))
    request = _request(run, anchor.node if anchor is not None else "")
    apart = (*_pool_reasons(plane, run), *_gang_reasons(plane, run))
    on_nodes = explain(plane.capacity.matrix, request, _closed(plane))
    if not apart and on_nodes.takers:
        apart = (Reason("a node can take it: it waits for the next pass"),)
    return Explanation(run, (*apart, *on_nodes.reasons))


async def explanations(plane: Plane, run: str, pause: float = PAUSE) -> AsyncIterator[Explanation]:
    """Explain a Run now, with each change of it, and every `pause` seconds, until it has a node or is over.

    What keeps a Run waiting changes without any change of the Run. Raises NotFound.
    """
    watcher = plane.hub.open(Selector(frozenset({"runs"}), run))
    try:
        while True:
            found = await explain_run(plane, ExplainRun(run))
            yield found
            if found.run.state is not RunState.WAITING:
                return
            try:
                async with asyncio.timeout(pause):
                    if not await watcher.take():
                        return
            except TimeoutError:
                continue
    finally:
        plane.hub.close(watcher)


def _request(run: Run, node: str) -> Request:
    """Ask for one place like the Run's, bound to `node` if one is named; wishes keep nobody waiting."""
    shape = shape_of(run, node)
    return Request(
        key=run.id,
        ids=(run.id,),
        amounts=wanted(run),
        ports=run.port_count,
        job=shape[5],
        labels=run.labels,
        hard=tuple(constraints.decode(item) for item in shape[2]),
        strategy=Strategy(run.strategy),
    )


def _closed(plane: Plane) -> dict[str, str]:
    """Say of each node that takes nothing new why it does not."""
    sessions = plane.gateway.sessions
    return {
        node.id: _STATES.get(node.state) or (CLOSED if node.id in sessions else "is not connected")
        for node in plane.state.nodes.values()
        if node.state is not NodeState.READY or node.id not in sessions
    }


def _pool_reasons(plane: Plane, run: Run) -> tuple[Reason, ...]:
    """Compare what the Run and those before it in its pool ask for with what the pool may still take."""
    limited = _limits(plane, run)
    if limited:
        return limited
    room = _room(plane, run.pool)
    own = _lacking(room, wanted(run))
    if own:
        return (Reason(f"pool {run.pool} is not entitled to {own} more now"),)
    for group in plane.capacity.waiting(run.pool):
        if run.id in group.runs:
            return ()
        missing = _lacking(room, _all_of(group))
        if missing:
            ahead = f"{len(group.runs)} of {_size(group)} each"
            return (Reason(f"others go first in pool {run.pool}, and it is not entitled to them all now: {ahead}"),)
        room = subtract(room, _all_of(group))
    return ()


def _limits(plane: Plane, run: Run) -> tuple[Reason, ...]:
    """Name the limits of the pool, and of those above it, that the Run would break whatever else there is."""
    reasons = []
    for path in lineage(run.pool):
        pool = plane.state.pools.get(path)
        limit = pool.limit if pool is not None else {}
        over = {kind: amount for kind, amount in wanted(run).items() if kind in limit and amount > limit[kind]}
        if over:
            texts = ", ".join(f"{amount_text(kind, limit[kind])}" for kind in sorted(over))
            reasons.append(Reason(f"it asks for more than the limit of pool {path}: {texts}"))
    return tuple(reasons)


def _room(plane: Plane, pool: str) -> dict[str, int]:
    """Give what a pool may still take, as the pass reckons it."""
    capacity = plane.capacity
    demand, known = capacity.demand, capacity.known_pools()
    for path, wish in plane.offers.wishes().items():
        demand = {**demand, path: add(demand.get(path, {}), wish)}
        known.update(lineage(path))
    tree = pool_tree(plane.state.pools, known, demand, capacity.allocation)
    own = own_parts(tree, entitle(tree, capacity.total))
    return subtract(own.get(pool, {}), capacity.allocation.get(pool, {}))


def _lacking(room: Amounts, amounts: Amounts) -> str:
    """Name what of the amounts the room does not hold; nothing when it holds all."""
    return ", ".join(
        amount_text(kind, amount) for kind, amount in sorted(amounts.items()) if amount > max(0, room.get(kind, 0))
    )


def _all_of(group: WaitingGroup) -> Amounts:
    return {kind: amount * len(group.runs) for kind, amount in group.amounts.items()}


def _size(group: WaitingGroup) -> str:
    return ", ".join(amount_text(kind, amount) for kind, amount in sorted(group.amounts.items()) if amount) or "nothing"


def _gang_reasons(plane: Plane, run: Run) -> tuple[Reason, ...]:
    """Tell of a gang that is not complete yet."""
    if not run.gang:
        return ()
    waiting = sum(len(group.runs) for group in plane.capacity.waiting(run.pool) if group.gang == run.gang)
    if waiting >= run.gang_size:
        return (Reason(f"its gang of {run.gang_size} is placed whole or not at all"),)
    return (Reason(f"its gang is not complete: {waiting} of {run.gang_size} are there"),)
