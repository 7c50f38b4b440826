"""The states of Sessions, Calls and Results, and what may follow what.

The numbers are what is stored, so they never change.
"""

from __future__ import annotations

from enum import IntEnum

from portico.domain.lifecycle import LifeCycle


class CallState(IntEnum):
    """Where a Call stands."""

    CREATING = 1
    SUBMITTED = 2
    DISPATCHED = 3
    COMPLETED = 4
    ERROR = 5
    TIMEOUT = 6
    CANCELLING = 7
    CANCELLED = 8
    PROCESSING = 9
    RETRIED = 11
    PENDING = 12
    PAUSED = 13

    def __str__(self) -> str:
        return self.name.lower()


class ResultState(IntEnum):
    """Where a Result stands."""

    CREATED = 1
    COMPLETED = 2
    ABORTED = 3
    DELETED = 4

    def __str__(self) -> str:
        return self.name.lower()


class SessionState(IntEnum):
    """Where a Session stands."""

    RUNNING = 1
    CANCELLED = 2
    PAUSED = 3
    CLOSED = 4
    PURGED = 5
    DELETED = 6

    def __str__(self) -> str:
        return self.name.lower()


_C = CallState

CALL_LIFE = LifeCycle(
    "call",
    _C.CREATING,
    {
        (_C.CREATING, _C.PENDING): "stored, and something it needs is missing",
        (_C.CREATING, _C.SUBMITTED): "stored, and all it needs is there",
        (_C.CREATING, _C.PAUSED): "stored, and its session is paused",
        (_C.PENDING, _C.SUBMITTED): "the last thing it needed has come",
        (_C.PENDING, _C.PAUSED): "the last thing it needed has come, and its session is paused",
        (_C.PENDING, _C.ERROR): "what it needed will never come",
        (_C.PENDING, _C.CANCELLED): "cancelled before it could begin",
        (_C.SUBMITTED, _C.DISPATCHED): "leased to an agent",
        (_C.SUBMITTED, _C.PAUSED): "its session was paused",
        (_C.SUBMITTED, _C.CANCELLED): "cancelled in the queue, or its session was closed",
        (_C.PAUSED, _C.SUBMITTED): "its session goes on",
        (_C.PAUSED, _C.CANCELLED): "cancelled while its session was paused",
        (_C.DISPATCHED, _C.SUBMITTED): "given back before it began",
        (_C.DISPATCHED, _C.PAUSED): "given back before it began, in a paused session",
        (_C.DISPATCHED, _C.PROCESSING): "its worker has begun",
        (_C.DISPATCHED, _C.CANCELLING): "cancelled while an agent held it",
        (_C.DISPATCHED, _C.ERROR): "its data are gone",
        (_C.DISPATCHED, _C.RETRIED): "it could not be brought to its worker, and is tried again as a new Call",
        (_C.PROCESSING, _C.COMPLETED): "its worker answered ok",
        (_C.PROCESSING, _C.ERROR): "its worker answered an error, or its retries are used up",
        (_C.PROCESSING, _C.TIMEOUT): "it ran longer than it may",
        (_C.PROCESSING, _C.RETRIED): "it failed and is tried again as a new Call",
        (_C.PROCESSING, _C.SUBMITTED): "its agent shut down or yielded; it runs elsewhere",
        (_C.PROCESSING, _C.PAUSED): "its agent shut down or yielded, and its session is paused",
        (_C.PROCESSING, _C.CANCELLING): "cancelled while it ran",
        (_C.CANCELLING, _C.CANCELLED): "its worker was told and is done with it",
    },
)

_R = ResultState

RESULT_LIFE = LifeCycle(
    "result",
    _R.CREATED,
    {
        (_R.CREATED, _R.COMPLETED): "its data are there",
        (_R.CREATED, _R.ABORTED): "it will never come",
        (_R.CREATED, _R.DELETED): "deleted before its data came",
        (_R.COMPLETED, _R.COMPLETED): "its data were replaced",
        (_R.COMPLETED, _R.DELETED): "its data were deleted",
        (_R.ABORTED, _R.COMPLETED): "its data were uploaded all the same",
        (_R.ABORTED, _R.DELETED): "deleted",
        (_R.DELETED, _R.COMPLETED): "its data were uploaded again",
    },
)

_S = SessionState

SESSION_LIFE = LifeCycle(
    "session",
    _S.RUNNING,
    {
        (_S.RUNNING, _S.PAUSED): "asked to pause",
        (_S.PAUSED, _S.RUNNING): "asked to go on",
        (_S.RUNNING, _S.CLOSED): "closed",
        (_S.PAUSED, _S.CLOSED): "closed",
        (_S.RUNNING, _S.CANCELLED): "cancelled",
        (_S.PAUSED, _S.CANCELLED): "cancelled",
        (_S.CLOSED, _S.CANCELLED): "cancelled",
        (_S.CLOSED, _S.PURGED): "its data were given up",
        (_S.CANCELLED, _S.PURGED): "its data were given up",
        (_S.RUNNING, _S.DELETED): "deleted",
        (_S.PAUSED, _S.DELETED): "deleted",
        (_S.CLOSED, _S.DELETED): "deleted",
        (_S.CANCELLED, _S.DELETED): "deleted",
        (_S.PURGED, _S.DELETED): "deleted",
    },
)
