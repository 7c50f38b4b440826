"""Nodes: registration, what an agent still has, and absence.

Promises: after a registration every Run that control places on the node is known there or ended here, and every Run the
agent has is known here or stopped there. An absent node gets no placements and keeps its Claims.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.control.cluster import reservations, runs
from portico.control.cluster.reservations import lay_out
from portico.domain.errors import Forbidden
from portico.domain.frames import Register, RunFact, Stop, Welcome
from portico.domain.identity import Instant
from portico.domain.nodes import NODE_LIFE, Node, NodeState, Unavailability
from portico.domain.reservations import NodeReservations
from portico.domain.runs import (
    NODE_ABSENT_AFTER,
    EndCause,
    Outcome,
    Run,
    RunState,
    StopOrder,
    StopReason,
)

if TYPE_CHECKING:
    from portico.control.cluster.gateway import AgentSession
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)


def admit(plane: Plane, frame: Register) -> Node:
    """Check an agent's right to speak for its node and note the registration."""
    if not hmac.compare_digest(frame.secret, plane.secret):
        raise Forbidden(f"node {frame.node}: wrong secret")
    old = plane.state.nodes.get(frame.node)
    now = plane.clock.now()
    settings = plane.offers.settings
    static = settings.reserved.get(frame.node, NodeReservations())
    disks = settings.disks.get(frame.node, ())
    capacity, reserved_ports, warning = lay_out(old, frame.amounts, frame.ports, static, disks)
    with plane.begin() as tx:
        node = Node(
            id=frame.node,
            capacity=capacity,
            ports=frame.ports,
            reserved_ports=reserved_ports,
            unavailability=old.unavailability if old is not None else None,
            attributes=frame.attributes,
            state=NodeState.DRAINING if old is not None and old.drain else NodeState.READY,
            drain=old is not None and old.drain,
            epoch=(old.epoch if old is not None else 0) + 1,
            incarnation=frame.incarnation,
            boot=frame.boot,
            registered_at=now,
            warnings=(*frame.warnings, warning) if warning else frame.warnings,
        )
        tx.put(node)
    plane.capacity.lend(node.id, ())
    _log.info("node registered", node=node.id, epoch=node.epoch, runs=len(frame.runs), warnings=node.warnings)
    return node


def welcome(plane: Plane, session: AgentSession, frame: Register) -> None:
    """Bring what the agent has and what control has of the node's Runs together."""
    facts = {fact.run: fact for fact in frame.runs}
    resend: list[Run] = []
    with plane.begin() as tx:
        tx.after(lambda: session.line.send(Welcome(session.epoch, 0)))
        folders = ("", *(piece.label.folder for piece in plane.offers.settings.disks.get(frame.node, ())))
        tx.after(lambda: session.line.send(reservations.volumes_to_keep(plane, frame.node, folders)))
        for identity in plane.node_runs[frame.node]:
            run = plane.state.runs[identity]
            again = _compare(plane, tx, run, facts.get(identity))
            if again is not None:
                resend.append(again)
        for fact in frame.runs:
            _stop_unknown(plane, tx, session, fact)
        if resend:
            tx.after(lambda: plane.gateway.launch(frame.node, resend))
        tx.after(lambda: _open(plane, frame.node))


def _open(plane: Plane, node: str) -> None:
    plane.capacity.connect(plane.state.nodes[node], connected=True)
    plane.scheduling.want()


def _compare(plane: Plane, tx: Transaction, run: Run, fact: RunFact | None) -> Run | None:
    """Settle one Run of a node that registers; gives the Run when its launch must be said again."""
    if fact is None or fact.token != run.token:
        if run.started_at:
            message = f"node {run.node} came back without it"
            runs.end_run(plane, tx, run, RunState.LOST, Outcome(EndCause.LOST, message=message))
            return None
        if run.stop is not None:
            message = run.stop.message or "stopped before it ran"
            runs.end_run(plane, tx, run, RunState.KILLED, Outcome(EndCause.STOPPED, message=message))
            return None
        if run.state is RunState.UNREACHABLE:
            runs.readopt(plane, tx, run)
        return plane.state.runs.get(run.id)
    if run.state is RunState.UNREACHABLE and not fact.ended:
        runs.readopt(plane, tx, run)
        run = plane.state.runs[run.id]
    if run.stop is not None:
        order = run.stop
        tx.after(lambda: plane.gateway.send(run.node, Stop(run.id, run.token, order)))
    return None


