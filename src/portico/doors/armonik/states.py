"""The states of Sessions, Calls and Results in the words of the API: total tables, both ways.

Promises: every state has its word. A word without a state here (UNSPECIFIED, and PROCESSED, which no server sets any
more) reads as NO_STATE, which nothing is in.
"""

from __future__ import annotations

from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.session_status_pb2 import SessionStatus
from portico.wire.armonik.task_status_pb2 import TaskStatus

NO_STATE = 0

TASK_STATUSES: dict[CallState, TaskStatus] = {
    CallState.CREATING: TaskStatus.TASK_STATUS_CREATING,
    CallState.SUBMITTED: TaskStatus.TASK_STATUS_SUBMITTED,
    CallState.DISPATCHED: TaskStatus.TASK_STATUS_DISPATCHED,
    CallState.COMPLETED: TaskStatus.TASK_STATUS_COMPLETED,
    CallState.ERROR: TaskStatus.TASK_STATUS_ERROR,
    CallState.TIMEOUT: TaskStatus.TASK_STATUS_TIMEOUT,
    CallState.CANCELLING: TaskStatus.TASK_STATUS_CANCELLING,
    CallState.CANCELLED: TaskStatus.TASK_STATUS_CANCELLED,
    CallState.PROCESSING: TaskStatus.TASK_STATUS_PROCESSING,
    CallState.RETRIED: TaskStatus.TASK_STATUS_RETRIED,
    CallState.PENDING: TaskStatus.TASK_STATUS_PENDING,
    CallState.PAUSED: TaskStatus.TASK_STATUS_PAUSED,
}
RESULT_STATUSES: dict[ResultState, ResultStatus] = {
    ResultState.CREATED: ResultStatus.RESULT_STATUS_CREATED,
    ResultState.COMPLETED: ResultStatus.RESULT_STATUS_COMPLETED,
    ResultState.ABORTED: ResultStatus.RESULT_STATUS_ABORTED,
    ResultState.DELETED: ResultStatus.RESULT_STATUS_DELETED,
}
SESSION_STATUSES: dict[SessionState, SessionStatus] = {
    SessionState.RUNNING: SessionStatus.SESSION_STATUS_RUNNING,
    SessionState.CANCELLED: SessionStatus.SESSION_STATUS_CANCELLED,
    SessionState.PAUSED: SessionStatus.SESSION_STATUS_PAUSED,
    SessionState.CLOSED: SessionStatus.SESSION_STATUS_CLOSED,
    SessionState.PURGED: SessionStatus.SESSION_STATUS_PURGED,
    SessionState.DELETED: SessionStatus.SESSION_STATUS_DELETED,
}

CALL_STATES: dict[int, CallState] = {status: state for state, status in TASK_STATUSES.items()}
RESULT_STATES: dict[int, ResultState] = {status: state for state, status in RESULT_STATUSES.items()}
SESSION_STATES: dict[int, SessionState] = {status: state for state, status in SESSION_STATUSES.items()}
