"""The life of Runs: creation, launch reports, stop orders, and what an end means for others.

All functions work inside a caller's transaction. Promises: an ended Run never changes; a report with an old token
changes nothing; whatever depends on an ended Run (children, owned Runs, hosted Runs, its gang) is told to stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.control.jobs.listeners import tell_of_run
from portico.domain.frames import Observation, Stop
from portico.domain.identity import Instant, Micros
from portico.domain.runs import (
    RUN_LIFE,
    CheckResult,
    Claim,
    EndCause,
    Outcome,
    Run,
    RunState,
    StopOrder,
    StopReason,
)

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)

_BEFORE_LAUNCH = frozenset({RunState.WAITING, RunState.ADMITTED, RunState.PLACED})


def create_run(plane: Plane, tx: Transaction, run: Run) -> None:
    """Let a Run wait in its pool."""
    tx.put(run)
    plane.scheduling.want()


def launch_claimed(plane: Plane, tx: Transaction, *claimed: tuple[Run, Claim]) -> list[Run]:
    """Create Runs where their Claims are and launch them in one message, past their pools' queues.

    All are on one node, parents and hosts before those that need them; the caller has checked that they fit.
    """
    launched = [_place(tx, run, claim) for run, claim in claimed]
    node = launched[0].node
    tx.after(lambda: plane.gateway.launch(node, launched))
    return launched


def _place(tx: Transaction, run: Run, claim: Claim) -> Run:
    state = run.state
    for step in (RunState.ADMITTED, RunState.PLACED, RunState.LAUNCHING):
        state = RUN_LIFE.advance(state, step)
    placed = msgspec.structs.replace(run, state=state, claim=claim, token=run.token + 1, placed_at=tx.now, fixed=True)
    tx.put(placed)
    return placed


def order_stop(plane: Plane, tx: Transaction, run: Run, order: StopOrder) -> None:
    """Tell a Run to end; one that has not been launched ends at once, a later order may only hasten the end."""
    if run.ended:
        return
    if run.state in _BEFORE_LAUNCH:
        outcome = Outcome(EndCause.STOPPED, message=order.message or f"stopped before its launch: {order.reason.value}")
        end_run(plane, tx, msgspec.structs.replace(run, stop=order), RunState.KILLED, outcome)
        return
    if run.stop is not None and run.stop.at + run.stop.grace <= order.at + order.grace:
        return
    stopped = msgspec.structs.replace(run, stop=order)
    tx.put(stopped)
    tell_of_run(plane, tx, run, stopped)
    tx.after(lambda: plane.gateway.send(stopped.node, Stop(stopped.id, stopped.token, order)))


def observe(plane: Plane, tx: Transaction, node: str, seen: Observation) -> None:
    """Take one fact from a node's report."""
    run = plane.state.runs.get(seen.run)
    if run is None or run.ended or run.token != seen.token or run.node != node:
        return
    if seen.preparing and not run.preparing_at and not run.started_at:
        run = _note_preparing(plane, tx, run, seen.at)
    if seen.started:
        run = _start(plane, tx, run, seen.at, seen.address)
    run = _note_looks(plane, tx, run, seen)
    if seen.note:
        for hear in plane.note_listeners:
            hear(tx, run, seen)
    if seen.refused:
        _back_to_waiting(plane, tx, run)
    elif seen.outcome is not None:
        if run.state is RunState.LAUNCHING and seen.outcome.cause in _RAN:
            run = _start(plane, tx, run, seen.at)
        end_run(plane, tx, run, end_state(run, seen.outcome), seen.outcome, seen.at)


_RAN = frozenset(EndCause) - {EndCause.FETCH_FAILED, EndCause.LAUNCH_FAILED, EndCause.STOPPED, EndCause.LOST}


def end_state(run: Run, outcome: Outcome) -> RunState:
    """Name the final state that an outcome means for a Run."""
    if outcome.cause is EndCause.LOST:
        return RunState.LOST
    if outcome.cause is EndCause.EXITED and outcome.exit_code == 0:
        return RunState.SUCCEEDED
    if run.stop is not None and outcome.cause in {EndCause.EXITED, EndCause.SIGNALLED, EndCause.STOPPED}:
        return RunState.KILLED
    return RunState.FAILED


def end_run(
    plane: Plane, tx: Transaction, run: Run, state: RunState, outcome: Outcome, at: Instant | None = None
) -> None:
    """Bring a Run to its end, release its claim and tell everyone who depends on it."""
    if state is RunState.SUCCEEDED and run.state is RunState.LAUNCHING:
        run = _start(plane, tx, run, at or tx.now)
    ended = msgspec.structs.replace(
        run,
        state=RUN_LIFE.advance(run.state, state),
        outcome=outcome,
        ended_at=max(at or tx.now, run.started_at),
    )
    tx.put(ended)
    _log.debug("run ended", run=run.id, job=run.job, node=run.node, state=state.value, message=outcome.message)
    _stop_dependents(plane, tx, ended)
    plane.scheduling.want()
    if run.deadline:
        tx.after(lambda: plane.timers.forget("run_deadline", run.id))
    _tell(plane, tx, run, ended)


