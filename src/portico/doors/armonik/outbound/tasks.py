"""Tasks, written: in short, in full, and as the answer to a submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from portico.control.calls.commands import CallRequest
from portico.domain.calls.naming import LENGTH, Kind, Naming
from portico.domain.calls.values import Call
from portico.doors.armonik.outbound.options import task_options
from portico.doors.armonik.outbound.times import between, stamp
from portico.doors.armonik.states import TASK_STATUSES
from portico.wire.armonik.tasks_pb2 import SubmitTasksResponse, TaskDetailed, TaskSummary

_TaskInfo = SubmitTasksResponse.TaskInfo


def task_summary(call: Call, naming: Naming) -> TaskSummary:
    """Write a task with counts of what it is tied to."""
    links = call.links
    return TaskSummary(
        count_parent_task_ids=len(links.parents),
        count_data_dependencies=len(links.dependencies),
        count_expected_output_ids=len(links.outputs),
        count_retry_of_ids=len(links.retry_of),
        error=call.error or "",
        **_shared(call, naming),
    )


def task_detailed(call: Call, naming: Naming) -> TaskDetailed:
    """Write a task with all that it is tied to, and what came of it."""
    links = call.links
    return TaskDetailed(
        parent_task_ids=links.parents,
        data_dependencies=[naming.text(Kind.RESULT, number) for number in links.dependencies],
        expected_output_ids=output_ids(call, naming),
        retry_of_ids=links.retry_of,
        output=TaskDetailed.Output(success=_succeeds(call), error=call.error or ""),
        **_shared(call, naming),
    )


def _succeeds(call: Call) -> bool:
    """Say whether nothing speaks against a task. One without an output yet counts as upstream has it at its beginning:
    a first try as a success, a later one not."""
    if call.error is None:
        return not call.links.retry_of
    return not call.error


def _shared(call: Call, naming: Naming) -> dict[str, Any]:
    """Give the fields that both messages of a task have."""
    return {
        "id": call.id,
        "session_id": naming.text(Kind.SESSION, call.session),
        "owner_pod_id": call.pod,
        "initial_task_id": call.initial,
        "status": TASK_STATUSES[call.state],
        "options": task_options(call.options),
        "created_at": stamp(call.created_at),
        "submitted_at": stamp(call.submitted_at),
        "received_at": stamp(call.received_at),
        "acquired_at": stamp(call.acquired_at),
        "fetched_at": stamp(call.fetched_at),
        "started_at": stamp(call.started_at),
        "processed_at": stamp(call.processed_at),
        "ended_at": stamp(call.ended_at),
        "pod_ttl": stamp(call.pod_ttl),
        "creation_to_end_duration": between(call.created_at, call.ended_at),
        "processing_to_end_duration": between(call.started_at, call.ended_at),
        "received_to_end_duration": between(call.received_at, call.ended_at),
        "payload_id": naming.text(Kind.RESULT, call.payload),
        "created_by": call.created_by,
        "pod_hostname": call.host,
    }


def output_ids(call: Call, naming: Naming) -> list[str]:
    """Give the ids of the results that a task is expected to bring."""
    return [naming.text(Kind.RESULT, number) for number in call.links.outputs]


def task_infos(added: Sequence[tuple[str, CallRequest]]) -> bytes:
    """Write (part of) a SubmitTasksResponse: the ids of tasks that were added, and what was asked for them.

    Most tasks have one output and need nothing but their payload. With ids of their usual length, the bytes of such an
    info are ids and constants.
    """
    pieces: list[str] = []
    written: list[bytes] = []
    for identity, request in added:
        outputs, payload = request.outputs, request.payload
        single = len(outputs) == 1 and not request.dependencies and (identity + outputs[0] + payload).isascii()
        if single and len(identity) == len(outputs[0]) == len(payload) == LENGTH:
            pieces += (_PLAIN_INFO, identity, _OUTPUT, outputs[0], _PAYLOAD, payload)
            continue
        written += ("".join(pieces).encode(), _info(identity, request))
        pieces = []
    return b"".join((*written, "".join(pieces).encode()))


def _info(identity: str, request: CallRequest) -> bytes:
    info = _TaskInfo(
        task_id=identity,
        expected_output_ids=request.outputs,
        data_dependencies=request.dependencies,
        payload_id=request.payload,
    )
    return SubmitTasksResponse(task_infos=[info]).SerializeToString()


def _before(message: type[Message], field: str, length: int) -> str:
    """Give the bytes before a field of this many bytes; they are ASCII for small messages."""
    return bytes((message.DESCRIPTOR.fields_by_name[field].number << 3 | 2, length)).decode("ascii")


_OUTPUT = _before(_TaskInfo, "expected_output_ids", LENGTH)
_PAYLOAD = _before(_TaskInfo, "payload_id", LENGTH)
_PLAIN_INFO = _before(SubmitTasksResponse, "task_infos", 3 * (2 + LENGTH)) + _before(_TaskInfo, "task_id", LENGTH)
