"""Sessions, written."""

from __future__ import annotations

from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Session
from portico.doors.armonik.outbound.options import task_options
from portico.doors.armonik.outbound.times import span, stamp
from portico.doors.armonik.states import SESSION_STATUSES
from portico.wire.armonik.sessions_pb2 import SessionRaw


def session_raw(session: Session, naming: Naming) -> SessionRaw:
    """Write a session as it stands."""
    return SessionRaw(
        session_id=naming.text(Kind.SESSION, session.number),
        status=SESSION_STATUSES[session.state],
        client_submission=session.client_submission,
        worker_submission=session.worker_submission,
        partition_ids=session.partitions,
        options=task_options(session.defaults),
        created_at=stamp(session.created_at),
        cancelled_at=stamp(session.cancelled_at),
        closed_at=stamp(session.closed_at),
        purged_at=stamp(session.purged_at),
        deleted_at=stamp(session.deleted_at),
        duration=span(session.duration),
    )
