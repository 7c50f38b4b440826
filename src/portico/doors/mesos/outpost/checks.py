"""What an executor's call must be, beyond its shape: the API's checks and their texts."""

from __future__ import annotations

from portico.domain.errors import Invalid
from portico.wire.mesos import executor_pb2
from portico.wire.mesos import mesos_pb2 as pb

LARGEST_STATUS = 2 << 20
"""Bytes of a serialized TaskStatus; the agent's lines have room for little more."""
UUID_BYTES = 16

_Call = executor_pb2.Call
_CHECK_PARTS = {pb.CheckInfo.COMMAND: "command", pb.CheckInfo.HTTP: "http"}


def check_call(call: _Call) -> None:
    """Raise Invalid unless a call whose parts are all there may be taken."""
    if call.type == _Call.UPDATE:
        check_status(call.update.status, call.executor_id.value, call.framework_id.value)


def check_status(status: pb.TaskStatus, executor: str, framework: str) -> None:
    """Raise Invalid unless an executor may send this status."""
    if not status.HasField("uuid"):
        raise Invalid("Expecting 'uuid' to be present", "update.status.uuid")
    if len(status.uuid) != UUID_BYTES:
        raise Invalid(f"Not a valid UUID: it has {len(status.uuid)} bytes, not {UUID_BYTES}", "update.status.uuid")
    if status.HasField("executor_id") and status.executor_id.value != executor:
        raise Invalid(
            f"ExecutorID in Call: {executor} does not match ExecutorID in TaskStatus: {status.executor_id.value}",
            "update.status.executor_id",
        )
    sender = f"executor '{executor}' of framework {framework}"
    if not status.HasField("source") or status.source != pb.TaskStatus.SOURCE_EXECUTOR:
        raise Invalid(
            f"Received Call from {sender} with invalid source, expecting 'SOURCE_EXECUTOR'", "update.status.source"
        )
    if status.state == pb.TASK_STAGING:
        raise Invalid(f"Received TASK_STAGING from {sender} which is not allowed", "update.status.state")
    if status.HasField("check_status"):
        _check_check_status(status.check_status)
    if status.ByteSize() > LARGEST_STATUS:
        raise Invalid(f"The status has more than {LARGEST_STATUS} bytes", "update.status")


def _check_check_status(status: pb.CheckStatusInfo) -> None:
    field = "update.status.check_status"
    if not status.HasField("type"):
        raise Invalid("CheckStatusInfo must specify 'type'", field)
    part = _CHECK_PARTS.get(status.type)
    if part is None:
        raise Invalid("'UNKNOWN' is not a valid check's status type", field)
    if not status.HasField(part):
        kind = pb.CheckInfo.Type.Name(status.type)
        raise Invalid(f"Expecting '{part}' to be set for {kind} check's status", field)