def _start(plane: Plane, tx: Transaction, run: Run, at: Instant, address: str = "") -> Run:
    if run.state is not RunState.LAUNCHING and run.state is not RunState.UNREACHABLE:
        return run
    started = msgspec.structs.replace(
        run,
        state=RUN_LIFE.advance(run.state, RunState.RUNNING),
        started_at=run.started_at or at,
        address=address or run.address,
        deadline=Instant((run.started_at or at) + run.timeout) if run.timeout else Instant(0),
    )
    tx.put(started)
    if started.deadline:
        plane.timers.set(started.deadline, "run_deadline", started.id)
    _tell(plane, tx, run, started)
    return started


def _tell(plane: Plane, tx: Transaction, old: Run, new: Run) -> None:
    """Let everyone know of a change; the door of an Attempt hears of it before its Instance does."""
    tell_of_run(plane, tx, old, new)
    for listener in plane.run_listeners:
        listener(tx, old, new)


def _note_preparing(plane: Plane, tx: Transaction, run: Run, at: Instant) -> Run:
    noted = msgspec.structs.replace(run, preparing_at=at)
    tx.put(noted)
    tell_of_run(plane, tx, run, noted)
    return noted


def _note_looks(plane: Plane, tx: Transaction, run: Run, seen: Observation) -> Run:
    """Note health and what a status check saw, if they changed: an agent that is new tells again what it sees first."""
    healthy = run.healthy if seen.healthy is None else seen.healthy
    checked = run.checked
    if seen.checked is not None and seen.checked != (checked or CheckResult(seen.checked.kind)):
        checked = seen.checked
    if healthy is run.healthy and checked == run.checked:
        return run
    noted = msgspec.structs.replace(run, healthy=healthy, checked=checked)
    tx.put(noted)
    _tell(plane, tx, run, noted)
    return noted


def _back_to_waiting(plane: Plane, tx: Transaction, run: Run) -> None:
    if run.state is not RunState.LAUNCHING:
        return
    if run.stop is not None:
        end_run(plane, tx, run, RunState.KILLED, Outcome(EndCause.STOPPED, message="stopped before it ran"))
        return
    if run.fixed:
        end_run(plane, tx, run, RunState.LOST, Outcome(EndCause.LOST, message="its node refused the launch"))
        return
    waiting = msgspec.structs.replace(
        run, state=RUN_LIFE.advance(run.state, RunState.WAITING), claim=None, preparing_at=Instant(0)
    )
    tx.put(waiting)
    tell_of_run(plane, tx, run, waiting)
    plane.scheduling.want()


def _stop_dependents(plane: Plane, tx: Transaction, ended: Run) -> None:
    for identity in plane.owned_runs[ended.id]:
        _stop_dependent(plane, tx, identity, StopReason.OWNER_ENDED, ended)
    for identity in plane.child_runs[ended.id]:
        _stop_dependent(plane, tx, identity, StopReason.PARENT_ENDED, ended)
    if ended.gang and ended.state is not RunState.SUCCEEDED:
        for identity in plane.gang_runs[ended.gang]:
            _stop_dependent(plane, tx, identity, StopReason.GANG_BROKEN, ended)


def _stop_dependent(plane: Plane, tx: Transaction, identity: str, reason: StopReason, cause: Run) -> None:
    run = plane.state.runs.get(identity)
    if run is not None and not run.ended:
        order_stop(plane, tx, run, StopOrder(reason, tx.now, run.grace, f"{reason.value}: {cause.id}"))


def on_deadline(plane: Plane, identity: str) -> None:
    """Stop a Run that has run for longer than it may."""
    run = plane.state.runs.get(identity)
    if run is None or run.ended or not run.deadline or run.deadline > plane.clock.now():
        return
    with plane.begin() as tx:
        message = f"ran longer than its timeout of {run.timeout / 1_000_000:g} s"
        order_stop(plane, tx, run, StopOrder(StopReason.TIMED_OUT, tx.now, run.grace, message))


def make_unreachable(plane: Plane, tx: Transaction, run: Run, since: Instant) -> None:
    """Apply the Run's absence policy: its node has been away for longer than its patience."""
    if run.absence.lose:
        message = f"node {run.node} has been away since {since}"
        end_run(plane, tx, run, RunState.LOST, Outcome(EndCause.LOST, message=message))
        return
    gone = msgspec.structs.replace(run, state=RUN_LIFE.advance(run.state, RunState.UNREACHABLE), unreachable_at=tx.now)
    tx.put(gone)
    plane.scheduling.want()
    _tell(plane, tx, run, gone)


def readopt(plane: Plane, tx: Transaction, run: Run) -> None:
    """Take back a Run whose node has returned with it; or stop it, as its policy says."""
    state = RunState.RUNNING if run.started_at else RunState.LAUNCHING
    back = msgspec.structs.replace(run, state=RUN_LIFE.advance(run.state, state), unreachable_at=Instant(0))
    tx.put(back)
    _tell(plane, tx, run, back)
    if not run.absence.readopt:
        order_stop(plane, tx, back, StopOrder(StopReason.REPLACED, tx.now, run.grace, "its node was absent too long"))


NO_GRACE = Micros(0)