def _stop_unknown(plane: Plane, tx: Transaction, session: AgentSession, fact: RunFact) -> None:
    run = plane.state.runs.get(fact.run)
    known = run is not None and run.token == fact.token and run.node == session.node
    if not known and not fact.ended:
        order = StopOrder(StopReason.UNKNOWN_RUN, tx.now, runs.NO_GRACE, "control does not know this Run")
        tx.after(lambda: session.line.send(Stop(fact.run, fact.token, order)))


def disconnected(plane: Plane, identity: str) -> None:
    """Begin to count a node's absence."""
    node = plane.state.nodes.get(identity)
    if node is None:
        return
    plane.capacity.connect(node, connected=False)
    with plane.begin() as tx:
        tx.put(msgspec.structs.replace(node, absent_at=tx.now))
    _watch_absence(plane, plane.state.nodes[identity])


def resume_absence(plane: Plane) -> None:
    """After a restart: every node counts as away from now on, unless it was away already."""
    with plane.begin() as tx:
        for node in list(plane.state.nodes.values()):
            if not node.absent_at and node.state is not NodeState.REMOVED:
                tx.put(msgspec.structs.replace(node, absent_at=tx.now))
    for node in plane.state.nodes.values():
        _watch_absence(plane, node)


def _watch_absence(plane: Plane, node: Node) -> None:
    plane.timers.set(Instant(node.absent_at + NODE_ABSENT_AFTER), "node_absent", node.id)
    for identity in plane.node_runs[node.id]:
        patience = plane.state.runs[identity].absence.patience
        plane.timers.set(Instant(node.absent_at + patience), "run_absent", identity)


def on_absent(plane: Plane, identity: str) -> None:
    """Mark a node absent that has not come back in time."""
    node = plane.state.nodes.get(identity)
    if node is None or identity in plane.gateway.sessions or node.state in {NodeState.ABSENT, NodeState.REMOVED}:
        return
    if node.absent_at + NODE_ABSENT_AFTER > plane.clock.now():
        return
    _log.warning("node absent", node=identity)
    with plane.begin() as tx:
        tx.put(msgspec.structs.replace(node, state=NODE_LIFE.advance(node.state, NodeState.ABSENT)))


def on_run_absent(plane: Plane, identity: str) -> None:
    """Apply a Run's absence policy when its node is still away."""
    run = plane.state.runs.get(identity)
    if run is None or run.ended or not run.node or run.node in plane.gateway.sessions:
        return
    node = plane.state.nodes.get(run.node)
    if node is None or run.state not in {RunState.LAUNCHING, RunState.RUNNING}:
        return
    if node.absent_at + run.absence.patience > plane.clock.now():
        return
    with plane.begin() as tx:
        runs.make_unreachable(plane, tx, run, node.absent_at)


def drain(plane: Plane, tx: Transaction, node: Node, *, wanted: bool) -> None:
    """Close a node to new placements, or open it again; what runs there goes on."""
    state = node.state
    if wanted and state is NodeState.READY:
        state = NODE_LIFE.advance(state, NodeState.DRAINING)
    elif not wanted and state is NodeState.DRAINING:
        state = NODE_LIFE.advance(state, NodeState.READY)
    tx.put(msgspec.structs.replace(node, drain=wanted, state=state))
    plane.scheduling.want()


def plan_unavailability(plane: Plane, tx: Transaction, node: Node, plan: Unavailability | None) -> None:
    """Note when a node will be away, or that it will not; its offers are made anew, and its Runs' bidders asked."""
    if node.unavailability != plan:
        tx.put(msgspec.structs.replace(node, unavailability=plan))
        plane.offers.recheck(node.id)


SILENCE = 15.0


async def watch_silence(plane: Plane) -> None:
    """Close sessions of agents from which nothing has been heard for too long, until cancelled."""
    while True:
        await asyncio.sleep(SILENCE / 3)
        oldest = plane.clock.now() - SILENCE * 1_000_000
        for session in list(plane.gateway.sessions.values()):
            if session.heard_at < oldest:
                session.line.close()
                session.lost()
