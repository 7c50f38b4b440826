"""Instance states as job.v1 numbers them; total both ways."""

from __future__ import annotations

from portico.domain.jobs import InstanceState
from portico.wire.jobv1 import service_pb2 as pb

TO_WIRE: dict[InstanceState, pb.JobState] = {
    InstanceState.WAITING: pb.JOB_STATE_SCHEDULED,
    InstanceState.PENDING: pb.JOB_STATE_SCHEDULED,
    InstanceState.RUNNING: pb.JOB_STATE_PROCESSING,
    InstanceState.SUCCEEDED: pb.JOB_STATE_COMPLETED,
    InstanceState.FAILED: pb.JOB_STATE_TERMINATED,
    InstanceState.CANCELLED: pb.JOB_STATE_CANCELLED,
    InstanceState.TIMED_OUT: pb.JOB_STATE_TIMED_OUT,
}

FROM_WIRE: dict[int, frozenset[InstanceState]] = {
    value: frozenset(state for state, wire in TO_WIRE.items() if wire == value) for value in pb.JobState.values()
}
"""CREATED has no states: an instance is queued in the change that makes it, so nothing is ever seen in it."""
