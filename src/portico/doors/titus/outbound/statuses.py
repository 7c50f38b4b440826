"""Statuses of jobs and tasks, encoded. A task's are told again with each of its changes, so recent ones are kept."""

from __future__ import annotations

from functools import lru_cache

from portico.doors.titus.extension.records import Status
from portico.doors.titus.outbound.framing import counted, field

_JOB_STATES = {"Accepted": 0, "KillInitiated": 1, "Finished": 2}
_TASK_STATES = {
    "Accepted": 0,
    "Launched": 1,
    "StartInitiated": 2,
    "Started": 3,
    "KillInitiated": 4,
    "Finished": 6,
}
MOST_KEPT = 32_768


def job_status(status: Status) -> bytes:
    """Encode a JobStatus."""
    return _status(_JOB_STATES[status.state], status)


@lru_cache(MOST_KEPT)
def task_status(status: Status) -> bytes:
    """Encode a TaskStatus without the states of its containers."""
    return _status(_TASK_STATES[status.state], status)


def _status(number: int, status: Status) -> bytes:
    text = field(2, status.code.encode()) if status.code else b""
    if status.message:
        text += field(3, status.message.encode("utf-8", "replace"))
    return counted(1, number) + text + counted(4, status.at)
