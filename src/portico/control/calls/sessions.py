"""Sessions: begun, paused, closed, cancelled, purged and deleted.

Promises: what is asked of a Session as a whole is committed as one intent, which reads of the Session and dispatch
honour at once; what that means for its Calls and Results, however many, is then done in slices by `clearing`, whose
place the rows tell after a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.calls.commands import ChangeSession, CreateSession, SessionChange, StopSubmission
from portico.control.calls.sheets import SESSIONS
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import SESSION_LIFE, SessionState
from portico.domain.calls.values import CallOptions, Session
from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.identity import Instant, Micros
from portico.store.sheets import Assign, Cell, Insert

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.control.extensions import Handler
    from portico.control.plane import Plane
    from portico.control.queries import Query
    from portico.control.transaction import Transaction

CANCELLING, PURGING, DELETING = 1, 2, 3
"""What is committed and not done yet: the values of the column `clearing`."""

_S = SessionState

_TARGETS = {
    SessionChange.PAUSE: _S.PAUSED,
    SessionChange.RESUME: _S.RUNNING,
    SessionChange.CLOSE: _S.CLOSED,
    SessionChange.CANCEL: _S.CANCELLED,
    SessionChange.PURGE: _S.PURGED,
    SessionChange.DELETE: _S.DELETED,
}
_CLEARING = {_S.CANCELLED: CANCELLING, _S.PURGED: PURGING, _S.DELETED: DELETING}

_encode_list = msgspec.json.Encoder().encode

_NO_OPTIONS = CallOptions(Micros(0), 0, 0, "")


def handlers(plane: Plane) -> dict[type[Command | Query], Handler]:
    """Give what carries out the commands about Sessions."""
    return {
        CreateSession: lambda command: create(plane, command),
        ChangeSession: lambda command: change(plane, command),
        StopSubmission: lambda command: stop_submission(plane, command),
    }


def find(plane: Plane, text: str) -> Session:
    """Give a Session by its text; raises NotFound, also for one that is being deleted."""
    session = plane.calls.book.sessions.get(plane.calls.naming.number(Kind.SESSION, text))
    if session is None or session.state is SessionState.DELETED:
        raise NotFound(f"Session was not found: {text}")
    return session


async def create(plane: Plane, command: CreateSession) -> Session:
    """Begin a Session."""
    core = plane.calls
    default = core.settings.default_partition
    partitions = command.partitions or (default,)
    if len(set(partitions)) < len(partitions):
        raise Invalid("a session names each of its partitions once", field="partition_ids")
    defaults = command.defaults
    if not defaults.partition:
        defaults = msgspec.structs.replace(defaults, partition=default)
    for partition in (*partitions, defaults.partition):
        if partition not in core.partitions:
            raise NotFound(f"Partition was not found: {partition}")
    number = core.book.draw(Kind.SESSION, 1)
    with plane.begin() as tx:
        session = Session(
            number=number,
            state=SessionState.RUNNING,
            client_submission=True,
            worker_submission=True,
            partitions=partitions,
            defaults=defaults,
            created_at=tx.now,
        )
        options = core.options.number(tx, number, defaults)
        tx.write(Insert(SESSIONS.name, ((number, *_cells(session, options)),)))
        core.book.put_session(tx, session, 0)
    await plane.committer.settled(tx.revision)
    return session


def _cells(session: Session, options: int) -> tuple[Cell, ...]:
    return (
        int(session.state),
        int(session.client_submission),
        int(session.worker_submission),
        _encode_list(session.partitions).decode(),
        options,
        session.created_at,
        session.cancelled_at,
        session.closed_at,
        session.purged_at,
        session.deleted_at,
        session.duration,
        0,
    )


async def change(plane: Plane, command: ChangeSession) -> Session:
    """Move a Session on: the intent is durable when this answers."""
    target = _TARGETS[command.change]
    try:
        session = find(plane, command.session)
    except NotFound:
        if target is not SessionState.DELETED:
            raise
        return _deleted(plane.clock.now())
    if session.state is target and command.change is SessionChange.RESUME:
        await plane.committer.settled(plane.committer.revision)
        return session
    if (session.state, target) not in SESSION_LIFE.edges:
        raise Conflict(f"The session transition is invalid: {command.session} is {session.state}, not to be {target}")
    with plane.begin() as tx:
        changed = put(plane, tx, move_on(session, target, tx.now), _CLEARING.get(target))
        tx.after(lambda: plane.calls.clearing.want(session.number))
        if target is SessionState.PAUSED:
            tx.after(lambda: plane.calls.agents.leases.recall(session.number))
    await plane.committer.settled(tx.revision)
    return changed


def move_on(session: Session, target: SessionState, now: Instant) -> Session:
    """Give a Session as it is in another state."""
    closed = {"client_submission": False, "worker_submission": False}
    duration = Micros(now - session.created_at)
    changes: dict[SessionState, dict[str, object]] = {
        SessionState.CLOSED: {**closed, "closed_at": now, "duration": duration},
        SessionState.CANCELLED: {**closed, "cancelled_at": now, "duration": session.duration or duration},
        SessionState.PURGED: {"purged_at": now},
        SessionState.DELETED: {**closed, "deleted_at": now},
    }
    return msgspec.structs.replace(session, state=target, **changes.get(target, {}))


def _deleted(now: Instant) -> Session:
    return Session(
        number=0,
        state=SessionState.DELETED,
        client_submission=False,
        worker_submission=False,
        partitions=(),
        defaults=_NO_OPTIONS,
        created_at=now,
        deleted_at=now,
    )


def put(plane: Plane, tx: Transaction, session: Session, clearing: int | None) -> Session:
    """Store a Session that has changed; `clearing` None leaves what is under way as it is."""
    under_way = plane.calls.book.clearing.get(session.number, 0) if clearing is None else clearing
    values = {
        "state": int(session.state),
        "client_submission": int(session.client_submission),
        "worker_submission": int(session.worker_submission),
        "cancelled_at": session.cancelled_at,
        "closed_at": session.closed_at,
        "purged_at": session.purged_at,
        "deleted_at": session.deleted_at,
        "duration": session.duration,
        "clearing": under_way,
    }
    tx.write(Assign(SESSIONS.name, tuple(values), ((*values.values(), session.number),)))
    plane.calls.book.put_session(tx, session, under_way)
    return session


async def stop_submission(plane: Plane, command: StopSubmission) -> Session:
    """Take no more Calls from clients, workers, or both."""
    session = find(plane, command.session)
    if not (command.client or command.worker):
        await plane.committer.settled(plane.committer.revision)
        return session
    with plane.begin() as tx:
        stopped = msgspec.structs.replace(
            session,
            client_submission=session.client_submission and not command.client,
            worker_submission=session.worker_submission and not command.worker,
        )
        put(plane, tx, stopped, None)
    await plane.committer.settled(tx.revision)
    return stopped
