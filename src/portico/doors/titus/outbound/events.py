"""Changes as JobChangeNotifications, joined around messages that are encoded already.

Promises: `timestamp` is when the message was made, in milliseconds; the end of a snapshot carries none.
"""

from __future__ import annotations

from portico.doors.titus.outbound.framing import counted, field
from portico.wire.titus import base_pb2, job_api_pb2

_JOB_UPDATE, _TASK_UPDATE, _, _TIMESTAMP = range(1, 5)
_MESSAGE = 1
_JOB_ARCHIVED = 2
_TASK_MOVED = 2
_TASK_ARCHIVED = 3

SNAPSHOT_END = job_api_pb2.JobChangeNotification(
    snapshotEnd=job_api_pb2.JobChangeNotification.SnapshotEnd()
).SerializeToString()


def job_update(job: bytes, at: int, *, archived: bool = False) -> bytes:
    """Write the change of a job."""
    body = field(_MESSAGE, job)
    if archived:
        body += counted(_JOB_ARCHIVED, 1)
    return field(_JOB_UPDATE, body) + counted(_TIMESTAMP, at)


def task_update(task: bytes, at: int, *, moved: bool = False, archived: bool = False) -> bytes:
    """Write the change of a task."""
    body = field(_MESSAGE, task)
    if moved:
        body += counted(_TASK_MOVED, 1)
    if archived:
        body += counted(_TASK_ARCHIVED, 1)
    return field(_TASK_UPDATE, body) + counted(_TIMESTAMP, at)


def keep_alive(request: base_pb2.KeepAliveRequest, at: int) -> bytes:
    """Write the answer to a keep-alive request."""
    answer = base_pb2.KeepAliveResponse(request=request, timestamp=at)
    return job_api_pb2.JobChangeNotification(keepAliveResponse=answer).SerializeToString()
