"""Reports: what agents tell of the Calls they hold, and what comes of it.

Promises: a report counts once, whatever its agent repeats; what is told under a lease that is not held any more changes
nothing; the end of a Call and what its worker did on the side are one transaction, and where that is not allowed the
Call fails with the reason and nothing of it happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.calls import effects, endings
from portico.control.calls.returning import give_back
from portico.domain.calls.frames import Begun, CallEnding, Lease, Verdict
from portico.domain.calls.states import CallState
from portico.domain.identity import MINUTE, Instant

if TYPE_CHECKING:
    from portico.control.calls.holding import Agent
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

MOST_ERROR = 64 * 1024
"""Characters of an error that are kept."""

Piece = Begun | CallEnding | Lease

_FAILURES = {
    Verdict.ERROR: (CallState.ERROR, "Worker answered an error"),
    Verdict.TIMEOUT: (CallState.TIMEOUT, "Deadline Exceeded"),
    Verdict.CANCELLED: (CallState.CANCELLED, ""),
    Verdict.DATA_MISSING: (CallState.ERROR, "Result data was not found"),
}


def take(plane: Plane, tx: Transaction, agent: Agent, piece: Piece) -> None:
    """Take one thing that an agent tells; raises PorticoError for effects that are not allowed."""
    held = agent.held.get(piece.call)
    if held is None or held.lease != piece.lease:
        return
    match piece:
        case Begun():
            _begun(plane, tx, agent, piece)
        case CallEnding():
            _ended(plane, tx, agent, piece)
        case Lease():
            plane.calls.agents.holdings.release(tx, agent, piece.call)
            give_back(plane, tx, piece.call)


def refuse(plane: Plane, tx: Transaction, agent: Agent, ending: CallEnding, reason: str) -> None:
    """End a Call with an error because what its worker did is not allowed."""
    held = agent.held.get(ending.call)
    if held is not None and held.lease == ending.lease:
        plane.calls.agents.holdings.release(tx, agent, ending.call)
        endings.fail(plane, tx, ending.call, CallState.ERROR, reason[:MOST_ERROR], **_times(tx, ending))


def _begun(plane: Plane, tx: Transaction, agent: Agent, begun: Begun) -> None:
    book, agents = plane.calls.book, plane.calls.agents
    agents.holdings.begin(tx, agent, begun.call)
    agents.rounds.want(agent.partition)
    if book.state[begun.call] == CallState.DISPATCHED:
        times = {"fetched_at": _known(tx, begun.fetched_at), "started_at": _known(tx, begun.started_at) or tx.now}
        book.move(tx, begun.call, CallState.PROCESSING, **times, pod_ttl=tx.now)


def _ended(plane: Plane, tx: Transaction, agent: Agent, ending: CallEnding) -> None:
    book, agents, call = plane.calls.book, plane.calls.agents, ending.call
    cancelling = book.state[call] == CallState.CANCELLING
    agents.holdings.release(tx, agent, call)
    if cancelling:
        endings.fail(plane, tx, call, CallState.CANCELLED, ending.error[:MOST_ERROR], **_times(tx, ending))
        return
    match ending.verdict:
        case Verdict.OK:
            _complete(plane, tx, ending)
        case Verdict.FAILED:
            error = ending.error[:MOST_ERROR] or "Worker returned error Unknown"
            endings.retry(plane, tx, call, error, **_times(tx, ending))
        case Verdict.CANCELLED:
            give_back(plane, tx, call)
        case verdict:
            state, text = _FAILURES[verdict]
            endings.fail(plane, tx, call, state, ending.error[:MOST_ERROR] or text, **_times(tx, ending))


def _complete(plane: Plane, tx: Transaction, ending: CallEnding) -> None:
    times = _times(tx, ending)
    if ending.started_at:
        partition = plane.calls.book.options_of(ending.call).partition
        plane.calls.agents.leases.note_pace(partition, max(0, ending.ended_at - ending.started_at))
    else:
        times["started_at"] = times["pod_ttl"] = tx.now
    if ending.effects is not None:
        effects.carry_out(plane, tx, ending.call, ending.effects)
    endings.complete(plane, tx, ending.call, **times)


def _times(tx: Transaction, ending: CallEnding) -> dict[str, Instant]:
    """Give the cells of a Call's times: those that its agent told."""
    times = {"ended_at": _known(tx, ending.ended_at) or tx.now}
    if ending.fetched_at > 0:
        times["fetched_at"] = _not_ahead(tx, ending.fetched_at)
    if ending.started_at > 0:
        times["started_at"] = times["pod_ttl"] = _not_ahead(tx, ending.started_at)
    if ending.processed_at > 0:
        times["processed_at"] = _not_ahead(tx, ending.processed_at)
    return times


def _known(tx: Transaction, at: Instant) -> Instant | None:
    """Take an agent's time for what it is: 0 is none, and one from the future is now."""
    return None if at <= 0 else _not_ahead(tx, at)


def _not_ahead(tx: Transaction, at: Instant) -> Instant:
    return at if at < tx.now + MINUTE else tx.now
